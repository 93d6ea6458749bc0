#include "tests/config/suites.h"
#include "tests/lib/suite.h"

int main(void)
{
    Suite *const suites[] = {reading_suite(), layers_suite(), errors_suite(),       transcripts_suite(),
                             dump_suite(),    pages_suite(),  config_nomem_suite(), NULL};
    return suite_run(suites);
}
