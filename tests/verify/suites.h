/* suites.h - the tests of the checker of histories. */
#ifndef TESTS_VERIFY_SUITES_H
#define TESTS_VERIFY_SUITES_H

#include <check.h>

TCase *line_case(void);
TCase *rules_case(void);
TCase *reports_case(void);
TCase *merge_case(void);
TCase *broken_case(void);
TCase *nomem_case(void);

#endif
