/* What each rule takes and refuses of reports and adds. */
#include "tests/verify/story.h"
#include "tests/verify/suites.h"

/* ---- Reports ----------------------------------------------------------------------------------------------------- */

/* The answer came after another one had got it: work had stopped when the report was sent. */
START_TEST(a_report_ends_a_hold_when_it_is_sent)
{
    static const line_answer answers[] = {LINE_UNKNOWN, LINE_REFUSED, LINE_ACCEPTED};
    for (int i = 0; i < 3; i++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, about(1, LINE_HELD, 6));
        say_at(&s, 300, 190, answered(about(0, LINE_FAILED, 5), answers[i]));
        expect(&s, RULE_HOLDERS, 0);
    }
}
END_TEST

START_TEST(what_was_not_accepted_does_not_count)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 110, 0, answered(about(0, LINE_ACKED, 5), LINE_UNKNOWN));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 0, answered(about(0, LINE_ACKED, 5), LINE_REFUSED));
    say_at(&s, 400, 0, answered(about(1, LINE_ACKED, 6), LINE_ACCEPTED));
    expect(&s, RULE_ACKS, 0);
}
END_TEST

START_TEST(an_ack_under_an_old_token_is_found)
{
    story s;
    open_two(&s, false);
    say_hold(&s, 0, 5, 100, 150, LINE_LOST);
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
    expect(&s, RULE_STALE, 1);
    ck_assert_str_eq(s.first, "a:5: 'id-0' was reported under token 5 and accepted, when it was held under token 6: "
                              "b:3");
    /* the same, where the newer hold is written after the ack */
    open_two(&s, false);
    say_hold(&s, 0, 5, 100, 150, LINE_LOST);
    say_at(&s, 300, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
    say_at(&s, 310, 200, about(1, LINE_HELD, 6));
    expect(&s, RULE_STALE, 1);
}
END_TEST

START_TEST(an_acked_id_does_not_come_back_unless_it_is_added)
{
    for (int adds = 1; adds <= 2; adds++) {
        story s;
        open_two(&s, false);
        say(&s, about(1, LINE_ADDED, 0));
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        if (adds > 1)
            say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        expect(&s, RULE_ACKS, adds == 1);
    }
}
END_TEST

START_TEST(one_ack_for_each_add)
{
    for (int adds = 0; adds <= 2; adds++) {
        story s;
        open_two(&s, false);
        if (adds > 0)
            say(&s, about(1, LINE_ADDED, 0));
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        if (adds > 1)
            say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_hold(&s, 1, 6, 300, 400, LINE_ACKED);
        expect(&s, RULE_ACKS, adds < 2);
    }
}
END_TEST

/* Whoever adds what is there changes nothing: nothing was acked yet, or nothing since the last add that counted. */
START_TEST(an_add_of_what_is_there_does_not_count)
{
    static const int64_t adds[][3] = {{50, 60, 70}, {50, 250, 260}, {50, 260, 450}};
    for (int i = 0; i < 3; i++) {
        story s;
        open_two(&s, false);
        for (int k = 0; k < 3; k++)
            say_at(&s, adds[i][k], 0, about(1, LINE_ADDED, 0));
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        say_hold(&s, 0, 6, 300, 400, LINE_ACKED);
        say_at(&s, 480, 0, about(0, LINE_HELD, 7));
        expect(&s, RULE_ACKS, i < 2);
    }
}
END_TEST

/* The ack counts from when it was sent, though its answer comes later than the add. */
START_TEST(an_add_counts_from_when_an_ack_was_sent)
{
    for (int64_t sent_us = 199; sent_us <= 200; sent_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 50, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        say_at(&s, 400, sent_us, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
        expect(&s, RULE_ACKS, sent_us == 200);
    }
}
END_TEST

/* Killed before the store's answer came: it may have been added, and need not have been. */
START_TEST(an_add_without_an_answer_may_have_come_about)
{
    for (int turn = 0; turn < 4; turn++) {
        story s;
        open_two(&s, false);
        say_at(&s, 50, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        if (turn == 1)
            say_at(&s, 150, 0, about(1, LINE_ADDING, 0));
        if (turn == 2) {
            say_at(&s, 150, 0, about(1, LINE_ADDING, 0));
            say_at(&s, 160, 150, about(1, LINE_ADDED, 0));
        }
        say_at(&s, 200, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
        if (turn == 3)
            say_at(&s, 250, 0, about(1, LINE_ADDING, 0));
        say_hold(&s, 1, 6, 300, 400, LINE_ACKED);
        expect(&s, RULE_ACKS, turn == 0 || turn == 2);
    }
    story s;
    open_two(&s, false);
    say_at(&s, 50, 0, about(1, LINE_ADDING, 0));
    expect_complete(&s, 0);
}
END_TEST

/* One that was asked for long before, and whose process was killed then, is not what is confirmed. */
START_TEST(an_answer_is_to_what_was_asked_last)
{
    for (int64_t since_us = 50; since_us <= 300; since_us += 250) {
        story s;
        open_two(&s, false);
        say_at(&s, 50, 0, about(1, LINE_ADDING, 0));
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        say_at(&s, 310, since_us, about(1, LINE_ADDED, 0));
        say_at(&s, 400, 0, about(0, LINE_HELD, 6));
        expect(&s, RULE_ACKS, since_us == 50);
    }
}
END_TEST

/* One that nobody is known to have added was added by somebody. */
START_TEST(what_was_acked_before_it_is_known_to_be_added_was_there)
{
    for (int adds = 0; adds <= 1; adds++) {
        story s;
        open_two(&s, false);
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        if (adds > 0)
            say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_hold(&s, 1, 6, 300, 400, LINE_ACKED);
        expect(&s, RULE_ACKS, adds == 0);
    }
}
END_TEST

START_TEST(one_grant_is_reported_once)
{
    static const line_kind kinds[] = {LINE_ACKED, LINE_FAILED};
    for (int i = 0; i < 4; i++) {
        story s;
        open_two(&s, false);
        say(&s, about(1, LINE_ADDED, 0));
        say_hold(&s, 0, 5, 100, 200, kinds[i % 2]);
        say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 300, 0, answered(about(0, kinds[i / 2], 5), LINE_ACCEPTED));
        expect(&s, RULE_ACKS, 1);
    }
}
END_TEST

/* A store that lost its data may have forgotten an ack (docs/protocol.md). */
START_TEST(every_life_may_have_an_ack_of_its_own)
{
    for (uint32_t life = 1; life <= 2; life++) {
        story s;
        open_two(&s, false);
        say_hold(&s, 0, 5, 100, 200, LINE_ACKED);
        say_at(&s, 300, 0, about(0, LINE_FENCED, 0));
        say_at(&s, 400, 0, (record){.kind = LINE_JOINED, .slot = 3, .until_us = 1200, .life = life});
        record again = about(0, LINE_HELD, 6);
        again.slot = 3;
        say_at(&s, 500, 0, again);
        again.kind = LINE_ACKED;
        say_at(&s, 600, 0, answered(again, LINE_ACCEPTED));
        expect(&s, RULE_ACKS, life == 1);
    }
}
END_TEST

/* ---- Nothing lost ------------------------------------------------------------------------------------------------ */

START_TEST(what_was_added_is_somewhere)
{
    story s;
    open_two(&s, false);
    say(&s, about(1, LINE_ADDED, 0));
    expect_complete(&s, 1); /* never held */
    open_two(&s, false);
    say(&s, about(1, LINE_ADDED, 0));
    say(&s, about(0, LINE_HELD, 5));
    expect_complete(&s, 0);
    for (int i = 0; i < 3; i++) {
        static const line_kind ends[] = {LINE_RELEASED, LINE_ACKED, LINE_FAILED};
        open_two(&s, false);
        say(&s, about(1, LINE_ADDED, 0));
        say(&s, about(0, LINE_HELD, 5));
        say(&s, answered(about(0, ends[i], 5), LINE_ACCEPTED));
        expect_complete(&s, ends[i] == LINE_RELEASED);
    }
    open_two(&s, false);
    say(&s, about(1, LINE_ADDED, 0));
    say(&s, about(0, LINE_HELD, 5));
    say(&s, about(0, LINE_LEFT, 0));
    expect_complete(&s, 1);
}
END_TEST

/* Not, where the ack may have come behind the add, which then found the id there. */
START_TEST(what_was_added_after_its_ack_is_somewhere)
{
    for (int64_t told_us = 239; told_us <= 240; told_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 50, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, told_us, 200, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
        say_at(&s, 250, 240, about(1, LINE_ADDED, 0));
        expect_complete(&s, told_us < 240);
    }
}
END_TEST

/* It may have been accepted: the id may be gone, or parked. An answer to that very report says whether it was; a later
 * grant says that it was not. */
START_TEST(a_report_without_an_answer_is_no_loss)
{
    for (int turn = 0; turn < 5; turn++) {
        story s;
        open_two(&s, false);
        say(&s, about(1, LINE_ADDED, 0));
        say(&s, about(0, LINE_HELD, 5));
        say_at(&s, 100, 90, answered(about(0, turn == 1 ? LINE_FAILED : LINE_ACKED, 5), LINE_UNKNOWN));
        if (turn == 2) /* the answer to it */
            say_at(&s, 110, 90, answered(about(0, LINE_ACKED, 5), LINE_REFUSED));
        if (turn == 3) { /* the answer to another one */
            say_at(&s, 120, 115, answered(about(0, LINE_ACKED, 5), LINE_REFUSED));
        }
        if (turn == 4) { /* so it was not accepted, and the one who got it gave it up */
            say(&s, about(1, LINE_HELD, 6));
            say(&s, about(1, LINE_RELEASED, 6));
        }
        say(&s, about(0, LINE_LEFT, 0));
        expect_complete(&s, turn == 2 || turn == 4);
    }
}
END_TEST

/* What was added before. What was added later has to be somewhere. */
START_TEST(what_was_cleaned_is_not_lost)
{
    for (int64_t added_us = 50; added_us <= 250; added_us += 50) {
        story s;
        open_two(&s, false);
        say_at(&s, 20, 0, about(1, LINE_ADDED, 0));
        if (added_us < 100)
            say_at(&s, added_us, 0, about(1, LINE_ADDED, 0));
        record clean = {.source = 1, .kind = LINE_CLEANED, .answer = LINE_UNKNOWN};
        say_at(&s, 100, 0, clean);
        if (added_us == 100)
            say_at(&s, 110, 100, about(0, LINE_ADDED, 0));
        say_at(&s, 150, 100, answered(clean, LINE_ACCEPTED));
        if (added_us >= 150)
            say_at(&s, added_us + 10, added_us + 1, about(0, LINE_ADDED, 0));
        expect_complete(&s, added_us >= 150);
    }
}
END_TEST

START_TEST(what_a_dead_one_held_has_to_come_to_another)
{
    story s;
    open_two(&s, false);
    say(&s, about(1, LINE_ADDED, 0));
    say(&s, about(0, LINE_HELD, 5));
    say_at(&s, 900, 0, renewed(1, 3000));
    say_at(&s, 2000, 0, renewed(1, 4000));
    expect_complete(&s, 1);
}
END_TEST

TCase *reports_case(void)
{
    TCase *c = tcase_create("reports");
    tcase_add_test(c, a_report_ends_a_hold_when_it_is_sent);
    tcase_add_test(c, what_was_not_accepted_does_not_count);
    tcase_add_test(c, an_ack_under_an_old_token_is_found);
    tcase_add_test(c, an_acked_id_does_not_come_back_unless_it_is_added);
    tcase_add_test(c, one_ack_for_each_add);
    tcase_add_test(c, an_add_of_what_is_there_does_not_count);
    tcase_add_test(c, an_add_counts_from_when_an_ack_was_sent);
    tcase_add_test(c, an_add_without_an_answer_may_have_come_about);
    tcase_add_test(c, an_answer_is_to_what_was_asked_last);
    tcase_add_test(c, what_was_acked_before_it_is_known_to_be_added_was_there);
    tcase_add_test(c, one_grant_is_reported_once);
    tcase_add_test(c, every_life_may_have_an_ack_of_its_own);
    tcase_add_test(c, what_was_added_is_somewhere);
    tcase_add_test(c, what_was_added_after_its_ack_is_somewhere);
    tcase_add_test(c, a_report_without_an_answer_is_no_loss);
    tcase_add_test(c, what_was_cleaned_is_not_lost);
    tcase_add_test(c, what_a_dead_one_held_has_to_come_to_another);
    return c;
}
