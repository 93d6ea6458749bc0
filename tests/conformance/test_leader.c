/* test_leader.c - campaign, resign, publish, retire, and who may do what (I1, rule 8). */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

START_TEST(one_leads)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    const allot_answer *refused = EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_LED);
    ck_assert(refused->outcome.wait_us > 0 && refused->outcome.wait_us <= w->ttl_us);
    uint64_t term = a.term;
    ck_assert_uint_eq(EXPECT_OK(campaign(&a))->outcome.term, term); /* leads already */
    ck_assert_mem_eq(&read_view(w)->view->leader, &a.slot, sizeof(a.slot));
    world_close(w);
}
END_TEST

START_TEST(a_leadership_lasts_as_long_as_the_slot_beats)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    for (int i = 0; i < 4; i++) {
        world_advance(w, w->ttl_us / 2);
        EXPECT_OK(beat(&a));
        EXPECT_OK(beat(&b));
    }
    EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_LED);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&b));
    world_advance(w, w->ttl_us / 2);
    ck_assert_uint_gt(EXPECT_OK(campaign(&b))->outcome.term, a.term);
    ck_assert_mem_eq(&read_view(w)->view->leader, &b.slot, sizeof(b.slot));
    world_close(w);
}
END_TEST

START_TEST(an_expired_leadership_is_shown_as_none)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    allot_uuid none = {{0}};
    world_advance(w, w->ttl_us);
    const allot_view *v = read_view(w)->view;
    ck_assert_mem_eq(&v->leader, &none, sizeof(none));
    ck_assert_uint_eq(v->term, a.term);
    world_close(w);
}
END_TEST

START_TEST(resign_frees_the_leadership)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_REFUSED(resign(&b), ALLOT_REFUSED_NOT_LEADER);
    b.term = a.term;
    EXPECT_REFUSED(resign(&b), ALLOT_REFUSED_NOT_LEADER);
    a.term++;
    EXPECT_REFUSED(resign(&a), ALLOT_REFUSED_NOT_LEADER);
    a.term--;
    EXPECT_OK(resign(&a));
    EXPECT_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_OK(campaign(&b));
    EXPECT_OK(beat(&a)); /* still a slot */
    world_close(w);
}
END_TEST

START_TEST(leave_frees_the_leadership)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(leave(&a));
    ck_assert_uint_gt(EXPECT_OK(campaign(&b))->outcome.term, a.term);
    world_close(w);
}
END_TEST

static void refuse_all(member *m, const member *target)
{
    EXPECT_REFUSED(grant(m, target, NULL), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(recall(m, target, "y"), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(retire(m, target), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(reap(m, target, 0), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(publish(m, 1), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(unpark(m, "z"), ALLOT_REFUSED_NOT_LEADER);
}

START_TEST(leaders_ops_need_the_leader_in_its_term)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &b, "y z"));
    EXPECT_OK(report(&b, ALLOT_OP_FAIL, "z"));
    member other = b;
    other.term = a.term;
    refuse_all(&other, &b); /* another slot, in the right term */
    b.sequence = other.sequence;
    uint64_t term = a.term;
    a.term = term + 1;
    refuse_all(&a, &b); /* the leader, in another term */
    a.term = term - 1;
    refuse_all(&a, &b);
    a.term = term;
    EXPECT_OK(resign(&a));
    EXPECT_OK(campaign(&a));
    a.term = term;
    refuse_all(&a, &b); /* the leader, in its last term */
    ck_assert_str_eq(inbox_text(w), "x");
    ck_assert_str_eq(share_text(&b), "y");
    ck_assert_str_eq(parked_text(w), "z");
    ck_assert_int_eq(read_slot(w, &b)->state, ALLOT_SLOT_LIVE);
    ck_assert_uint_eq(read_view(w)->view->version, 0);
    world_close(w);
}
END_TEST

START_TEST(an_expired_leader_may_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, "y"));
    world_advance(w, w->ttl_us);
    refuse_all(&a, &a);
    ck_assert_str_eq(inbox_text(w), "x");
    world_close(w);
}
END_TEST

START_TEST(publish_takes_the_next_version_alone)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_REFUSED(publish(&a, 0), ALLOT_REFUSED_VERSION);
    EXPECT_REFUSED(publish(&a, 2), ALLOT_REFUSED_VERSION);
    EXPECT_OK(publish(&a, 1));
    EXPECT_REFUSED(publish(&a, 1), ALLOT_REFUSED_VERSION);
    allot_op op = member_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 2, .settled_age = 9, .strategy = {"hash", 4}};
    EXPECT_OK(member_call(&a, &op));
    op = member_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 3, .settled_age = 4, .strategy = {"", 0}};
    EXPECT_OK(member_call(&a, &op));
    const allot_view *v = read_view(w)->view;
    ck_assert_uint_eq(v->version, 3);
    ck_assert_uint_eq(v->settled_age, 9); /* grows only */
    ck_assert_uint_eq(v->strategy.len, 0);
    world_close(w);
}
END_TEST

START_TEST(a_retired_slot_is_refused_and_keeps_its_lease)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &b, "x"));
    EXPECT_OK(retire(&a, &b));
    EXPECT_REFUSED(beat(&b), ALLOT_REFUSED_RETIRED);
    EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_RETIRED);
    EXPECT_REFUSED(leave(&b), ALLOT_REFUSED_RETIRED);
    ck_assert_int_eq(read_slot(w, &b)->state, ALLOT_SLOT_RETIRED);
    EXPECT_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_LIVE); /* it may be at work until its lease ends */
    ck_assert_uint_eq(EXPECT_OK(grant(&a, &b, "y"))->outcome.skipped, 1);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(reap(&a, &b, 0));
    ck_assert_str_eq(inbox_text(w), "y x");
    member nobody = member_new(w, 1);
    EXPECT_REFUSED(retire(&a, &nobody), ALLOT_REFUSED_GONE);
    world_close(w);
}
END_TEST

START_TEST(a_leader_that_retires_itself_leads_no_more)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(retire(&a, &a));
    EXPECT_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    EXPECT_REFUSED(campaign(&a), ALLOT_REFUSED_RETIRED);
    ck_assert_uint_gt(EXPECT_OK(campaign(&b))->outcome.term, a.term);
    EXPECT_REFUSED(reap(&b, &a, 0), ALLOT_REFUSED_LIVE);
    world_close(w);
}
END_TEST

TCase *leader_case(void)
{
    TCase *c = tcase_create("leader");
    TEST_ON_ALL(c, one_leads);
    TEST_ON_ALL(c, a_leadership_lasts_as_long_as_the_slot_beats);
    TEST_ON_ALL(c, an_expired_leadership_is_shown_as_none);
    TEST_ON_ALL(c, resign_frees_the_leadership);
    TEST_ON_ALL(c, leave_frees_the_leadership);
    TEST_ON_ALL(c, leaders_ops_need_the_leader_in_its_term);
    TEST_ON_ALL(c, an_expired_leader_may_nothing);
    TEST_ON_ALL(c, publish_takes_the_next_version_alone);
    TEST_ON_ALL(c, a_retired_slot_is_refused_and_keeps_its_lease);
    TEST_ON_ALL(c, a_leader_that_retires_itself_leads_no_more);
    return c;
}
