/* test_random.c - long random sequences: every backend answers like the reference.
 *
 * ALLOT_CONFORMANCE_SEED=N runs that seed alone, ALLOT_CONFORMANCE_OPS=N so many ops, ALLOT_CONFORMANCE_TRACE=1 shows
 * every op. */
#include "tests/conformance/cases.h"
#include "tests/conformance/twins.h"

#include <stdlib.h>

enum { SEEDS = 4, OPS = 4000, COMPARE_EVERY = 25, REOPEN_IN = 60 };

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

static void run(int subject_index, uint64_t seed)
{
    uint64_t ops = number_from("ALLOT_CONFORMANCE_OPS", OPS);
    twins *t = twins_open(subject_index, seed);
    for (uint64_t i = 1; i <= ops; i++) {
        twins_step(t);
        if (script_random(&t->script, REOPEN_IN) == 0)
            twins_reopen(t, (int)script_random(&t->script, SCRIPT_HANDLES));
        if (i % COMPARE_EVERY == 0)
            twins_compare(t);
    }
    twins_compare(t);
    twins_restart(t);
    twins_close(t);
}

/* With itself the reference agrees too: that shows that the comparing is right. */
START_TEST(answers_like_the_reference)
{
    uint64_t seed = number_from("ALLOT_CONFORMANCE_SEED", 0);
    if (seed == 0)
        run(_i / SEEDS, 1 + (uint64_t)_i % SEEDS);
    else if (_i % SEEDS == 0)
        run(_i / SEEDS, seed);
}
END_TEST

TCase *random_case(void)
{
    TCase *c = tcase_create("random");
    tcase_add_loop_test(c, answers_like_the_reference, 0, SEEDS * subject_count());
    return c;
}
