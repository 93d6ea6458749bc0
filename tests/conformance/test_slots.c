/* test_slots.c - join, beat, leave, expiry, and what a view tells (rules 1, 7). */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <string.h>

static bool is(allot_bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.data, text, b.len) == 0;
}

START_TEST(a_join_is_in_the_roster)
{
    world *w = world_open(_i);
    member a = member_new(w, 1);
    allot_op op = join_op(&a, "näme 1");
    op.u.join.host = (allot_bytes){"box", 3};
    op.u.join.container = (allot_bytes){"c0ffee", 6};
    op.u.join.pid = 1234567;
    op.u.join.weight = 7;
    EXPECT_OK(member_call(&a, &op));
    const allot_slot_info *s = read_slot(w, &a);
    ck_assert(is(s->name, "näme 1") && is(s->host, "box") && is(s->container, "c0ffee"));
    ck_assert_int_eq(s->pid, 1234567);
    ck_assert_uint_eq(s->weight, 7);
    ck_assert_int_eq(s->ttl_us, w->ttl_us);
    ck_assert_int_eq(s->state, ALLOT_SLOT_LIVE);
    ck_assert(s->expires_in_us > 0 && s->expires_in_us <= w->ttl_us);
    ck_assert(!s->draining && s->ids == 0 && s->recalls == 0 && s->segments == 0 && s->age == 1 && s->rank == 1);
    world_close(w);
}
END_TEST

START_TEST(ranks_follow_ages)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member b = member_joined(w, 2);
    member c = member_joined(w, 3);
    ck_assert_uint_eq(EXPECT_OK(beat(&a))->view->rank, 1);
    ck_assert_uint_eq(EXPECT_OK(beat(&c))->view->rank, 3);
    EXPECT_OK(campaign(&b));
    EXPECT_OK(leave(&a));
    ck_assert_uint_eq(EXPECT_OK(beat(&c))->view->rank, 3); /* a is not yet reaped */
    EXPECT_OK(reap(&b, &a, 0));
    const allot_view *v = EXPECT_OK(beat(&c))->view;
    ck_assert_uint_eq(v->rank, 2);
    ck_assert_uint_eq(v->leader_rank, 1);
    ck_assert_uint_eq(v->age, 3);
    ck_assert_uint_eq(v->slots, 2);
    world_close(w);
}
END_TEST

START_TEST(a_beat_renews)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    for (int i = 0; i < 4; i++) {
        world_advance(w, w->ttl_us / 2);
        EXPECT_OK(beat(&a));
    }
    ck_assert_int_gt(read_slot(w, &a)->expires_in_us, w->ttl_us / 2);
    world_close(w);
}
END_TEST

START_TEST(without_beats_a_slot_expires)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    world_advance(w, w->ttl_us);
    EXPECT_REFUSED(beat(&a), ALLOT_REFUSED_EXPIRED);
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_EXPIRED);
    EXPECT_REFUSED(resign(&a), ALLOT_REFUSED_EXPIRED);
    EXPECT_REFUSED(leave(&a), ALLOT_REFUSED_EXPIRED);
    const allot_slot_info *s = read_slot(w, &a); /* stays in the roster until it is reaped */
    ck_assert_int_eq(s->state, ALLOT_SLOT_LIVE);
    ck_assert_int_le(s->expires_in_us, 0);
    const allot_view *v = read_view(w)->view;
    ck_assert_uint_eq(v->reapable, 1);
    ck_assert_int_eq(v->next_expiry_us, INT64_MAX);
    world_close(w);
}
END_TEST

START_TEST(an_expired_slot_may_still_give_back)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &a, NULL));
    world_advance(w, w->ttl_us);
    EXPECT_REFUSED(beat(&a), ALLOT_REFUSED_EXPIRED);
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_ACK, "x"))->outcome.count, 1);
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "y"))->outcome.count, 1);
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_FAIL, "z"))->outcome.count, 1);
    world_close(w);
}
END_TEST

START_TEST(a_left_slot_is_refused_and_keeps_its_ids_until_the_reap)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(leave(&a));
    EXPECT_REFUSED(beat(&a), ALLOT_REFUSED_LEFT);
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_LEFT);
    EXPECT_REFUSED(leave(&a), ALLOT_REFUSED_LEFT);
    ck_assert_str_eq(share_text(&a), "x y");
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "x"));
    ck_assert_str_eq(share_text(&a), "y");
    world_close(w);
}
END_TEST

START_TEST(a_clock_set_back_does_not_lengthen_a_lease)
{
    world *w = world_open(_i);
    if (!w->subject->own_clock) {
        member a = member_joined(w, 1);
        member b = member_joined(w, 2);
        w->clock.boot_us -= 3 * w->ttl_us;
        ck_assert_int_eq(read_slot(w, &a)->expires_in_us, w->ttl_us);
        EXPECT_OK(beat(&b)); /* a change: clamps every slot */
        ck_assert_int_eq(read_slot(w, &a)->expires_in_us, w->ttl_us);
        world_advance(w, w->ttl_us - 1);
        EXPECT_OK(beat(&b));
        world_advance(w, 1);
        EXPECT_REFUSED(beat(&a), ALLOT_REFUSED_EXPIRED);
    }
    world_close(w);
}
END_TEST

START_TEST(a_view_is_complete)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "p q r s t"));
    EXPECT_OK(grant(&a, &b, "p q r"));
    EXPECT_OK(report(&b, ALLOT_OP_FAIL, "q"));
    EXPECT_OK(publish(&a, 1));
    const allot_view *v = EXPECT_OK(beat(&b))->view;
    ck_assert_mem_eq(&v->leader, &a.slot, sizeof(a.slot));
    ck_assert_uint_eq(v->term, a.term);
    ck_assert(v->led_for_us > 0 && v->led_for_us <= w->ttl_us);
    ck_assert_uint_eq(v->leader_rank, 1);
    ck_assert_uint_eq(v->rank, 2);
    ck_assert_uint_eq(v->age, 2);
    ck_assert_uint_eq(v->slots, 2);
    ck_assert_uint_eq(v->reapable, 0);
    ck_assert(v->next_expiry_us > 0 && v->next_expiry_us <= w->ttl_us);
    ck_assert_uint_eq(v->version, 1);
    ck_assert(is(v->strategy, "round_robin"));
    ck_assert_uint_eq(v->settled_age, 1);
    ck_assert_uint_eq(v->total, 5);
    ck_assert_uint_eq(v->inbox, 2);
    ck_assert_uint_eq(v->placed, 2);
    ck_assert_uint_eq(v->parked, 1);
    ck_assert(v->next_due_us > 0 && v->next_due_us <= SECOND_US / 2);
    ck_assert_uint_eq(v->token, read_id(w, "p")->token);
    ck_assert_uint_eq(v->share_rev, read_slot(w, &b)->share_rev);
    if (!w->subject->own_clock)
        ck_assert_int_eq(v->store_us, w->clock.boot_us);
    world_close(w);
}
END_TEST

START_TEST(view_numbers_grow_with_every_beat)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member b = member_joined(w, 2);
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        uint64_t number = EXPECT_OK(beat(i % 2 ? &a : &b))->view->number;
        ck_assert_uint_gt(number, last);
        last = number;
        ck_assert_uint_eq(read_view(w)->view->number, last);
    }
    world_close(w);
}
END_TEST

START_TEST(the_roster_revision_changes_with_the_roster)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    uint64_t rev = read_view(w)->view->roster_rev;
    member b = member_joined(w, 2);
    ck_assert_uint_gt(read_view(w)->view->roster_rev, rev);
    rev = read_view(w)->view->roster_rev;
    EXPECT_OK(beat(&b));
    EXPECT_OK(add(&b, "x"));
    ck_assert_uint_eq(read_view(w)->view->roster_rev, rev);
    EXPECT_OK(retire(&a, &b));
    ck_assert_uint_gt(read_view(w)->view->roster_rev, rev);
    rev = read_view(w)->view->roster_rev;
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(reap(&a, &b, 0));
    ck_assert_uint_gt(read_view(w)->view->roster_rev, rev);
    rev = read_view(w)->view->roster_rev;
    EXPECT_OK(leave(&a));
    ck_assert_uint_gt(read_view(w)->view->roster_rev, rev);
    world_close(w);
}
END_TEST

START_TEST(draining_is_told_and_gets_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    uint64_t rev = read_view(w)->view->roster_rev;
    allot_op op = member_op(&b, ALLOT_OP_BEAT);
    op.u.beat.draining = true;
    EXPECT_OK(member_call(&b, &op));
    ck_assert(read_slot(w, &b)->draining);
    ck_assert_uint_gt(read_view(w)->view->roster_rev, rev);
    const allot_answer *granted = EXPECT_OK(grant(&a, &b, NULL));
    ck_assert_uint_eq(granted->outcome.count, 0);
    ck_assert_uint_eq(granted->outcome.skipped, 2);
    ck_assert_str_eq(inbox_text(w), "x y");
    EXPECT_OK(beat(&b));
    ck_assert(!read_slot(w, &b)->draining);
    world_close(w);
}
END_TEST

TCase *slots_case(void)
{
    TCase *c = tcase_create("slots");
    TEST_ON_ALL(c, a_join_is_in_the_roster);
    TEST_ON_ALL(c, ranks_follow_ages);
    TEST_ON_ALL(c, a_beat_renews);
    TEST_ON_ALL(c, without_beats_a_slot_expires);
    TEST_ON_ALL(c, an_expired_slot_may_still_give_back);
    TEST_ON_ALL(c, a_left_slot_is_refused_and_keeps_its_ids_until_the_reap);
    TEST_ON_ALL(c, a_clock_set_back_does_not_lengthen_a_lease);
    TEST_ON_ALL(c, a_view_is_complete);
    TEST_ON_ALL(c, view_numbers_grow_with_every_beat);
    TEST_ON_ALL(c, the_roster_revision_changes_with_the_roster);
    TEST_ON_ALL(c, draining_is_told_and_gets_nothing);
    return c;
}
