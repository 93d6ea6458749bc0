#include "tests/lib/suite.h"
#include "tests/plugins/suites.h"

int main(void)
{
    Suite *suite = suite_create("plugins");
    suite_add_tcase(suite, round_robin_case());
    suite_add_tcase(suite, hash_case());
    suite_add_tcase(suite, chunked_case());
    Suite *suites[] = {suite, NULL};
    return suite_run(suites);
}
