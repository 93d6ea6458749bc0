#include "tests/api/suites.h"
#include "tests/lib/suite.h"

int main(void)
{
    Suite *suite = suite_create("api");
    suite_add_tcase(suite, split_case());
    suite_add_tcase(suite, reports_case());
    suite_add_tcase(suite, leaving_case());
    suite_add_tcase(suite, deadline_case());
    suite_add_tcase(suite, lease_case());
    suite_add_tcase(suite, planner_case());
    suite_add_tcase(suite, arguments_case());
    suite_add_tcase(suite, group_case());
    suite_add_tcase(suite, fork_case());
    suite_add_tcase(suite, queue_case());
    suite_add_tcase(suite, memory_case());
    suite_add_tcase(suite, threads_case());
    suite_add_tcase(suite, reload_case());
    Suite *suites[] = {suite, NULL};
    return suite_run(suites);
}
