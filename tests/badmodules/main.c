#include "tests/badmodules/suites.h"
#include "tests/lib/suite.h"

int main(void)
{
    Suite *suite = suite_create("badmodules");
    suite_add_tcase(suite, refusals_case());
    suite_add_tcase(suite, places_case());
    suite_add_tcase(suite, options_case());
    suite_add_tcase(suite, lies_case());
    Suite *suites[] = {suite, NULL};
    return suite_run(suites);
}
