/* store_leadership.c - campaign, resign, publish; who may do a leader's ops (rule 8, I1). */
#include "tests/unit/rig.h"

#include <string.h>

START_TEST(one_leads_and_others_are_told_how_long)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    ck_assert(r->effects.group);
    replica b = rig_joined(r, 2);
    rig_advance(r, 3 * SECOND_US);
    ck_assert_int_eq(CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_LED).wait_us, 7 * SECOND_US);
    CHECK_OK(beat(&a));
    ck_assert_int_eq(CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_LED).wait_us, TTL_US);
    rig_free(r);
}
END_TEST

START_TEST(who_leads_already_is_told_its_term)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    uint64_t term = a.term;
    ck_assert_uint_eq(CHECK_OK(campaign(&a)).term, term);
    ck_assert(!r->effects.group);
    rig_free(r);
}
END_TEST

START_TEST(leadership_ends_with_its_slots_lease)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    rig_advance(r, TTL_US - 1);
    CHECK_REFUSED(campaign(&b), ALLOT_REFUSED_LED);
    CHECK_OK(beat(&b));
    rig_advance(r, 1);
    ck_assert(uuid_is_zero(&view(r)->leader));
    ck_assert_uint_gt(CHECK_OK(campaign(&b)).term, a.term);
    CHECK_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    rig_free(r);
}
END_TEST

START_TEST(resigning_frees_leadership_for_a_larger_term)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_REFUSED(resign(&b), ALLOT_REFUSED_NOT_LEADER);
    a.term++;
    CHECK_REFUSED(resign(&a), ALLOT_REFUSED_NOT_LEADER);
    a.term--;
    CHECK_OK(resign(&a));
    ck_assert(r->effects.leaderless && r->effects.group);
    ck_assert_uint_eq(view(r)->term, a.term);
    ck_assert_uint_eq(view(r)->leader_rank, 1); /* of the last one */
    ck_assert_uint_gt(CHECK_OK(campaign(&b)).term, a.term);
    rig_free(r);
}
END_TEST

START_TEST(a_leader_that_retires_itself_frees_leadership)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(retire(&a, &a));
    ck_assert(r->effects.leaderless && r->effects.group);
    CHECK_REFUSED(publish(&a, 1), ALLOT_REFUSED_NOT_LEADER);
    CHECK_REFUSED(resign(&a), ALLOT_REFUSED_RETIRED);
    CHECK_REFUSED(campaign(&a), ALLOT_REFUSED_RETIRED);
    ck_assert(uuid_is_zero(&view(r)->leader));
    ck_assert_uint_gt(CHECK_OK(campaign(&b)).term, a.term);
    rig_free(r);
}
END_TEST

START_TEST(the_leader_rank_is_0_when_its_slot_is_gone)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    CHECK_OK(leave(&a));
    ck_assert_uint_eq(view(r)->leader_rank, 1);
    CHECK_OK(campaign(&b));
    ck_assert_uint_eq(view(r)->leader_rank, 2);
    CHECK_OK(reap(&b, &a, 0));
    ck_assert_uint_eq(view(r)->leader_rank, 1);
    CHECK_OK(leave(&b));
    replica c = rig_joined(r, 3);
    CHECK_OK(campaign(&c));
    CHECK_OK(reap(&c, &b, 0));
    CHECK_OK(resign(&c));
    ck_assert_uint_eq(view(r)->leader_rank, 1);
    rig_free(r);
}
END_TEST

START_TEST(publish_counts_versions_one_by_one)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    CHECK_REFUSED(publish(&a, 0), ALLOT_REFUSED_VERSION);
    CHECK_REFUSED(publish(&a, 2), ALLOT_REFUSED_VERSION);
    allot_op op = replica_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 1, .settled_age = 5, .strategy = {"hash", 4}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert(r->effects.group);
    ck_assert_uint_eq(view(r)->version, 1);
    ck_assert_uint_eq(view(r)->settled_age, 5);
    ck_assert_int_eq(memcmp(view(r)->strategy.data, "hash", view(r)->strategy.len), 0);
    op = replica_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 2, .settled_age = 3, .strategy = {"chunked", 7}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(view(r)->settled_age, 5);
    ck_assert_uint_eq(view(r)->strategy.len, 7);
    rig_free(r);
}
END_TEST

/* Every leader's op, once: refused unless it comes from the leader in its term. */
static void check_all_refused(replica *p, const replica *target)
{
    rig *r = p->r;
    const char *before = rig_dump(r);
    allot_part part = {.segment = 1, .position = ALLOT_ALL};
    CHECK_REFUSED(assign(p, target, "x"), ALLOT_REFUSED_NOT_LEADER);
    allot_op op = replica_op(p, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = target->slot, .part_count = 1, .parts = &part};
    CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_NOT_LEADER);
    CHECK_REFUSED(retire(p, target), ALLOT_REFUSED_NOT_LEADER);
    CHECK_REFUSED(reap(p, target, 0), ALLOT_REFUSED_NOT_LEADER);
    CHECK_REFUSED(publish(p, 1), ALLOT_REFUSED_NOT_LEADER);
    if (p->term != 0)
        CHECK_REFUSED(unpark_due(p), ALLOT_REFUSED_NOT_LEADER);
    /* Nothing but what the session remembers has changed. */
    const char *after = rig_dump(r);
    ck_assert_int_eq(strncmp(after, before, (size_t)(strstr(before, "\nslot") - before)), 0);
    ck_assert_str_eq(inbox_text(r), "x");
}

START_TEST(only_the_leader_in_its_term_does_leaders_ops)
{
    rig *r = rig_new();
    replica a = rig_leader(r, 1);
    replica b = rig_joined(r, 2);
    replica c = rig_joined(r, 3);
    CHECK_OK(add(r, "x"));
    check_all_refused(&b, &c); /* no term */
    b.term = a.term;
    check_all_refused(&b, &c); /* another's term */
    replica older = a;
    older.term--;
    older.sequence += 10;
    check_all_refused(&older, &c);
    a.sequence += 40;
    rig_advance(r, TTL_US);
    check_all_refused(&a, &c); /* expired, though nobody else leads */
    rig_free(r);
}
END_TEST

Suite *leadership_suite(void)
{
    Suite *s = suite_create("store: leadership");
    TCase *c = tcase_create("all");
    tcase_add_test(c, one_leads_and_others_are_told_how_long);
    tcase_add_test(c, who_leads_already_is_told_its_term);
    tcase_add_test(c, leadership_ends_with_its_slots_lease);
    tcase_add_test(c, resigning_frees_leadership_for_a_larger_term);
    tcase_add_test(c, a_leader_that_retires_itself_frees_leadership);
    tcase_add_test(c, the_leader_rank_is_0_when_its_slot_is_gone);
    tcase_add_test(c, publish_counts_versions_one_by_one);
    tcase_add_test(c, only_the_leader_in_its_term_does_leaders_ops);
    suite_add_tcase(s, c);
    return s;
}
