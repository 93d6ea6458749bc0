/* What each rule takes and refuses of holds, slots and leases. */
#include "tests/verify/story.h"
#include "tests/verify/suites.h"

#include <stdio.h>
#include <string.h>

#define NEVER_ANSWERED INT64_MAX

/* ---- Two at once ------------------------------------------------------------------------------------------------- */

START_TEST(both_lines_are_named)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 0, about(0, LINE_RELEASED, 5));
    expect(&s, RULE_HOLDERS, 1);
    ck_assert_str_eq(s.first, "b:3: 'id-0' is held under token 6 since 0.000200, while a:3 held it under token 5 until "
                              "0.000300 (a:4)");
}
END_TEST

START_TEST(an_end_may_be_written_late)
{
    for (int64_t end_us = 199; end_us <= 201; end_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, about(1, LINE_HELD, 6));
        say_at(&s, 300, end_us, about(0, LINE_LOST, 5));
        expect(&s, RULE_HOLDERS, end_us > 200);
    }
}
END_TEST

START_TEST(a_beginning_may_be_written_late)
{
    for (int64_t next_us = 199; next_us <= 201; next_us++) {
        story s;
        open_two(&s, false);
        say_hold(&s, 0, 5, 100, 200, LINE_RELEASED);
        say_at(&s, 300, next_us, about(1, LINE_HELD, 6));
        expect(&s, RULE_HOLDERS, next_us < 200);
    }
}
END_TEST

/* Stopped with it and continued long after: what it writes then comes behind what others did meanwhile. */
START_TEST(a_stopped_one_holds_until_its_lease_ends)
{
    for (int64_t next_us = 999; next_us <= 1000; next_us++) {
        story s;
        open_two(&s, true);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 900, 0, renewed(1, 9000));
        say_hold(&s, 1, 6, next_us, 2000, LINE_RELEASED);
        say_at(&s, 3000, 0, about(0, LINE_LOST, 5));
        say_at(&s, 3001, 0, about(0, LINE_FENCED, 0));
        expect(&s, RULE_HOLDERS, next_us < 1000);
    }
}
END_TEST

START_TEST(a_killed_one_holds_until_its_lease_ends)
{
    for (int64_t next_us = 999; next_us <= 1000; next_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 900, 0, renewed(1, 9000));
        say_at(&s, next_us, 0, about(1, LINE_HELD, 6));
        expect(&s, RULE_HOLDERS, next_us < 1000);
    }
}
END_TEST

/* No sooner than its last line: then it was alive. */
START_TEST(a_killed_one_whose_death_is_proven_holds_no_longer)
{
    for (int64_t next_us = 149; next_us <= 150; next_us++) {
        story s;
        open_two(&s, true);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 150, 0, renewed(0, 1100));
        say_at(&s, 160, next_us, about(1, LINE_HELD, 6));
        expect(&s, RULE_HOLDERS, next_us < 150);
    }
}
END_TEST

/* Its own lock on the file says that the process before is gone. */
START_TEST(a_killed_one_that_is_started_again_holds_no_longer)
{
    for (int64_t next_us = 199; next_us <= 200; next_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, (record){.source = 0, .kind = LINE_OPENED, .boot = 1});
        say_at(&s, 210, next_us, about(1, LINE_HELD, 6));
        expect(&s, RULE_HOLDERS, next_us < 200);
    }
}
END_TEST

START_TEST(a_slot_that_left_holds_nothing)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 150, about(0, LINE_LEFT, 0));
    say_at(&s, 210, 150, about(1, LINE_HELD, 6));
    expect(&s, RULE_HOLDERS, 0);
}
END_TEST

/* Of two that hold it, the first from 100, the second from 200. */
static void open_two_holders(story *s, int64_t clean_us, int64_t answer_us, line_answer answer)
{
    open_two(s, false);
    record clean = {.source = 1, .kind = LINE_CLEANED, .answer = LINE_UNKNOWN};
    say_at(s, 100, 0, about(0, LINE_HELD, 5));
    say_at(s, 200, 0, about(1, LINE_HELD, 6));
    say_at(s, clean_us, 0, clean);
    if (answer_us != NEVER_ANSWERED)
        say_at(s, answer_us, clean_us, answered(clean, answer));
}

/* Whoever empties the pool takes the ids from their owners, who learn of it later: at their next beat, or not before
 * their lease is over. What they say of it themselves is not believed. */
START_TEST(what_was_cleaned_may_have_a_new_owner)
{
    static const struct {
        int64_t clean_us, answer_us;
        line_answer answer;
        bool right;
    } turns[] = {
        {150, 160, LINE_ACCEPTED, true},  {90, 210, LINE_ACCEPTED, true}, /* at some instant between these */
        {150, 260, LINE_ACCEPTED, true},  {150, 260, LINE_UNKNOWN, true},  {150, NEVER_ANSWERED, LINE_UNKNOWN, true},
        {150, 160, LINE_REFUSED, false},  {150, 260, LINE_REFUSED, false}, {80, 90, LINE_ACCEPTED, false},
        {210, 220, LINE_ACCEPTED, false}, {80, 90, LINE_UNKNOWN, false},   {200, 260, LINE_ACCEPTED, true},
        {80, 100, LINE_ACCEPTED, true},
    };
    for (size_t i = 0; i < 2 * sizeof(turns) / sizeof(turns[0]); i++) {
        story s;
        open_two_holders(&s, turns[i / 2].clean_us, turns[i / 2].answer_us, turns[i / 2].answer);
        record lost = about(0, LINE_LOST, 5);
        lost.cleaned = i % 2 == 0;
        say_at(&s, lost.cleaned ? 300 : 1100, 0, lost);
        expect(&s, RULE_HOLDERS, turns[i / 2].right ? 0 : 1);
    }
}
END_TEST

/* Nobody hears of the end of a process that was killed while it asked; what it had asked for may have been done. */
START_TEST(a_clean_without_an_answer_reaches_to_the_end_of_its_process)
{
    for (int64_t held_us = 110; held_us <= 150; held_us += 20) {
        story s;
        open_two(&s, false);
        say_at(&s, 110, 0, (record){.source = 1, .kind = LINE_CLEANED, .answer = LINE_UNKNOWN});
        say_at(&s, 115, 0, about(1, LINE_FOLLOWS, 0));
        say_at(&s, held_us, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, (record){.source = 1, .kind = LINE_OPENED, .boot = 1});
        say_at(&s, 210, 0, (record){.source = 1, .kind = LINE_JOINED, .slot = 3, .until_us = 1200, .life = 1});
        record next = about(1, LINE_HELD, 6);
        next.slot = 3;
        say_at(&s, 220, 0, next);
        expect(&s, RULE_HOLDERS, held_us > 115);
    }
}
END_TEST

START_TEST(the_same_slot_may_be_granted_it_again)
{
    story s;
    open_two(&s, false);
    say_hold(&s, 0, 5, 100, 200, LINE_RELEASED);
    say_at(&s, 300, 0, about(0, LINE_HELD, 6));
    expect(&s, RULE_HOLDERS, 0);
    open_two(&s, false);
    say_hold(&s, 0, 6, 100, 200, LINE_RELEASED);
    say_at(&s, 300, 0, about(0, LINE_HELD, 5));
    expect(&s, RULE_TOKENS, 1);
}
END_TEST

/* What it said it would give back it was not rid of: the same grant goes on, unless a newer one is there. */
START_TEST(a_grant_may_be_told_again)
{
    for (int64_t next_us = 299; next_us <= 300; next_us++) {
        story s;
        open_two(&s, false);
        say_hold(&s, 0, 5, 100, 110, LINE_RELEASED);
        say_hold(&s, 0, 5, 120, 300, LINE_RELEASED);
        say_at(&s, 310, next_us, about(1, LINE_HELD, 6));
        expect(&s, RULE_HOLDERS, next_us < 300);
    }
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 210, 0, about(0, LINE_HELD, 5));
    say_at(&s, 300, 199, about(0, LINE_LOST, 5));
    expect(&s, RULE_TOKENS, 1);
}
END_TEST

/* The third at once is found beside the second, also when the first is long gone. */
START_TEST(each_pair_is_found_once)
{
    story s;
    open_two(&s, false);
    for (int64_t i = 0; i < 6; i++)
        say_at(&s, 100 + i, 0, about((uint32_t)i % 2, LINE_HELD, 5 + (uint64_t)i));
    expect(&s, RULE_HOLDERS, 5);
}
END_TEST

START_TEST(findings_are_counted_beyond_those_that_are_shown)
{
    story s;
    const char *const names[] = {"a", "b"};
    open_two(&s, false);
    for (int64_t i = 0; i < 100; i++)
        say_at(&s, 100 + i, 0, about((uint32_t)i % 2, LINE_HELD, 5 + (uint64_t)i));
    expect(&s, RULE_HOLDERS, 99);
    checker *c = checker_new(names, 2, false);
    for (uint32_t i = 1; i <= 100; i++)
        ck_assert_int_eq(checker_take_wrong(c, (place){0, i}, "it is none", false, true), 0);
    ck_assert_int_eq(checker_finish(c), 0);
    ck_assert_uint_eq(checker_tally(c)->found[RULE_FORM], 102); /* and both are empty */
    ck_assert_uint_eq(checker_finding_count(c), FINDINGS_SHOWN_MAX);
    checker_free(c);
}
END_TEST

/* The lease had ended before the next one began, by what was written then; its renewal is written later. */
START_TEST(a_renewal_may_be_written_late)
{
    for (int64_t next_us = 1700; next_us <= 1701; next_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 900, 0, renewed(1, 9000));
        say_at(&s, 1100, 0, about(1, LINE_HELD, 6));
        say_at(&s, 1200, 990, renewed(0, 1820));
        say_at(&s, 1700, 0, about(0, LINE_RELEASED, 5));
        say_at(&s, next_us, 0, about(1, LINE_RELEASED, 6));
        expect(&s, RULE_HOLDERS, 1);
    }
}
END_TEST

/* A slot that is granted what it holds has two grants of it, of which the older may last longer. */
START_TEST(a_slot_holds_one_grant_of_an_id_at_a_time)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_hold(&s, 0, 6, 200, 300, LINE_RELEASED);
    say_at(&s, 500, 0, about(0, LINE_RELEASED, 5));
    say_at(&s, 600, 0, about(1, LINE_HELD, 7));
    expect(&s, RULE_HOLDERS, 1);
}
END_TEST

/* What is long settled still counts: a stopped one may write of its share as late as it likes. */
START_TEST(a_hold_that_is_written_very_late_is_compared_with_those_before)
{
    static const struct {
        int64_t since_us, end_us;
        rule rule;
        uint64_t times;
    } turns[] = {
        {150, 180, RULE_HOLDERS, 1}, /* while the first held it */
        {200, 250, RULE_HOLDERS, 0}, /* between the two */
        {50, 60, RULE_TOKENS, 1},    /* before the first, whose token is smaller */
        {350, 360, RULE_TOKENS, 1},  /* behind the third */
        {200, 301, RULE_HOLDERS, 1}, /* until the third had it */
    };
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        story s;
        open_some(&s, 3, false);
        say_hold(&s, 0, 5, 100, 200, LINE_RELEASED);
        say_hold(&s, 2, 7, 300, 310, LINE_RELEASED);
        say_at(&s, 450, turns[i].since_us, about(1, LINE_HELD, 6));
        say_at(&s, 451, turns[i].end_us, about(1, LINE_LOST, 6));
        expect(&s, turns[i].rule, turns[i].times);
    }
}
END_TEST

/* Of a smaller token than one that is settled, and beside it. */
START_TEST(an_old_grant_that_is_written_very_late_is_compared_with_those_behind_it)
{
    static const struct {
        int64_t since_us, end_us;
        rule rule;
        uint64_t times;
    } turns[] = {
        {50, 100, RULE_HOLDERS, 0}, {50, 101, RULE_HOLDERS, 1}, {150, 160, RULE_TOKENS, 1},
        {250, 260, RULE_TOKENS, 1}, {350, 360, RULE_TOKENS, 1},
    };
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        story s;
        open_two(&s, false);
        say_hold(&s, 0, 5, 100, 200, LINE_RELEASED);
        say_hold(&s, 0, 7, 300, 310, LINE_RELEASED);
        say_at(&s, 450, turns[i].since_us, about(1, LINE_HELD, 4));
        say_at(&s, 451, turns[i].end_us, about(1, LINE_LOST, 4));
        expect(&s, turns[i].rule, turns[i].times);
    }
}
END_TEST

/* Only what was given back, or not reported after all, is the slot's again under the same token. */
START_TEST(what_was_lost_or_done_is_not_granted_again_under_its_token)
{
    for (int turn = 0; turn < 7; turn++) {
        static const line_kind ends[] = {LINE_RELEASED, LINE_ACKED, LINE_FAILED, LINE_LOST, LINE_ACKED, LINE_FAILED};
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        if (turn == 4 || turn == 5)
            say_at(&s, 150, 140, answered(about(0, ends[turn], 5), LINE_UNKNOWN));
        if (turn < 6)
            say_at(&s, 200, 140, answered(about(0, ends[turn], 5), turn >= 4 ? LINE_ACCEPTED : LINE_REFUSED));
        say_at(&s, 300, 0, about(0, LINE_HELD, 5));
        expect(&s, RULE_TOKENS, turn < 3 ? 0 : 1);
    }
}
END_TEST

START_TEST(a_token_is_of_one_slot)
{
    for (uint64_t token = 5; token <= 6; token++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        record other = about(1, LINE_HELD, token);
        other.ids[0] = 1;
        say_at(&s, 200, 0, other);
        expect(&s, RULE_TOKENS, token == 5);
        if (token == 5)
            ck_assert_str_eq(s.first, "b:3: token 5 was granted to another slot: a:3");
    }
}
END_TEST

/* Of a hold that is forgotten, its token is still known. */
START_TEST(an_end_is_of_a_token_that_was_granted)
{
    for (uint64_t token = 3; token <= 4; token++) {
        for (uint32_t who = 0; who < 2; who++) {
            story s;
            open_two(&s, false);
            say_hold(&s, 0, 4, 100, 110, LINE_RELEASED);
            say_at(&s, 120, 0, about(1, LINE_HELD, 5));
            say_at(&s, 130, 0, about(who, LINE_LOST, token));
            expect(&s, RULE_STORY, token == 4 && who == 0 ? 0 : 1);
        }
    }
}
END_TEST

START_TEST(a_term_is_led_once)
{
    for (uint64_t term = 5; term <= 6; term++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_LEADS, 5));
        say_at(&s, 200, 0, about(0, LINE_FOLLOWS, 0));
        say_at(&s, 300, 0, about(0, LINE_LEADS, term));
        expect(&s, RULE_TERMS, term == 5);
    }
}
END_TEST

/* ---- Leadership -------------------------------------------------------------------------------------------------- */

START_TEST(leadership_is_held_like_an_id)
{
    for (int64_t next_us = 199; next_us <= 200; next_us++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_LEADS, 3));
        say_at(&s, 210, 200, about(0, LINE_FOLLOWS, 0));
        say_at(&s, 220, next_us, about(1, LINE_LEADS, 4));
        expect(&s, RULE_LEADERS, next_us < 200);
    }
}
END_TEST

START_TEST(terms_grow)
{
    for (uint64_t term = 2; term <= 4; term++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_LEADS, 3));
        say_at(&s, 200, 0, about(0, LINE_FOLLOWS, 0));
        say_at(&s, 300, 0, about(1, LINE_LEADS, term));
        expect(&s, RULE_TERMS, term <= 3);
    }
}
END_TEST

START_TEST(following_without_having_led_says_nothing)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_FOLLOWS, 0));
    say_at(&s, 200, 0, about(1, LINE_LEADS, 3));
    say_at(&s, 300, 0, about(0, LINE_FOLLOWS, 0));
    expect(&s, RULE_LEADERS, 0);
}
END_TEST

/* ---- Slots, leases, files ---------------------------------------------------------------------------------------- */

START_TEST(nothing_begins_after_a_lease)
{
    for (int64_t since_us = 999; since_us <= 1000; since_us++) {
        for (line_kind kind = LINE_RENEWED; kind <= LINE_HELD; kind++) {
            story s;
            if (kind == LINE_FOLLOWS)
                continue;
            open_two(&s, false);
            record one = about(0, kind, 5);
            one.until_us = 2000;
            say_at(&s, 1500, since_us, one);
            expect(&s, RULE_LEASE, since_us == 1000);
        }
    }
}
END_TEST

START_TEST(a_slot_speaks_in_its_own_history)
{
    story s;
    open_two(&s, false);
    record one = about(0, LINE_HELD, 5);
    one.source = 1;
    say_at(&s, 100, 0, one);
    expect(&s, RULE_STORY, 1);
    ck_assert_str_eq(s.first, "b:3: held of a slot that has not joined here");
}
END_TEST

START_TEST(an_empty_history_proves_nothing)
{
    story s;
    open_two(&s, false);
    s.told.sources = 3;
    expect(&s, RULE_FORM, 1);
    ck_assert_str_eq(s.first, "c: there is nothing in it");
}
END_TEST

START_TEST(boots_are_not_mixed)
{
    story s;
    char why[512];
    open_two(&s, false);
    s.told.all[1].boot = 2;
    ck_assert_int_eq(records_merge(&s.told, why, sizeof(why)), MERGE_OBSTACLE);
    ck_assert_ptr_nonnull(strstr(why, "a:1 and b:1 are of different boots"));
    records_done(&s.told);
}
END_TEST

TCase *rules_case(void)
{
    TCase *c = tcase_create("rules");
    tcase_add_test(c, both_lines_are_named);
    tcase_add_test(c, an_end_may_be_written_late);
    tcase_add_test(c, a_beginning_may_be_written_late);
    tcase_add_test(c, a_stopped_one_holds_until_its_lease_ends);
    tcase_add_test(c, a_killed_one_holds_until_its_lease_ends);
    tcase_add_test(c, a_killed_one_whose_death_is_proven_holds_no_longer);
    tcase_add_test(c, a_killed_one_that_is_started_again_holds_no_longer);
    tcase_add_test(c, a_slot_that_left_holds_nothing);
    tcase_add_test(c, what_was_cleaned_may_have_a_new_owner);
    tcase_add_test(c, a_clean_without_an_answer_reaches_to_the_end_of_its_process);
    tcase_add_test(c, the_same_slot_may_be_granted_it_again);
    tcase_add_test(c, a_grant_may_be_told_again);
    tcase_add_test(c, each_pair_is_found_once);
    tcase_add_test(c, findings_are_counted_beyond_those_that_are_shown);
    tcase_add_test(c, a_renewal_may_be_written_late);
    tcase_add_test(c, a_slot_holds_one_grant_of_an_id_at_a_time);
    tcase_add_test(c, a_hold_that_is_written_very_late_is_compared_with_those_before);
    tcase_add_test(c, an_old_grant_that_is_written_very_late_is_compared_with_those_behind_it);
    tcase_add_test(c, what_was_lost_or_done_is_not_granted_again_under_its_token);
    tcase_add_test(c, a_token_is_of_one_slot);
    tcase_add_test(c, an_end_is_of_a_token_that_was_granted);
    tcase_add_test(c, a_term_is_led_once);
    tcase_add_test(c, leadership_is_held_like_an_id);
    tcase_add_test(c, terms_grow);
    tcase_add_test(c, following_without_having_led_says_nothing);
    tcase_add_test(c, nothing_begins_after_a_lease);
    tcase_add_test(c, a_slot_speaks_in_its_own_history);
    tcase_add_test(c, an_empty_history_proves_nothing);
    tcase_add_test(c, boots_are_not_mixed);
    return c;
}
