/* cases.h - the behaviours, one Check case per file; each test runs once per backend. */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

#include <check.h>

TCase *handles_case(void);
TCase *hints_case(void);
TCase *sessions_case(void);
TCase *slots_case(void);
TCase *life_case(void);
TCase *leader_case(void);
TCase *reap_case(void);
TCase *grants_case(void);
TCase *exact_case(void);
TCase *items_case(void);
TCase *pool_case(void);
TCase *reads_case(void);
TCase *malformed_case(void);
TCase *random_case(void);
TCase *processes_case(void);

/* Adds a test once per backend. */
#define TEST_ON_ALL(tcase, test) tcase_add_loop_test((tcase), (test), 0, subject_count())

#endif
