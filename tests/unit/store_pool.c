/* store_pool.c - add, unpark, clean. */
#include "backends/store/internal.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

START_TEST(added_ids_form_a_segment_at_the_end_of_the_inbox)
{
    rig *r = rig_new();
    ck_assert_uint_eq(CHECK_OK(add(r, "c a b")).count, 3);
    ck_assert(r->effects.work);
    ck_assert_uint_eq(CHECK_OK(add(r, "d")).count, 1);
    ck_assert_str_eq(inbox_text(r), "c a b d");
    ck_assert_uint_eq(item_of(r, "c").segment, item_of(r, "b").segment);
    ck_assert_uint_ne(item_of(r, "c").segment, item_of(r, "d").segment);
    ck_assert_uint_eq(view(r)->inbox_rev, 2);
    ck_assert_uint_eq(view(r)->total, 4);
    ck_assert_uint_eq(view(r)->inbox, 4);
    rig_free(r);
}
END_TEST

START_TEST(ids_in_the_pool_or_twice_in_the_op_are_skipped)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "in parked owned"));
    CHECK_OK(assign(&a, &a, "owned parked"));
    CHECK_OK(fail_ids(&a, "parked", 1, 0));
    uint64_t rev = view(r)->inbox_rev;
    allot_outcome o = CHECK_OK(add(r, "in parked owned"));
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.skipped, 3);
    ck_assert(!r->effects.work);
    ck_assert_uint_eq(view(r)->inbox_rev, rev);
    o = CHECK_OK(add(r, "new in new newer"));
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(o.skipped, 2);
    ck_assert_str_eq(inbox_text(r), "in new newer");
    rig_free(r);
}
END_TEST

START_TEST(over_the_limit_of_the_pool_nothing_is_added)
{
    rig *r = rig_new();
    ck_assert_uint_eq(r->s->pool_ids_max, ALLOT_POOL_IDS_MAX);
    r->s->pool_ids_max = 4;
    CHECK_OK(add(r, "a b"));
    uint64_t segment = item_of(r, "a").segment;
    CHECK_REFUSED(add(r, "c d e"), ALLOT_REFUSED_LIMIT);
    ck_assert_uint_eq(view(r)->total, 2);
    ck_assert_str_eq(inbox_text(r), "a b");
    ck_assert_uint_eq(CHECK_OK(add(r, "c a d c")).count, 2); /* the ids of the pool and doubles do not count */
    ck_assert_uint_eq(item_of(r, "d").segment, segment + 1); /* the refused one used no number */
    CHECK_REFUSED(add(r, "e"), ALLOT_REFUSED_LIMIT);
    rig_free(r);
}
END_TEST

START_TEST(due_ids_come_back_earliest_first_and_keep_their_attempts)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d e"));
    CHECK_OK(assign_whole(&a, &a, "a"));
    CHECK_OK(fail_ids(&a, "a", 0, 3 * SECOND_US));
    CHECK_OK(fail_ids(&a, "b", 0, 1 * SECOND_US));
    CHECK_OK(fail_ids(&a, "d", 0, 2 * SECOND_US));
    CHECK_OK(fail_ids(&a, "c", 0, 2 * SECOND_US));
    CHECK_OK(fail_ids(&a, "e", 1, 0)); /* for good */
    ck_assert_str_eq(parked_text(r), "a b d c e");
    ck_assert_uint_eq(CHECK_OK(unpark_due(&a)).count, 0);
    rig_advance(r, 2 * SECOND_US);
    uint64_t rev = view(r)->inbox_rev;
    ck_assert_uint_eq(CHECK_OK(unpark_due(&a)).count, 3);
    ck_assert(r->effects.work);
    ck_assert_uint_eq(view(r)->inbox_rev, rev + 1);
    ck_assert_str_eq(inbox_text(r), "b c d"); /* equally due: by id */
    ck_assert_str_eq(parked_text(r), "a e");
    allot_pool_id id;
    ck_assert(find_id(r, "b", &id));
    ck_assert_uint_eq(id.attempts, 1);
    ck_assert_int_eq(view(r)->next_due_us, SECOND_US);
    rig_free(r);
}
END_TEST

START_TEST(at_most_512_due_ids_come_back_at_once)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    for (uint32_t i = 0; i < 600; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%04u", (unsigned)(i * 7 % 600));
        CHECK_OK(add(r, id));
        CHECK_OK(assign_whole(&a, &a, id));
        CHECK_OK(fail_ids(&a, id, 0, i * 7 % 600));
    }
    rig_advance(r, 600);
    ck_assert_uint_eq(CHECK_OK(unpark_due(&a)).count, 512);
    ck_assert_int_eq(strncmp(inbox_text(r), "0000 0001 0002 0003", 19), 0);
    ck_assert_int_eq(strncmp(inbox_text(r) + 5 * 508, "0508 0509 0510 0511", 20), 0);
    ck_assert_uint_eq(CHECK_OK(unpark_due(&a)).count, 88);
    ck_assert_uint_eq(view(r)->parked, 0);
    ck_assert_int_eq(view(r)->next_due_us, INT64_MAX);
    rig_free(r);
}
END_TEST

START_TEST(an_operator_unparks_what_is_named_and_forgets_its_attempts)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "a b c d"));
    CHECK_OK(assign_whole(&a, &a, "a"));
    CHECK_OK(fail_ids(&a, "a b c", 1, 0));
    allot_outcome o = CHECK_OK(unpark(r, "c a c nowhere d"));
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(o.skipped, 3);
    ck_assert_str_eq(inbox_text(r), "c a");
    ck_assert_str_eq(parked_text(r), "b");
    allot_pool_id id;
    ck_assert(find_id(r, "a", &id));
    ck_assert_uint_eq(id.attempts, 0);
    ck_assert_uint_eq(id.reason.len, 0);
    rig_free(r);
}
END_TEST

START_TEST(payloads_survive_parking)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    allot_pool_id id;
    CHECK_OK(add_with_payload(r, "x", "load"));
    CHECK_OK(assign_whole(&a, &a, "x"));
    CHECK_OK(fail_ids(&a, "x", 0, 0));
    ck_assert(find_id(r, "x", &id));
    ck_assert_uint_eq(id.payload.len, 4);
    CHECK_OK(unpark_due(&a));
    ck_assert(find_id(r, "x", &id));
    ck_assert_int_eq(memcmp(id.payload.data, "load", 4), 0);
    rig_free(r);
}
END_TEST

START_TEST(clean_removes_everything_and_tells_the_owners)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    rig_joined(r, 3);
    CHECK_OK(add(r, "v w x y z"));
    CHECK_OK(assign(&a, &a, "v w"));
    CHECK_OK(assign(&a, &b, "x"));
    CHECK_OK(fail_ids(&a, "v", 1, 0));
    allot_item old = item_of(r, "w");
    ck_assert_uint_eq(CHECK_OK(clean(r)).count, 5);
    ck_assert_uint_eq(r->effects.share_count, 3);
    const allot_view *v = view(r);
    ck_assert_uint_eq(v->total + v->inbox + v->placed + v->parked, 0);
    allot_slot_info info;
    ck_assert(slot_info(r, &b, &info));
    ck_assert_uint_eq(info.share_rev, 2);
    ck_assert_uint_eq(info.ids, 0);
    allot_op op = replica_op(&a, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = 1, .items = &old};
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).skipped, 1);
    CHECK_OK(add(r, "v"));
    allot_pool_id id;
    ck_assert(find_id(r, "v", &id));
    ck_assert_uint_eq(id.attempts, 0);
    ck_assert_uint_gt(item_of(r, "v").segment, old.segment); /* numbers are not used again */
    ck_assert_uint_eq(CHECK_OK(clean(r)).count, 1);
    ck_assert_uint_eq(r->effects.share_count, 3);
    rig_free(r);
}
END_TEST

Suite *pool_suite(void)
{
    Suite *s = suite_create("store: pool");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, added_ids_form_a_segment_at_the_end_of_the_inbox);
    tcase_add_test(c, ids_in_the_pool_or_twice_in_the_op_are_skipped);
    tcase_add_test(c, over_the_limit_of_the_pool_nothing_is_added);
    tcase_add_test(c, due_ids_come_back_earliest_first_and_keep_their_attempts);
    tcase_add_test(c, at_most_512_due_ids_come_back_at_once);
    tcase_add_test(c, an_operator_unparks_what_is_named_and_forgets_its_attempts);
    tcase_add_test(c, payloads_survive_parking);
    tcase_add_test(c, clean_removes_everything_and_tells_the_owners);
    suite_add_tcase(s, c);
    return s;
}
