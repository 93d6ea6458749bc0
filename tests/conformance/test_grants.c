/* test_grants.c - assign and recall: how ids get into a share, and how they are asked back. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

static const allot_answer *assign_parts(member *leader, const member *to, const allot_part *parts, uint32_t count)
{
    allot_grant one = {.part_count = count, .parts = parts};
    allot_op op = member_op(leader, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &to->slot, .grant_count = 1, .grants = &one};
    return member_call(leader, &op);
}

static const allot_answer *recall_parts(member *leader, const member *from, const allot_part *parts, uint32_t count)
{
    allot_op op = member_op(leader, ALLOT_OP_RECALL);
    op.u.recall = (allot_op_recall){.target = from->slot, .part_count = count, .parts = parts};
    return member_call(leader, &op);
}

static uint64_t segment_of(world *w, const char *id)
{
    allot_part part;
    ck_assert_msg(find_part(w, id, &part), "%s is not in the inbox", id);
    return part.segment;
}

START_TEST(a_whole_segment_goes_by_its_number)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y z"));
    uint64_t segment = segment_of(w, "x");
    uint64_t token = read_view(w)->view->token;
    uint64_t rev = read_slot(w, &a)->share_rev;
    ck_assert_uint_eq(EXPECT_OK(grant(&a, &a, NULL))->outcome.count, 3);
    allot_item item;
    ck_assert(find_item(&a, "y", &item));
    ck_assert_uint_eq(item.segment, segment);
    ck_assert_uint_eq(item.position, 1);
    ck_assert_uint_gt(item.token, token);
    ck_assert_uint_eq(item.token, read_view(w)->view->token);
    ck_assert_uint_eq(item.token, read_id(w, "z")->token);
    ck_assert_uint_gt(read_slot(w, &a)->share_rev, rev);
    ck_assert_str_eq(inbox_text(w), "");
    ck_assert_str_eq(share_text(&a), "x y z");
    world_close(w);
}
END_TEST

START_TEST(parts_are_written_anew_in_their_order)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(add(&a, "d e f"));
    ck_assert_uint_eq(EXPECT_OK(grant(&a, &a, "e c a"))->outcome.count, 3);
    ck_assert_str_eq(share_text(&a), "e c a");
    ck_assert_str_eq(inbox_text(w), "b d f");
    ck_assert_uint_eq(read_slot(w, &a)->segments, 1);
    ck_assert_uint_eq(read_view(w)->view->inbox, 3);
    ck_assert_uint_eq(read_view(w)->view->placed, 3);
    world_close(w);
}
END_TEST

START_TEST(take_names_the_first_ids_left)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c d e"));
    EXPECT_OK(grant(&a, &a, "b"));
    allot_part part = {.segment = segment_of(w, "a"), .position = ALLOT_ALL, .take = 3};
    ck_assert_uint_eq(EXPECT_OK(assign_parts(&a, &a, &part, 1))->outcome.count, 3);
    ck_assert_str_eq(share_text(&a), "b a c d");
    part.take = 5; /* more than is left */
    const allot_answer *rest = EXPECT_OK(assign_parts(&a, &a, &part, 1));
    ck_assert_uint_eq(rest->outcome.count, 1);
    ck_assert_uint_eq(rest->outcome.skipped, 4);
    ck_assert_str_eq(share_text(&a), "b a c d e");
    ck_assert_uint_eq(read_view(w)->view->inbox, 0);
    world_close(w);
}
END_TEST

START_TEST(several_parts_make_one_segment)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b"));
    EXPECT_OK(add(&a, "c d"));
    EXPECT_OK(add(&a, "e f"));
    allot_part parts[3] = {
        {.segment = segment_of(w, "c"), .position = ALLOT_ALL},
        {.segment = segment_of(w, "f"), .position = 1},
        {.segment = segment_of(w, "a"), .position = ALLOT_ALL, .take = 1},
    };
    ck_assert_uint_eq(EXPECT_OK(assign_parts(&a, &a, parts, 3))->outcome.count, 4);
    ck_assert_str_eq(share_text(&a), "c d f a");
    ck_assert_str_eq(inbox_text(w), "b e");
    world_close(w);
}
END_TEST

START_TEST(what_is_not_in_the_inbox_is_skipped)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "a b c"));
    uint64_t segment = segment_of(w, "a");
    EXPECT_OK(grant(&a, &b, "b"));
    allot_part parts[3] = {
        {.segment = segment, .position = 0}, {.segment = segment, .position = 1}, {.segment = segment, .position = 2}};
    const allot_answer *granted = EXPECT_OK(assign_parts(&a, &a, parts, 3));
    ck_assert_uint_eq(granted->outcome.count, 2);
    ck_assert_uint_eq(granted->outcome.skipped, 1);
    ck_assert_str_eq(share_text(&a), "a c");
    uint64_t token = read_view(w)->view->token;
    granted = EXPECT_OK(assign_parts(&a, &a, parts, 3)); /* the segment is gone */
    ck_assert_uint_eq(granted->outcome.count, 0);
    ck_assert_uint_eq(granted->outcome.skipped, 3);
    ck_assert_uint_eq(read_view(w)->view->token, token); /* a grant that moves nothing takes no token */
    allot_item item;
    ck_assert(find_item(&b, "b", &item));
    allot_part owned = {.segment = item.segment, .position = ALLOT_ALL};
    ck_assert_uint_eq(EXPECT_OK(assign_parts(&a, &a, &owned, 1))->outcome.count, 0); /* never out of a share */
    ck_assert_str_eq(share_text(&b), "b");
    world_close(w);
}
END_TEST

START_TEST(each_grant_has_a_token_of_its_own)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "a b c"));
    uint64_t segment = segment_of(w, "a");
    allot_part parts[3] = {
        {.segment = segment, .position = 0}, {.segment = segment, .position = 1}, {.segment = segment, .position = 2}};
    allot_uuid slots[2] = {a.slot, b.slot};
    allot_grant grants[3] = {{.slot_index = 1, .part_count = 1, .parts = &parts[0]},
                             {.slot_index = 0, .part_count = 1, .parts = &parts[1]},
                             {.slot_index = 1, .part_count = 1, .parts = &parts[2]}};
    allot_op op = member_op(&a, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){.slot_count = 2, .slots = slots, .grant_count = 3, .grants = grants};
    EXPECT_OK(member_call(&a, &op));
    ck_assert_str_eq(share_text(&a), "b");
    ck_assert_str_eq(share_text(&b), "a c");
    uint64_t first = read_id(w, "a")->token, second = read_id(w, "b")->token, third = read_id(w, "c")->token;
    ck_assert(0 < first && first < second && second < third);
    world_close(w);
}
END_TEST

START_TEST(a_slot_that_may_not_own_is_skipped)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member expired = member_joined(w, 2);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&a));
    member left = member_joined(w, 3);
    EXPECT_OK(leave(&left));
    member nobody = member_new(w, 2);
    EXPECT_OK(add(&a, "x y"));
    const member *all[] = {&expired, &left, &nobody};
    for (size_t i = 0; i < 3; i++) {
        const allot_answer *granted = EXPECT_OK(grant(&a, all[i], NULL));
        ck_assert_uint_eq(granted->outcome.count, 0);
        ck_assert_uint_eq(granted->outcome.skipped, 2);
    }
    ck_assert_str_eq(inbox_text(w), "x y");
    world_close(w);
}
END_TEST

START_TEST(a_grant_again_after_a_release_has_a_larger_token)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    uint64_t token = 0;
    EXPECT_OK(add(&a, "x"));
    for (int i = 0; i < 4; i++) {
        EXPECT_OK(grant(&a, &a, i % 2 ? "x" : NULL));
        ck_assert_uint_gt(read_id(w, "x")->token, token);
        token = read_id(w, "x")->token;
        EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "x"));
    }
    world_close(w);
}
END_TEST

/* ---- Recall ----------------------------------------------------------------------------------------------------- */

START_TEST(recall_marks_and_takes_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &b, NULL));
    uint64_t rev = read_slot(w, &b)->share_rev;
    uint64_t token = read_id(w, "y")->token;
    ck_assert_uint_eq(EXPECT_OK(recall(&a, &b, "y"))->outcome.count, 1);
    ck_assert_str_eq(share_text(&b), "x y! z");
    ck_assert_uint_eq(read_slot(w, &b)->recalls, 1);
    ck_assert_uint_eq(read_slot(w, &b)->ids, 3);
    ck_assert_uint_gt(read_slot(w, &b)->share_rev, rev);
    ck_assert(read_id(w, "y")->recalled && !read_id(w, "x")->recalled);
    ck_assert_uint_eq(read_id(w, "y")->token, token);
    rev = read_slot(w, &b)->share_rev;
    ck_assert_uint_eq(EXPECT_OK(recall(&a, &b, "y"))->outcome.count, 0);
    ck_assert_uint_eq(read_slot(w, &b)->share_rev, rev); /* no new mark, no new revision */
    world_close(w);
}
END_TEST

START_TEST(recall_of_some_takes_the_last_ones)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c d e"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "e"));
    allot_item item;
    ck_assert(find_item(&a, "a", &item));
    allot_part part = {.segment = item.segment, .position = ALLOT_ALL, .take = 2};
    ck_assert_uint_eq(EXPECT_OK(recall_parts(&a, &a, &part, 1))->outcome.count, 2);
    ck_assert_str_eq(share_text(&a), "a b c! d!");
    part.take = 1;
    ck_assert_uint_eq(EXPECT_OK(recall_parts(&a, &a, &part, 1))->outcome.count, 1);
    ck_assert_str_eq(share_text(&a), "a b! c! d!");
    part.take = 0;
    ck_assert_uint_eq(EXPECT_OK(recall_parts(&a, &a, &part, 1))->outcome.count, 1);
    ck_assert_str_eq(share_text(&a), "a! b! c! d!");
    world_close(w);
}
END_TEST

START_TEST(recall_of_what_is_not_there_is_counted)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, "x"));
    allot_part part;
    ck_assert(find_owned_part(&a, "x", &part));
    const allot_answer *recalled = EXPECT_OK(recall_parts(&a, &b, &part, 1));
    ck_assert_uint_eq(recalled->outcome.count, 0);
    ck_assert_uint_eq(recalled->outcome.skipped, 1);
    ck_assert_str_eq(share_text(&a), "x");
    member nobody = member_new(w, 2);
    EXPECT_REFUSED(recall_parts(&a, &nobody, &part, 1), ALLOT_REFUSED_GONE);
    EXPECT_OK(leave(&b));
    EXPECT_REFUSED(recall_parts(&a, &b, &part, 1), ALLOT_REFUSED_DEAD);
    world_close(w);
}
END_TEST

START_TEST(a_recall_ends_with_the_ownership)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(recall(&a, &a, "x y z"));
    EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "y"));
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "z"));
    ck_assert_uint_eq(read_slot(w, &a)->recalls, 1);
    allot_item item;
    ck_assert(find_item(&a, "x", &item));
    item.position = ALLOT_ALL;
    item.id = (allot_bytes){NULL, 0};
    allot_op op = member_op(&a, ALLOT_OP_RELEASE);
    op.u.items = (allot_op_items){.count = 1, .items = &item};
    EXPECT_OK(member_call(&a, &op));
    EXPECT_OK(grant(&a, &a, NULL));
    ck_assert_str_eq(share_text(&a), "x y");
    ck_assert_uint_eq(read_slot(w, &a)->recalls, 0);
    world_close(w);
}
END_TEST

TCase *grants_case(void)
{
    TCase *c = tcase_create("grants");
    TEST_ON_ALL(c, a_whole_segment_goes_by_its_number);
    TEST_ON_ALL(c, parts_are_written_anew_in_their_order);
    TEST_ON_ALL(c, take_names_the_first_ids_left);
    TEST_ON_ALL(c, several_parts_make_one_segment);
    TEST_ON_ALL(c, what_is_not_in_the_inbox_is_skipped);
    TEST_ON_ALL(c, each_grant_has_a_token_of_its_own);
    TEST_ON_ALL(c, a_slot_that_may_not_own_is_skipped);
    TEST_ON_ALL(c, a_grant_again_after_a_release_has_a_larger_token);
    TEST_ON_ALL(c, recall_marks_and_takes_nothing);
    TEST_ON_ALL(c, recall_of_some_takes_the_last_ones);
    TEST_ON_ALL(c, recall_of_what_is_not_there_is_counted);
    TEST_ON_ALL(c, a_recall_ends_with_the_ownership);
    return c;
}
