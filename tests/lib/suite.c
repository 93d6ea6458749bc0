#include "tests/lib/suite.h"

#include <stdio.h>

int suite_run(Suite *const suites[])
{
    SRunner *runner = srunner_create(suites[0]);
    for (size_t i = 1; suites[0] != NULL && suites[i] != NULL; i++)
        srunner_add_suite(runner, suites[i]);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed == 0 && run > 0 ? 0 : 1;
}
