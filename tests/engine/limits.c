/* Pools that are larger than one op, one page, or one portion: the leader goes on with the next. */
#include "tests/engine/hand.h"
#include "tests/engine/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1024, READ_MOST = 64, SLOTS = 1100 };

/* So many segments of so many ids each, with texts of that length; in the inbox, or in the share of the second slot. */
static uint32_t segments, live, id_bytes, slots;
static bool in_share, silent; /* silent: nobody gives back what was recalled */
static allot_segment_info page[PAGE];
static allot_slot_info roster[SLOTS];
static allot_segment_body bodies[READ_MOST];
static allot_new_id *ids;
static char *texts;
/* What came of it. */
static uint64_t placed, most_joined, most_parts, most_sources, most_ids, most_piles, most_read, recalled, most_claims;

static void make_pool(uint32_t segment_count, uint32_t ids_each, uint32_t bytes_each, uint32_t slot_count)
{
    segments = segment_count;
    live = ids_each;
    id_bytes = bytes_each;
    slots = slot_count;
    in_share = silent = false;
    placed = most_joined = most_parts = most_sources = most_ids = most_piles = most_read = recalled = most_claims = 0;
    ids = calloc((size_t)READ_MOST * live, sizeof(*ids));
    texts = calloc((size_t)READ_MOST * live, bytes_each + 1u);
    ck_assert(ids != NULL && texts != NULL);
}

static void give_page(const allot_op *op, allot_answer *a)
{
    uint32_t from = (uint32_t)op->u.read.cursor;
    uint32_t count = segments - from < PAGE ? segments - from : PAGE;
    for (uint32_t i = 0; i < count; i++)
        page[i] = (allot_segment_info){.segment = from + i + 1,
                                       .token = 1,
                                       .order = (uint64_t)(from + i + 1) * ALLOT_SEGMENT_IDS_MAX,
                                       .live = live};
    a->segments = page;
    a->segment_count = count;
    a->next_cursor = from + count < segments ? from + count : 0;
}

static void give_bodies(const allot_op *op, allot_answer *a)
{
    allot_new_id *id = ids;
    char *text = texts;
    a->body_count = op->u.read.segment_count;
    a->bodies = bodies;
    most_read = a->body_count > most_read ? a->body_count : most_read;
    for (uint32_t i = 0; i < a->body_count; i++) {
        bodies[i] = (allot_segment_body){.segment = op->u.read.segments[i], .count = live, .ids = id};
        for (uint32_t k = 0; k < live; k++, id++, text += id_bytes + 1) {
            snprintf(text, id_bytes + 1u, "%0*llu", (int)id_bytes,
                     (unsigned long long)op->u.read.segments[i] * ALLOT_SEGMENT_IDS_MAX + k);
            id->id = (allot_bytes){text, id_bytes};
        }
    }
}

static void give_roster(hand *h, const allot_op *op, allot_answer *a)
{
    uint32_t from = (uint32_t)op->u.read.cursor;
    roster[0] = h->slots[0];
    for (uint32_t i = 1; i < slots; i++)
        roster[i] = (allot_slot_info){.slot = {{0xee, (uint8_t)i, (uint8_t)(i >> 8)}},
                                      .age = i + 1,
                                      .weight = 1,
                                      .ids = silent,
                                      .recalls = silent,
                                      .state = ALLOT_SLOT_LIVE,
                                      .expires_in_us = 100000000};
    if (in_share)
        roster[1].ids = (uint64_t)segments * live;
    a->slots = &roster[from];
    a->slot_count = slots - from < PAGE ? slots - from : PAGE;
    a->next_cursor = from + a->slot_count < slots ? from + a->slot_count : 0;
}

static void note(uint64_t *most, uint64_t number)
{
    *most = number > *most ? number : *most;
}

static void note_assign(const allot_op_assign *assign)
{
    uint64_t parts = 0;
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        const allot_grant *grant = &assign->grants[i];
        parts += grant->part_count;
        note(&most_joined, grant->part_count);
        for (uint32_t k = 0; k < grant->part_count; k++)
            placed += grant->parts[k].take == 0 ? live : grant->parts[k].take;
    }
    note(&most_parts, parts);
}

static void note_deal(const allot_op_deal *deal)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        ck_assert(deal->piles[i].count >= 1 && deal->piles[i].count <= ALLOT_SEGMENT_IDS_MAX);
        count += deal->piles[i].count;
    }
    placed += count;
    note(&most_ids, count);
    note(&most_sources, deal->source_count);
    note(&most_piles, deal->pile_count);
}

static bool pool_answer(hand *h, const allot_op *op, allot_answer *a)
{
    bool of_leader = op->kind == ALLOT_OP_READ_SHARE && op->u.read.target.bytes[0] == 0xee;
    if (op->kind == ALLOT_OP_READ_ROSTER)
        give_roster(h, op, a);
    else if ((op->kind == ALLOT_OP_READ_INBOX && !in_share) || (of_leader && in_share))
        give_page(op, a);
    else if (op->kind == ALLOT_OP_READ_SEGMENTS)
        give_bodies(op, a);
    else
        a->segments = NULL;
    if (op->kind == ALLOT_OP_ASSIGN)
        note_assign(&op->u.assign);
    if (op->kind == ALLOT_OP_DEAL)
        note_deal(&op->u.deal);
    if (op->kind == ALLOT_OP_RECALL) {
        recalled += op->u.recall.part_count;
        note(&most_claims, op->u.recall.part_count);
    }
    if (op->kind == ALLOT_OP_PUBLISH)
        h->view.settled_age = op->u.publish.settled_age;
    return op->kind == ALLOT_OP_READ_ROSTER || op->kind == ALLOT_OP_READ_INBOX || op->kind == ALLOT_OP_READ_SHARE ||
           op->kind == ALLOT_OP_READ_SEGMENTS;
}

/* One that is about to join, and will lead: what the pool is beyond its sizes can still be said. */
static hand *lead(uint32_t kind, uint32_t segment_count, uint32_t ids_each, uint32_t bytes_each, uint32_t slot_count)
{
    make_pool(segment_count, ids_each, bytes_each, slot_count);
    hand *h = hand_new(kind, "some");
    h->own = pool_answer;
    h->view.settled_age = 0;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    return h;
}

static void run_until_published(hand *h)
{
    for (int i = 0; i < 200 && h->sent[ALLOT_OP_PUBLISH] == 0; i++)
        hand_run(h, 10000);
    ck_assert_uint_ge(h->sent[ALLOT_OP_PUBLISH], 1);
}

static hand *split(uint32_t kind, uint32_t segment_count, uint32_t ids_each, uint32_t bytes_each, uint32_t slot_count)
{
    hand *h = lead(kind, segment_count, ids_each, bytes_each, slot_count);
    run_until_published(h);
    return h;
}

static void end(hand *h)
{
    hand_free(h);
    free(ids);
    free(texts);
}

/* ---- By texts ---------------------------------------------------------------------------------------------------- */

START_TEST(many_small_segments)
{
    hand *h = split(ALLOT_STRATEGY_IDS, 1300, 2, 8, 3);
    ck_assert_uint_eq(placed, 1300 * 2);
    ck_assert_uint_eq(most_read, READ_MOST);
    ck_assert_uint_eq(h->most_sources, 1024);
    ck_assert_uint_eq(most_sources, ALLOT_DEAL_SOURCES_MAX);
    end(h);
}
END_TEST

START_TEST(many_ids)
{
    hand *h = split(ALLOT_STRATEGY_IDS, 100, 1024, 8, 3);
    ck_assert_uint_eq(placed, 100 * 1024);
    ck_assert_uint_eq(most_ids, 32 * 1024);
    end(h);
}
END_TEST

/* As long as deals are not answered, their texts are kept: so no more than two portions of them. */
START_TEST(deals_without_answers)
{
    hand *h = lead(ALLOT_STRATEGY_IDS, 300, 1024, 8, 3);
    h->held = ALLOT_OP_DEAL;
    hand_run(h, 100000);
    ck_assert_uint_ge(h->sent[ALLOT_OP_DEAL], 4);
    ck_assert_uint_le(h->sent[ALLOT_OP_DEAL], 5);
    h->held = 0;
    run_until_published(h);
    ck_assert_uint_eq(placed, 300 * 1024);
    end(h);
}
END_TEST

START_TEST(long_ids)
{
    hand *h = split(ALLOT_STRATEGY_IDS, 64, 1024, 255, 3);
    ck_assert_uint_eq(placed, 64 * 1024);
    ck_assert_uint_ge(h->sent[ALLOT_OP_READ_SEGMENTS], 16); /* 4 at once are a megabyte */
    ck_assert_uint_lt(h->most_planned, 20 * 1024);          /* 16 are four */
    end(h);
}
END_TEST

START_TEST(many_slots)
{
    hand *h = split(ALLOT_STRATEGY_IDS, 12, 1024, 8, SLOTS);
    ck_assert_uint_eq(placed, 12 * 1024);
    ck_assert_uint_le(most_piles, ALLOT_DEAL_PILES_MAX);
    ck_assert_uint_gt(most_piles, 600);
    end(h);
}
END_TEST

/* ---- By counts --------------------------------------------------------------------------------------------------- */

START_TEST(parts_of_an_assign)
{
    hand *h = split(ALLOT_STRATEGY_COUNTS, 400, 100, 8, 1);
    ck_assert_uint_eq(most_parts, ALLOT_OP_ITEMS_MAX / 4);
    ck_assert_uint_eq(h->sent[ALLOT_OP_ASSIGN], 4);
    end(h);
}
END_TEST

/* Small ones are written anew, 32 at once. */
START_TEST(small_parts_of_an_assign)
{
    hand *h = split(ALLOT_STRATEGY_COUNTS, 100, 40, 8, 1);
    ck_assert_uint_eq(placed, 100 * 40);
    ck_assert_uint_eq(most_parts, 32);
    ck_assert_uint_eq(most_joined, 1024 / 40);
    ck_assert_uint_eq(h->sent[ALLOT_OP_ASSIGN], 4);
    end(h);
}
END_TEST

/* Each slot gets a part of a segment that is cut: 2,048 ids are written anew at once. */
START_TEST(cut_parts_of_an_assign)
{
    hand *h = split(ALLOT_STRATEGY_COUNTS, 6, 1024, 8, 9);
    ck_assert_uint_ge(h->sent[ALLOT_OP_ASSIGN], 2);
    end(h);
}
END_TEST

START_TEST(claims_of_a_recall)
{
    hand *h = lead(ALLOT_STRATEGY_COUNTS, 1400, 1, 8, 2);
    in_share = true;
    run_until_published(h);
    ck_assert_uint_eq(recalled, 700);
    ck_assert_uint_eq(most_claims, ALLOT_OP_ITEMS_MAX / 4);
    end(h);
}
END_TEST

/* As many as the window allows are under way; the next slot is looked at behind the last of them. */
START_TEST(recalls_without_answers)
{
    hand *h = lead(ALLOT_STRATEGY_COUNTS, 20000, 1, 8, 2);
    in_share = true;
    h->held = ALLOT_OP_RECALL;
    hand_run(h, 500000);
    ck_assert_uint_ge(h->sent[ALLOT_OP_RECALL], 50);
    ck_assert_uint_le(h->sent[ALLOT_OP_RECALL], 60);
    h->held = 0;
    run_until_published(h);
    ck_assert_uint_eq(recalled, 10000);
    end(h);
}
END_TEST

/* As many as the window allows; the others when there is room again. */
START_TEST(retires_without_answers)
{
    hand *h = lead(ALLOT_STRATEGY_COUNTS, 0, 1, 8, 100);
    silent = true;
    h->view.settled_age = 100; /* nothing else is to be done */
    h->held = ALLOT_OP_RETIRE;
    for (int i = 0; i < 40; i++) {
        h->view.roster_rev++;
        hand_run(h, 50000);
    }
    ck_assert_uint_eq(h->sent[ALLOT_OP_RETIRE], 60);
    h->held = 0;
    for (int i = 0; i < 40; i++) {
        h->view.roster_rev++;
        hand_run(h, 50000);
    }
    ck_assert_uint_eq(h->sent[ALLOT_OP_RETIRE], 99);
    end(h);
}
END_TEST

Suite *limits_suite(void)
{
    Suite *s = suite_create("engine limits");
    TCase *t = tcase_create("limits");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, many_small_segments);
    tcase_add_test(t, many_ids);
    tcase_add_test(t, deals_without_answers);
    tcase_add_test(t, long_ids);
    tcase_add_test(t, many_slots);
    tcase_add_test(t, parts_of_an_assign);
    tcase_add_test(t, small_parts_of_an_assign);
    tcase_add_test(t, cut_parts_of_an_assign);
    tcase_add_test(t, claims_of_a_recall);
    tcase_add_test(t, retires_without_answers);
    tcase_add_test(t, recalls_without_answers);
    suite_add_tcase(s, t);
    return s;
}
