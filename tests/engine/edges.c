/* What a well-behaved store at a small scale does not show: answers made by hand, one rule a test. */
#include "plugins/strategies.h"
#include "tests/engine/hand.h"
#include "tests/engine/suites.h"

#include <string.h>

/* Two texts each with one hash in base/index.c: of the same length, and not. */
#define SAME_A "i107316"
#define SAME_B "i130545"
#define DIFF_A "i10969"
#define DIFF_B "id110782"

/* ---- Election ---------------------------------------------------------------------------------------------------- */

START_TEST(a_wait_that_is_not_told_is_a_third_of_the_ttl)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    h->view.rank = 0;
    ck_assert_uint_eq(h->sent[ALLOT_OP_CAMPAIGN], 1);
    hand_run(h, TTL_US);
    ck_assert_uint_ge(h->sent[ALLOT_OP_CAMPAIGN], 2);
    ck_assert_uint_le(h->sent[ALLOT_OP_CAMPAIGN], 7); /* no more than beats, and one for each of them */
    hand_free(h);
}
END_TEST

START_TEST(a_leadership_of_another_term_is_another_one)
{
    uint64_t term;
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", NULL);
    ck_assert(engine_is_leader(h->engine, h->now_us, &term) && term == 1);
    h->view.term = 9;
    hand_run(h, TTL_US);
    ck_assert(engine_is_leader(h->engine, h->now_us, &term) && term == 9);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEADER], 2);
    hand_free(h);
}
END_TEST

START_TEST(a_leader_that_leads_anew_is_told)
{
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "some");
    h->view.leader = (allot_uuid){{7}};
    h->view.term = 3;
    h->view.led_for_us = 100000000;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_FOLLOWER], 1);
    h->view.term = 4;
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_FOLLOWER], 2);
    hand_free(h);
}
END_TEST

static bool led_for_a_moment(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    if (op->kind != ALLOT_OP_CAMPAIGN)
        return false;
    hand_refuse(a, ALLOT_REFUSED_LED);
    a->outcome.wait_us = 1;
    return true;
}

/* The store remembers 64 answers of a session, so an op that is unanswered keeps later ones back. */
START_TEST(campaigns_keep_to_the_window)
{
    allot_new_id id = {.id = {"a", 1}};
    engine_request add = {.kind = ENGINE_ADD, .count = 1, .news = &id};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    h->held = ALLOT_OP_ADD;
    hand_ask(h, &add);
    h->own = led_for_a_moment;
    hand_run(h, TTL_US);
    ck_assert_uint_ge(h->sent[ALLOT_OP_CAMPAIGN], 60);
    ck_assert_uint_le(h->sent[ALLOT_OP_CAMPAIGN], 65);
    ck_assert_uint_eq(h->sent[ALLOT_OP_ADD], 1);
    h->held = 0;
    hand_run(h, 10000);
    ck_assert_uint_gt(h->sent[ALLOT_OP_CAMPAIGN], 65);
    hand_free(h);
}
END_TEST

/* ---- Joining, views ---------------------------------------------------------------------------------------------- */

static bool no_room(hand *h, const allot_op *op, allot_answer *a)
{
    static const allot_reason reasons[] = {ALLOT_REFUSED_LIMIT, ALLOT_REFUSED_EXISTS, ALLOT_REFUSED_STALE};
    return op->kind == ALLOT_OP_JOIN && h->step < 3 && hand_refuse(a, reasons[h->step++]);
}

START_TEST(a_join_that_is_refused_is_told_and_tried_again)
{
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "some");
    h->own = no_room;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    while (h->step == 0 && hand_answer_one(h))
        continue;
    ck_assert_ptr_nonnull(strstr(h->note, "as many slots as it can have"));
    hand_run(h, TTL_US);
    ck_assert_ptr_nonnull(strstr(h->note, "trying again"));
    ck_assert_uint_eq(h->told[ALLOT_EVENT_NOTE], 2);
    ck_assert_uint_eq(h->sent[ALLOT_OP_JOIN], 4);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_JOINED], 1);
    hand_free(h);
}
END_TEST

START_TEST(a_view_of_another_life_ends_the_slot)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", NULL);
    h->view.life = (allot_uuid){{2}};
    allot_uuid before = h->slot;
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_FENCED], 1);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_JOINED], 2);
    ck_assert_mem_ne(&before, &h->slot, sizeof(before));
    hand_free(h);
}
END_TEST

START_TEST(early_beats_are_spread_but_not_for_long)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    h->view.rank = 9999;
    hand_run(h, TTL_US / 2);
    uint64_t beats = h->sent[ALLOT_OP_BEAT];
    hand_step(h, (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_GROUP});
    hand_run(h, 99000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_BEAT], beats);
    hand_run(h, 2000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_BEAT], beats + 1);
    hand_free(h);
}
END_TEST

/* Once for each other name, as long as it can be kept. */
START_TEST(another_strategy_is_noted_once)
{
    char longer[300];
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    memset(longer, 'x', sizeof(longer));
    const allot_bytes names[] = {{"some", 4}, {"same", 4}, {"same", 4}, {"sane", 4}, {longer, 300}, {"others", 6}};
    static const uint64_t notes[] = {0, 1, 1, 2, 2, 3};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        h->view.strategy = names[i];
        hand_run(h, TTL_US);
        ck_assert_msg(h->told[ALLOT_EVENT_NOTE] == notes[i], "name %zu: %lu notes", i, h->told[ALLOT_EVENT_NOTE]);
    }
    hand_free(h);
}
END_TEST

/* ---- Leaving ----------------------------------------------------------------------------------------------------- */

START_TEST(who_leaves_does_nothing_else)
{
    engine_request drain = {.kind = ENGINE_DRAIN}, leave = {.kind = ENGINE_LEAVE, .why = ALLOT_WHY_LEAVING};
    engine_request second = leave, again = drain;
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", NULL);
    h->held = ALLOT_OP_LEAVE;
    hand_ask(h, &drain);
    hand_run(h, 100000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_LEAVE], 1); /* drained: it leaves by itself */
    hand_ask(h, &leave);
    ck_assert_ptr_ne(h->replied, &leave); /* answered by that leave */
    hand_ask(h, &second);
    ck_assert_int_eq(second.code, ALLOT_E_CLOSED);
    hand_ask(h, &again);
    ck_assert_int_eq(again.code, ALLOT_E_CLOSED);
    h->held = 0;
    hand_run(h, 1000);
    ck_assert_ptr_eq(h->replied, &leave);
    ck_assert_int_eq(leave.code, ALLOT_OK);
    hand_free(h);
}
END_TEST

/* ---- The share --------------------------------------------------------------------------------------------------- */

/* One page; two pages, between which it changes; two pages. */
static bool share_in_pages(hand *h, const allot_op *op, allot_answer *a)
{
    static const struct {
        uint64_t cursor, next, rev;
        bool has_all;
    } pages[] = {{0, 0, 4, true}, {0, 7, 5, false}, {7, 0, 6, false}, {0, 7, 6, true}, {7, 0, 6, false}};
    if (op->kind != ALLOT_OP_READ_SHARE)
        return hand_never_leads(h, op, a);
    ck_assert_uint_lt(h->step, sizeof(pages) / sizeof(pages[0]));
    ck_assert_uint_eq(op->u.read.cursor, pages[h->step].cursor);
    a->share_rev = pages[h->step].rev;
    a->next_cursor = pages[h->step].next;
    a->segments = h->segments;
    a->segment_count = pages[h->step++].has_all ? h->segment_count : 0;
    return true;
}

START_TEST(a_listing_that_changes_is_begun_anew)
{
    const allot_new_id id = {.id = {"x", 1}};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", share_in_pages);
    hand_give_segment(h, 1, &id, 1);
    h->view.share_rev = 4;
    hand_run(h, TTL_US);
    ck_assert(engine_owns(h->engine, h->now_us, "x", 1, NULL));
    h->view.share_rev = 6;
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->step, 5);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LOST], 0); /* though no page of the second listing had it */
    hand_free(h);
}
END_TEST

static bool count_bodies(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind == ALLOT_OP_READ_SEGMENTS) {
        ck_assert_uint_le(op->u.read.segment_count, 8); /* that many are 8,192 ids */
        h->step += op->u.read.segment_count;
    }
    return hand_never_leads(h, op, a);
}

START_TEST(not_too_many_ids_are_read_at_once)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", count_bodies);
    for (uint64_t i = 0; i < 10; i++)
        h->segments[h->segment_count++] = (allot_segment_info){.segment = i + 1, .token = 1, .live = 1024};
    h->view.share_rev = 1;
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->step, 10);
    ck_assert_uint_eq(h->sent[ALLOT_OP_READ_SEGMENTS], 2);
    hand_free(h);
}
END_TEST

/* The later grant counts; when both are gone, so is the id. */
START_TEST(an_id_that_is_granted_twice_is_lost_once)
{
    uint64_t token = 0;
    const allot_new_id id = {.id = {"x", 1}};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    hand_give_segment(h, 1, &id, 1);
    hand_give_segment(h, 2, &id, 1);
    h->view.share_rev = 1;
    hand_run(h, TTL_US);
    ck_assert(engine_owns(h->engine, h->now_us, "x", 1, &token) && token == 2);
    h->segment_count = 0;
    h->view.share_rev = 2;
    hand_run(h, TTL_US);
    ck_assert(!engine_owns(h->engine, h->now_us, "x", 1, NULL));
    hand_free(h);
}
END_TEST

START_TEST(a_segment_with_nothing_left_is_not_gained)
{
    const allot_new_id ids[] = {{.id = {"", 0}}, {.id = {"", 0}}};
    engine_request drain = {.kind = ENGINE_DRAIN};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    hand_give_segment(h, 1, ids, 2);
    h->bodies[0].done[0] = 3;
    h->view.share_rev = 1;
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->sent[ALLOT_OP_READ_SEGMENTS], 1);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_GAINED], 0);
    hand_ask(h, &drain);
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_LEFT], 1); /* it has nothing */
    hand_free(h);
}
END_TEST

/* Of two texts that the index cannot tell apart by their hashes: one, of the same length or another. */
START_TEST(ids_with_one_hash_are_told_apart)
{
    static const char *const pairs[][2] = {{SAME_A, SAME_B}, {DIFF_A, DIFF_B}};
    char longer[300] = {0};
    for (size_t i = 0; i < 2; i++) {
        const allot_new_id id = {.id = {pairs[i][0], (uint32_t)strlen(pairs[i][0])}};
        hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
        hand_give_segment(h, 1, &id, 1);
        h->view.share_rev = 1;
        hand_run(h, TTL_US);
        ck_assert(engine_owns(h->engine, h->now_us, pairs[i][0], strlen(pairs[i][0]), NULL));
        ck_assert(!engine_owns(h->engine, h->now_us, pairs[i][1], strlen(pairs[i][1]), NULL));
        ck_assert(!engine_owns(h->engine, h->now_us, longer, sizeof(longer), NULL));
        ck_assert(!engine_owns(h->engine, h->now_us, "", 0, NULL));
        hand_free(h);
    }
}
END_TEST

START_TEST(a_release_of_what_is_not_held_goes_by_single_ids)
{
    const allot_new_id ids[] = {{.id = {"a", 1}}, {.id = {"b", 1}}};
    const allot_id named[] = {{.id = {"a", 1}}, {.id = {"z", 1}}};
    engine_request release = {.kind = ENGINE_RELEASE, .count = 2, .ids = named};
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", hand_never_leads);
    hand_give_segment(h, 1, ids, 2);
    h->view.share_rev = 1;
    hand_run(h, TTL_US);
    hand_ask(h, &release);
    hand_run(h, 1000);
    ck_assert_ptr_eq(h->replied, &release);
    ck_assert(release.ok == 1 && release.refused == 1);
    ck_assert(engine_owns(h->engine, h->now_us, "b", 1, NULL) && !engine_owns(h->engine, h->now_us, "a", 1, NULL));
    hand_free(h);
}
END_TEST

/* ---- The leader -------------------------------------------------------------------------------------------------- */

/* Publishes the split of an empty pool, which a slot waits for that none has taken into account. */
START_TEST(a_strategy_may_have_no_name)
{
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "");
    h->view.settled_age = 0;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, TTL_US);
    ck_assert_uint_ge(h->sent[ALLOT_OP_PUBLISH], 1);
    ck_assert_uint_eq(h->told[ALLOT_EVENT_NOTE], 0);
    hand_free(h);
}
END_TEST

/* The inbox is another with every page that is read of it. */
static bool torn_inbox(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind != ALLOT_OP_READ_INBOX)
        return false;
    a->inbox_rev = ++h->step;
    a->next_cursor = op->u.read.cursor < 2 ? op->u.read.cursor + 1 : 0;
    a->segments = &h->inbox;
    a->segment_count = op->u.read.cursor == 2;
    return true;
}

START_TEST(an_inbox_that_never_rests_is_placed_as_it_was_read)
{
    hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "some");
    h->own = torn_inbox;
    h->view.settled_age = 0;
    h->inbox = (allot_segment_info){.segment = 4, .order = 1, .live = 3};
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, 500000);
    ck_assert_uint_ge(h->sent[ALLOT_OP_READ_INBOX], 4 * 3); /* it was tried again three times */
    ck_assert_uint_ge(h->sent[ALLOT_OP_ASSIGN], 1);
    hand_free(h);
}
END_TEST

/* Shares are never what the roster says of them. */
static bool torn_shares(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind != ALLOT_OP_READ_SHARE)
        return false;
    a->share_rev = 100 + h->step++;
    a->segments = h->segments;
    a->segment_count = h->segment_count;
    return true;
}

/* Where the order counts, shares that never rest are left alone, and at least the inbox is placed. */
START_TEST(shares_that_never_rest_are_left_alone)
{
    const allot_new_id ids[5] = {{.id = {"a", 1}}};
    hand *h = hand_new(ALLOT_STRATEGY_RUNS, "some");
    h->own = torn_shares;
    h->view.settled_age = 0;
    h->inbox = (allot_segment_info){.segment = 4, .order = 9000, .live = 3};
    h->inbox_count = 1;
    hand_give_segment(h, 1, ids, 5);
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    while (h->slot_count == 0 && hand_answer_one(h))
        continue;
    h->slots[0].ids = 5;
    h->slots[0].share_rev = 1;
    hand_run(h, 500000);
    ck_assert_uint_ge(h->step, 4);
    ck_assert_uint_ge(h->sent[ALLOT_OP_ASSIGN], 1);
    ck_assert_uint_eq(h->sent[ALLOT_OP_RECALL], 0);
    hand_free(h);
}
END_TEST

static void add_slots(hand *h, uint32_t count)
{
    for (; h->slot_count < count; h->slot_count++)
        h->slots[h->slot_count] = (allot_slot_info){.slot = {{0xee, (uint8_t)h->slot_count}},
                                                    .age = h->slot_count + 1,
                                                    .weight = 1,
                                                    .ids = 1,
                                                    .state = ALLOT_SLOT_LIVE,
                                                    .expires_in_us = 100000000};
}

START_TEST(not_all_shares_are_read_at_once)
{
    hand *h = hand_new(ALLOT_STRATEGY_RUNS, "some");
    h->view.settled_age = 0;
    h->held = ALLOT_OP_READ_SHARE;
    h->slot_count = 1;
    add_slots(h, HAND_SLOTS_MOST);
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, 200000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_READ_SHARE], 16);
    h->held = 0;
    hand_run(h, 200000);
    ck_assert_uint_ge(h->sent[ALLOT_OP_READ_SHARE], HAND_SLOTS_MOST - 1);
    hand_free(h);
}
END_TEST

/* A slot that does not give back: retired once, whatever the roster goes on to say. */
static bool retire_is_answered(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind == ALLOT_OP_BEAT)
        h->view.roster_rev++;
    return op->kind == ALLOT_OP_RETIRE && h->step == 1 && hand_refuse(a, ALLOT_REFUSED_NOT_LEADER);
}

START_TEST(a_slot_is_retired_once)
{
    for (uint64_t refused = 0; refused < 2; refused++) {
        hand *h = hand_new(ALLOT_STRATEGY_COUNTS, "some");
        h->own = retire_is_answered;
        h->step = refused;
        h->slot_count = 1;
        add_slots(h, 2);
        h->slots[1].recalls = 1;
        hand_step(h, (engine_event){.kind = ENGINE_TIME});
        hand_run(h, 2 * TTL_US);
        ck_assert_uint_ge(h->sent[ALLOT_OP_RETIRE], 1);
        ck_assert(refused != 0 || h->sent[ALLOT_OP_RETIRE] == 1);
        ck_assert_uint_eq(h->told[ALLOT_EVENT_FOLLOWER] > 0, refused);
        hand_free(h);
    }
}
END_TEST

static bool parked_by_the_hundreds(hand *h, const allot_op *op, allot_answer *a)
{
    if (op->kind != ALLOT_OP_UNPARK)
        return false;
    a->outcome.count = ++h->step < 3 ? ALLOT_OP_ITEMS_MAX : 7;
    h->view.next_due_us = INT64_MAX;
    return true;
}

/* An unpark that was as large as it can be is not the last: no beat is waited for. */
START_TEST(what_is_due_is_unparked_at_once)
{
    hand *h = hand_live(ALLOT_STRATEGY_COUNTS, "some", parked_by_the_hundreds);
    h->view.next_due_us = 0;
    while (h->sent[ALLOT_OP_UNPARK] == 0)
        hand_run(h, 1000);
    hand_run(h, 1000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_UNPARK], 3);
    hand_run(h, TTL_US);
    ck_assert_uint_eq(h->sent[ALLOT_OP_UNPARK], 3);
    hand_free(h);
}
END_TEST

static void wait_for_assign(hand *h, uint64_t count)
{
    for (int i = 0; i < 400 && h->sent[ALLOT_OP_ASSIGN] < count; i++)
        hand_run(h, 10000);
    ck_assert_uint_eq(h->sent[ALLOT_OP_ASSIGN], count);
}

/* What stands before all that a full split has seen belongs to nobody's run. */
START_TEST(what_stands_before_all_runs_is_planned)
{
    hand *h = hand_new(ALLOT_STRATEGY_RUNS, "some");
    h->view.settled_age = 0;
    h->inbox = (allot_segment_info){.segment = 9, .order = 9 * 1024, .live = 3};
    h->inbox_count = 1;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    wait_for_assign(h, 1);
    h->inbox = (allot_segment_info){.segment = 2, .order = 2 * 1024, .live = 5};
    h->view.settled_age = 1;
    h->view.inbox = 5;
    h->view.inbox_rev++;
    h->most_planned = 0;
    hand_step(h, (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_WORK});
    wait_for_assign(h, 2);
    ck_assert_uint_eq(h->most_planned, 5);
    hand_free(h);
}
END_TEST

static allot_segment_info listed[2];
static allot_part assigned[4];
static uint32_t assigned_count;

static bool two_are_listed(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    if (op->kind == ALLOT_OP_ASSIGN)
        for (uint32_t i = 0; i < op->u.assign.grant_count && assigned_count < 4; i++)
            assigned[assigned_count++] = op->u.assign.grants[i].parts[0];
    if (op->kind != ALLOT_OP_READ_INBOX)
        return false;
    a->segments = listed;
    a->segment_count = 2;
    return true;
}

static hand *lead_two_slots(uint32_t kind)
{
    hand *h = hand_new(kind, "some");
    h->own = two_are_listed;
    h->view.settled_age = 0;
    h->slot_count = 1;
    add_slots(h, 2);
    h->slots[1].ids = 0;
    assigned_count = 0;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    return h;
}

START_TEST(a_segment_without_ids_is_nobodys)
{
    listed[0] = (allot_segment_info){.segment = 1, .order = 1, .live = 0};
    listed[1] = (allot_segment_info){.segment = 2, .order = 2, .live = 100};
    hand *h = lead_two_slots(ALLOT_STRATEGY_COUNTS);
    wait_for_assign(h, 1);
    hand_run(h, 1000);
    ck_assert_uint_eq(assigned_count, 2);
    for (uint32_t i = 0; i < assigned_count; i++)
        ck_assert_uint_eq(assigned[i].segment, 2);
    hand_free(h);
}
END_TEST

/* Acks never cease: the bitmap of a segment that is cut is never what was listed. After some attempts it is taken as it
 * is, with the one id that is left; a segment that is listed twice does no harm. */
START_TEST(a_cut_that_never_rests_is_made)
{
    listed[0] = (allot_segment_info){.segment = 4, .order = 4 * 1024, .live = 1024};
    listed[1] = (allot_segment_info){.segment = 4, .order = 9 * 1024, .live = 1};
    hand *h = lead_two_slots(ALLOT_STRATEGY_RUNS);
    h->bodies[h->body_count++] = (allot_segment_body){.segment = 4, .count = 1024};
    memset(h->bodies[0].done, 0xff, sizeof(h->bodies[0].done));
    h->bodies[0].done[3] &= ~UINT64_C(1);
    wait_for_assign(h, 1);
    ck_assert_uint_eq(h->sent[ALLOT_OP_READ_SEGMENTS], 7);
    hand_free(h);
}
END_TEST

static int names_nobody(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = view->slot_count;
    return 0;
}

static int says_one(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)view;
    (void)owner;
    (void)ret_error;
    return 1;
}

START_TEST(a_strategy_that_lies_is_not_believed)
{
    allot_strategy_ops ops = round_robin_strategy_ops;
    for (int i = 0; i < 2; i++) {
        plan *p = plan_new(2);
        ck_assert_ptr_nonnull(p);
        p->kind = ALLOT_STRATEGY_COUNTS;
        p->id_count = 3;
        ops.assign = i == 0 ? names_nobody : says_one;
        ck_assert_int_eq(plan_run(p, &ops), ALLOT_E_INVALID);
        ck_assert(p->code == ALLOT_E_INVALID && p->error.code == ALLOT_E_INVALID && p->counts == NULL);
        plan_free(p);
    }
}
END_TEST

/* Slots whose names the index cannot tell apart by their hashes do not share a name. */
START_TEST(names_with_one_hash_are_told_apart)
{
    static const char *const pairs[][2] = {{SAME_A, SAME_B}, {DIFF_A, DIFF_B}};
    const allot_new_id ids[] = {{.id = {"a", 1}}, {.id = {"b", 1}}, {.id = {"c", 1}}};
    for (size_t i = 0; i < 2; i++) {
        hand *h = hand_new(ALLOT_STRATEGY_IDS, "some");
        h->slot_count = 1;
        add_slots(h, 3);
        for (int k = 0; k < 2; k++)
            h->slots[1 + k].name = (allot_bytes){pairs[i][k], (uint32_t)strlen(pairs[i][k])};
        h->inbox = (allot_segment_info){.segment = 4, .order = 1, .live = 3};
        h->inbox_count = 1;
        h->bodies[h->body_count++] = (allot_segment_body){.segment = 4, .count = 3, .ids = ids};
        hand_step(h, (engine_event){.kind = ENGINE_TIME});
        for (int n = 0; n < 2000 && h->plan == NULL; n++)
            if (!hand_answer_one(h)) {
                h->now_us = h->next_us;
                hand_step(h, (engine_event){.kind = ENGINE_TIME});
            }
        ck_assert_ptr_nonnull(h->plan);
        for (uint32_t k = 1; k < 3; k++)
            ck_assert_mem_eq(h->plan->slots[k].key.data, pairs[i][k - 1], strlen(pairs[i][k - 1]));
        hand_free(h);
    }
}
END_TEST

Suite *edges_suite(void)
{
    Suite *s = suite_create("engine edges");
    TCase *t = tcase_create("edges");
    tcase_add_test(t, a_wait_that_is_not_told_is_a_third_of_the_ttl);
    tcase_add_test(t, a_leadership_of_another_term_is_another_one);
    tcase_add_test(t, a_leader_that_leads_anew_is_told);
    tcase_add_test(t, campaigns_keep_to_the_window);
    tcase_add_test(t, a_join_that_is_refused_is_told_and_tried_again);
    tcase_add_test(t, a_view_of_another_life_ends_the_slot);
    tcase_add_test(t, early_beats_are_spread_but_not_for_long);
    tcase_add_test(t, another_strategy_is_noted_once);
    tcase_add_test(t, who_leaves_does_nothing_else);
    tcase_add_test(t, a_listing_that_changes_is_begun_anew);
    tcase_add_test(t, not_too_many_ids_are_read_at_once);
    tcase_add_test(t, an_id_that_is_granted_twice_is_lost_once);
    tcase_add_test(t, a_segment_with_nothing_left_is_not_gained);
    tcase_add_test(t, ids_with_one_hash_are_told_apart);
    tcase_add_test(t, a_release_of_what_is_not_held_goes_by_single_ids);
    tcase_add_test(t, a_strategy_may_have_no_name);
    tcase_add_test(t, an_inbox_that_never_rests_is_placed_as_it_was_read);
    tcase_add_test(t, shares_that_never_rest_are_left_alone);
    tcase_add_test(t, not_all_shares_are_read_at_once);
    tcase_add_test(t, a_slot_is_retired_once);
    tcase_add_test(t, what_is_due_is_unparked_at_once);
    tcase_add_test(t, what_stands_before_all_runs_is_planned);
    tcase_add_test(t, a_segment_without_ids_is_nobodys);
    tcase_add_test(t, a_cut_that_never_rests_is_made);
    tcase_add_test(t, a_strategy_that_lies_is_not_believed);
    tcase_add_test(t, names_with_one_hash_are_told_apart);
    suite_add_tcase(s, t);
    return s;
}
