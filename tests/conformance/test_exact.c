/* test_exact.c - what exact strategies need: deals, recalls by bitmap, the order of adding. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include "base/bits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PILES = 4, DEALT = 16 };

/* A deal in the making: sources are the segments in which the ids lie. */
typedef struct deal {
    allot_uuid slots[PILES];
    allot_source sources[DEALT];
    allot_pile piles[PILES];
    allot_dealt ids[PILES][DEALT];
    allot_op_deal body;
} deal;

static uint32_t source_of(deal *d, uint64_t segment)
{
    for (uint32_t i = 0; i < d->body.source_count; i++)
        if (d->sources[i].segment == segment)
            return i;
    d->sources[d->body.source_count] = (allot_source){.segment = segment};
    return d->body.source_count++;
}

/* One pile more: these ids of the inbox, to that slot. */
static void pile(deal *d, const member *to, const char *ids)
{
    allot_bytes words[DEALT];
    uint32_t at = d->body.pile_count++;
    d->slots[at] = to->slot;
    d->piles[at] = (allot_pile){at, split_text(ids, words, DEALT), d->ids[at]};
    for (uint32_t i = 0; i < d->piles[at].count; i++) {
        char id[32] = "";
        allot_part part;
        memcpy(id, words[i].data, words[i].len);
        ck_assert_msg(find_part(to->w, id, &part), "%s is not in the inbox", id);
        uint32_t source = source_of(d, part.segment);
        d->sources[source].live++;
        d->ids[at][i] = (allot_dealt){source, part.position, words[i]};
    }
}

static allot_op deal_op(member *leader, deal *d)
{
    allot_op op = member_op(leader, ALLOT_OP_DEAL);
    d->body.slot_count = d->body.pile_count;
    d->body.slots = d->slots;
    d->body.sources = d->sources;
    d->body.piles = d->piles;
    op.u.deal = d->body;
    return op;
}

static const allot_answer *deal_out(member *leader, deal *d)
{
    allot_op op = deal_op(leader, d);
    return member_call(leader, &op);
}

/* The order of the segment in which the id lies, in the share or (NULL) in the inbox. */
static uint64_t order_of(world *w, const member *owner, const char *id)
{
    allot_part part;
    ck_assert(owner == NULL ? find_part(w, id, &part) : find_owned_part(owner, id, &part));
    allot_op op = {.kind = owner == NULL ? ALLOT_OP_READ_INBOX : ALLOT_OP_READ_SHARE, .timeout_us = 10 * SECOND_US};
    op.u.read.limit = 100;
    if (owner != NULL)
        op.u.read.target = owner->slot;
    const allot_answer *a = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    for (uint32_t i = 0; i < a->segment_count; i++)
        if (a->segments[i].segment == part.segment)
            return a->segments[i].order;
    ck_abort_msg("the segment of %s is not listed", id);
    return 0;
}

static uint64_t number_of(world *w, const member *owner, const char *id)
{
    allot_part part;
    ck_assert(owner == NULL ? find_part(w, id, &part) : find_owned_part(owner, id, &part));
    return part.segment;
}

/* ---- deal ------------------------------------------------------------------------------------------------------- */

START_TEST(a_deal_cuts_segments_anew)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2);
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(add(&a, "d e f g"));
    EXPECT_OK(add(&a, "other"));
    EXPECT_OK(grant(&a, &b, "e"));
    deal d = {0};
    pile(&d, &b, "f a d");
    pile(&d, &a, "c");
    pile(&d, &b, "g b");
    uint64_t rev = read_slot(w, &b)->share_rev;
    const allot_answer *dealt = EXPECT_OK(deal_out(&a, &d));
    ck_assert_uint_eq(dealt->outcome.count, 6);
    ck_assert_uint_eq(dealt->outcome.skipped, 0);
    ck_assert_str_eq(share_text(&b), "e f a d g b");
    ck_assert_str_eq(share_text(&a), "c");
    ck_assert_str_eq(inbox_text(w), "other");
    ck_assert_uint_eq(read_id(w, "f")->token, read_id(w, "d")->token);
    ck_assert_uint_lt(read_id(w, "f")->token, read_id(w, "c")->token);
    ck_assert_uint_lt(read_id(w, "c")->token, read_id(w, "b")->token);
    ck_assert_uint_eq(read_view(w)->view->token, read_id(w, "b")->token);
    ck_assert_uint_eq(read_slot(w, &b)->share_rev, rev + 2);
    ck_assert_uint_eq(read_slot(w, &b)->segments, 3);
    ck_assert_uint_eq(read_slot(w, &b)->ids, 6);
    ck_assert_uint_eq(read_view(w)->view->inbox, 1);
    ck_assert_uint_eq(read_view(w)->view->placed, 7);
    ck_assert_uint_eq(EXPECT_OK(report(&b, ALLOT_OP_ACK, "a g"))->outcome.count, 2);
    ck_assert_uint_eq(EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "f"))->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "other f");
    world_close(w);
}
END_TEST

START_TEST(payloads_go_with_a_deal)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    allot_new_id fresh[] = {{.id = {"x", 1}, .payload = {"px", 2}}, {.id = {"y", 1}}};
    allot_op op = member_op(&a, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 2, .ids = fresh, .fresh_life = world_uuid(w)};
    EXPECT_OK(member_call(&a, &op));
    EXPECT_OK(add(&a, "z"));
    deal d = {0};
    pile(&d, &a, "z x y");
    EXPECT_OK(deal_out(&a, &d));
    uint64_t segment = number_of(w, &a, "x");
    op = member_op(&a, ALLOT_OP_READ_SEGMENTS);
    op.u.read = (allot_op_read){.target = a.slot, .segment_count = 1, .segments = &segment, .with_payloads = true};
    const allot_answer *read = EXPECT_OK(member_call(&a, &op));
    ck_assert_uint_eq(read->body_count, 1);
    ck_assert_uint_eq(read->bodies[0].count, 3);
    ck_assert_uint_eq(read->bodies[0].ids[0].payload.len, 0);
    ck_assert_uint_eq(read->bodies[0].ids[1].payload.len, 2);
    ck_assert_mem_eq(read->bodies[0].ids[1].payload.data, "px", 2);
    world_close(w);
}
END_TEST

static void expect_all_skipped(member *leader, deal *d, const char *inbox, uint64_t skipped)
{
    world *w = leader->w;
    uint64_t token = read_view(w)->view->token;
    const allot_answer *a = EXPECT_OK(deal_out(leader, d));
    ck_assert_uint_eq(a->outcome.count, 0);
    ck_assert_uint_eq(a->outcome.skipped, skipped);
    ck_assert_str_eq(inbox_text(w), inbox);
    ck_assert_uint_eq(read_view(w)->view->token, token);
}

START_TEST(a_deal_is_done_whole_or_not_at_all)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2), left = member_joined(w, 3);
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(add(&a, "d e"));
    deal both = {0};
    pile(&both, &b, "a d");
    pile(&both, &a, "e c b");
    EXPECT_OK(grant(&a, &a, "e"));
    expect_all_skipped(&a, &both, "a b c d", 5); /* the second has not so many ids */
    EXPECT_OK(grant(&a, &a, "d"));
    expect_all_skipped(&a, &both, "a b c", 5); /* nor is it there */
    deal gone = {0};
    pile(&gone, &a, "a b");
    pile(&gone, &left, "c");
    EXPECT_OK(leave(&left));
    expect_all_skipped(&a, &gone, "a b c", 3); /* one slot may not be given any */
    deal others = {0};
    pile(&others, &b, "a b");
    EXPECT_OK(grant(&a, &a, "a"));
    expect_all_skipped(&a, &others, "b c", 2); /* as many ids, but not these */
    deal owned = {0};
    pile(&owned, &b, "b c");
    EXPECT_OK(grant(&a, &a, NULL));
    expect_all_skipped(&a, &owned, "", 2);
    world_close(w);
}
END_TEST

START_TEST(the_positions_of_a_deal_are_those_that_are_left)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c d e f g h i j"));
    EXPECT_OK(grant(&a, &a, "a i j"));
    deal d = {0};
    pile(&d, &a, "h b c d e f g");
    for (uint32_t i = 0; i < 7; i++) { /* each at a place where nothing is left, or never was */
        static const uint32_t wrong[] = {0, 8, 9, 10, 15, 16, 1023};
        uint32_t right = d.ids[0][i].position;
        d.ids[0][i].position = wrong[i];
        expect_all_skipped(&a, &d, "b c d e f g h", 7);
        d.ids[0][i].position = right;
    }
    ck_assert_uint_eq(EXPECT_OK(deal_out(&a, &d))->outcome.count, 7);
    ck_assert_str_eq(share_text(&a), "a i j h b c d e f g");
    world_close(w);
}
END_TEST

START_TEST(a_deal_again_moves_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    deal d = {0};
    pile(&d, &a, "x y");
    EXPECT_REFUSED(deal_out(&b, &d), ALLOT_REFUSED_NOT_LEADER);
    allot_op op = deal_op(&a, &d);
    ck_assert_uint_eq(EXPECT_OK(member_call(&a, &op))->outcome.count, 2);
    uint64_t token = read_view(w)->view->token;
    ck_assert_uint_eq(EXPECT_OK(member_call(&a, &op))->outcome.count, 2);
    ck_assert_uint_eq(read_view(w)->view->token, token);
    world_close(w);
}
END_TEST

/* As large as a deal can be: 64 sources, ids all over 100 piles, every one checked. */
enum { BIG_SOURCES = 64, BIG_IDS = 64 * ALLOT_OP_ITEMS_MAX, BIG_PILES = 100 };

typedef struct big {
    char texts[BIG_IDS][40];
    allot_new_id fresh[ALLOT_OP_ITEMS_MAX];
    allot_source sources[BIG_SOURCES];
    allot_pile piles[BIG_PILES];
    allot_dealt ids[BIG_PILES][ALLOT_SEGMENT_IDS_MAX];
} big;

static void add_big(member *a, big *g)
{
    for (uint32_t i = 0; i < BIG_IDS; i++) {
        snprintf(g->texts[i], sizeof(g->texts[i]), "%08u-0000-4000-8000-%012u", i, i * 7);
        g->fresh[i % ALLOT_OP_ITEMS_MAX] = (allot_new_id){.id = {g->texts[i], (uint32_t)strlen(g->texts[i])}};
        if ((i + 1) % ALLOT_OP_ITEMS_MAX != 0)
            continue;
        allot_op op = member_op(a, ALLOT_OP_ADD);
        op.u.add = (allot_op_add){.count = ALLOT_OP_ITEMS_MAX, .ids = g->fresh, .fresh_life = world_uuid(a->w)};
        EXPECT_OK(member_call(a, &op));
    }
}

static void fill_big(world *w, big *g)
{
    allot_op op = {.kind = ALLOT_OP_READ_INBOX, .timeout_us = 10 * SECOND_US, .u.read.limit = BIG_SOURCES};
    const allot_answer *a = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    ck_assert_uint_eq(a->segment_count, BIG_SOURCES);
    for (uint32_t i = 0; i < BIG_SOURCES; i++)
        g->sources[i] = (allot_source){a->segments[i].segment, a->segments[i].live};
    for (uint32_t i = 0; i < BIG_IDS; i++) {
        uint32_t at = (i * 31 + i / 64) % BIG_PILES;
        g->piles[at].ids = g->ids[at];
        g->ids[at][g->piles[at].count++] =
            (allot_dealt){i / ALLOT_OP_ITEMS_MAX, i % ALLOT_OP_ITEMS_MAX, {g->texts[i], (uint32_t)strlen(g->texts[i])}};
    }
}

static void check_big(const member *m, const big *g)
{
    allot_op op = {.kind = ALLOT_OP_READ_SHARE, .timeout_us = 10 * SECOND_US};
    op.u.read = (allot_op_read){.target = m->slot, .limit = BIG_PILES};
    const allot_answer *share = EXPECT_OK(driver_call(m->handle, &op));
    ck_assert_uint_eq(share->segment_count, BIG_PILES);
    for (uint32_t i = 0; i < BIG_PILES; i++) {
        allot_op read = {.kind = ALLOT_OP_READ_SEGMENTS, .timeout_us = 10 * SECOND_US};
        read.u.read = (allot_op_read){.target = m->slot, .segment_count = 1, .segments = &share->segments[i].segment};
        const allot_answer *a = EXPECT_OK(driver_call(m->handle, &read));
        ck_assert_uint_eq(a->body_count, 1);
        ck_assert_uint_eq(a->bodies[0].count, g->piles[i].count);
        for (uint32_t k = 0; k < a->bodies[0].count; k++) {
            ck_assert_uint_eq(a->bodies[0].ids[k].id.len, g->ids[i][k].id.len);
            ck_assert_mem_eq(a->bodies[0].ids[k].id.data, g->ids[i][k].id.data, g->ids[i][k].id.len);
        }
    }
}

START_TEST(a_deal_may_be_large)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    big *g = calloc(1, sizeof(*g));
    ck_assert_ptr_nonnull(g);
    add_big(&a, g);
    fill_big(w, g);
    EXPECT_OK(beat(&a));
    allot_op op = member_op(&a, ALLOT_OP_DEAL);
    op.u.deal = (allot_op_deal){1, &a.slot, BIG_SOURCES, g->sources, BIG_PILES, g->piles, false};
    ck_assert_uint_eq(EXPECT_OK(member_call(&a, &op))->outcome.count, BIG_IDS);
    ck_assert_uint_eq(read_view(w)->view->placed, BIG_IDS);
    ck_assert_uint_eq(read_view(w)->view->inbox, 0);
    check_big(&a, g);
    free(g);
    world_close(w);
}
END_TEST

/* ---- recall by bitmap ------------------------------------------------------------------------------------------- */

static const allot_answer *recall_which(member *leader, const member *target, uint64_t segment, const uint64_t *which)
{
    allot_part part = {.segment = segment, .position = ALLOT_ALL, .which = which};
    allot_op op = member_op(leader, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){target->slot, 1, &part};
    return member_call(leader, &op);
}

static void set_bits(uint64_t *which, const uint32_t *positions, size_t count)
{
    memset(which, 0, ALLOT_SEGMENT_IDS_MAX / 8);
    for (size_t i = 0; i < count; i++)
        bits_set(which, positions[i]);
}

START_TEST(a_bitmap_recalls_what_is_there)
{
    static const uint32_t first[] = {1, 4, 8}, more[] = {0, 1, 2, 9, 10, 700};
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2);
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    EXPECT_OK(add(&a, "a b c d e f g h i j"));
    EXPECT_OK(grant(&a, &b, NULL));
    uint64_t segment = number_of(w, &b, "a");
    uint64_t rev = read_slot(w, &b)->share_rev;
    set_bits(which, first, 3); /* nothing is done or recalled yet */
    const allot_answer *recalled = EXPECT_OK(recall_which(&a, &b, segment, which));
    ck_assert_uint_eq(recalled->outcome.count, 3);
    ck_assert_uint_eq(recalled->outcome.skipped, 0);
    ck_assert_str_eq(share_text(&b), "a b! c d e! f g h i! j");
    ck_assert_uint_eq(read_slot(w, &b)->share_rev, rev + 1);
    ck_assert_uint_eq(read_slot(w, &b)->recalls, 3);
    EXPECT_OK(report(&b, ALLOT_OP_ACK, "c"));
    set_bits(which, more, 6);
    recalled = EXPECT_OK(recall_which(&a, &b, segment, which));
    ck_assert_uint_eq(recalled->outcome.count, 2);   /* a and j */
    ck_assert_uint_eq(recalled->outcome.skipped, 3); /* c, and two that were never there */
    ck_assert_str_eq(share_text(&b), "a! b! d e! f g h i! j!");
    recalled = EXPECT_OK(recall_which(&a, &a, segment, which)); /* not in that share */
    ck_assert_uint_eq(recalled->outcome.count, 0);
    ck_assert_uint_eq(recalled->outcome.skipped, 6);
    EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "a b e i j"));
    ck_assert_str_eq(inbox_text(w), "a b e i j");
    ck_assert_uint_eq(read_slot(w, &b)->recalls, 0);
    world_close(w);
}
END_TEST

START_TEST(a_bitmap_beyond_the_end_is_counted)
{
    static const uint32_t positions[] = {2, 3, 511, 512, 1023};
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(grant(&a, &a, NULL));
    set_bits(which, positions, 5);
    const allot_answer *recalled = EXPECT_OK(recall_which(&a, &a, number_of(w, &a, "a"), which));
    ck_assert_uint_eq(recalled->outcome.count, 1);
    ck_assert_uint_eq(recalled->outcome.skipped, 4);
    ck_assert_str_eq(share_text(&a), "a b c!");
    world_close(w);
}
END_TEST

/* ---- the order of adding ---------------------------------------------------------------------------------------- */

START_TEST(what_is_new_stands_behind_all_else)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b"));
    EXPECT_OK(add(&a, "c d"));
    ck_assert_uint_eq(order_of(w, NULL, "a"), 1024 * number_of(w, NULL, "a"));
    ck_assert_uint_eq(order_of(w, NULL, "c"), 1024 * number_of(w, NULL, "c"));
    EXPECT_OK(grant(&a, &a, "a b"));
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "a"));
    member operator= outsider_new(w, 1);
    EXPECT_OK(unpark(&operator, "a"));
    ck_assert_uint_eq(order_of(w, NULL, "a"), 1024 * number_of(w, NULL, "a"));
    ck_assert_uint_gt(order_of(w, NULL, "a"), order_of(w, NULL, "c"));
    deal d = {0};
    pile(&d, &a, "d c");
    EXPECT_OK(deal_out(&a, &d));
    ck_assert_uint_eq(order_of(w, &a, "d"), 1024 * number_of(w, &a, "d"));
    ck_assert_uint_gt(order_of(w, &a, "d"), order_of(w, NULL, "a"));
    world_close(w);
}
END_TEST

START_TEST(what_is_cut_off_keeps_its_place)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2);
    EXPECT_OK(add(&a, "a b c d e f"));
    uint64_t base = order_of(w, NULL, "a");
    EXPECT_OK(grant(&a, &b, "a b"));
    ck_assert_uint_eq(order_of(w, &b, "a"), base);
    ck_assert_uint_eq(order_of(w, NULL, "c"), base + 2);
    EXPECT_OK(grant(&a, &b, "c d e f"));
    ck_assert_uint_eq(order_of(w, &b, "c"), base + 2);
    EXPECT_OK(report(&b, ALLOT_OP_ACK, "c"));
    ck_assert_uint_eq(order_of(w, &b, "d"), base + 3);
    EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "e f"));
    ck_assert_uint_eq(order_of(w, NULL, "e"), base + 4);
    EXPECT_OK(grant(&a, &a, NULL)); /* by number */
    ck_assert_uint_eq(order_of(w, &a, "f"), base + 4);
    EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "f"));
    ck_assert_uint_eq(order_of(w, NULL, "f"), base + 5);
    EXPECT_OK(leave(&b));
    EXPECT_OK(reap(&a, &b, 0));
    ck_assert_uint_eq(order_of(w, NULL, "a"), base);
    ck_assert_uint_eq(order_of(w, NULL, "d"), base + 3);
    world_close(w);
}
END_TEST

/* Ids of one segment keep their distances, whatever lies between them: a later cut must know where they stand. */
START_TEST(what_is_given_back_in_part_keeps_its_distances)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1), b = member_joined(w, 2);
    EXPECT_OK(add(&a, "a b c d e f g h"));
    EXPECT_OK(grant(&a, &b, NULL));
    uint64_t base = order_of(w, &b, "a");
    EXPECT_OK(report(&b, ALLOT_OP_ACK, "d"));
    EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "g b e"));
    ck_assert_uint_eq(order_of(w, NULL, "b"), base + 1);
    ck_assert_str_eq(inbox_text(w), "b e g");
    ck_assert_str_eq(share_text(&b), "a c f h");
    EXPECT_OK(grant(&a, &b, "b"));
    ck_assert_uint_eq(order_of(w, &b, "b"), base + 1);
    ck_assert_uint_eq(order_of(w, NULL, "e"), base + 4);
    EXPECT_OK(grant(&a, &a, "e"));
    ck_assert_uint_eq(order_of(w, NULL, "g"), base + 6);
    EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "e"));
    ck_assert_uint_eq(order_of(w, NULL, "e"), base + 4);
    EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "h c"));
    EXPECT_OK(report(&b, ALLOT_OP_ACK, "a"));
    EXPECT_OK(grant(&a, &a, "c"));
    ck_assert_uint_eq(order_of(w, NULL, "h"), base + 7);
    ck_assert_uint_eq(order_of(w, &b, "f"), base + 5);
    ck_assert_str_eq(share_text(&a), "c");
    world_close(w);
}
END_TEST

START_TEST(a_release_writes_a_segment_for_each_source)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c d"));
    EXPECT_OK(add(&a, "e f g h"));
    EXPECT_OK(add(&a, "i"));
    uint64_t first = order_of(w, NULL, "a"), second = order_of(w, NULL, "e");
    EXPECT_OK(grant(&a, &a, NULL));
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "g d f b h"))->outcome.count, 5);
    ck_assert_str_eq(inbox_text(w), "f g h b d");
    ck_assert_str_eq(share_text(&a), "a c e i");
    ck_assert_uint_eq(number_of(w, NULL, "f"), number_of(w, NULL, "h"));
    ck_assert_uint_eq(number_of(w, NULL, "b"), number_of(w, NULL, "d"));
    ck_assert_uint_gt(number_of(w, NULL, "b"), number_of(w, NULL, "f"));
    ck_assert_uint_eq(order_of(w, NULL, "f"), second + 1);
    ck_assert_uint_eq(order_of(w, NULL, "b"), first + 1);
    world_close(w);
}
END_TEST

TCase *exact_case(void)
{
    TCase *c = tcase_create("exact");
    TEST_ON_ALL(c, a_deal_cuts_segments_anew);
    TEST_ON_ALL(c, payloads_go_with_a_deal);
    TEST_ON_ALL(c, a_deal_is_done_whole_or_not_at_all);
    TEST_ON_ALL(c, the_positions_of_a_deal_are_those_that_are_left);
    TEST_ON_ALL(c, a_deal_again_moves_nothing);
    TEST_ON_ALL(c, a_deal_may_be_large);
    TEST_ON_ALL(c, a_bitmap_recalls_what_is_there);
    TEST_ON_ALL(c, a_bitmap_beyond_the_end_is_counted);
    TEST_ON_ALL(c, what_is_new_stands_behind_all_else);
    TEST_ON_ALL(c, what_is_cut_off_keeps_its_place);
    TEST_ON_ALL(c, what_is_given_back_in_part_keeps_its_distances);
    TEST_ON_ALL(c, a_release_writes_a_segment_for_each_source);
    return c;
}
