/* store_exact.c - what exact strategies need: deals, recalls by bitmap, the order of adding. */
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

enum { PILES = 4, DEALT = 16 };

/* A deal in the making: sources are the segments in which the ids lie, as they are found. */
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

/* One pile more: these ids ("a b"), to that slot. */
static void pile(deal *d, const replica *to, const char *ids)
{
    uint32_t at = d->body.pile_count++;
    d->slots[at] = to->slot;
    d->piles[at] = (allot_pile){.slot_index = at, .ids = d->ids[at]};
    for (const char *id = ids; *id != '\0';) {
        char text[16] = "";
        size_t len = strcspn(id, " ");
        memcpy(text, id, len);
        allot_item item = item_of(to->r, text);
        uint32_t source = source_of(d, item.segment);
        d->sources[source].live++;
        d->ids[at][d->piles[at].count++] =
            (allot_dealt){.source = source, .position = item.position, .id = {id, (uint32_t)len}};
        id += len + (id[len] == ' ');
    }
}

static allot_op deal_op(replica *leader, deal *d)
{
    allot_op op = replica_op(leader, ALLOT_OP_DEAL);
    d->body.slot_count = d->body.pile_count;
    d->body.slots = d->slots;
    d->body.sources = d->sources;
    d->body.piles = d->piles;
    op.u.deal = d->body;
    return op;
}

static allot_outcome deal_out(replica *leader, deal *d)
{
    allot_op op = deal_op(leader, d);
    return rig_apply(leader->r, &op);
}

/* The order of the segment in which the id lies, by the list of its place. */
static uint64_t order_of(rig *r, const char *id)
{
    allot_pool_id where;
    allot_item item = item_of(r, id);
    ck_assert(find_id(r, id, &where));
    bool shared = where.place == ALLOT_PLACE_SHARE;
    allot_op op = {.kind = shared ? ALLOT_OP_READ_SHARE : ALLOT_OP_READ_INBOX,
                   .u.read = {.target = where.slot, .limit = 1024}};
    CHECK_OK(rig_apply(r, &op));
    for (uint32_t i = 0; i < r->answer.segment_count; i++)
        if (r->answer.segments[i].segment == item.segment)
            return r->answer.segments[i].order;
    ck_abort_msg("the segment of '%s' is not listed", id);
    return 0;
}

static uint64_t fresh_order(rig *r, const char *id)
{
    return 1024 * item_of(r, id).segment;
}

/* ---- deal ------------------------------------------------------------------------------------------------------- */

START_TEST(a_deal_cuts_segments_of_the_inbox_into_piles)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c"));
    CHECK_OK(add(r, "d e f g"));
    CHECK_OK(add(r, "other"));
    deal d = {0};
    pile(&d, &b, "f a d");
    pile(&d, &a, "c");
    pile(&d, &b, "g e b");
    uint64_t token = view(r)->token;
    allot_outcome o = CHECK_OK(deal_out(&a, &d));
    ck_assert_uint_eq(r->effects.share_count, 2);
    ck_assert_uint_eq(o.count, 7);
    ck_assert_uint_eq(o.skipped, 0);
    ck_assert_str_eq(share_text(r, &b), "f a d g e b"); /* in the order of the piles */
    ck_assert_str_eq(share_text(r, &a), "c");
    ck_assert_str_eq(inbox_text(r), "other");
    ck_assert_uint_eq(item_of(r, "f").token, token + 1);
    ck_assert_uint_eq(item_of(r, "d").token, token + 1);
    ck_assert_uint_eq(item_of(r, "c").token, token + 2);
    ck_assert_uint_eq(item_of(r, "b").token, token + 3);
    allot_slot_info info;
    ck_assert(slot_info(r, &b, &info));
    ck_assert_uint_eq(info.segments, 2);
    ck_assert_uint_eq(info.share_rev, 2);
    rig_free(r);
}
END_TEST

START_TEST(a_deal_names_only_what_is_left_of_a_segment)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c d"));
    CHECK_OK(assign(&a, &a, "b"));
    deal d = {0};
    pile(&d, &b, "d c a");
    ck_assert_uint_eq(CHECK_OK(deal_out(&a, &d)).count, 3);
    ck_assert_str_eq(share_text(r, &b), "d c a");
    ck_assert_str_eq(inbox_text(r), "");
    rig_free(r);
}
END_TEST

START_TEST(payloads_go_with_the_ids_of_a_deal)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add_with_payload(r, "x", "px"));
    CHECK_OK(add(r, "y"));
    deal d = {0};
    pile(&d, &a, "y x");
    CHECK_OK(deal_out(&a, &d));
    allot_pool_id x;
    ck_assert(find_id(r, "x", &x));
    ck_assert_uint_eq(x.payload.len, 2);
    ck_assert_int_eq(memcmp(x.payload.data, "px", 2), 0);
    rig_free(r);
}
END_TEST

/* The deal of "a b c", prepared, after something has happened: nothing moves, all count as skipped. */
static void expect_all_skipped(replica *leader, deal *d, const char *inbox, uint64_t skipped)
{
    uint64_t token = view(leader->r)->token;
    allot_outcome o = CHECK_OK(deal_out(leader, d));
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.skipped, skipped);
    ck_assert_uint_eq(leader->r->effects.share_count, 0);
    ck_assert_uint_eq(view(leader->r)->token, token);
    ck_assert_str_eq(inbox_text(leader->r), inbox);
}

START_TEST(a_deal_is_done_whole_or_not_at_all)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c"));
    CHECK_OK(add(r, "d e"));
    deal both = {0};
    pile(&both, &b, "a d");
    pile(&both, &a, "e c b");
    CHECK_OK(assign(&a, &a, "e"));
    expect_all_skipped(&a, &both, "a b c d", 5); /* not with so many ids */
    CHECK_OK(assign_whole(&a, &a, "d"));
    expect_all_skipped(&a, &both, "a b c", 5); /* not in the inbox */
    deal others = {0};
    pile(&others, &b, "a b");
    CHECK_OK(assign(&a, &a, "a"));
    others.sources[0].live = 2; /* as many as are left, but others */
    expect_all_skipped(&a, &others, "b c", 2);
    deal unknown = {0};
    pile(&unknown, &b, "b c");
    unknown.sources[0].segment = 77;
    expect_all_skipped(&a, &unknown, "b c", 2);
    rig_free(r);
}
END_TEST

START_TEST(a_deal_with_one_slot_that_cannot_take_ids_does_nothing)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica left = rig_joined(r, 3), retired = rig_joined(r, 4), draining = rig_joined(r, 5), dead = rig_joined(r, 6);
    replica nobody = rig_replica(r, 7);
    store_effects effects;
    allot_op op = beat_op(&draining);
    op.u.beat.draining = true;
    CHECK_OK(rig_apply(r, &op));
    CHECK_OK(leave(&left));
    CHECK_OK(retire(&a, &retired));
    ck_assert_int_eq(store_prove_dead(r->s, &dead.slot, &effects), 0);
    CHECK_OK(add(r, "x y"));
    const replica *all[] = {&left, &retired, &draining, &dead, &nobody};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        deal d = {0};
        pile(&d, &a, "x");
        pile(&d, all[i], "y");
        expect_all_skipped(&a, &d, "x y", 2);
    }
    rig_free(r);
}
END_TEST

START_TEST(only_the_leader_deals_and_again_is_the_same)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    deal d = {0};
    pile(&d, &a, "x y");
    CHECK_REFUSED(deal_out(&b, &d), ALLOT_REFUSED_NOT_LEADER);
    allot_op op = deal_op(&a, &d);
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 2);
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 2);
    ck_assert(!r->effects.changed);
    rig_free(r);
}
END_TEST

/* ---- recall by bitmap ------------------------------------------------------------------------------------------- */

static allot_outcome recall_which(replica *leader, const replica *target, uint64_t segment, const uint64_t *which)
{
    allot_part part = {.segment = segment, .position = ALLOT_ALL, .which = which};
    allot_op op = replica_op(leader, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = target->slot, .part_count = 1, .parts = &part};
    return rig_apply(leader->r, &op);
}

START_TEST(a_bitmap_recalls_those_that_are_there)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64] = {0};
    CHECK_OK(add(r, "a b c d e f"));
    CHECK_OK(assign_whole(&a, &b, "a"));
    CHECK_OK(ack(&b, "c"));
    CHECK_OK(recall(&a, &b, "e"));
    uint64_t segment = item_of(r, "a").segment;
    const uint32_t named[] = {1, 2, 4, 5, 6, 1023}; /* b; c, done; e, recalled; f; two that were never there */
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        bits_set(which, named[i]);
    allot_outcome o = CHECK_OK(recall_which(&a, &b, segment, which));
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(o.skipped, 3);
    ck_assert_uint_eq(r->effects.share_count, 1);
    ck_assert_str_eq(share_text(r, &b), "a b! d e! f!");
    o = CHECK_OK(recall_which(&a, &b, segment, which));
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(r->effects.share_count, 0);       /* no new mark */
    o = CHECK_OK(recall_which(&a, &a, segment, which)); /* not in that share: none of them */
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.skipped, 6);
    rig_free(r);
}
END_TEST

/* ---- the order of adding ---------------------------------------------------------------------------------------- */

START_TEST(what_is_new_stands_behind_all_that_was_there)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b"));
    CHECK_OK(add(r, "c d"));
    ck_assert_uint_eq(order_of(r, "a"), 1024 * item_of(r, "a").segment);
    ck_assert_uint_eq(order_of(r, "c"), 1024 * item_of(r, "c").segment);
    CHECK_OK(assign_whole(&a, &a, "a"));
    CHECK_OK(fail_ids(&a, "a", 0, 0));
    CHECK_OK(unpark_due(&a));
    ck_assert_uint_eq(order_of(r, "a"), fresh_order(r, "a"));
    ck_assert_uint_gt(order_of(r, "a"), order_of(r, "c"));
    deal d = {0};
    pile(&d, &a, "d c");
    CHECK_OK(deal_out(&a, &d));
    ck_assert_uint_eq(order_of(r, "d"), fresh_order(r, "d"));
    ck_assert_uint_gt(order_of(r, "d"), order_of(r, "a"));
    rig_free(r);
}
END_TEST

START_TEST(a_whole_segment_keeps_its_order)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1), b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c"));
    CHECK_OK(assign(&a, &b, "b c"));
    uint64_t order = order_of(r, "b");
    ck_assert_uint_eq(order, order_of(r, "a") + 1);
    CHECK_OK(release_whole(&b, "b"));
    ck_assert_uint_eq(order_of(r, "b"), order);
    CHECK_OK(assign_whole(&a, &b, "b"));
    ck_assert_uint_eq(order_of(r, "b"), order);
    CHECK_OK(leave(&b));
    CHECK_OK(reap(&a, &b, 0));
    ck_assert_uint_eq(order_of(r, "b"), order);
    rig_free(r);
}
END_TEST

START_TEST(what_is_written_anew_stands_where_its_first_id_stood)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d e f"));
    CHECK_OK(add(r, "g h"));
    uint64_t base = order_of(r, "a");
    CHECK_OK(assign(&a, &a, "c d e f g"));
    ck_assert_uint_eq(order_of(r, "c"), base + 2);
    CHECK_OK(release(&a, "e f")); /* at 2 and 3 of the segment that was written anew */
    ck_assert_uint_eq(order_of(r, "e"), base + 4);
    ck_assert_uint_eq(order_of(r, "c"), base + 2);
    CHECK_OK(assign(&a, &a, "f"));
    ck_assert_uint_eq(order_of(r, "f"), base + 5);
    rig_free(r);
}
END_TEST

START_TEST(a_segment_stands_where_its_first_id_that_is_left_stands)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d e f"));
    uint64_t base = order_of(r, "a");
    CHECK_OK(assign(&a, &a, "a b")); /* the first two are cut off: they are before what is left */
    ck_assert_uint_eq(order_of(r, "a"), base);
    ck_assert_uint_eq(order_of(r, "c"), base + 2);
    CHECK_OK(assign(&a, &a, "c d"));
    ck_assert_uint_eq(order_of(r, "c"), base + 2);
    ck_assert_uint_eq(order_of(r, "e"), base + 4);
    CHECK_OK(ack(&a, "c"));
    ck_assert_uint_eq(order_of(r, "d"), base + 3);
    CHECK_OK(release(&a, "d"));
    ck_assert_uint_eq(order_of(r, "d"), base + 3);
    rig_free(r);
}
END_TEST

/* Of more than one word of bits. */
START_TEST(the_first_that_is_left_may_be_far_in)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    allot_new_id fresh[ALLOT_OP_ITEMS_MAX];
    char text[ALLOT_OP_ITEMS_MAX][8];
    for (uint32_t i = 0; i < ALLOT_OP_ITEMS_MAX; i++) {
        int len = snprintf(text[i], sizeof(text[i]), "n%u", (unsigned)i);
        fresh[i] = (allot_new_id){.id = {text[i], (uint32_t)len}};
    }
    allot_op op = loose_op(r, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = ALLOT_OP_ITEMS_MAX, .ids = fresh, .fresh_life = r->life};
    CHECK_OK(rig_apply(r, &op));
    uint64_t base = order_of(r, "n0");
    for (uint32_t taken = 0; taken < 511; taken += 73) {
        allot_part part = {.segment = item_of(r, "n511").segment, .position = ALLOT_ALL, .take = 73};
        allot_grant grant = {.part_count = 1, .parts = &part};
        op = replica_op(&a, ALLOT_OP_ASSIGN);
        op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &a.slot, .grant_count = 1, .grants = &grant};
        CHECK_OK(rig_apply(r, &op));
        ck_assert_uint_eq(order_of(r, text[taken]), base + taken);
        ck_assert_uint_eq(order_of(r, "n511"), base + taken + 73);
    }
    rig_free(r);
}
END_TEST

START_TEST(a_release_writes_one_segment_for_each_that_it_takes_from)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d"));
    CHECK_OK(add(r, "e f g h"));
    CHECK_OK(add(r, "i"));
    uint64_t first = order_of(r, "a"), second = order_of(r, "e");
    CHECK_OK(assign_whole(&a, &a, "a"));
    CHECK_OK(assign_whole(&a, &a, "e"));
    CHECK_OK(release(&a, "g d f b h")); /* mixed: each segment's in the order of its positions, e's segment first */
    ck_assert_str_eq(inbox_text(r), "i f g h b d");
    ck_assert_str_eq(share_text(r, &a), "a c e");
    ck_assert_uint_eq(item_of(r, "f").segment, item_of(r, "h").segment);
    ck_assert_uint_eq(item_of(r, "b").segment, item_of(r, "d").segment);
    ck_assert_uint_ne(item_of(r, "b").segment, item_of(r, "f").segment);
    ck_assert_uint_eq(order_of(r, "f"), second + 1);
    ck_assert_uint_eq(order_of(r, "b"), first + 1);
    rig_free(r);
}
END_TEST

START_TEST(the_order_is_part_of_the_state)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d"));
    CHECK_OK(assign(&a, &a, "c d"));
    uint64_t order = order_of(r, "c");
    char line[64];
    snprintf(line, sizeof(line), "\nsegment %llu %llu ", (unsigned long long)item_of(r, "c").segment,
             (unsigned long long)order);
    const char *dump = rig_dump(r);
    ck_assert_msg(strstr(dump, line) != NULL, "%s", dump);
    rig_load(r, dump);
    ck_assert_uint_eq(order_of(r, "c"), order);
    rig_free(r);
}
END_TEST

Suite *exact_suite(void)
{
    Suite *s = suite_create("store: exact");
    TCase *c = tcase_create("all");
    tcase_add_test(c, a_deal_cuts_segments_of_the_inbox_into_piles);
    tcase_add_test(c, a_deal_names_only_what_is_left_of_a_segment);
    tcase_add_test(c, payloads_go_with_the_ids_of_a_deal);
    tcase_add_test(c, a_deal_is_done_whole_or_not_at_all);
    tcase_add_test(c, a_deal_with_one_slot_that_cannot_take_ids_does_nothing);
    tcase_add_test(c, only_the_leader_deals_and_again_is_the_same);
    tcase_add_test(c, a_bitmap_recalls_those_that_are_there);
    tcase_add_test(c, what_is_new_stands_behind_all_that_was_there);
    tcase_add_test(c, a_whole_segment_keeps_its_order);
    tcase_add_test(c, what_is_written_anew_stands_where_its_first_id_stood);
    tcase_add_test(c, a_segment_stands_where_its_first_id_that_is_left_stands);
    tcase_add_test(c, the_first_that_is_left_may_be_far_in);
    tcase_add_test(c, a_release_writes_one_segment_for_each_that_it_takes_from);
    tcase_add_test(c, the_order_is_part_of_the_state);
    suite_add_tcase(s, c);
    return s;
}
