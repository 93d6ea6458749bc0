/* store_reap.c - how a dead slot's ids come back. */
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

START_TEST(a_live_slot_is_not_reaped)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_LIVE);
    CHECK_REFUSED(reap(&a, &a, 0), ALLOT_REFUSED_LIVE);
    replica nobody = rig_replica(r, 3);
    CHECK_REFUSED(reap(&a, &nobody, 0), ALLOT_REFUSED_GONE);
    rig_free(r);
}
END_TEST

START_TEST(a_reaped_slot_is_gone_and_its_ids_are_in_the_inbox)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(add(r, "z"));
    CHECK_OK(assign_whole(&a, &b, "x"));
    CHECK_OK(recall(&a, &b, "y"));
    rig_advance(r, TTL_US / 2);
    CHECK_OK(beat(&a));
    rig_advance(r, TTL_US / 2);
    uint64_t rev = view(r)->inbox_rev;
    uint64_t roster = view(r)->roster_rev;
    allot_outcome o = CHECK_OK(reap(&a, &b, 0));
    ck_assert(r->effects.work);
    ck_assert_uint_eq(o.count, 2);
    ck_assert_uint_eq(o.more, 0);
    ck_assert_str_eq(inbox_text(r), "z x y");
    ck_assert_uint_eq(item_of(r, "x").token, 0);
    ck_assert_uint_eq(view(r)->inbox_rev, rev + 1);
    ck_assert_uint_eq(view(r)->roster_rev, roster + 2); /* dead, then gone */
    ck_assert_uint_eq(view(r)->slots, 1);
    CHECK_REFUSED(beat(&b), ALLOT_REFUSED_GONE);
    CHECK_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_GONE);
    CHECK_OK(assign_whole(&a, &a, "x")); /* the recall is gone too */
    ck_assert_str_eq(share_text(r, &a), "x y");
    rig_free(r);
}
END_TEST

START_TEST(ranks_close_up_when_a_slot_is_gone)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    replica b = rig_leader(r, 2);
    CHECK_OK(leave(&a));
    CHECK_OK(beat(&b));
    ck_assert_uint_eq(r->answer.view->rank, 2);
    ck_assert_uint_eq(r->answer.view->reapable, 1);
    CHECK_OK(reap(&b, &a, 0));
    CHECK_OK(beat(&b));
    ck_assert_uint_eq(r->answer.view->rank, 1);
    ck_assert_uint_eq(r->answer.view->age, 2);
    rig_free(r);
}
END_TEST

/* Gives `count` segments of one id to a slot. */
static void give_segments(replica *leader, const replica *to, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", (unsigned)i);
        CHECK_OK(add(leader->r, id));
        allot_op list = {.kind = ALLOT_OP_READ_INBOX, .u.read = {.limit = 1}};
        CHECK_OK(rig_apply(leader->r, &list));
        allot_part part = {.segment = leader->r->answer.segments[0].segment, .position = ALLOT_ALL};
        allot_grant grant = {.part_count = 1, .parts = &part};
        allot_op op = replica_op(leader, ALLOT_OP_ASSIGN);
        op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &to->slot, .grant_count = 1, .grants = &grant};
        CHECK_OK(rig_apply(leader->r, &op));
    }
}

START_TEST(more_than_512_segments_move_in_steps)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    give_segments(&a, &b, 1100);
    CHECK_OK(leave(&b));
    allot_outcome o = CHECK_OK(reap(&a, &b, 0));
    ck_assert_uint_eq(o.count, 512);
    ck_assert_uint_eq(o.more, 588);
    allot_slot_info info;
    ck_assert(slot_info(r, &b, &info));
    ck_assert_int_eq(info.state, ALLOT_SLOT_DEAD);
    ck_assert_uint_eq(info.segments, 588);
    ck_assert_uint_eq(view(r)->inbox, 512);
    CHECK_REFUSED(ack(&b, "600"), ALLOT_REFUSED_DEAD);
    CHECK_OK(resign(&a));
    replica c = rig_leader(r, 3); /* any later leader goes on with it */
    o = CHECK_OK(reap(&c, &b, 0));
    ck_assert_uint_eq(o.more, 76);
    o = CHECK_OK(reap(&c, &b, 0));
    ck_assert_uint_eq(o.count, 76);
    ck_assert_uint_eq(o.more, 0);
    ck_assert(!slot_info(r, &b, &info));
    ck_assert_uint_eq(view(r)->inbox, 1100);
    rig_free(r);
}
END_TEST

static void beat_at_work(replica *p, const char *const *ids, uint32_t count)
{
    allot_ref working[8];
    for (uint32_t i = 0; i < count; i++) {
        allot_item item = item_of(p->r, ids[i]);
        working[i] = (allot_ref){.segment = item.segment, .position = item.position};
    }
    allot_op op = beat_op(p);
    op.u.beat.working = working;
    op.u.beat.working_count = count;
    CHECK_OK(rig_apply(p->r, &op));
}

static void check_attempts(rig *r, const char *id, uint32_t attempts, allot_place place)
{
    allot_pool_id found;
    ck_assert_msg(find_id(r, id, &found), "%s", id);
    ck_assert_msg(found.attempts == attempts, "%s: %u attempts", id, (unsigned)found.attempts);
    ck_assert_msg(found.place == place, "%s: place %d", id, (int)found.place);
}

START_TEST(a_death_counts_an_attempt_for_the_ids_at_work_alone)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "v w x y z"));
    CHECK_OK(assign(&a, &b, "v w x y"));
    beat_at_work(&b, (const char *const[]){"w", "x", "w", "y", "z"}, 5); /* w twice; z is not its own */
    CHECK_OK(ack(&b, "y"));
    rig_advance(r, TTL_US / 2);
    CHECK_OK(beat(&a));
    rig_advance(r, TTL_US / 2);
    CHECK_OK(reap(&a, &b, 2));
    check_attempts(r, "v", 0, ALLOT_PLACE_INBOX);
    check_attempts(r, "w", 1, ALLOT_PLACE_INBOX);
    check_attempts(r, "x", 1, ALLOT_PLACE_INBOX);
    check_attempts(r, "z", 0, ALLOT_PLACE_INBOX);
    allot_pool_id found;
    ck_assert(find_id(r, "w", &found));
    ck_assert_int_eq(memcmp(found.reason.data, "slot died", found.reason.len), 0);
    rig_free(r);
}
END_TEST

START_TEST(the_death_that_is_one_too_many_parks_for_good)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x y"));
    store_effects effects;
    for (uint64_t n = 2; n <= 4; n++) {
        replica b = rig_joined(r, n);
        CHECK_OK(assign(&a, &b, "x y"));
        beat_at_work(&b, (const char *const[]){"x"}, 1);
        ck_assert_int_eq(store_prove_dead(r->s, &b.slot, &effects), 0);
        allot_outcome o = CHECK_OK(reap(&a, &b, 3));
        ck_assert_uint_eq(o.count, n == 4 ? 1 : 2);
    }
    check_attempts(r, "x", 3, ALLOT_PLACE_PARKED);
    check_attempts(r, "y", 0, ALLOT_PLACE_INBOX);
    ck_assert_int_eq(view(r)->next_due_us, INT64_MAX);
    rig_free(r);
}
END_TEST

START_TEST(max_attempts_0_counts_deaths_but_never_parks)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_OK(add(r, "x"));
    store_effects effects;
    for (uint64_t n = 2; n <= 9; n++) {
        replica b = rig_joined(r, n);
        CHECK_OK(assign(&a, &b, "x"));
        beat_at_work(&b, (const char *const[]){"x"}, 1);
        ck_assert_int_eq(store_prove_dead(r->s, &b.slot, &effects), 0);
        CHECK_OK(reap(&a, &b, 0));
    }
    check_attempts(r, "x", 8, ALLOT_PLACE_INBOX);
    rig_free(r);
}
END_TEST

START_TEST(a_reap_in_steps_counts_attempts_once)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    give_segments(&a, &b, 600);
    beat_at_work(&b, (const char *const[]){"3", "590"}, 2);
    store_effects effects;
    ck_assert_int_eq(store_prove_dead(r->s, &b.slot, &effects), 0);
    CHECK_OK(reap(&a, &b, 5));
    CHECK_OK(reap(&a, &b, 5));
    check_attempts(r, "3", 1, ALLOT_PLACE_INBOX);
    check_attempts(r, "590", 1, ALLOT_PLACE_INBOX);
    rig_free(r);
}
END_TEST

START_TEST(who_left_counts_no_attempts)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x"));
    CHECK_OK(assign(&a, &b, "x"));
    beat_at_work(&b, (const char *const[]){"x"}, 1);
    CHECK_OK(leave(&b));
    CHECK_OK(reap(&a, &b, 1));
    check_attempts(r, "x", 0, ALLOT_PLACE_INBOX);
    rig_free(r);
}
END_TEST

START_TEST(the_last_beat_says_what_is_at_work)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &b, "x y"));
    beat_at_work(&b, (const char *const[]){"x"}, 1);
    beat_at_work(&b, (const char *const[]){"y"}, 1);
    store_effects effects;
    ck_assert_int_eq(store_prove_dead(r->s, &b.slot, &effects), 0);
    CHECK_OK(reap(&a, &b, 0));
    check_attempts(r, "x", 0, ALLOT_PLACE_INBOX);
    check_attempts(r, "y", 1, ALLOT_PLACE_INBOX);
    rig_free(r);
}
END_TEST

Suite *reap_suite(void)
{
    Suite *s = suite_create("store: reap");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_live_slot_is_not_reaped);
    tcase_add_test(c, a_reaped_slot_is_gone_and_its_ids_are_in_the_inbox);
    tcase_add_test(c, ranks_close_up_when_a_slot_is_gone);
    tcase_add_test(c, more_than_512_segments_move_in_steps);
    tcase_add_test(c, a_death_counts_an_attempt_for_the_ids_at_work_alone);
    tcase_add_test(c, the_death_that_is_one_too_many_parks_for_good);
    tcase_add_test(c, max_attempts_0_counts_deaths_but_never_parks);
    tcase_add_test(c, a_reap_in_steps_counts_attempts_once);
    tcase_add_test(c, who_left_counts_no_attempts);
    tcase_add_test(c, the_last_beat_says_what_is_at_work);
    suite_add_tcase(s, c);
    return s;
}
