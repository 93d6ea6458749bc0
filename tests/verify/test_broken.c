/* The checker itself: histories that are right are proved, and each of a thousand that were broken, at a place and in a
 * way that a seed chooses, is refused for the right reason. */
#include "tests/unit/random.h"
#include "tests/verify/breaks.h"
#include "tests/verify/suites.h"
#include "tests/verify/world.h"

#include <stdio.h>
#include <string.h>

#define RIGHT 300
#define BROKEN 1000
#define SPOILED_TEXTS 200
#define WORLDS_MOST 200 /* to be tried for one that has a place for a break */

static size_t break_count(void)
{
    size_t count = 0;
    while (break_at(count) != NULL)
        count++;
    return count;
}

START_TEST(right_histories_are_proved)
{
    char first[512];
    tally sum = {.lines = 0};
    for (uint64_t seed = 0; seed < RIGHT; seed++) {
        records r = world_histories(seed);
        tally t = records_verdict(&r, true, first, sizeof(first));
        ck_assert_msg(t.wrong == 0, "seed %d: %s", (int)seed, first);
        sum.grants += t.grants;
        sum.terms += t.terms;
        sum.acks += t.acks;
        sum.slots += t.slots;
        records_done(&r);
    }
    /* There was something to prove. */
    ck_assert(sum.grants > 30 * RIGHT && sum.terms > 2 * RIGHT && sum.acks > 2 * RIGHT && sum.slots > 6 * RIGHT);
}
END_TEST

/* The seed of the world that was broken is in the message of a test that fails. */
static void break_one(uint64_t seed, const break_kind *how)
{
    char first[512];
    for (uint64_t w = 0; w < WORLDS_MOST; w++) {
        uint64_t random = seed;
        records r = world_histories(seed * WORLDS_MOST + w);
        r.broken = RECORD_NONE;
        bool broken = how->apply(&r, &random);
        if (broken) {
            tally t = records_verdict(&r, true, first, sizeof(first));
            ck_assert_msg(t.wrong > 0, "%s (%d, %d) was not found", how->name, (int)seed, (int)w);
            ck_assert_msg(t.found[how->rule] > 0, "%s (%d, %d) was found as: %s", how->name, (int)seed, (int)w, first);
            ck_assert_msg(r.broken == RECORD_NONE || records_broken_is_named(&r, how->rule), "%s (%d, %d): %s",
                          how->name, (int)seed, (int)w, first);
        }
        records_done(&r);
        if (broken)
            return;
    }
    ck_abort_msg("%s: no history has a place for it", how->name);
}

START_TEST(broken_histories_are_refused_for_the_right_reason)
{
    size_t kinds = break_count();
    for (uint64_t seed = (uint64_t)_i; seed < BROKEN; seed += kinds)
        break_one(seed, break_at((size_t)_i));
}
END_TEST

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* The line with which the process began. */
static void append_opened(bytes *b, const bytes *text)
{
    const char *end = memchr(text->data, '\n', text->len);
    ck_assert_int_eq(bytes_append(b, text->data, (size_t)(end - text->data) + 1), 0);
}

/* A history that ends within a line is that of a process which was killed as it wrote. */
START_TEST(a_torn_end_is_right)
{
    char first[512];
    bytes texts[SOURCES_MOST];
    records r = world_histories(7);
    records_texts(&r, texts);
    for (uint32_t source = 0; source < r.sources; source++) {
        ck_assert_int_eq(bytes_append(&texts[source], "{\"event\":\"renew", 15), 0);
        tally t = verdict_on(texts, r.sources, true, first, sizeof(first));
        ck_assert_msg(t.wrong == 0 && t.torn == source + 1, "%s", first);
    }
    texts_done(texts, r.sources);
    records_done(&r);
}
END_TEST

/* Right, where the next process begins behind it; wrong, where its own goes on, and at the end with a line's end. */
START_TEST(a_torn_line_is_right_before_a_new_process_alone)
{
    char first[512];
    records r = world_histories(7);
    bytes texts[SOURCES_MOST];
    records_texts(&r, texts);
    ck_assert_int_eq(bytes_append(&texts[0], "{\"event\":\"renew\n", 16), 0);
    tally t = verdict_on(texts, r.sources, true, first, sizeof(first));
    ck_assert_uint_eq(t.found[RULE_FORM], 1);
    bytes opened = {0};
    append_opened(&opened, &texts[0]);
    memcpy(memchr(opened.data, ':', opened.len), ":\"opened\",\"at\":9999999999", 25); /* later than everything */
    ck_assert_int_eq(bytes_append(&texts[0], opened.data, opened.len), 0);
    t = verdict_on(texts, r.sources, false, first, sizeof(first));
    ck_assert_msg(t.wrong == 0 && t.torn == 1, "%s", first);
    bytes_done(&opened);
    texts_done(texts, r.sources);
    records_done(&r);
}
END_TEST

START_TEST(rubbish_before_a_new_process_is_not_torn)
{
    char first[512];
    records r = world_histories(7);
    bytes texts[SOURCES_MOST];
    records_texts(&r, texts);
    bytes again = {0};
    append_opened(&again, &texts[0]);
    ck_assert_int_eq(bytes_append(&again, "{\"event\":\"renewed\"}\n", 20), 0);
    ck_assert_int_eq(bytes_append(&again, texts[0].data, texts[0].len), 0);
    bytes_done(&texts[0]);
    texts[0] = again;
    tally t = verdict_on(texts, r.sources, true, first, sizeof(first));
    ck_assert_msg(t.found[RULE_FORM] == 1 && t.wrong == 1 && t.torn == 0, "%s", first);
    texts_done(texts, r.sources);
    records_done(&r);
}
END_TEST

START_TEST(a_line_that_is_none_is_refused)
{
    char first[512];
    for (uint64_t seed = 0; seed < SPOILED_TEXTS; seed++) {
        uint64_t random = seed;
        records r = world_histories(seed % 10);
        bytes texts[SOURCES_MOST];
        records_texts(&r, texts);
        bytes *b = &texts[random_below(&random, r.sources)];
        size_t at = random_below(&random, (uint32_t)b->len - 1);
        if (b->data[at] != '\n') {
            b->data[at] = '\001';
            tally t = verdict_on(texts, r.sources, true, first, sizeof(first));
            ck_assert_msg(t.found[RULE_FORM] > 0, "seed %d", (int)seed);
        }
        texts_done(texts, r.sources);
        records_done(&r);
    }
}
END_TEST

TCase *broken_case(void)
{
    TCase *c = tcase_create("broken");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, right_histories_are_proved);
    tcase_add_loop_test(c, broken_histories_are_refused_for_the_right_reason, 0, (int)break_count());
    tcase_add_test(c, a_torn_end_is_right);
    tcase_add_test(c, a_torn_line_is_right_before_a_new_process_alone);
    tcase_add_test(c, rubbish_before_a_new_process_is_not_torn);
    tcase_add_test(c, a_line_that_is_none_is_refused);
    return c;
}
