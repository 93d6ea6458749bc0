/* Histories that are still being written, and how their lines come together. */
#include "tests/verify/story.h"
#include "tests/verify/suites.h"

#include <string.h>

/* The first history was read before its replica gave the id back, the second one after the next one had got it. */
START_TEST(what_is_later_than_the_reading_is_left_out)
{
    for (int64_t until_us = 299; until_us <= 300; until_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        say_at(&s, 310, 0, about(1, LINE_FOLLOWS, 0));
        tally t = records_verdict_until(&s.told, until_us, 1, s.first, sizeof(s.first));
        ck_assert_msg(t.found[RULE_HOLDERS] == (until_us == 300) && t.wrong == t.found[RULE_HOLDERS], "%s", s.first);
        ck_assert_uint_eq(t.growing, 2);
        records_done(&s.told);
    }
}
END_TEST

/* Histories of another boot do not grow, and all of them counts. */
START_TEST(the_horizon_is_of_one_boot)
{
    story s;
    open_two(&s, false);
    s.told.all[0].boot = s.told.all[1].boot = 2;
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 300, 0, about(1, LINE_HELD, 6));
    tally t = records_verdict_until(&s.told, 50, 3, s.first, sizeof(s.first));
    ck_assert(t.found[RULE_HOLDERS] == 1 && t.growing == 0 && t.lines == 6);
    records_done(&s.told);
}
END_TEST

/* Where a death is proven at once, a replica that only had nothing to say for a while is not dead. */
START_TEST(who_is_alive_holds_on)
{
    for (unsigned growing = 0; growing <= 1; growing++) {
        story s;
        open_two(&s, true);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        tally t = records_verdict_until(&s.told, 9999, growing, s.first, sizeof(s.first));
        ck_assert_msg(t.found[RULE_HOLDERS] == growing && t.growing == growing, "%s", s.first);
        records_done(&s.told);
    }
}
END_TEST

/* The process after the one that is looked at began later than the reading: so this one has ended. */
START_TEST(who_opened_later_is_another_process)
{
    story s;
    open_two(&s, true);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 300, 0, about(1, LINE_HELD, 6));
    say_at(&s, 400, 0, (record){.source = 0, .kind = LINE_OPENED, .boot = 1});
    tally t = records_verdict_until(&s.told, 350, 1, s.first, sizeof(s.first));
    ck_assert_msg(t.wrong == 0 && t.growing == 0 && t.processes == 2, "%s", s.first);
    records_done(&s.told);
}
END_TEST

/* At one instant the order is that of the names; over many, that of the instants. */
START_TEST(lines_come_in_the_order_of_their_instants)
{
    story s;
    open_some(&s, SOURCES_MOST, false);
    for (int64_t turn = 0; turn < 60; turn++) {
        uint32_t who = (uint32_t)(turn * 5) % SOURCES_MOST;
        say_hold(&s, who, (uint64_t)turn + 1, 100 + turn * 10, 110 + turn * 10, LINE_RELEASED);
    }
    tally t = records_verdict(&s.told, false, s.first, sizeof(s.first));
    ck_assert_msg(t.wrong == 0 && t.grants == 60, "%s", s.first);
    records_done(&s.told);
}
END_TEST

typedef struct one_long_line {
    const char *opened;
    int next;
} one_long_line;

static int next_long(void *user, raw_line *ret_line)
{
    one_long_line *from = user;
    from->next++;
    *ret_line = from->next == 2 ? (raw_line){.longer = true, .ended = true}
                                : (raw_line){.text = from->opened, .len = strlen(from->opened), .ended = true};
    return from->next <= 3;
}

START_TEST(a_line_may_be_too_long)
{
    static const char *const name = "a";
    one_long_line from = {
        .opened = "{\"event\":\"opened\",\"at\":1,\"format\":1,\"boot\":\"00000003-0000-4000-8000-000000000001\","
                  "\"group\":\"g\",\"name\":\"\",\"pid\":7}"};
    const history_source source = {.next = next_long, .user = &from};
    uint32_t at;
    checker *c = checker_new(&name, 1, false);
    ck_assert_int_eq(merge_histories(c, &source, 1, NULL, &at), MERGE_DONE);
    ck_assert_uint_eq(checker_tally(c)->found[RULE_FORM], 1);
    ck_assert_str_eq(checker_finding_at(c, 0)->text, "a:2: longer than any line");
    checker_free(c);
}
END_TEST

TCase *merge_case(void)
{
    TCase *c = tcase_create("merge");
    tcase_add_test(c, what_is_later_than_the_reading_is_left_out);
    tcase_add_test(c, the_horizon_is_of_one_boot);
    tcase_add_test(c, who_is_alive_holds_on);
    tcase_add_test(c, who_opened_later_is_another_process);
    tcase_add_test(c, lines_come_in_the_order_of_their_instants);
    tcase_add_test(c, a_line_may_be_too_long);
    return c;
}
