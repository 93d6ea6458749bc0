/* suites.h - the cases of the strategies' suite, one file each. */
#ifndef TESTS_PLUGINS_SUITES_H
#define TESTS_PLUGINS_SUITES_H

#include <check.h>

TCase *round_robin_case(void);
TCase *hash_case(void);
TCase *chunked_case(void);

#endif
