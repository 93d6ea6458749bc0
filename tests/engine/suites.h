/* suites.h - the suites of test_engine. */
#ifndef TESTS_ENGINE_SUITES_H
#define TESTS_ENGINE_SUITES_H

#include <check.h>

Suite *stories_suite(void);
Suite *exact_suite(void);
Suite *pieces_suite(void);
Suite *edges_suite(void);
Suite *limits_suite(void);
Suite *leaving_suite(void);

#endif
