/* What each rule takes and refuses, on histories of a few lines. Replica 0 has slot 1, replica 1 has slot 2; instants
 * are small numbers, a lease lasts until 1000. */
#include "tests/verify/records.h"
#include "tests/verify/suites.h"

#include <stdio.h>
#include <string.h>

#define NEVER_ANSWERED INT64_MAX

typedef struct story {
    records told;
    int64_t at_us;
    char first[1024];
} story;

static void say(story *s, record one)
{
    one.at_us = one.at_us != 0 ? one.at_us : ++s->at_us;
    s->at_us = one.at_us;
    records_add(&s->told, one);
}

static void open_two(story *s, bool proven)
{
    *s = (story){.told = {.sources = 2}};
    for (uint32_t i = 0; i < 2; i++)
        say(s, (record){.source = i, .kind = LINE_OPENED, .boot = 1});
    for (uint32_t i = 0; i < 2; i++)
        say(s,
            (record){.source = i, .kind = LINE_JOINED, .slot = i + 1, .until_us = 1000, .life = 1, .proven = proven});
}

static record about(uint32_t source, line_kind kind, uint64_t number)
{
    record one = {.source = source, .kind = kind, .slot = source + 1, .number = number};
    one.id_count = (kind >= LINE_HELD && kind <= LINE_ADDED) || kind == LINE_ADDING ? 1 : 0;
    return one;
}

static void say_at(story *s, int64_t at_us, int64_t since_us, record one)
{
    one.at_us = at_us;
    one.since_us = since_us;
    say(s, one);
}

static record answered(record one, line_answer answer)
{
    one.answer = answer;
    return one;
}

/* Ends the story: exactly this often this rule, and no other. */
static void expect(story *s, rule wanted, uint64_t times)
{
    tally t = records_verdict(&s->told, false, s->first, sizeof(s->first));
    ck_assert_msg(t.found[wanted] == times && t.wrong == times, "%d times, %d in all: %s", (int)t.found[wanted],
                  (int)t.wrong, s->first);
    records_done(&s->told);
}

static void expect_complete(story *s, uint64_t lost)
{
    tally t = records_verdict(&s->told, true, s->first, sizeof(s->first));
    ck_assert_msg(t.found[RULE_NOTHING_LOST] == lost && t.wrong == lost, "%d times, %d in all: %s",
                  (int)t.found[RULE_NOTHING_LOST], (int)t.wrong, s->first);
    records_done(&s->told);
}

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
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 199, about(0, LINE_LOST, 5));
    expect(&s, RULE_HOLDERS, 0);
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 201, about(0, LINE_LOST, 5));
    expect(&s, RULE_HOLDERS, 1);
}
END_TEST

START_TEST(a_beginning_may_be_written_late)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(0, LINE_RELEASED, 5));
    say_at(&s, 300, 201, about(1, LINE_HELD, 6));
    expect(&s, RULE_HOLDERS, 0);
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(0, LINE_RELEASED, 5));
    say_at(&s, 300, 199, about(1, LINE_HELD, 6));
    expect(&s, RULE_HOLDERS, 1);
}
END_TEST

/* Stopped with it and continued long after: what it writes then comes behind what others did meanwhile. */
START_TEST(a_stopped_one_holds_until_its_lease_ends)
{
    for (int64_t next_us = 999; next_us <= 1000; next_us++) {
        story s;
        open_two(&s, true);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        record renewed = about(1, LINE_RENEWED, 0);
        renewed.until_us = 9000;
        say_at(&s, 900, 0, renewed);
        say_at(&s, next_us, 0, about(1, LINE_HELD, 6));
        say_at(&s, 2000, 0, about(1, LINE_RELEASED, 6));
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
        record renewed = about(1, LINE_RENEWED, 0);
        renewed.until_us = 9000;
        say_at(&s, 900, 0, renewed);
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
        record renewed = about(0, LINE_RENEWED, 0);
        renewed.until_us = 1100;
        say_at(&s, 150, 0, renewed);
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
    if (clean_us < 100)
        say_at(s, clean_us, 0, clean);
    if (answer_us < 100)
        say_at(s, answer_us, clean_us, answered(clean, answer));
    say_at(s, 100, 0, about(0, LINE_HELD, 5));
    if (clean_us >= 100 && clean_us < 200)
        say_at(s, clean_us, 0, clean);
    if (answer_us >= 100 && answer_us < 200)
        say_at(s, answer_us, clean_us, answered(clean, answer));
    say_at(s, 200, 0, about(1, LINE_HELD, 6));
    if (clean_us >= 200)
        say_at(s, clean_us, 0, clean);
    if (answer_us >= 200 && answer_us != NEVER_ANSWERED)
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
        {210, 220, LINE_ACCEPTED, false}, {80, 90, LINE_UNKNOWN, false},
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
    for (int64_t held_us = 120; held_us <= 160; held_us += 20) {
        story s;
        open_two(&s, false);
        say_at(&s, 110, 0, (record){.source = 1, .kind = LINE_CLEANED, .answer = LINE_UNKNOWN});
        say_at(&s, 115, 0, about(1, LINE_FOLLOWS, 0));
        record held = about(0, LINE_HELD, 5);
        say_at(&s, held_us - 10, 0, held);
        say_at(&s, 200, 0, (record){.source = 1, .kind = LINE_OPENED, .boot = 1});
        say_at(&s, 210, 0, (record){.source = 1, .kind = LINE_JOINED, .slot = 2 + 1, .until_us = 1200, .life = 1});
        record next = about(1, LINE_HELD, 6);
        next.slot = 3;
        say_at(&s, 220, 0, next);
        expect(&s, RULE_HOLDERS, held_us - 10 > 115);
    }
}
END_TEST

START_TEST(the_same_slot_may_be_granted_it_again)
{
    story s;
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 200, 0, about(0, LINE_RELEASED, 5));
    say_at(&s, 300, 0, about(0, LINE_HELD, 6));
    expect(&s, RULE_HOLDERS, 0);
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 6));
    say_at(&s, 200, 0, about(0, LINE_RELEASED, 6));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 110, 0, about(0, LINE_RELEASED, 5));
        say_at(&s, 120, 0, about(0, LINE_HELD, 5));
        say_at(&s, 300, 0, about(0, LINE_RELEASED, 5));
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
        ck_assert_int_eq(checker_take_wrong(c, (place){0, i}, "it is none", false), 0);
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
        record renewed = about(1, LINE_RENEWED, 0);
        renewed.until_us = 9000;
        say_at(&s, 900, 0, renewed);
        say_at(&s, 1100, 0, about(1, LINE_HELD, 6));
        renewed = about(0, LINE_RENEWED, 0);
        renewed.until_us = 1820;
        say_at(&s, 1200, 990, renewed);
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
    say_at(&s, 200, 0, about(0, LINE_HELD, 6));
    say_at(&s, 300, 0, about(0, LINE_RELEASED, 6));
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
        open_two(&s, false);
        s.told.sources = 3;
        say(&s, (record){.source = 2, .kind = LINE_OPENED, .boot = 1});
        say(&s, (record){.source = 2, .kind = LINE_JOINED, .slot = 3, .until_us = 1000, .life = 1});
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, about(0, LINE_RELEASED, 5));
        say_at(&s, 300, 0, about(2, LINE_HELD, 7));
        say_at(&s, 310, 0, about(2, LINE_RELEASED, 7));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, about(0, LINE_RELEASED, 5));
        say_at(&s, 300, 0, about(0, LINE_HELD, 7));
        say_at(&s, 310, 0, about(0, LINE_RELEASED, 7));
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
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 150, 0, about(0, LINE_LOST, 5));
    say_at(&s, 200, 0, about(1, LINE_HELD, 6));
    say_at(&s, 300, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
    expect(&s, RULE_STALE, 1);
    ck_assert_str_eq(s.first, "a:5: 'id-0' was reported under token 5 and accepted, when it was held under token 6: "
                              "b:3");
    /* the same, where the newer hold is written after the ack */
    open_two(&s, false);
    say_at(&s, 100, 0, about(0, LINE_HELD, 5));
    say_at(&s, 150, 0, about(0, LINE_LOST, 5));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
        if (adds > 1)
            say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        say_at(&s, 400, 0, answered(about(1, LINE_ACKED, 6), LINE_ACCEPTED));
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
        for (int64_t us = 1; us <= 500; us++) {
            for (int k = 0; k < 3; k++) {
                if (adds[i][k] == us)
                    say_at(&s, us, 0, about(1, LINE_ADDED, 0));
            }
            if (us == 100 || us == 300)
                say_at(&s, us, 0, about(0, LINE_HELD, us == 100 ? 5 : 6));
            if (us == 200 || us == 400)
                say_at(&s, us, 0, answered(about(0, LINE_ACKED, us == 200 ? 5 : 6), LINE_ACCEPTED));
            if (us == 480)
                say_at(&s, us, 0, about(0, LINE_HELD, 7));
        }
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
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        say_at(&s, 400, 0, answered(about(1, LINE_ACKED, 6), LINE_ACCEPTED));
        expect(&s, RULE_ACKS, turn == 0 || turn == 2);
    }
    story s;
    open_two(&s, false);
    say_at(&s, 50, 0, about(1, LINE_ADDING, 0));
    expect_complete(&s, 0);
}
END_TEST

/* One that nobody is known to have added was added by somebody. */
START_TEST(what_was_acked_before_it_is_known_to_be_added_was_there)
{
    for (int adds = 0; adds <= 1; adds++) {
        story s;
        open_two(&s, false);
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
        if (adds > 0)
            say_at(&s, 250, 0, about(1, LINE_ADDED, 0));
        say_at(&s, 300, 0, about(1, LINE_HELD, 6));
        say_at(&s, 400, 0, answered(about(1, LINE_ACKED, 6), LINE_ACCEPTED));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, answered(about(0, kinds[i % 2], 5), LINE_ACCEPTED));
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
        say_at(&s, 100, 0, about(0, LINE_HELD, 5));
        say_at(&s, 200, 0, answered(about(0, LINE_ACKED, 5), LINE_ACCEPTED));
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
    record renewed = about(1, LINE_RENEWED, 0);
    renewed.until_us = 3000;
    say_at(&s, 900, 0, renewed);
    renewed.until_us = 4000;
    say_at(&s, 2000, 0, renewed);
    expect_complete(&s, 1);
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
    tcase_add_test(c, what_was_cleaned_is_not_lost);
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
    tcase_add_test(c, a_term_is_led_once);
    tcase_add_test(c, leadership_is_held_like_an_id);
    tcase_add_test(c, terms_grow);
    tcase_add_test(c, following_without_having_led_says_nothing);
    tcase_add_test(c, a_report_ends_a_hold_when_it_is_sent);
    tcase_add_test(c, what_was_not_accepted_does_not_count);
    tcase_add_test(c, an_ack_under_an_old_token_is_found);
    tcase_add_test(c, an_acked_id_does_not_come_back_unless_it_is_added);
    tcase_add_test(c, one_ack_for_each_add);
    tcase_add_test(c, an_add_of_what_is_there_does_not_count);
    tcase_add_test(c, an_add_counts_from_when_an_ack_was_sent);
    tcase_add_test(c, an_add_without_an_answer_may_have_come_about);
    tcase_add_test(c, what_was_acked_before_it_is_known_to_be_added_was_there);
    tcase_add_test(c, one_grant_is_reported_once);
    tcase_add_test(c, every_life_may_have_an_ack_of_its_own);
    tcase_add_test(c, what_was_added_is_somewhere);
    tcase_add_test(c, what_was_added_after_its_ack_is_somewhere);
    tcase_add_test(c, a_report_without_an_answer_is_no_loss);
    tcase_add_test(c, what_a_dead_one_held_has_to_come_to_another);
    tcase_add_test(c, nothing_begins_after_a_lease);
    tcase_add_test(c, a_slot_speaks_in_its_own_history);
    tcase_add_test(c, an_empty_history_proves_nothing);
    tcase_add_test(c, boots_are_not_mixed);
    return c;
}
