/* main.c - the conformance suite: every backend does what docs/protocol.md says, and all do the same. */
#include "tests/conformance/cases.h"
#include "tests/conformance/subject.h"
#include "tests/lib/suite.h"

#include <stdio.h>

/* Seconds for one test, on a busy machine with sanitizers; a test that works takes a fraction. */
enum { BEHAVIOUR_TIMEOUT = 60, RANDOM_TIMEOUT = 300 };

static Suite *behaviours(void)
{
    Suite *s = suite_create("conformance");
    TCase *const cases[] = {handles_case(), hints_case(),  sessions_case(), slots_case(),
                            life_case(),    leader_case(), reap_case(),     grants_case(),
                            exact_case(),   items_case(),  pool_case(),     reads_case(),
                            malformed_case()};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tcase_set_timeout(cases[i], BEHAVIOUR_TIMEOUT);
        suite_add_tcase(s, cases[i]);
    }
    return s;
}

static Suite *at_length(void)
{
    Suite *s = suite_create("conformance at length");
    TCase *const cases[] = {random_case(), processes_case()};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tcase_set_timeout(cases[i], RANDOM_TIMEOUT);
        suite_add_tcase(s, cases[i]);
    }
    return s;
}

int main(void)
{
    if (subject_skipped() != NULL)
        printf("SKIPPED: %s\n", subject_skipped());
    Suite *const suites[] = {behaviours(), at_length(), NULL};
    return suite_run(suites);
}
