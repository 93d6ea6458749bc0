#include "tests/engine/suites.h"
#include "tests/lib/suite.h"

int main(void)
{
    Suite *suites[] = {stories_suite(), exact_suite(),   pieces_suite(), edges_suite(),
                       limits_suite(),  leaving_suite(), NULL};
    return suite_run(suites);
}
