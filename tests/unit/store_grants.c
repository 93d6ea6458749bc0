/* store_grants.c - assign and recall. */
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

static allot_outcome assign_op(replica *leader, const allot_uuid *slots, uint32_t slot_count, const allot_grant *grants,
                               uint32_t grant_count)
{
    allot_op op = replica_op(leader, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = slot_count, .slots = slots, .grant_count = grant_count,
                                    .grants = grants};
    return rig_apply(leader->r, &op);
}

static allot_outcome assign_parts(replica *leader, const replica *to, const allot_part *parts, uint32_t count)
{
    allot_grant grant = {.part_count = count, .parts = parts};
    return assign_op(leader, &to->slot, 1, &grant, 1);
}

static uint64_t share_rev(rig *r, const replica *p)
{
    allot_slot_info info;
    ck_assert(slot_info(r, p, &info));
    return info.share_rev;
}

START_TEST(a_whole_segment_goes_by_its_number)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    uint64_t number = item_of(r, "x").segment;
    allot_outcome o = CHECK_OK(assign_whole(&a, &b, "x"));
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(o.skipped, 0);
    ck_assert_uint_eq(r->effects.share_count, 1);
    ck_assert(uuid_equal(&r->effects.shares[0], &b.slot));
    ck_assert_uint_eq(item_of(r, "x").segment, number);
    ck_assert_uint_gt(item_of(r, "x").token, 0);
    ck_assert_str_eq(share_text(r, &b), "x y");
    ck_assert_str_eq(inbox_text(r), "");
    ck_assert_uint_eq(share_rev(r, &b), 1);
    rig_free(r);
}
END_TEST

START_TEST(named_ids_are_written_anew_in_the_order_of_the_parts)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c d"));
    CHECK_OK(add(r, "e f"));
    ck_assert_uint_eq(CHECK_OK(assign(&a, &b, "f b d")).count, 3);
    ck_assert_str_eq(share_text(r, &b), "f b d");
    ck_assert_str_eq(inbox_text(r), "a c e");
    ck_assert_uint_eq(item_of(r, "f").segment, item_of(r, "b").segment);
    ck_assert_uint_eq(share_rev(r, &b), 1);
    CHECK_OK(assign(&a, &b, "a c"));
    CHECK_OK(assign(&a, &b, "e"));
    ck_assert_str_eq(inbox_text(r), "");
    ck_assert_str_eq(share_text(r, &b), "f b d a c e");
    rig_free(r);
}
END_TEST

START_TEST(take_k_means_the_first_k_that_are_not_done)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "a b c d e f"));
    CHECK_OK(assign(&a, &a, "b"));
    allot_part parts[2] = {{.segment = item_of(r, "a").segment, .position = ALLOT_ALL, .take = 2},
                           {.segment = item_of(r, "a").segment, .position = ALLOT_ALL, .take = 2}};
    ck_assert_uint_eq(CHECK_OK(assign_parts(&a, &b, parts, 2)).count, 4); /* the second part: the next two */
    ck_assert_str_eq(share_text(r, &b), "a c d e");
    parts[0].take = 100;
    allot_outcome o = CHECK_OK(assign_parts(&a, &b, parts, 1));
    ck_assert_uint_eq(o.count, 1);
    ck_assert_uint_eq(o.skipped, 99);
    ck_assert_str_eq(share_text(r, &b), "a c d e f");
    rig_free(r);
}
END_TEST

START_TEST(payloads_go_with_their_ids)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add_with_payload(r, "x", "px"));
    CHECK_OK(add(r, "y"));
    CHECK_OK(assign(&a, &a, "y x"));
    allot_pool_id x, y;
    ck_assert(find_id(r, "x", &x));
    ck_assert_uint_eq(x.payload.len, 2);
    ck_assert_int_eq(memcmp(x.payload.data, "px", 2), 0);
    ck_assert(find_id(r, "y", &y));
    ck_assert_uint_eq(y.payload.len, 0);
    rig_free(r);
}
END_TEST

START_TEST(each_grant_gets_one_token_larger_than_all_before)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y z"));
    uint64_t segment = item_of(r, "x").segment;
    allot_part parts[3] = {{.segment = segment},
                           {.segment = segment, .position = 1},
                           {.segment = segment, .position = 2}};
    allot_grant grants[2] = {{.slot_index = 1, .part_count = 1, .parts = &parts[2]},
                             {.slot_index = 0, .part_count = 2, .parts = parts}};
    allot_uuid slots[2] = {a.slot, b.slot};
    ck_assert_uint_eq(CHECK_OK(assign_op(&a, slots, 2, grants, 2)).count, 3);
    ck_assert_uint_eq(r->effects.share_count, 2);
    ck_assert_uint_eq(item_of(r, "y").token, item_of(r, "x").token);
    ck_assert_uint_eq(item_of(r, "x").token, item_of(r, "z").token + 1);
    uint64_t token = item_of(r, "x").token;
    CHECK_OK(release(&a, "x"));
    CHECK_OK(assign(&a, &a, "x"));
    ck_assert_uint_gt(item_of(r, "x").token, token);
    ck_assert_uint_eq(item_of(r, "y").token, token); /* what stays keeps its token */
    rig_free(r);
}
END_TEST

START_TEST(what_is_not_in_the_inbox_is_skipped_and_counted)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y z"));
    uint64_t segment = item_of(r, "x").segment;
    allot_part parts[5] = {{.segment = segment, .position = 1},
                           {.segment = segment, .position = 1},     /* twice */
                           {.segment = segment, .position = 3},     /* no such position */
                           {.segment = 77, .position = 0},          /* no such segment */
                           {.segment = 77, .position = ALLOT_ALL}};
    allot_outcome o = CHECK_OK(assign_parts(&a, &b, parts, 5));
    ck_assert_uint_eq(o.count, 1);
    ck_assert_uint_eq(o.skipped, 4);
    uint64_t token = view(r)->token;
    uint64_t rev = share_rev(r, &b);
    allot_part owned = {.segment = item_of(r, "y").segment, .position = ALLOT_ALL};
    o = CHECK_OK(assign_parts(&a, &a, &owned, 1)); /* in another's share */
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.skipped, 1);
    o = CHECK_OK(assign_parts(&a, &b, parts, 1)); /* done: granted already */
    ck_assert_uint_eq(o.skipped, 1);
    ck_assert_uint_eq(view(r)->token, token); /* nothing moved: no token, no revision */
    ck_assert_uint_eq(share_rev(r, &b), rev);
    ck_assert_uint_eq(r->effects.share_count, 0);
    rig_free(r);
}
END_TEST

START_TEST(a_part_cannot_name_the_segment_that_its_own_grant_makes)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x y"));
    uint64_t segment = item_of(r, "x").segment;
    allot_part parts[3] = {{.segment = segment},
                           {.segment = segment + 1},
                           {.segment = segment + 1, .position = ALLOT_ALL}};
    allot_outcome o = CHECK_OK(assign_parts(&a, &a, parts, 3));
    ck_assert_uint_eq(o.count, 1);
    ck_assert_uint_eq(o.skipped, 2);
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_cannot_take_ids_is_skipped)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica expired = rig_joined(r, 2);
    rig_advance(r, 5 * SECOND_US);
    CHECK_OK(beat(&a));
    replica left = rig_joined(r, 3);
    replica retired = rig_joined(r, 4);
    replica draining = rig_joined(r, 5);
    replica dead = rig_joined(r, 6);
    replica nobody = rig_replica(r, 7);
    store_effects effects;
    allot_op op = beat_op(&draining);
    op.u.beat.draining = true;
    CHECK_OK(rig_apply(r, &op));
    CHECK_OK(leave(&left));
    CHECK_OK(retire(&a, &retired));
    ck_assert_int_eq(store_prove_dead(r->s, &dead.slot, &effects), 0);
    rig_advance(r, 5 * SECOND_US);
    CHECK_OK(add(r, "x y"));
    const replica *all[] = {&expired, &left, &retired, &draining, &dead, &nobody};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        allot_outcome o = CHECK_OK(assign(&a, all[i], "x"));
        ck_assert_uint_eq(o.count, 0);
        ck_assert_uint_eq(o.skipped, 1);
        o = CHECK_OK(assign_whole(&a, all[i], "x"));
        ck_assert_uint_eq(o.skipped, 2);
    }
    ck_assert_str_eq(inbox_text(r), "x y");
    rig_free(r);
}
END_TEST

static void add_many(rig *r, const char *prefix, uint32_t count)
{
    allot_new_id fresh[ALLOT_OP_ITEMS_MAX];
    char text[ALLOT_OP_ITEMS_MAX][16];
    for (uint32_t i = 0; i < count; i++) {
        int len = snprintf(text[i], sizeof(text[i]), "%s%u", prefix, (unsigned)i);
        fresh[i] = (allot_new_id){.id = {text[i], (uint32_t)len}};
    }
    allot_op op = loose_op(r, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = count, .ids = fresh, .fresh_life = r->life};
    CHECK_OK(rig_apply(r, &op));
}

START_TEST(a_grant_has_at_most_1024_ids_or_nothing_is_done)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    add_many(r, "a", 512);
    add_many(r, "b", 512);
    CHECK_OK(add(r, "one"));
    allot_part parts[4] = {{.segment = item_of(r, "one").segment},
                           {.segment = item_of(r, "a0").segment, .position = ALLOT_ALL},
                           {.segment = item_of(r, "b0").segment, .position = ALLOT_ALL, .take = 512}};
    allot_grant grants[2] = {{.part_count = 1, .parts = parts}, {.part_count = 3, .parts = parts}};
    CHECK_REFUSED(assign_op(&a, &a.slot, 1, grants, 2), ALLOT_REFUSED_LIMIT);
    ck_assert_str_eq(share_text(r, &a), "");
    parts[2].take = 511;
    ck_assert_uint_eq(CHECK_OK(assign_op(&a, &a.slot, 1, &grants[1], 1)).count, 1024);
    ck_assert_str_eq(inbox_text(r), "b511");
    allot_slot_info info;
    ck_assert(slot_info(r, &a, &info));
    ck_assert_uint_eq(info.segments, 1);
    ck_assert_uint_eq(info.ids, 1024);
    rig_free(r);
}
END_TEST

START_TEST(a_segment_granted_again_keeps_its_place_by_number)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a"));
    CHECK_OK(add(r, "b"));
    CHECK_OK(add(r, "c"));
    CHECK_OK(assign_whole(&a, &a, "c"));
    CHECK_OK(assign_whole(&a, &a, "a"));
    CHECK_OK(assign_whole(&a, &a, "b"));
    ck_assert_str_eq(share_text(r, &a), "a b c");
    rig_free(r);
}
END_TEST

START_TEST(recall_marks_the_ids_named)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "v w x y z"));
    CHECK_OK(assign_whole(&a, &b, "v"));
    uint64_t rev = share_rev(r, &b);
    allot_outcome o = CHECK_OK(recall(&a, &b, "w y"));
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(r->effects.share_count, 1);
    ck_assert_str_eq(share_text(r, &b), "v w! x y! z");
    ck_assert_uint_eq(share_rev(r, &b), rev + 1);
    o = CHECK_OK(recall(&a, &b, "w y")); /* again: nothing new */
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(share_rev(r, &b), rev + 1);
    allot_part part = {.segment = item_of(r, "v").segment, .position = ALLOT_ALL, .take = 2};
    allot_op op = replica_op(&a, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = b.slot, .part_count = 1, .parts = &part};
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 2); /* the last two that are not recalled yet */
    ck_assert_str_eq(share_text(r, &b), "v w! x! y! z!");
    part.take = 0;
    op = replica_op(&a, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = b.slot, .part_count = 1, .parts = &part};
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 1);
    ck_assert_str_eq(share_text(r, &b), "v! w! x! y! z!");
    allot_slot_info info;
    ck_assert(slot_info(r, &b, &info));
    ck_assert_uint_eq(info.recalls, 5);
    CHECK_OK(ack(&b, "v"));
    ck_assert(slot_info(r, &b, &info));
    ck_assert_uint_eq(info.recalls, 4);
    rig_free(r);
}
END_TEST

START_TEST(recall_skips_what_is_not_in_the_targets_share)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y z"));
    CHECK_OK(assign(&a, &a, "x"));
    CHECK_OK(assign(&a, &b, "y"));
    allot_outcome o = CHECK_OK(recall(&a, &b, "x z"));
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.skipped, 2);
    ck_assert_uint_eq(share_rev(r, &b), 1);
    rig_free(r);
}
END_TEST

START_TEST(recall_is_refused_for_who_is_gone_left_or_dead)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    replica c = rig_joined(r, 3);
    replica nobody = rig_replica(r, 9);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &b, "x"));
    CHECK_OK(assign(&a, &c, "y"));
    CHECK_OK(leave(&b));
    CHECK_REFUSED(recall(&a, &b, "x"), ALLOT_REFUSED_DEAD);
    CHECK_REFUSED(recall(&a, &nobody, "x"), ALLOT_REFUSED_GONE);
    CHECK_OK(retire(&a, &c));
    CHECK_OK(recall(&a, &c, "y")); /* it may still give back */
    rig_free(r);
}
END_TEST

Suite *grants_suite(void)
{
    Suite *s = suite_create("store: grants");
    TCase *c = tcase_create("all");
    tcase_add_test(c, a_whole_segment_goes_by_its_number);
    tcase_add_test(c, named_ids_are_written_anew_in_the_order_of_the_parts);
    tcase_add_test(c, take_k_means_the_first_k_that_are_not_done);
    tcase_add_test(c, payloads_go_with_their_ids);
    tcase_add_test(c, each_grant_gets_one_token_larger_than_all_before);
    tcase_add_test(c, what_is_not_in_the_inbox_is_skipped_and_counted);
    tcase_add_test(c, a_part_cannot_name_the_segment_that_its_own_grant_makes);
    tcase_add_test(c, a_slot_that_cannot_take_ids_is_skipped);
    tcase_add_test(c, a_grant_has_at_most_1024_ids_or_nothing_is_done);
    tcase_add_test(c, a_segment_granted_again_keeps_its_place_by_number);
    tcase_add_test(c, recall_marks_the_ids_named);
    tcase_add_test(c, recall_skips_what_is_not_in_the_targets_share);
    tcase_add_test(c, recall_is_refused_for_who_is_gone_left_or_dead);
    suite_add_tcase(s, c);
    return s;
}
