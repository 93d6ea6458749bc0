/* test_life.c - lives, floors, quarantine (rules 2, 4, 5, 6). */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <string.h>

static bool same(const allot_uuid *a, const allot_uuid *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* A beat that reports these floors. */
static const allot_answer *beat_with(member *m, allot_floors floors, allot_uuid fresh)
{
    allot_op op = member_op(m, ALLOT_OP_BEAT);
    op.u.beat.floors = floors;
    op.u.beat.ttl_us = m->ttl_us;
    op.u.beat.fresh_life = fresh;
    return member_call(m, &op);
}

START_TEST(the_first_join_names_the_life)
{
    world *w = world_open(_i);
    member a = member_new(w, 1);
    allot_op op = join_op(&a, "");
    allot_uuid life = op.u.join.fresh_life;
    EXPECT_OK(member_call(&a, &op));
    member_joined(w, 2);
    EXPECT_OK(add(&a, "x"));
    ck_assert(same(&read_view(w)->view->life, &life));
    ck_assert(same(&EXPECT_OK(beat(&a))->view->life, &life));
    world_close(w);
}
END_TEST

START_TEST(the_first_add_names_the_life)
{
    world *w = world_open(_i);
    world_handle(w, 0);
    member o = {.w = w, .handle = world_handle(w, 1), .session = world_uuid(w), .not_after_us = INT64_MAX / 2};
    allot_new_id id = {.id = {"x", 1}};
    allot_op op = member_op(&o, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 1, .ids = &id, .fresh_life = world_uuid(w)};
    EXPECT_OK(member_call(&o, &op));
    ck_assert(same(&read_view(w)->view->life, &op.u.add.fresh_life));
    world_close(w);
}
END_TEST

START_TEST(a_beat_of_another_life_is_refused)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    allot_uuid life = a.life;
    a.life = world_uuid(w);
    EXPECT_REFUSED(beat(&a), ALLOT_REFUSED_LIFE);
    ck_assert(same(&read_view(w)->view->life, &life));
    a.life = life;
    EXPECT_OK(beat(&a));
    world_close(w);
}
END_TEST

START_TEST(floors_lift_terms_and_tokens)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    uint64_t high = UINT64_C(1) << 52;
    allot_floors floors = {.life = world_uuid(w), .term = high, .token = high + 5};
    EXPECT_REFUSED(beat_with(&a, floors, world_uuid(w)), ALLOT_REFUSED_LIFE); /* and lifts all the same */
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2 + 1); /* the refused beat knew an earlier life: nobody leads for one ttl */
    EXPECT_OK(beat(&a));
    ck_assert_uint_eq(EXPECT_OK(campaign(&a))->outcome.term, high + 1);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, NULL));
    ck_assert_uint_eq(read_id(w, "x")->token, high + 6);
    world_close(w);
}
END_TEST

/* A store that fell back shows a leader of then. The first beat of a slot, which has not been told its life, may know
 * of later terms: none of those was that leader's, and whoever won them may still believe in it (I1). */
START_TEST(a_reported_term_ends_an_older_leadership)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    uint64_t later = a.term + 10;
    allot_uuid fresh = world_uuid(w);
    const allot_view *view = EXPECT_OK(beat_with(&b, (allot_floors){.term = a.term}, fresh))->view;
    ck_assert(same(&view->leader, &a.slot));
    view = EXPECT_OK(beat_with(&b, (allot_floors){.term = later}, fresh))->view;
    ck_assert(same(&view->leader, &(allot_uuid){0}));
    ck_assert_uint_eq(view->term, later);
    EXPECT_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    int64_t rest_us = EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_QUARANTINE)->outcome.wait_us;
    ck_assert(rest_us > w->ttl_us * 9 / 10 && rest_us <= w->ttl_us);
    world_advance(w, w->ttl_us / 2);
    view = EXPECT_OK(beat(&b))->view;
    ck_assert(same(&view->leader, &(allot_uuid){0}));
    world_advance(w, w->ttl_us / 2 + 1);
    ck_assert_uint_gt(EXPECT_OK(campaign(&b))->outcome.term, later);
    world_close(w);
}
END_TEST

START_TEST(terms_and_tokens_start_at_the_clock)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    if (!w->subject->own_clock) {
        ck_assert_uint_ge(a.term, (uint64_t)w->clock.real_us);
        w->clock.real_us -= 3600 * (int64_t)SECOND_US; /* and go on when it is set back */
    }
    uint64_t term = a.term;
    EXPECT_OK(resign(&a));
    ck_assert_uint_gt(EXPECT_OK(campaign(&a))->outcome.term, term);
    uint64_t token = 0;
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(add(&a, "x"));
        EXPECT_OK(grant(&a, &a, NULL));
        ck_assert_uint_gt(read_id(w, "x")->token, token);
        token = read_id(w, "x")->token;
        EXPECT_OK(report(&a, i == 1 ? ALLOT_OP_ACK : ALLOT_OP_RELEASE, "x"));
    }
    world_close(w);
}
END_TEST

START_TEST(a_store_that_fell_back_begins_a_new_life)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &b, "y"));
    allot_floors floors = {.life = a.life, .term = a.term + 10};
    allot_uuid fresh = world_uuid(w);
    EXPECT_REFUSED(beat_with(&b, floors, fresh), ALLOT_REFUSED_LIFE);
    const allot_view *v = read_view(w)->view;
    ck_assert(same(&v->life, &fresh));
    ck_assert_uint_eq(v->total, 2);
    ck_assert_uint_eq(v->number, 0);
    ck_assert_int_gt(v->led_for_us, 0); /* quarantine */
    ck_assert_int_eq(read_slot(w, &a)->state, ALLOT_SLOT_DEAD);
    ck_assert_int_eq(read_slot(w, &b)->state, ALLOT_SLOT_DEAD);
    EXPECT_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    member c = member_joined(w, 3);
    const allot_answer *refused = EXPECT_REFUSED(campaign(&c), ALLOT_REFUSED_QUARANTINE);
    ck_assert(refused->outcome.wait_us > 0 && refused->outcome.wait_us <= w->ttl_us);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&c));
    world_advance(w, w->ttl_us / 2 + 1);
    EXPECT_OK(beat(&c));
    ck_assert_uint_gt(EXPECT_OK(campaign(&c))->outcome.term, a.term + 10);
    EXPECT_OK(reap(&c, &b, 0));
    ck_assert_str_eq(inbox_text(w), "x y");
    world_close(w);
}
END_TEST

/* The store lost everything, and those who held something in it may still act until their leases end. */
START_TEST(a_beat_that_knew_another_life_asks_for_a_quarantine_of_its_ttl)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member lost = member_new(w, 2);
    lost.life = world_uuid(w);
    lost.ttl_us = 3 * w->ttl_us;
    EXPECT_REFUSED(beat(&lost), ALLOT_REFUSED_LIFE);
    int64_t rest_us = EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE)->outcome.wait_us;
    ck_assert(rest_us > 2 * w->ttl_us && rest_us <= 3 * w->ttl_us);
    for (int i = 0; i < 6; i++) {
        world_advance(w, w->ttl_us / 2);
        EXPECT_OK(beat(&a));
    }
    EXPECT_OK(campaign(&a));
    world_close(w);
}
END_TEST

START_TEST(a_join_that_knew_another_life_starts_a_quarantine)
{
    world *w = world_open(_i);
    member a = member_new(w, 1);
    allot_op op = join_op(&a, "");
    op.u.join.floors.life = world_uuid(w);
    op.u.join.floors.term = 77;
    EXPECT_OK(member_call(&a, &op));
    const allot_view *v = read_view(w)->view;
    ck_assert(v->led_for_us > 0 && v->led_for_us <= w->ttl_us);
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2 + 1);
    ck_assert_uint_gt(EXPECT_OK(campaign(&a))->outcome.term, 77);
    world_close(w);
}
END_TEST

START_TEST(quarantine_always_waits_in_a_new_life)
{
    world *w = world_open(_i);
    member a = member_new(w, 1);
    allot_op op = join_op(&a, "");
    op.u.join.quarantine_always = true;
    EXPECT_OK(member_call(&a, &op));
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2 + 1);
    EXPECT_OK(campaign(&a));
    world_close(w);
}
END_TEST

START_TEST(quarantine_always_waits_whoever_began_the_life)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member b = member_new(w, 2);
    allot_op op = join_op(&b, "");
    op.u.join.quarantine_always = true;
    EXPECT_OK(member_call(&b, &op));
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2 + 1);
    EXPECT_OK(campaign(&a));
    world_close(w);
}
END_TEST

/* Who beats has joined before: the store has lost everything. */
START_TEST(a_life_that_a_beat_begins_starts_with_a_quarantine)
{
    world *w = world_open(_i);
    member lost = member_new(w, 1);
    allot_uuid fresh = world_uuid(w);
    EXPECT_REFUSED(beat_with(&lost, (allot_floors){.life = lost.life}, fresh), ALLOT_REFUSED_GONE);
    ck_assert(same(&read_view(w)->view->life, &fresh));
    member a = member_joined(w, 2);
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_QUARANTINE);
    world_close(w);
}
END_TEST

START_TEST(a_store_that_nobody_knew_starts_at_once)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    ck_assert_int_le(read_view(w)->view->led_for_us, 0);
    EXPECT_OK(campaign(&a));
    world_close(w);
}
END_TEST

START_TEST(numbers_from_2_to_the_53_are_malformed)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    uint64_t term = read_view(w)->view->term;
    uint64_t over = UINT64_C(1) << 53;
    EXPECT_REFUSED(beat_with(&a, (allot_floors){.term = over}, world_uuid(w)), ALLOT_REFUSED_INVALID);
    EXPECT_REFUSED(beat_with(&a, (allot_floors){.token = over}, world_uuid(w)), ALLOT_REFUSED_INVALID);
    EXPECT_REFUSED(beat_with(&a, (allot_floors){.view = over}, world_uuid(w)), ALLOT_REFUSED_INVALID);
    member b = member_new(w, 2);
    allot_op op = join_op(&b, "");
    op.u.join.floors.term = UINT64_MAX;
    EXPECT_REFUSED(member_call(&b, &op), ALLOT_REFUSED_INVALID);
    ck_assert_uint_eq(read_view(w)->view->term, term);
    world_close(w);
}
END_TEST

TCase *life_case(void)
{
    TCase *c = tcase_create("life");
    TEST_ON_ALL(c, the_first_join_names_the_life);
    TEST_ON_ALL(c, the_first_add_names_the_life);
    TEST_ON_ALL(c, a_beat_of_another_life_is_refused);
    TEST_ON_ALL(c, floors_lift_terms_and_tokens);
    TEST_ON_ALL(c, a_reported_term_ends_an_older_leadership);
    TEST_ON_ALL(c, terms_and_tokens_start_at_the_clock);
    TEST_ON_ALL(c, a_store_that_fell_back_begins_a_new_life);
    TEST_ON_ALL(c, a_beat_that_knew_another_life_asks_for_a_quarantine_of_its_ttl);
    TEST_ON_ALL(c, a_join_that_knew_another_life_starts_a_quarantine);
    TEST_ON_ALL(c, quarantine_always_waits_in_a_new_life);
    TEST_ON_ALL(c, quarantine_always_waits_whoever_began_the_life);
    TEST_ON_ALL(c, a_life_that_a_beat_begins_starts_with_a_quarantine);
    TEST_ON_ALL(c, a_store_that_nobody_knew_starts_at_once);
    TEST_ON_ALL(c, numbers_from_2_to_the_53_are_malformed);
    return c;
}
