#include "tests/lib/suite.h"
#include "tests/verify/suites.h"

int main(void)
{
    Suite *suite = suite_create("verify");
    suite_add_tcase(suite, line_case());
    suite_add_tcase(suite, rules_case());
    suite_add_tcase(suite, reports_case());
    suite_add_tcase(suite, merge_case());
    suite_add_tcase(suite, broken_case());
    suite_add_tcase(suite, nomem_case());
    Suite *suites[] = {suite, NULL};
    return suite_run(suites);
}
