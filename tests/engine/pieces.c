/* What stories cannot show, because the store does not do it of its own accord. */
#include "tests/engine/hand.h"
#include "tests/engine/suites.h"

static const allot_uuid another = {{7}};
static const allot_new_id only_id = {.id = {.data = "a", .len = 1}};

static bool reaps_without_end(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    if (op->kind != ALLOT_OP_REAP)
        return false;
    a->outcome = (allot_outcome){.status = ALLOT_STATUS_OK, .count = 512, .more = 1000000};
    return true;
}

/* An op that is sent again must find its session's window (DESIGN §2, answers), whatever the leader has to do. */
START_TEST(a_reap_without_end_keeps_to_the_window)
{
    engine_request add = {.kind = ENGINE_ADD, .count = 1, .news = &only_id};
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "none");
    h->own = reaps_without_end;
    h->slots[1] = (allot_slot_info){.slot = another, .age = 2, .weight = 1, .state = ALLOT_SLOT_DEAD, .ids = 1000000};
    h->slot_count = 2;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, 20000);
    ck_assert_uint_gt(h->sent[ALLOT_OP_REAP], 5);
    h->held = ALLOT_OP_ADD;
    uint64_t before = h->sequence;
    hand_ask(h, &add);
    ck_assert_uint_eq(h->sent[ALLOT_OP_ADD], 1);
    ck_assert_uint_eq(h->sequence, before + 1);
    hand_run(h, 900000);
    ck_assert_uint_lt(h->sequence, before + 1 + ALLOT_OP_UNANSWERED_MAX);
    uint64_t reaps = h->sent[ALLOT_OP_REAP];
    h->held = 0;
    hand_run(h, 100000);
    ck_assert_uint_gt(h->sent[ALLOT_OP_REAP], reaps); /* and then it goes on */
    hand_free(h);
}
END_TEST

static bool beats_are_invalid(hand *h, const allot_op *op, allot_answer *a)
{
    return op->kind == ALLOT_OP_BEAT && h->sent[ALLOT_OP_BEAT] > 1 && hand_refuse(a, ALLOT_REFUSED_INVALID);
}

/* Also where a store refuses beats for a reason that no store of ours has. */
START_TEST(refused_beats_do_not_come_one_after_the_other)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "none", beats_are_invalid);
    hand_run(h, 1900000);
    ck_assert_uint_gt(h->sent[ALLOT_OP_BEAT], 3);
    ck_assert_uint_lt(h->sent[ALLOT_OP_BEAT], 30);
    hand_free(h);
}
END_TEST

static bool first_term_is_won(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    a->outcome.term = op->kind == ALLOT_OP_CAMPAIGN;
    return op->kind == ALLOT_OP_CAMPAIGN;
}

/* I1: the answer to a campaign that comes when another is known to have led since. */
START_TEST(a_win_that_is_over_is_none)
{
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "none");
    h->own = first_term_is_won;
    h->held = ALLOT_OP_CAMPAIGN;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, 100000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_CAMPAIGN], 1);
    h->view.leader = another;
    h->view.term = 5;
    h->view.led_for_us = 1000000;
    hand_run(h, 2000000);
    h->held = 0;
    hand_run(h, 1000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_READ_ROSTER], 0);
    ck_assert(!engine_is_leader(h->engine, h->now_us, NULL));
    hand_free(h);
}
END_TEST

/* Adds and acks are applied, unanswered, and later the slot is gone. */
static bool forgets(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind != ALLOT_OP_ADD && op->kind != ALLOT_OP_ACK)
        return false;
    if (h->sent[op->kind] > 1)
        return hand_refuse(a, ALLOT_REFUSED_GONE);
    a->outcome.status = ALLOT_STATUS_UNKNOWN;
    return true;
}

/* The answer to what was sent first is lost, and with the slot goes what its session remembered: it may have been
 * applied. §2: UNKNOWN is neither success nor failure. */
static void forgotten(engine_request r)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "none", forgets);
    hand_give_segment(h, 1, &only_id, 1);
    h->view.share_rev = 1;
    hand_run(h, 2000000);
    ck_assert(engine_owns(h->engine, h->now_us, "a", 1, NULL));
    hand_ask(h, &r);
    hand_run(h, 2000000);
    ck_assert_uint_eq(h->sent[r.kind == ENGINE_ADD ? ALLOT_OP_ADD : ALLOT_OP_ACK], 2);
    ck_assert_int_eq(r.code, ALLOT_E_UNKNOWN);
    ck_assert_uint_eq(r.refused, 0);
    hand_free(h);
}

START_TEST(an_add_that_a_gone_slot_forgot_is_unknown)
{
    forgotten((engine_request){.kind = ENGINE_ADD, .count = 1, .news = &only_id});
}
END_TEST

START_TEST(an_ack_that_a_gone_slot_forgot_is_unknown)
{
    const allot_id id = {.id = {.data = "a", .len = 1}, .token = 1};
    forgotten((engine_request){.kind = ENGINE_ACK, .count = 1, .ids = &id});
}
END_TEST

Suite *pieces_suite(void)
{
    Suite *s = suite_create("engine pieces");
    TCase *t = tcase_create("pieces");
    tcase_add_test(t, a_reap_without_end_keeps_to_the_window);
    tcase_add_test(t, refused_beats_do_not_come_one_after_the_other);
    tcase_add_test(t, a_win_that_is_over_is_none);
    tcase_add_test(t, an_add_that_a_gone_slot_forgot_is_unknown);
    tcase_add_test(t, an_ack_that_a_gone_slot_forgot_is_unknown);
    suite_add_tcase(s, t);
    return s;
}
