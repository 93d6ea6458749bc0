/* store_sessions.c - rule 3: an op that is sent again gets its first outcome, and has no effect. */
#include "tests/unit/rig.h"

#include <string.h>

START_TEST(an_op_sent_again_gets_its_first_outcome_and_no_effect)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x y"));
    allot_part part = {.segment = item_of(r, "x").segment, .position = ALLOT_ALL};
    allot_grant grant = {.part_count = 1, .parts = &part};
    allot_op op = replica_op(&a, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &a.slot, .grant_count = 1, .grants = &grant};
    allot_outcome first = CHECK_OK(rig_apply(r, &op));
    ck_assert(r->effects.changed);
    ck_assert_uint_eq(first.count, 2);
    const char *before = rig_dump(r);
    allot_outcome again = CHECK_OK(rig_apply(r, &op));
    ck_assert(!r->effects.changed);
    ck_assert_uint_eq(again.count, 2);
    ck_assert_uint_eq(again.skipped, 0);
    ck_assert_str_eq(rig_dump(r), before);
    rig_free(r);
}
END_TEST

START_TEST(a_join_sent_again_is_no_second_join)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    allot_op op = join_op(&a);
    CHECK_OK(rig_apply(r, &op));
    const char *before = rig_dump(r);
    CHECK_OK(rig_apply(r, &op));
    ck_assert_str_eq(rig_dump(r), before);
    ck_assert_uint_eq(view(r)->slots, 1);
    CHECK_REFUSED(join(&a), ALLOT_REFUSED_EXISTS);
    rig_free(r);
}
END_TEST

START_TEST(the_bits_of_refused_items_are_remembered_too)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &a, "x y"));
    allot_item items[3] = {item_of(r, "x"), item_of(r, "y"), item_of(r, "y")};
    items[0].token++;
    allot_op op = replica_op(&a, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = 3, .items = items};
    allot_outcome first = CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(first.refused[0], 5);
    CHECK_OK(clean(r));
    allot_outcome again = CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(again.refused[0], 5);
    ck_assert_uint_eq(again.count, 1);
    rig_free(r);
}
END_TEST

START_TEST(a_refusal_is_remembered_like_a_success)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    allot_op op = replica_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 2};
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_VERSION);
    ck_assert(r->effects.changed);
    CHECK_OK(publish(&a, 1));
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_VERSION);
    ck_assert_uint_eq(view(r)->version, 1);
    rig_free(r);
}
END_TEST

START_TEST(a_refused_campaign_is_not_remembered)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    allot_op op = replica_op(&b, ALLOT_OP_CAMPAIGN);
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_LED);
    ck_assert(!r->effects.changed);
    CHECK_OK(resign(&a));
    ck_assert_uint_gt(CHECK_OK(rig_apply(r, &op)).term, a.term);
    rig_free(r);
}
END_TEST

START_TEST(a_campaign_that_comes_again_answers_its_term_only_while_it_is_held)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    replica b = rig_joined(r, 2);
    allot_op op = replica_op(&a, ALLOT_OP_CAMPAIGN);
    uint64_t term = CHECK_OK(rig_apply(r, &op)).term;
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).term, term);
    a.term = term;
    CHECK_OK(resign(&a));
    CHECK_OK(campaign(&b));
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_LED);
    CHECK_OK(resign(&b));
    ck_assert_uint_gt(CHECK_OK(rig_apply(r, &op)).term, b.term);
    rig_free(r);
}
END_TEST

START_TEST(gone_invalid_and_stale_are_not_remembered)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    allot_op op = replica_op(&a, ALLOT_OP_RETIRE);
    op.u.target.target = rig_uuid(2);
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_GONE);
    ck_assert(!r->effects.changed);
    rig_joined(r, 2);
    CHECK_OK(rig_apply(r, &op));
    rig_free(r);
}
END_TEST

START_TEST(what_is_older_than_the_window_is_stale)
{
    rig *r = rig_new();
    CHECK_OK(add(r, "x"));
    allot_op op = loose_op(r, ALLOT_OP_CLEAN);
    op.sequence = 100;
    CHECK_OK(rig_apply(r, &op));
    op.sequence = 37;
    CHECK_OK(rig_apply(r, &op));
    op.sequence = 36;
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_STALE);
    ck_assert(!r->effects.changed);
    op.sequence = 101; /* 37 is forgotten now */
    CHECK_OK(rig_apply(r, &op));
    op.sequence = 37;
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_STALE);
    rig_free(r);
}
END_TEST

START_TEST(all_64_of_the_window_are_remembered_in_any_order)
{
    rig *r = rig_new();
    for (uint64_t i = 0; i < 64; i++) {
        CHECK_OK(add(r, "x"));
        allot_op op = loose_op(r, ALLOT_OP_CLEAN);
        op.session = rig_uuid(9);
        op.sequence = 1000 - i * 37 % 64;
        ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 1);
    }
    CHECK_OK(add(r, "x"));
    for (uint64_t i = 0; i < 64; i++) {
        allot_op op = loose_op(r, ALLOT_OP_CLEAN);
        op.session = rig_uuid(9);
        op.sequence = 1000 - i;
        ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 1);
        ck_assert(!r->effects.changed);
    }
    rig_free(r);
}
END_TEST

START_TEST(a_session_without_a_slot_ends_at_its_not_after)
{
    rig *r = rig_new();
    allot_op op = loose_op(r, ALLOT_OP_CLEAN);
    op.not_after_us = r->now_us + SECOND_US;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_ptr_nonnull(strstr(rig_dump(r), "\nsession "));
    rig_advance(r, SECOND_US);
    CHECK_OK(rig_apply(r, &op));
    rig_advance(r, 1);
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_STALE);
    ck_assert(r->effects.changed); /* and is forgotten */
    ck_assert_ptr_null(strstr(rig_dump(r), "\nsession "));
    ck_assert_ptr_null(strstr(rig_dump(r), "\noutcome "));
    rig_free(r);
}
END_TEST

START_TEST(a_session_lives_as_long_as_its_latest_not_after)
{
    rig *r = rig_new();
    allot_op first = loose_op(r, ALLOT_OP_CLEAN);
    first.not_after_us = r->now_us + SECOND_US;
    CHECK_OK(rig_apply(r, &first));
    allot_op second = loose_op(r, ALLOT_OP_CLEAN);
    second.not_after_us = r->now_us + 10 * SECOND_US;
    CHECK_OK(rig_apply(r, &second));
    rig_advance(r, 5 * SECOND_US);
    CHECK_REFUSED(rig_apply(r, &first), ALLOT_REFUSED_STALE);
    CHECK_OK(rig_apply(r, &second));
    ck_assert(!r->effects.changed);
    rig_free(r);
}
END_TEST

START_TEST(an_op_that_comes_after_its_slot_was_reaped_is_gone)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x"));
    CHECK_OK(assign(&a, &b, "x"));
    allot_item item = item_of(r, "x");
    allot_op zombie = replica_op(&b, ALLOT_OP_ACK);
    zombie.u.items = (allot_op_items){.count = 1, .items = &item};
    CHECK_OK(leave(&b));
    CHECK_OK(reap(&a, &b, 0));
    const char *before = rig_dump(r);
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_GONE);
    ck_assert(!r->effects.changed);
    ck_assert_str_eq(rig_dump(r), before);
    ck_assert_str_eq(inbox_text(r), "x");
    rig_free(r);
}
END_TEST

/* §1: a slot that is over never comes back. */
START_TEST(a_join_that_was_under_way_for_long_makes_no_slot)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_replica(r, 2);
    allot_op zombie = join_op(&b);
    zombie.not_after_us = r->now_us + TTL_US;
    CHECK_OK(rig_apply(r, &zombie));
    CHECK_OK(leave(&b));
    CHECK_OK(reap(&a, &b, 0));
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_GONE);
    rig_load(r, rig_dump(r)); /* the name is kept in a snapshot too */
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_GONE);
    rig_advance(r, TTL_US + 1);
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_STALE);
    ck_assert(r->effects.changed); /* the name is forgotten */
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_STALE);
    ck_assert(!r->effects.changed);
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_expires_outlives_its_join)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    allot_op zombie = join_op(&a);
    zombie.not_after_us = r->now_us + TTL_US;
    CHECK_OK(rig_apply(r, &zombie));
    rig_advance(r, TTL_US + 1);
    replica b = rig_leader(r, 2);
    CHECK_OK(reap(&b, &a, 0));
    CHECK_REFUSED(rig_apply(r, &zombie), ALLOT_REFUSED_STALE);
    rig_free(r);
}
END_TEST

START_TEST(beats_and_reads_are_never_remembered)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    allot_op op = beat_op(&a);
    CHECK_OK(rig_apply(r, &op));
    uint64_t number = r->answer.view->number;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.view->number, number + 1);
    rig_free(r);
}
END_TEST

START_TEST(a_slots_add_belongs_to_the_slots_session)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    allot_new_id fresh = {.id = {"x", 1}};
    allot_op op = replica_op(&a, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 1, .ids = &fresh};
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 1);
    ck_assert_uint_eq(CHECK_OK(rig_apply(r, &op)).count, 1);
    ck_assert_ptr_null(strstr(rig_dump(r), "\nsession "));
    replica stranger = rig_replica(r, 7);
    op = replica_op(&stranger, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 1, .ids = &fresh};
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_GONE);
    rig_free(r);
}
END_TEST

Suite *sessions_suite(void)
{
    Suite *s = suite_create("store: sessions");
    TCase *c = tcase_create("all");
    tcase_add_test(c, an_op_sent_again_gets_its_first_outcome_and_no_effect);
    tcase_add_test(c, a_join_sent_again_is_no_second_join);
    tcase_add_test(c, the_bits_of_refused_items_are_remembered_too);
    tcase_add_test(c, a_refusal_is_remembered_like_a_success);
    tcase_add_test(c, a_refused_campaign_is_not_remembered);
    tcase_add_test(c, a_campaign_that_comes_again_answers_its_term_only_while_it_is_held);
    tcase_add_test(c, gone_invalid_and_stale_are_not_remembered);
    tcase_add_test(c, what_is_older_than_the_window_is_stale);
    tcase_add_test(c, all_64_of_the_window_are_remembered_in_any_order);
    tcase_add_test(c, a_session_without_a_slot_ends_at_its_not_after);
    tcase_add_test(c, a_session_lives_as_long_as_its_latest_not_after);
    tcase_add_test(c, an_op_that_comes_after_its_slot_was_reaped_is_gone);
    tcase_add_test(c, a_join_that_was_under_way_for_long_makes_no_slot);
    tcase_add_test(c, a_slot_that_expires_outlives_its_join);
    tcase_add_test(c, beats_and_reads_are_never_remembered);
    tcase_add_test(c, a_slots_add_belongs_to_the_slots_session);
    suite_add_tcase(s, c);
    return s;
}
