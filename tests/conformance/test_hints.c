/* test_hints.c - who is told to look, and who is left in peace. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

/* The clock moves while waiting: a backend may want to look again a few milliseconds later. */
static bool hinted(world *w, driver *d, allot_hint hint)
{
    for (int i = 0; i < 200; i++) {
        if (driver_await_hint(d, hint, 10))
            return true;
        world_advance(w, 10000);
    }
    return false;
}

/* Takes what is on its way, so that the next hint is of what happens next. */
static void settle(world *w)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < WORLD_HANDLES_MAX; i++) {
            if (w->handles[i] == NULL)
                continue;
            while (driver_ready(w->handles[i], 5) && round < 2)
                driver_process(w->handles[i]);
            driver_clear_hints(w->handles[i]);
        }
    }
}

static bool tells(const world *w)
{
    return (w->subject->ops->capabilities & ALLOT_CAP_HINTS) != 0;
}

START_TEST(a_share_that_changes_is_hinted_to_its_slot)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    if (tells(w)) {
        EXPECT_OK(add(&a, "x y"));
        settle(w);
        EXPECT_OK(grant(&a, &b, "x y"));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_SHARE));
        settle(w);
        EXPECT_OK(recall(&a, &b, "y"));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_SHARE));
        settle(w);
        EXPECT_OK(clean(&a));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_SHARE));
    }
    world_close(w);
}
END_TEST

START_TEST(a_share_is_not_hinted_to_others)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    member c = member_joined(w, 3);
    if (tells(w)) {
        EXPECT_OK(add(&a, "x"));
        settle(w);
        EXPECT_OK(grant(&a, &b, "x"));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_SHARE));
        if (driver_ready(c.handle, 20))
            driver_process(c.handle);
        ck_assert_uint_eq(driver_hint_count(c.handle, ALLOT_HINT_SHARE), 0);
    }
    world_close(w);
}
END_TEST

START_TEST(leader_and_version_are_hinted_to_all)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member b = member_joined(w, 2);
    if (tells(w)) {
        settle(w);
        EXPECT_OK(campaign(&a));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_GROUP));
        settle(w);
        EXPECT_OK(publish(&a, 1));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_GROUP));
    }
    world_close(w);
}
END_TEST

START_TEST(work_is_hinted_to_the_leader)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member c = outsider_new(w, 3);
    if (tells(w)) {
        settle(w);
        EXPECT_OK(add(&c, "x"));
        ck_assert(hinted(w, a.handle, ALLOT_HINT_WORK));
        settle(w);
        member b = member_joined(w, 2);
        ck_assert(hinted(w, a.handle, ALLOT_HINT_WORK));
        EXPECT_OK(grant(&a, &b, "x"));
        settle(w);
        EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "x"));
        ck_assert(hinted(w, a.handle, ALLOT_HINT_WORK));
        EXPECT_OK(grant(&a, &b, "x"));
        settle(w);
        EXPECT_OK(report(&b, ALLOT_OP_FAIL, "x")); /* newly parked: the leader has to know when it is due */
        ck_assert(hinted(w, a.handle, ALLOT_HINT_WORK));
        settle(w);
        EXPECT_OK(leave(&b));
        ck_assert(hinted(w, a.handle, ALLOT_HINT_WORK));
    }
    world_close(w);
}
END_TEST

START_TEST(freed_leadership_is_hinted_to_all)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    member c = member_joined(w, 3);
    if (tells(w)) {
        settle(w);
        EXPECT_OK(resign(&a));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_LEADERLESS));
        ck_assert(hinted(w, c.handle, ALLOT_HINT_LEADERLESS));
        EXPECT_OK(campaign(&a));
        settle(w);
        EXPECT_OK(leave(&a));
        ck_assert(hinted(w, b.handle, ALLOT_HINT_LEADERLESS));
        ck_assert(hinted(w, c.handle, ALLOT_HINT_LEADERLESS));
    }
    world_close(w);
}
END_TEST

START_TEST(beats_of_others_hint_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    member c = member_joined(w, 3);
    settle(w);
    for (int i = 0; i < 20; i++) {
        EXPECT_OK(beat(&a));
        EXPECT_OK(beat(&b));
        EXPECT_OK(read_view(w));
    }
    for (int i = 0; i < 5; i++)
        if (driver_ready(c.handle, 10))
            driver_process(c.handle);
    for (int hint = ALLOT_HINT_SHARE; hint <= ALLOT_HINT_LEADERLESS; hint++)
        ck_assert_uint_eq(driver_hint_count(c.handle, (allot_hint)hint), 0);
    world_close(w);
}
END_TEST

START_TEST(an_idle_handle_sleeps)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(beat(&a));
    settle(w);
    ck_assert(!driver_ready(a.handle, 30));
    world_close(w);
}
END_TEST

START_TEST(a_crash_is_proven_where_the_backend_can)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, "x"));
    settle(w);
    driver_close(w->handles[1]);
    w->handles[1] = NULL;
    if (w->subject->ops->capabilities & ALLOT_CAP_DETECTS_DEATH) {
        ck_assert(hinted(w, b.handle, ALLOT_HINT_LEADERLESS));
        ck_assert_int_eq(read_slot(w, &a)->state, ALLOT_SLOT_DEAD);
        EXPECT_OK(campaign(&b));
        EXPECT_OK(reap(&b, &a, 0));
        ck_assert_str_eq(inbox_text(w), "x");
    } else {
        ck_assert_int_eq(read_slot(w, &a)->state, ALLOT_SLOT_LIVE);
        EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_LED);
    }
    world_close(w);
}
END_TEST

TCase *hints_case(void)
{
    TCase *c = tcase_create("hints");
    TEST_ON_ALL(c, a_share_that_changes_is_hinted_to_its_slot);
    TEST_ON_ALL(c, a_share_is_not_hinted_to_others);
    TEST_ON_ALL(c, leader_and_version_are_hinted_to_all);
    TEST_ON_ALL(c, work_is_hinted_to_the_leader);
    TEST_ON_ALL(c, freed_leadership_is_hinted_to_all);
    TEST_ON_ALL(c, beats_of_others_hint_nothing);
    TEST_ON_ALL(c, an_idle_handle_sleeps);
    TEST_ON_ALL(c, a_crash_is_proven_where_the_backend_can);
    return c;
}
