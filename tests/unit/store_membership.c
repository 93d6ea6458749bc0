/* store_membership.c - join, beat, leave, retire, and the clock (rules 1 and 7). */
#include "tests/unit/rig.h"

#include <string.h>

START_TEST(a_join_makes_a_live_slot)
{
    rig *r = rig_new();
    replica a = rig_replica(r, 1);
    replica b = rig_replica(r, 2);
    allot_op op = join_op(&a);
    op.u.join = (allot_op_join){.name = {"left", 4}, .host = {"box", 3}, .container = {"c0ffee", 6}, .pid = 42,
                                .ttl_us = 5 * SECOND_US, .weight = 3, .fresh_life = r->life};
    CHECK_OK(rig_apply(r, &op));
    ck_assert(r->effects.work && r->effects.changed);
    ck_assert(uuid_equal(&r->answer.view->life, &r->life));
    ck_assert_uint_eq(r->answer.view->rank, 1);
    CHECK_OK(join(&b));
    rig_advance(r, SECOND_US);
    allot_slot_info info;
    ck_assert(slot_info(r, &a, &info));
    ck_assert_int_eq(memcmp(info.name.data, "left", info.name.len), 0);
    ck_assert_int_eq(memcmp(info.host.data, "box", info.host.len), 0);
    ck_assert_int_eq(memcmp(info.container.data, "c0ffee", info.container.len), 0);
    ck_assert_int_eq(info.pid, 42);
    ck_assert_uint_eq(info.weight, 3);
    ck_assert_int_eq(info.ttl_us, 5 * SECOND_US);
    ck_assert_int_eq(info.expires_in_us, 4 * SECOND_US);
    ck_assert_uint_eq(info.age, 1);
    ck_assert_uint_eq(info.rank, 1);
    ck_assert_int_eq(info.state, ALLOT_SLOT_LIVE);
    ck_assert(!info.draining);
    ck_assert(slot_info(r, &b, &info));
    ck_assert_uint_eq(info.age, 2);
    ck_assert_uint_eq(info.rank, 2);
    ck_assert_uint_eq(view(r)->roster_rev, 2);
    rig_free(r);
}
END_TEST

START_TEST(a_beat_renews_the_slot_and_shows_the_view)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    replica b = rig_leader(r, 2);
    rig_advance(r, 9 * SECOND_US);
    CHECK_OK(beat(&a));
    const allot_view *v = r->answer.view;
    ck_assert_ptr_nonnull(v);
    ck_assert_uint_eq(v->number, 1);
    ck_assert_int_eq(v->store_us, r->now_us);
    ck_assert(uuid_equal(&v->leader, &b.slot));
    ck_assert_uint_eq(v->term, b.term);
    ck_assert_int_eq(v->led_for_us, SECOND_US);
    ck_assert_uint_eq(v->leader_rank, 2);
    ck_assert_uint_eq(v->rank, 1);
    ck_assert_uint_eq(v->age, 1);
    ck_assert_uint_eq(v->slots, 2);
    ck_assert_uint_eq(v->reapable, 0);
    ck_assert_int_eq(v->next_expiry_us, SECOND_US);
    rig_advance(r, SECOND_US);
    CHECK_OK(beat(&a));
    ck_assert_uint_eq(r->answer.view->number, 2);
    ck_assert_uint_eq(r->answer.view->reapable, 1);
    ck_assert_int_eq(r->answer.view->next_expiry_us, TTL_US);
    ck_assert(uuid_is_zero(&r->answer.view->leader));
    ck_assert_uint_eq(r->answer.view->leader_rank, 2);
    rig_free(r);
}
END_TEST

START_TEST(draining_is_taken_over_and_changes_the_roster)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    uint64_t before = view(r)->roster_rev;
    allot_op op = beat_op(&a);
    op.u.beat.draining = true;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.view->roster_rev, before + 1);
    ck_assert(r->effects.work);
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.view->roster_rev, before + 1);
    ck_assert(!r->effects.work);
    allot_slot_info info;
    ck_assert(slot_info(r, &a, &info) && info.draining);
    rig_free(r);
}
END_TEST

START_TEST(an_expired_slot_never_comes_back)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    rig_advance(r, TTL_US - 1);
    CHECK_OK(beat(&a));
    rig_advance(r, TTL_US);
    CHECK_REFUSED(beat(&a), ALLOT_REFUSED_EXPIRED);
    ck_assert(!r->effects.changed);
    CHECK_REFUSED(leave(&a), ALLOT_REFUSED_EXPIRED);
    CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_EXPIRED);
    CHECK_REFUSED(resign(&a), ALLOT_REFUSED_EXPIRED);
    allot_slot_info info;
    ck_assert(slot_info(r, &a, &info)); /* it stays in the roster until it is reaped */
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_never_joined_is_gone)
{
    rig *r = rig_new();
    rig_joined(r, 1);
    replica b = rig_replica(r, 2);
    CHECK_REFUSED(beat(&b), ALLOT_REFUSED_GONE);
    CHECK_REFUSED(leave(&b), ALLOT_REFUSED_GONE);
    CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_GONE);
    CHECK_REFUSED(resign(&b), ALLOT_REFUSED_GONE);
    rig_free(r);
}
END_TEST

START_TEST(a_slot_that_left_does_nothing_any_more_but_give_back)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &b, "x y"));
    uint64_t before = view(r)->roster_rev;
    CHECK_OK(leave(&b));
    ck_assert_uint_eq(view(r)->roster_rev, before + 1);
    CHECK_REFUSED(beat(&b), ALLOT_REFUSED_LEFT);
    CHECK_REFUSED(leave(&b), ALLOT_REFUSED_LEFT);
    CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_LEFT);
    CHECK_OK(ack(&b, "x"));
    CHECK_OK(release(&b, "y"));
    ck_assert_str_eq(inbox_text(r), "y");
    rig_free(r);
}
END_TEST

START_TEST(leaving_frees_leadership)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(leave(&a));
    ck_assert(r->effects.leaderless && r->effects.group);
    allot_uuid none = store_leader(r->s);
    ck_assert(uuid_is_zero(&none));
    CHECK_OK(campaign(&b));
    rig_free(r);
}
END_TEST

START_TEST(a_retired_slot_is_refused_and_its_expiry_stays)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(add(r, "x y"));
    CHECK_OK(assign(&a, &b, "x y"));
    rig_advance(r, 6 * SECOND_US);
    CHECK_OK(beat(&a));
    uint64_t before = view(r)->roster_rev;
    CHECK_OK(retire(&a, &b));
    ck_assert_uint_eq(view(r)->roster_rev, before + 1);
    CHECK_REFUSED(beat(&b), ALLOT_REFUSED_RETIRED);
    CHECK_REFUSED(leave(&b), ALLOT_REFUSED_RETIRED);
    CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_RETIRED);
    CHECK_OK(ack(&b, "x"));
    CHECK_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_LIVE);
    rig_advance(r, 4 * SECOND_US);
    CHECK_OK(reap(&a, &b, 0));
    ck_assert_str_eq(inbox_text(r), "y");
    rig_free(r);
}
END_TEST

START_TEST(retire_is_refused_for_who_is_gone_left_or_dead)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    replica c = rig_replica(r, 3);
    CHECK_REFUSED(retire(&a, &c), ALLOT_REFUSED_GONE);
    CHECK_OK(retire(&a, &b));
    uint64_t before = view(r)->roster_rev;
    CHECK_OK(retire(&a, &b));
    ck_assert_uint_eq(view(r)->roster_rev, before);
    c = rig_joined(r, 3);
    CHECK_OK(leave(&c));
    CHECK_REFUSED(retire(&a, &c), ALLOT_REFUSED_DEAD);
    rig_free(r);
}
END_TEST

START_TEST(a_proof_of_death_frees_leadership)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    store_effects effects;
    ck_assert(store_slot_is_live(r->s, &a.slot));
    ck_assert_int_eq(store_prove_dead(r->s, &a.slot, &effects), 0);
    ck_assert(effects.changed && effects.group && effects.leaderless && effects.work);
    ck_assert(!store_slot_is_live(r->s, &a.slot));
    CHECK_REFUSED(beat(&a), ALLOT_REFUSED_DEAD);
    ck_assert_int_eq(store_prove_dead(r->s, &a.slot, &effects), 0);
    ck_assert(!effects.changed);
    allot_uuid nobody = rig_uuid(99);
    ck_assert_int_eq(store_prove_dead(r->s, &nobody, &effects), 0);
    ck_assert(!effects.changed);
    CHECK_OK(campaign(&b));
    CHECK_OK(reap(&b, &a, 0));
    rig_free(r);
}
END_TEST

START_TEST(a_proof_of_death_means_nothing_for_who_left)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    store_effects effects;
    CHECK_OK(leave(&a));
    ck_assert(!store_slot_is_live(r->s, &a.slot));
    ck_assert_int_eq(store_prove_dead(r->s, &a.slot, &effects), 0);
    ck_assert(!effects.changed);
    rig_free(r);
}
END_TEST

START_TEST(a_clock_set_back_does_not_lengthen_a_lease)
{
    rig *r = rig_new();
    replica a = rig_joined(r, 1);
    replica b = rig_joined(r, 2);
    rig_advance(r, -600 * (int64_t)SECOND_US);
    allot_slot_info info;
    ck_assert(slot_info(r, &a, &info));
    ck_assert_int_eq(info.expires_in_us, TTL_US); /* a read shows it so ... */
    CHECK_OK(beat(&b));
    rig_advance(r, TTL_US); /* ... and the first change makes it so */
    CHECK_REFUSED(beat(&a), ALLOT_REFUSED_EXPIRED);
    rig_free(r);
}
END_TEST

START_TEST(a_clamp_alone_is_a_change)
{
    rig *r = rig_new();
    rig_joined(r, 1);
    replica stranger = rig_replica(r, 9);
    rig_advance(r, -SECOND_US);
    CHECK_REFUSED(leave(&stranger), ALLOT_REFUSED_GONE);
    ck_assert(r->effects.changed);
    CHECK_REFUSED(leave(&stranger), ALLOT_REFUSED_GONE);
    ck_assert(!r->effects.changed);
    rig_free(r);
}
END_TEST

START_TEST(a_group_has_at_most_10000_slots)
{
    rig *r = rig_new();
    store_moment moment = {.clock_us = r->now_us, .floor = 1};
    for (uint64_t n = 1; n <= ALLOT_SLOTS_MAX; n++) {
        replica p = rig_replica(r, n);
        allot_op op = join_op(&p);
        ck_assert_int_eq(store_apply(r->s, &op, &moment, &r->answer, &r->effects), 0);
        ck_assert_int_eq(r->answer.outcome.status, ALLOT_STATUS_OK);
    }
    replica late = rig_replica(r, ALLOT_SLOTS_MAX + 1);
    CHECK_REFUSED(join(&late), ALLOT_REFUSED_LIMIT);
    replica a = {.r = r, .slot = rig_uuid(1), .sequence = 1};
    CHECK_OK(campaign(&a));
    replica last = {.r = r, .slot = rig_uuid(ALLOT_SLOTS_MAX), .sequence = 1};
    CHECK_OK(leave(&last));
    CHECK_OK(reap(&a, &last, 0));
    CHECK_OK(join(&late));
    ck_assert_uint_eq(r->answer.view->rank, ALLOT_SLOTS_MAX);
    rig_free(r);
}
END_TEST

static void count_slot(void *user, const allot_uuid *slot)
{
    uint64_t *last = user;
    ck_assert_uint_gt(slot->bytes[15], *last);
    *last = slot->bytes[15];
}

START_TEST(slots_are_visited_in_the_order_of_age)
{
    rig *r = rig_new();
    for (uint64_t n = 1; n <= 9; n++)
        rig_joined(r, n);
    uint64_t last = 0;
    store_each_slot(r->s, count_slot, &last);
    ck_assert_uint_eq(last, 9);
    rig_free(r);
}
END_TEST

Suite *membership_suite(void)
{
    Suite *s = suite_create("store: membership");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, a_join_makes_a_live_slot);
    tcase_add_test(c, a_beat_renews_the_slot_and_shows_the_view);
    tcase_add_test(c, draining_is_taken_over_and_changes_the_roster);
    tcase_add_test(c, an_expired_slot_never_comes_back);
    tcase_add_test(c, a_slot_that_never_joined_is_gone);
    tcase_add_test(c, a_slot_that_left_does_nothing_any_more_but_give_back);
    tcase_add_test(c, leaving_frees_leadership);
    tcase_add_test(c, a_retired_slot_is_refused_and_its_expiry_stays);
    tcase_add_test(c, retire_is_refused_for_who_is_gone_left_or_dead);
    tcase_add_test(c, a_proof_of_death_frees_leadership);
    tcase_add_test(c, a_proof_of_death_means_nothing_for_who_left);
    tcase_add_test(c, a_clock_set_back_does_not_lengthen_a_lease);
    tcase_add_test(c, a_clamp_alone_is_a_change);
    tcase_add_test(c, a_group_has_at_most_10000_slots);
    tcase_add_test(c, slots_are_visited_in_the_order_of_age);
    suite_add_tcase(s, c);
    return s;
}
