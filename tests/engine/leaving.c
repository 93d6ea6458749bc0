/* How a leadership, a slot and what was asked for come to their ends, answered by hand. */
#include "tests/engine/hand.h"
#include "tests/engine/suites.h"

#include <string.h>

enum { WINDOW = 64 };

static const allot_new_id x[] = {{.id = {"x", 1}}, {.id = {"y", 1}}};

/* One that holds x and y, in one segment. */
static hand *with_two_ids(void)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    hand_give_segment(h, 1, x, 2);
    h->view.share_rev = 1;
    hand_run(h, TTL_US);
    ck_assert(engine_owns(h->engine, h->now_us, "x", 1, NULL) && engine_owns(h->engine, h->now_us, "y", 1, NULL));
    return h;
}

/* ---- The window of 64 sequences, behind one add that is not answered --------------------------------------------- */

static uint64_t leads_at; /* which campaign is won */

static bool leads_late(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind != ALLOT_OP_CAMPAIGN || h->sent[ALLOT_OP_CAMPAIGN] == leads_at)
        return false;
    hand_refuse(a, ALLOT_REFUSED_LED);
    a->outcome.wait_us = 1;
    return true;
}

/* Leads; the window has room for so many more. */
static hand *lead_with_room(engine_request *add, uint32_t room)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    leads_at = h->sent[ALLOT_OP_CAMPAIGN] + WINDOW - 1 - room;
    h->held = ALLOT_OP_ADD;
    *add = (engine_request){.kind = ENGINE_ADD, .count = 1, .news = x};
    hand_ask(h, add);
    h->own = leads_late;
    for (int i = 0; i < 400 && h->told[ALLOT_EVENT_LEADER] == 0; i++)
        hand_run(h, 10000);
    ck_assert(engine_is_leader(h->engine, h->now_us, NULL));
    return h;
}

/* What cannot be sent is not waited for: the leadership ends here and now, in the store with the slot. */
START_TEST(a_resign_without_room)
{
    engine_request add, drain = {.kind = ENGINE_DRAIN};
    for (uint32_t room = 0; room < 2; room++) {
        hand *h = lead_with_room(&add, room);
        hand_ask(h, &drain);
        ck_assert(!engine_is_leader(h->engine, h->now_us, NULL));
        ck_assert_uint_eq(h->sent[ALLOT_OP_RESIGN], room);
        ck_assert_uint_eq(h->told[ALLOT_EVENT_FOLLOWER], 1);
        hand_free(h);
    }
}
END_TEST

/* ---- Drain, leave, and what is refused meanwhile ----------------------------------------------------------------- */

static bool resign_is_refused(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    return op->kind == ALLOT_OP_RESIGN && hand_refuse(a, ALLOT_REFUSED_GONE);
}

/* The slot is over; one that drains has no use for another. */
START_TEST(a_slot_that_is_gone_while_it_drains_has_left)
{
    engine_request drain = {.kind = ENGINE_DRAIN};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", resign_is_refused);
    ck_assert(engine_is_leader(h->engine, h->now_us, NULL));
    hand_ask(h, &drain);
    hand_run(h, 1000);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_FENCED], 1);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEFT], 1);
    ck_assert_uint_eq(h->sent[ALLOT_OP_JOIN], 1);
    hand_free(h);
}
END_TEST

START_TEST(draining_twice_is_draining)
{
    engine_request first = {.kind = ENGINE_DRAIN}, second = first;
    hand *h = with_two_ids();
    hand_ask(h, &first);
    hand_ask(h, &second);
    ck_assert(first.code == ALLOT_OK && second.code == ALLOT_OK);
    hand_run(h, TTL_US / 2);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_RECALLED], 1);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEFT], 0); /* it still has two ids */
    hand_free(h);
}
END_TEST

static bool acks_are_refused(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    return op->kind == ALLOT_OP_ACK && hand_refuse(a, ALLOT_REFUSED_GONE);
}

/* The leave waits for acks under way. When the store says that the slot is gone there is nothing to leave. */
START_TEST(a_slot_that_is_gone_while_it_leaves)
{
    const allot_id named = {.id = {"x", 1}};
    engine_request ack = {.kind = ENGINE_ACK, .count = 1, .ids = &named};
    engine_request leave = {.kind = ENGINE_LEAVE, .why = ALLOT_WHY_LEAVING};
    hand *h = with_two_ids();
    h->held = ALLOT_OP_ACK;
    hand_ask(h, &ack);
    hand_ask(h, &leave);
    hand_run(h, 1000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_LEAVE], 0);
    h->own = acks_are_refused;
    h->held = 0;
    hand_run(h, 1000);
    ck_assert_ptr_eq(h->replied, &leave);
    ck_assert_int_eq(leave.code, ALLOT_E_UNKNOWN);
    ck_assert_uint_eq(h->sent[ALLOT_OP_LEAVE], 0);
    hand_free(h);
}
END_TEST

/* What is under way of a grant that is no more (the segment came back under another token, and was cleaned) is waited
 * for all the same. */
START_TEST(a_drained_slot_waits_for_its_reports)
{
    const allot_id named[] = {{.id = {"x", 1}}, {.id = {"y", 1}}};
    engine_request release = {.kind = ENGINE_RELEASE, .count = 2, .ids = named}, drain = {.kind = ENGINE_DRAIN};
    hand *h = with_two_ids();
    h->held = ALLOT_OP_RELEASE;
    hand_ask(h, &release);
    h->segments[0].token = 2;
    h->body_count = 0;
    h->view.share_rev = 2;
    hand_run(h, TTL_US);
    hand_ask(h, &drain);
    hand_run(h, TTL_US / 2);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEFT], 0);
    h->held = 0;
    hand_run(h, 1000);
    ck_assert_ptr_eq(h->replied, &release);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEFT], 1);
    hand_free(h);
}
END_TEST

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

START_TEST(an_id_that_is_named_twice_is_released_once)
{
    const allot_id named[] = {{.id = {"x", 1}}, {.id = {"x", 1}}};
    engine_request release = {.kind = ENGINE_RELEASE, .count = 2, .ids = named};
    hand *h = with_two_ids();
    hand_ask(h, &release);
    hand_run(h, 1000);
    ck_assert_ptr_eq(h->replied, &release);
    ck_assert(release.ok == 1 && release.refused == 1);
    ck_assert(engine_owns(h->engine, h->now_us, "y", 1, NULL));
    hand_free(h);
}
END_TEST

static uint32_t last_working;

static bool note_working(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind == ALLOT_OP_BEAT)
        last_working = op->u.beat.working_count;
    return hand_never_leads(h, op, a);
}

START_TEST(nobody_works_on_what_is_not_held)
{
    const allot_id named[] = {{.id = {"z", 1}}, {.id = {"y", 1}}};
    engine_request working = {.kind = ENGINE_WORKING, .count = 2, .ids = named};
    hand *h = with_two_ids();
    h->own = note_working;
    hand_ask(h, &working);
    ck_assert_ptr_eq(h->replied, &working);
    hand_run(h, TTL_US);
    ck_assert_uint_eq(last_working, 1);
    hand_free(h);
}
END_TEST

Suite *leaving_suite(void)
{
    Suite *s = suite_create("engine leaving");
    TCase *t = tcase_create("leaving");
    tcase_add_test(t, a_resign_without_room);
    tcase_add_test(t, a_slot_that_is_gone_while_it_drains_has_left);
    tcase_add_test(t, draining_twice_is_draining);
    tcase_add_test(t, a_slot_that_is_gone_while_it_leaves);
    tcase_add_test(t, a_drained_slot_waits_for_its_reports);
    tcase_add_test(t, an_id_that_is_named_twice_is_released_once);
    tcase_add_test(t, nobody_works_on_what_is_not_held);
    suite_add_tcase(s, t);
    return s;
}
