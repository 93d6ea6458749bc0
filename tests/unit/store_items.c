/* store_items.c - release, ack, fail: only the owner, only with the token of its grant (I4). */
#include "tests/unit/rig.h"

#include <string.h>

/* A leader a, and b that owns x y z. */
typedef struct owned {
    rig *r;
    replica a, b;
} owned;

static owned own_xyz(void)
{
    owned o = {.r = rig_new()};
    o.a = rig_leader(o.r, 1);
    o.b = rig_joined(o.r, 2);
    CHECK_OK(add(o.r, "x y z"));
    CHECK_OK(assign_whole(&o.a, &o.b, "x"));
    return o;
}

static allot_outcome items_op(replica *p, allot_op_kind kind, const allot_item *items, uint32_t count)
{
    allot_op op = replica_op(p, kind);
    op.u.items = (allot_op_items){.count = count, .items = items};
    return rig_apply(p->r, &op);
}

START_TEST(an_acked_id_leaves_the_pool)
{
    owned o = own_xyz();
    allot_pool_id id;
    uint64_t rev = view(o.r)->inbox_rev;
    ck_assert_uint_eq(CHECK_OK(ack(&o.b, "y")).count, 1);
    ck_assert_uint_eq(o.r->effects.share_count, 0); /* the owner knows */
    ck_assert(!find_id(o.r, "y", &id));
    ck_assert_str_eq(share_text(o.r, &o.b), "x z");
    ck_assert_uint_eq(view(o.r)->total, 2);
    ck_assert_uint_eq(view(o.r)->placed, 2);
    ck_assert_uint_eq(view(o.r)->inbox_rev, rev);
    allot_slot_info info;
    ck_assert(slot_info(o.r, &o.b, &info));
    ck_assert_uint_eq(info.share_rev, 1);
    ck_assert_uint_eq(CHECK_OK(ack(&o.b, "x z")).count, 2);
    ck_assert(slot_info(o.r, &o.b, &info));
    ck_assert_uint_eq(info.segments, 0); /* a segment with all bits set does not exist */
    ck_assert_uint_eq(CHECK_OK(add(o.r, "y")).count, 1); /* and may be added again */
    rig_free(o.r);
}
END_TEST

START_TEST(an_item_is_refused_unless_it_is_in_the_share_with_that_token_and_not_done)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_RELEASE, ALLOT_OP_ACK, ALLOT_OP_FAIL};
    for (size_t k = 0; k < 3; k++) {
        owned o = own_xyz();
        allot_item items[9];
        for (size_t i = 0; i < 9; i++)
            items[i] = item_of(o.r, "x");
        items[0].token++;
        items[1].token--;
        items[2].segment++;
        items[3].position = 3;
        items[4].token += 2;
        items[5].token = 0;
        items[6].position = 1023;
        items[7].id = (allot_bytes){0}; /* need not be named */
        /* items[8] comes twice */
        allot_outcome out = CHECK_OK(items_op(&o.b, kinds[k], items, 9));
        ck_assert_uint_eq(out.count, 1);
        ck_assert_uint_eq(out.skipped, 8);
        ck_assert_uint_eq(out.refused[0], 0x17f);
        ck_assert_str_eq(share_text(o.r, &o.b), "y z");
        rig_free(o.r);
    }
}
END_TEST

START_TEST(nothing_is_accepted_from_another_slot)
{
    owned o = own_xyz();
    allot_item item = item_of(o.r, "x");
    allot_outcome out = CHECK_OK(items_op(&o.a, ALLOT_OP_ACK, &item, 1));
    ck_assert_uint_eq(out.count, 0);
    ck_assert_uint_eq(out.refused[0], 1);
    ck_assert_uint_eq(view(o.r)->total, 3);
    rig_free(o.r);
}
END_TEST

START_TEST(a_token_of_an_earlier_grant_is_stale)
{
    owned o = own_xyz();
    allot_item old = item_of(o.r, "x");
    CHECK_OK(release_whole(&o.b, "x"));
    CHECK_OK(assign_whole(&o.a, &o.b, "x"));
    ck_assert_uint_eq(CHECK_OK(items_op(&o.b, ALLOT_OP_ACK, &old, 1)).count, 0);
    ck_assert_uint_eq(CHECK_OK(ack(&o.b, "x")).count, 1);
    rig_free(o.r);
}
END_TEST

START_TEST(released_ids_are_written_anew_at_the_end_of_the_inbox)
{
    owned o = own_xyz();
    CHECK_OK(add(o.r, "w"));
    allot_slot_info before, after;
    ck_assert(slot_info(o.r, &o.b, &before));
    uint64_t rev = view(o.r)->inbox_rev;
    ck_assert_uint_eq(CHECK_OK(release(&o.b, "z x")).count, 2);
    ck_assert(o.r->effects.work);
    ck_assert_uint_eq(o.r->effects.share_count, 1);
    ck_assert_str_eq(inbox_text(o.r), "w x z"); /* by their positions */
    ck_assert_str_eq(share_text(o.r, &o.b), "y");
    ck_assert_uint_eq(view(o.r)->inbox_rev, rev + 1);
    ck_assert(slot_info(o.r, &o.b, &after));
    ck_assert_uint_eq(after.share_rev, before.share_rev + 1);
    rig_free(o.r);
}
END_TEST

START_TEST(a_segment_released_whole_goes_by_its_number_without_recalls)
{
    owned o = own_xyz();
    CHECK_OK(recall(&o.a, &o.b, "x z"));
    CHECK_OK(ack(&o.b, "y"));
    uint64_t number = item_of(o.r, "x").segment;
    ck_assert_uint_eq(CHECK_OK(release_whole(&o.b, "x")).count, 2);
    ck_assert_str_eq(inbox_text(o.r), "x z");
    ck_assert_uint_eq(item_of(o.r, "z").segment, number);
    ck_assert_uint_eq(item_of(o.r, "z").token, 0);
    CHECK_OK(assign_whole(&o.a, &o.b, "x"));
    ck_assert_str_eq(share_text(o.r, &o.b), "x z");
    rig_free(o.r);
}
END_TEST

START_TEST(whole_and_single_in_one_release)
{
    owned o = own_xyz();
    CHECK_OK(add(o.r, "p q"));
    CHECK_OK(assign_whole(&o.a, &o.b, "p"));
    allot_item items[4] = {item_of(o.r, "q"), item_of(o.r, "p"), item_of(o.r, "x"), item_of(o.r, "y")};
    items[2].position = ALLOT_ALL;
    items[2].id = (allot_bytes){0};
    allot_outcome out = CHECK_OK(items_op(&o.b, ALLOT_OP_RELEASE, items, 4));
    ck_assert_uint_eq(out.count, 5);
    ck_assert_uint_eq(out.refused[0], 8); /* y went with its segment */
    ck_assert_str_eq(inbox_text(o.r), "x y z p q");
    rig_free(o.r);
}
END_TEST

START_TEST(all_of_a_segment_of_which_all_was_released_singly_is_refused)
{
    owned o = own_xyz();
    allot_item items[4] = {item_of(o.r, "x"), item_of(o.r, "y"), item_of(o.r, "z"), item_of(o.r, "x")};
    items[3].position = ALLOT_ALL;
    items[3].id = (allot_bytes){0};
    allot_outcome out = CHECK_OK(items_op(&o.b, ALLOT_OP_RELEASE, items, 4));
    ck_assert_uint_eq(out.count, 3);
    ck_assert_uint_eq(out.refused[0], 8);
    ck_assert_str_eq(inbox_text(o.r), "x y z");
    rig_free(o.r);
}
END_TEST

START_TEST(an_expired_slot_that_nobody_reaped_may_give_back)
{
    owned o = own_xyz();
    rig_advance(o.r, 2 * TTL_US);
    CHECK_OK(ack(&o.b, "x"));
    CHECK_OK(fail_ids(&o.b, "y", 0, 0));
    CHECK_OK(release(&o.b, "z"));
    rig_free(o.r);
}
END_TEST

START_TEST(a_dead_slot_may_give_back_nothing)
{
    owned o = own_xyz();
    store_effects effects;
    ck_assert_int_eq(store_prove_dead(o.r->s, &o.b.slot, &effects), 0);
    CHECK_REFUSED(ack(&o.b, "x"), ALLOT_REFUSED_DEAD);
    CHECK_REFUSED(release(&o.b, "x"), ALLOT_REFUSED_DEAD);
    CHECK_REFUSED(fail_ids(&o.b, "x", 0, 0), ALLOT_REFUSED_DEAD);
    ck_assert_str_eq(share_text(o.r, &o.b), "x y z");
    rig_free(o.r);
}
END_TEST

START_TEST(a_failed_id_is_parked_until_it_is_due)
{
    owned o = own_xyz();
    allot_pool_id id;
    ck_assert_uint_eq(CHECK_OK(fail_ids(&o.b, "y", 5, 3 * SECOND_US)).count, 1);
    ck_assert_uint_eq(o.r->effects.share_count, 0);
    ck_assert_str_eq(share_text(o.r, &o.b), "x z");
    ck_assert(find_id(o.r, "y", &id));
    ck_assert_int_eq(id.place, ALLOT_PLACE_PARKED);
    ck_assert_uint_eq(id.attempts, 1);
    ck_assert_int_eq(id.due_in_us, 3 * SECOND_US);
    ck_assert_int_eq(memcmp(id.reason.data, "no luck", id.reason.len), 0);
    ck_assert_int_eq(view(o.r)->next_due_us, 3 * SECOND_US);
    ck_assert_uint_eq(view(o.r)->parked, 1);
    rig_free(o.r);
}
END_TEST

START_TEST(the_last_attempt_parks_for_good)
{
    owned o = own_xyz();
    allot_pool_id id;
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        CHECK_OK(fail_ids(&o.b, "y", 3, 0));
        ck_assert(find_id(o.r, "y", &id));
        ck_assert_uint_eq(id.attempts, attempt);
        ck_assert_int_eq(id.due_in_us == INT64_MAX, attempt == 3);
        if (attempt == 3)
            break;
        ck_assert_uint_eq(CHECK_OK(unpark_due(&o.a)).count, 1);
        CHECK_OK(assign(&o.a, &o.b, "y"));
    }
    ck_assert_int_eq(view(o.r)->next_due_us, INT64_MAX);
    rig_advance(o.r, 5 * SECOND_US);
    ck_assert_uint_eq(CHECK_OK(unpark_due(&o.a)).count, 0);
    rig_free(o.r);
}
END_TEST

START_TEST(max_attempts_0_never_parks_for_good)
{
    owned o = own_xyz();
    allot_pool_id id;
    for (int i = 0; i < 20; i++) {
        CHECK_OK(fail_ids(&o.b, "y", 0, 0));
        CHECK_OK(unpark_due(&o.a));
        CHECK_OK(assign(&o.a, &o.b, "y"));
    }
    ck_assert(find_id(o.r, "y", &id));
    ck_assert_uint_eq(id.attempts, 20);
    CHECK_OK(ack(&o.b, "y")); /* and its failures are forgotten */
    CHECK_OK(add(o.r, "y"));
    ck_assert(find_id(o.r, "y", &id));
    ck_assert_uint_eq(id.attempts, 0);
    rig_free(o.r);
}
END_TEST

Suite *items_suite(void)
{
    Suite *s = suite_create("store: items");
    TCase *c = tcase_create("all");
    tcase_add_test(c, an_acked_id_leaves_the_pool);
    tcase_add_test(c, an_item_is_refused_unless_it_is_in_the_share_with_that_token_and_not_done);
    tcase_add_test(c, nothing_is_accepted_from_another_slot);
    tcase_add_test(c, a_token_of_an_earlier_grant_is_stale);
    tcase_add_test(c, released_ids_are_written_anew_at_the_end_of_the_inbox);
    tcase_add_test(c, a_segment_released_whole_goes_by_its_number_without_recalls);
    tcase_add_test(c, whole_and_single_in_one_release);
    tcase_add_test(c, all_of_a_segment_of_which_all_was_released_singly_is_refused);
    tcase_add_test(c, an_expired_slot_that_nobody_reaped_may_give_back);
    tcase_add_test(c, a_dead_slot_may_give_back_nothing);
    tcase_add_test(c, a_failed_id_is_parked_until_it_is_due);
    tcase_add_test(c, the_last_attempt_parks_for_good);
    tcase_add_test(c, max_attempts_0_never_parks_for_good);
    suite_add_tcase(s, c);
    return s;
}
