/* suites.h - the cases of the API's suite, one file each. */
#ifndef TESTS_API_SUITES_H
#define TESTS_API_SUITES_H

#include <check.h>

TCase *split_case(void);
TCase *reports_case(void);
TCase *leaving_case(void);
TCase *deadline_case(void);
TCase *lease_case(void);
TCase *planner_case(void);
TCase *arguments_case(void);
TCase *group_case(void);
TCase *fork_case(void);
TCase *queue_case(void);
TCase *memory_case(void);
TCase *threads_case(void);
TCase *reload_case(void);

#endif
