/* test_sessions.c - rule 3: what is sent again is answered again, and has no second effect. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <string.h>

static void same_outcome(const allot_answer *first, const allot_answer *again)
{
    ck_assert_int_eq(again->outcome.status, first->outcome.status);
    ck_assert_int_eq(again->outcome.reason, first->outcome.reason);
    ck_assert_uint_eq(again->outcome.count, first->outcome.count);
    ck_assert_uint_eq(again->outcome.skipped, first->outcome.skipped);
    ck_assert_uint_eq(again->outcome.more, first->outcome.more);
    ck_assert_uint_eq(again->outcome.term, first->outcome.term);
    ck_assert_mem_eq(again->outcome.refused, first->outcome.refused, sizeof(first->outcome.refused));
}

static const allot_answer *add_with(member *m, uint64_t sequence, const char *id)
{
    allot_new_id n = {.id = {id, (uint32_t)strlen(id)}};
    allot_op op = member_op(m, ALLOT_OP_ADD);
    op.sequence = sequence;
    op.u.add = (allot_op_add){.count = 1, .ids = &n, .fresh_life = world_uuid(m->w)};
    return member_call(m, &op);
}

START_TEST(a_join_again_is_the_same_join)
{
    world *w = world_open(_i);
    member a = member_new(w, 0);
    allot_op op = join_op(&a, "one");
    EXPECT_OK(member_call(&a, &op));
    EXPECT_OK(member_call(&a, &op));
    ck_assert_uint_eq(read_view(w)->view->slots, 1);
    allot_op other = join_op(&a, "one");
    EXPECT_REFUSED(member_call(&a, &other), ALLOT_REFUSED_EXISTS);
    world_close(w);
}
END_TEST

START_TEST(an_add_again_adds_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    const allot_answer *first = EXPECT_OK(add_with(&a, 10, "x"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "x"));
    const allot_answer *again = add_with(&a, 10, "x");
    same_outcome(first, again);
    ck_assert_uint_eq(again->outcome.count, 1);
    ck_assert_uint_eq(read_view(w)->view->total, 0);
    world_close(w);
}
END_TEST

START_TEST(a_session_without_a_slot_remembers_too)
{
    world *w = world_open(_i);
    member o = outsider_new(w, 0);
    const allot_answer *first = EXPECT_OK(add_with(&o, 1, "x"));
    EXPECT_OK(clean(&o));
    same_outcome(first, add_with(&o, 1, "x"));
    ck_assert_uint_eq(read_view(w)->view->total, 0);
    member p = outsider_new(w, 0);
    EXPECT_OK(add_with(&p, 1, "x")); /* the same sequence in another session */
    ck_assert_uint_eq(read_view(w)->view->total, 1);
    world_close(w);
}
END_TEST

START_TEST(reports_again_keep_what_was_refused)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &a, "x y z"));
    allot_item items[2];
    ck_assert(find_item(&a, "x", &items[0]));
    ck_assert(find_item(&a, "z", &items[1]));
    items[0].token++;
    allot_op op = member_op(&a, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = 2, .items = items};
    const allot_answer *first = EXPECT_OK(member_call(&a, &op));
    ck_assert_uint_eq(first->outcome.count, 1);
    ck_assert_uint_eq(first->outcome.skipped, 1);
    ck_assert_uint_eq(first->outcome.refused[0], 1);
    same_outcome(first, member_call(&a, &op));
    ck_assert_str_eq(share_text(&a), "x y");
    world_close(w);
}
END_TEST

START_TEST(a_release_again_moves_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item item;
    ck_assert(find_item(&a, "x", &item));
    item.position = ALLOT_ALL;
    item.id = (allot_bytes){NULL, 0};
    allot_op op = member_op(&a, ALLOT_OP_RELEASE);
    op.u.items = (allot_op_items){.count = 1, .items = &item};
    const allot_answer *first = EXPECT_OK(member_call(&a, &op));
    ck_assert_uint_eq(first->outcome.count, 2);
    EXPECT_OK(grant(&a, &a, NULL));
    same_outcome(first, member_call(&a, &op));
    ck_assert_str_eq(share_text(&a), "x y");
    world_close(w);
}
END_TEST

START_TEST(a_grant_again_grants_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    EXPECT_OK(add(&a, "x y"));
    allot_part part;
    ck_assert(find_part(w, "x", &part));
    allot_grant one = {.part_count = 1, .parts = &part};
    allot_op op = member_op(&a, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &a.slot, .grant_count = 1, .grants = &one};
    const allot_answer *first = EXPECT_OK(member_call(&a, &op));
    uint64_t token = read_id(w, "x")->token;
    uint64_t highest = read_view(w)->view->token;
    same_outcome(first, member_call(&a, &op));
    ck_assert_uint_eq(read_id(w, "x")->token, token);
    ck_assert_uint_eq(read_view(w)->view->token, highest);
    world_close(w);
}
END_TEST

START_TEST(a_fail_again_counts_one_attempt)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item item;
    ck_assert(find_item(&a, "x", &item));
    allot_op op = member_op(&a, ALLOT_OP_FAIL);
    op.u.items = (allot_op_items){.count = 1, .items = &item, .reason = {"no", 2}, .retry_after_us = 1};
    const allot_answer *first = EXPECT_OK(member_call(&a, &op));
    same_outcome(first, member_call(&a, &op));
    ck_assert_uint_eq(read_id(w, "x")->attempts, 1);
    world_close(w);
}
END_TEST

START_TEST(leaders_ops_again)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    member b = member_joined(w, 1);
    EXPECT_OK(leave(&b));
    allot_op op = member_op(&a, ALLOT_OP_REAP);
    op.u.target.target = b.slot;
    same_outcome(EXPECT_OK(member_call(&a, &op)), member_call(&a, &op)); /* and not "gone" */
    op = member_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 1};
    same_outcome(EXPECT_OK(member_call(&a, &op)), member_call(&a, &op));
    ck_assert_uint_eq(read_view(w)->view->version, 1);
    op = member_op(&a, ALLOT_OP_RESIGN);
    same_outcome(EXPECT_OK(member_call(&a, &op)), member_call(&a, &op)); /* and not "not leader" */
    op = member_op(&a, ALLOT_OP_LEAVE);
    same_outcome(EXPECT_OK(member_call(&a, &op)), member_call(&a, &op)); /* and not "left" */
    world_close(w);
}
END_TEST

START_TEST(refusals_are_remembered)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    allot_op op = member_op(&a, ALLOT_OP_PUBLISH);
    op.u.publish.version = 2;
    EXPECT_REFUSED(member_call(&a, &op), ALLOT_REFUSED_VERSION);
    EXPECT_OK(publish(&a, 1));
    EXPECT_REFUSED(member_call(&a, &op), ALLOT_REFUSED_VERSION); /* although it would be the next one now */
    ck_assert_uint_eq(read_view(w)->view->version, 1);
    world_close(w);
}
END_TEST

START_TEST(a_refused_campaign_is_judged_anew)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    member b = member_joined(w, 1);
    allot_op op = member_op(&b, ALLOT_OP_CAMPAIGN);
    EXPECT_REFUSED(member_call(&b, &op), ALLOT_REFUSED_LED);
    EXPECT_OK(resign(&a));
    EXPECT_OK(member_call(&b, &op));
    world_close(w);
}
END_TEST

START_TEST(a_campaign_again_answers_its_term_while_it_is_held)
{
    world *w = world_open(_i);
    member a = member_joined(w, 0);
    allot_op op = member_op(&a, ALLOT_OP_CAMPAIGN);
    uint64_t term = EXPECT_OK(member_call(&a, &op))->outcome.term;
    ck_assert_uint_eq(EXPECT_OK(member_call(&a, &op))->outcome.term, term);
    a.term = term;
    EXPECT_OK(resign(&a));
    ck_assert_uint_gt(EXPECT_OK(member_call(&a, &op))->outcome.term, term);
    world_close(w);
}
END_TEST

START_TEST(the_window_holds_64)
{
    world *w = world_open(_i);
    member a = outsider_new(w, 0);
    EXPECT_OK(add_with(&a, 1, "first"));
    EXPECT_OK(add_with(&a, 2, "second"));
    for (uint64_t i = 3; i <= 64; i++)
        EXPECT_OK(add_with(&a, i, "more"));
    EXPECT_OK(clean(&(member){.w = w, .handle = a.handle, .session = world_uuid(w), .not_after_us = a.not_after_us}));
    ck_assert_uint_eq(EXPECT_OK(add_with(&a, 1, "first"))->outcome.count, 1);
    EXPECT_OK(add_with(&a, 65, "more"));
    EXPECT_REFUSED(add_with(&a, 1, "first"), ALLOT_REFUSED_STALE);
    ck_assert_uint_eq(EXPECT_OK(add_with(&a, 2, "second"))->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "more");
    world_close(w);
}
END_TEST

START_TEST(sequences_may_come_out_of_order_within_the_window)
{
    world *w = world_open(_i);
    member a = outsider_new(w, 0);
    EXPECT_OK(add_with(&a, 100, "late"));
    EXPECT_OK(add_with(&a, 37, "early"));
    EXPECT_REFUSED(add_with(&a, 36, "lost"), ALLOT_REFUSED_STALE);
    ck_assert_uint_eq(EXPECT_OK(add_with(&a, 37, "early"))->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "late early");
    world_close(w);
}
END_TEST

START_TEST(a_join_that_was_under_way_for_long_makes_no_slot)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_new(w, 2);
    allot_op zombie = join_op(&b, "b");
    zombie.not_after_us = read_view(w)->view->store_us + w->ttl_us;
    EXPECT_OK(member_call(&b, &zombie));
    EXPECT_OK(leave(&b));
    EXPECT_OK(reap(&a, &b, 0));
    member c = member_new(w, 3);
    EXPECT_REFUSED(member_call(&c, &zombie), ALLOT_REFUSED_GONE);
    world_advance(w, w->ttl_us + SECOND_US / 100);
    EXPECT_REFUSED(member_call(&c, &zombie), ALLOT_REFUSED_STALE);
    ck_assert_ptr_null(read_slot(w, &b));
    world_close(w);
}
END_TEST

START_TEST(not_after_ends_a_session_without_a_slot)
{
    world *w = world_open(_i);
    member a = outsider_new(w, 0);
    a.not_after_us = read_view(w)->view->store_us + w->ttl_us;
    EXPECT_OK(add_with(&a, 1, "x"));
    world_advance(w, 2 * w->ttl_us);
    EXPECT_REFUSED(add_with(&a, 2, "y"), ALLOT_REFUSED_STALE);
    EXPECT_REFUSED(add_with(&a, 1, "x"), ALLOT_REFUSED_STALE);
    ck_assert_str_eq(inbox_text(w), "x");
    world_close(w);
}
END_TEST

START_TEST(a_reaped_slots_session_is_over)
{
    world *w = world_open(_i);
    member a = member_leader(w, 0);
    member b = member_joined(w, 1);
    EXPECT_OK(add_with(&b, 20, "x"));
    EXPECT_OK(leave(&b));
    ck_assert_uint_eq(EXPECT_OK(add_with(&b, 20, "x"))->outcome.count, 1); /* left, and not yet reaped */
    EXPECT_OK(reap(&a, &b, 0));
    EXPECT_REFUSED(add_with(&b, 20, "x"), ALLOT_REFUSED_GONE);
    EXPECT_REFUSED(beat(&b), ALLOT_REFUSED_GONE);
    EXPECT_REFUSED(leave(&b), ALLOT_REFUSED_GONE);
    EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_GONE);
    world_close(w);
}
END_TEST

START_TEST(outcomes_outlive_the_handles)
{
    world *w = world_open(_i);
    member a = outsider_new(w, 1);
    EXPECT_OK(add_with(&a, 1, "x"));
    EXPECT_OK(add_with(&a, 2, "y"));
    for (int i = 0; i < 2; i++) {
        driver_close(w->handles[i]);
        w->handles[i] = NULL;
    }
    a.handle = world_handle(w, 1);
    ck_assert_uint_eq(EXPECT_OK(add_with(&a, 1, "x"))->outcome.count, 1);
    ck_assert_uint_eq(EXPECT_OK(add_with(&a, 3, "x"))->outcome.count, 0);
    world_close(w);
}
END_TEST

TCase *sessions_case(void)
{
    TCase *c = tcase_create("sessions");
    TEST_ON_ALL(c, a_join_again_is_the_same_join);
    TEST_ON_ALL(c, an_add_again_adds_nothing);
    TEST_ON_ALL(c, a_session_without_a_slot_remembers_too);
    TEST_ON_ALL(c, reports_again_keep_what_was_refused);
    TEST_ON_ALL(c, a_release_again_moves_nothing);
    TEST_ON_ALL(c, a_grant_again_grants_nothing);
    TEST_ON_ALL(c, a_fail_again_counts_one_attempt);
    TEST_ON_ALL(c, leaders_ops_again);
    TEST_ON_ALL(c, refusals_are_remembered);
    TEST_ON_ALL(c, a_refused_campaign_is_judged_anew);
    TEST_ON_ALL(c, a_campaign_again_answers_its_term_while_it_is_held);
    TEST_ON_ALL(c, the_window_holds_64);
    TEST_ON_ALL(c, sequences_may_come_out_of_order_within_the_window);
    TEST_ON_ALL(c, a_join_that_was_under_way_for_long_makes_no_slot);
    TEST_ON_ALL(c, not_after_ends_a_session_without_a_slot);
    TEST_ON_ALL(c, a_reaped_slots_session_is_over);
    TEST_ON_ALL(c, outcomes_outlive_the_handles);
    return c;
}
