/* test_items.c - release, ack, fail: what an owner does, proven by its token (I4). */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

static const allot_answer *report_items(member *m, allot_op_kind kind, const allot_item *items, uint32_t count)
{
    allot_op op = member_op(m, kind);
    op.u.items = (allot_op_items){.count = count, .items = items};
    return member_call(m, &op);
}

static const allot_op_kind reports[] = {ALLOT_OP_RELEASE, ALLOT_OP_ACK, ALLOT_OP_FAIL};

static void expect_one_refused(const allot_answer *a)
{
    EXPECT_OK(a);
    ck_assert_uint_eq(a->outcome.count, 0);
    ck_assert_uint_eq(a->outcome.skipped, 1);
    ck_assert_uint_eq(a->outcome.refused[0], 1);
}

START_TEST(a_report_needs_slot_token_and_id)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item good;
    ck_assert(find_item(&a, "x", &good));
    for (size_t i = 0; i < 3; i++) {
        allot_item item = good;
        expect_one_refused(report_items(&b, reports[i], &item, 1)); /* another slot */
        item.token--;
        expect_one_refused(report_items(&a, reports[i], &item, 1)); /* an older token */
        item.token += 2;
        expect_one_refused(report_items(&a, reports[i], &item, 1)); /* a token not issued yet */
        item = good;
        item.position = 2;
        expect_one_refused(report_items(&a, reports[i], &item, 1)); /* no id is there */
        item = good;
        item.segment += 1000;
        expect_one_refused(report_items(&a, reports[i], &item, 1)); /* no such segment */
    }
    ck_assert_str_eq(share_text(&a), "x y");
    world_close(w);
}
END_TEST

START_TEST(an_old_token_stays_worthless_when_the_id_comes_back)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item whole;
    ck_assert(find_item(&a, "x", &whole));
    allot_item one = whole;
    whole.position = ALLOT_ALL;
    whole.id = (allot_bytes){NULL, 0};
    ck_assert_uint_eq(EXPECT_OK(report_items(&a, ALLOT_OP_RELEASE, &whole, 1))->outcome.count, 2);
    EXPECT_OK(grant(&a, &a, NULL)); /* the same segment, to the same slot, under a new token */
    for (size_t i = 0; i < 3; i++)
        expect_one_refused(report_items(&a, reports[i], &one, 1));
    expect_one_refused(report_items(&a, ALLOT_OP_RELEASE, &whole, 1));
    ck_assert_str_eq(share_text(&a), "x y");
    world_close(w);
}
END_TEST

START_TEST(an_id_is_acked_once)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item item;
    ck_assert(find_item(&a, "x", &item));
    uint64_t rev = read_slot(w, &a)->share_rev;
    allot_item twice[2] = {item, item};
    const allot_answer *acked = EXPECT_OK(report_items(&a, ALLOT_OP_ACK, twice, 2));
    ck_assert_uint_eq(acked->outcome.count, 1);
    ck_assert_uint_eq(acked->outcome.skipped, 1);
    ck_assert_uint_eq(acked->outcome.refused[0], 2);
    ck_assert_uint_eq(read_slot(w, &a)->share_rev, rev); /* the owner knows */
    for (size_t i = 0; i < 3; i++)
        expect_one_refused(report_items(&a, reports[i], &item, 1));
    ck_assert_ptr_null(read_id(w, "x"));
    ck_assert_uint_eq(read_view(w)->view->total, 1);
    ck_assert_uint_eq(read_view(w)->view->placed, 1);
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "y"));
    ck_assert_uint_eq(read_slot(w, &a)->segments, 0);             /* all bits set: the segment is gone */
    ck_assert_uint_eq(EXPECT_OK(add(&a, "x"))->outcome.count, 1); /* and may be added anew */
    world_close(w);
}
END_TEST

START_TEST(a_release_writes_anew_by_position)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c d"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(add(&a, "z"));
    uint64_t rev = read_slot(w, &a)->share_rev;
    uint64_t inbox_rev = read_view(w)->view->inbox_rev;
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "d b"))->outcome.count, 2);
    ck_assert_str_eq(inbox_text(w), "z b d");
    ck_assert_str_eq(share_text(&a), "a c");
    ck_assert_uint_gt(read_slot(w, &a)->share_rev, rev);
    ck_assert_uint_gt(read_view(w)->view->inbox_rev, inbox_rev);
    world_close(w);
}
END_TEST

START_TEST(a_whole_release_keeps_the_number)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "b"));
    allot_item item;
    ck_assert(find_item(&a, "a", &item));
    allot_item whole = {.segment = item.segment, .token = item.token, .position = ALLOT_ALL};
    ck_assert_uint_eq(EXPECT_OK(report_items(&a, ALLOT_OP_RELEASE, &whole, 1))->outcome.count, 2);
    ck_assert_str_eq(inbox_text(w), "a c");
    allot_part part;
    ck_assert(find_part(w, "c", &part));
    ck_assert_uint_eq(part.segment, item.segment);
    ck_assert_uint_eq(read_slot(w, &a)->segments, 0);
    world_close(w);
}
END_TEST

START_TEST(a_whole_ack_is_malformed)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, NULL));
    allot_item item;
    ck_assert(find_item(&a, "x", &item));
    item.position = ALLOT_ALL;
    EXPECT_REFUSED(report_items(&a, ALLOT_OP_ACK, &item, 1), ALLOT_REFUSED_INVALID);
    EXPECT_REFUSED(report_items(&a, ALLOT_OP_FAIL, &item, 1), ALLOT_REFUSED_INVALID);
    ck_assert_str_eq(share_text(&a), "x");
    world_close(w);
}
END_TEST

START_TEST(a_failed_id_is_parked_until_it_is_due)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    EXPECT_OK(grant(&a, &a, NULL));
    ck_assert_uint_eq(EXPECT_OK(report(&a, ALLOT_OP_FAIL, "x"))->outcome.count, 1);
    const allot_pool_id *x = read_id(w, "x");
    ck_assert_int_eq(x->place, ALLOT_PLACE_PARKED);
    ck_assert_uint_eq(x->attempts, 1);
    ck_assert(x->reason.len == 3 && x->reason.data[0] == 'w');
    ck_assert(x->due_in_us > 0 && x->due_in_us <= SECOND_US / 2);
    ck_assert_str_eq(share_text(&a), "y");
    ck_assert_uint_eq(EXPECT_OK(unpark(&a, ""))->outcome.count, 0); /* not yet due */
    world_advance(w, SECOND_US / 2);
    ck_assert_int_le(read_view(w)->view->next_due_us, 0);
    ck_assert_uint_eq(EXPECT_OK(unpark(&a, ""))->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "x");
    ck_assert_uint_eq(read_id(w, "x")->attempts, 1); /* attempts stay */
    world_close(w);
}
END_TEST

START_TEST(an_id_that_fails_too_often_is_parked_for_good)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x"));
    for (int i = 0; i < 2; i++) { /* report() says: at most 2 attempts */
        EXPECT_OK(grant(&a, &a, NULL));
        EXPECT_OK(report(&a, ALLOT_OP_FAIL, "x"));
        world_advance(w, SECOND_US / 2);
        EXPECT_OK(beat(&a));
        EXPECT_OK(unpark(&a, ""));
    }
    ck_assert_str_eq(parked_text(w), "x");
    ck_assert_int_eq(read_id(w, "x")->due_in_us, INT64_MAX);
    ck_assert_int_eq(read_view(w)->view->next_due_us, INT64_MAX);
    member o = outsider_new(w, 2);
    const allot_answer *put_back = EXPECT_OK(unpark(&o, "x y")); /* by an operator */
    ck_assert_uint_eq(put_back->outcome.count, 1);
    ck_assert_uint_eq(put_back->outcome.skipped, 1);
    ck_assert_str_eq(inbox_text(w), "x");
    ck_assert_uint_eq(read_id(w, "x")->attempts, 0); /* attempts forgotten */
    world_close(w);
}
END_TEST

START_TEST(unparked_ids_come_in_the_order_of_their_dues)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "p q r"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "q"));
    world_advance(w, 1000);
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "p"));
    world_advance(w, 1000);
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "r"));
    world_advance(w, SECOND_US / 2);
    uint64_t inbox_rev = read_view(w)->view->inbox_rev;
    ck_assert_uint_eq(EXPECT_OK(unpark(&a, ""))->outcome.count, 3);
    ck_assert_str_eq(inbox_text(w), "q p r");
    ck_assert_uint_gt(read_view(w)->view->inbox_rev, inbox_rev);
    world_close(w);
}
END_TEST

START_TEST(an_ack_forgets_the_fails)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "x"));
    world_advance(w, SECOND_US / 2);
    EXPECT_OK(unpark(&a, ""));
    EXPECT_OK(grant(&a, &a, NULL));
    EXPECT_OK(report(&a, ALLOT_OP_ACK, "x"));
    EXPECT_OK(add(&a, "x"));
    ck_assert_uint_eq(read_id(w, "x")->attempts, 0);
    world_close(w);
}
END_TEST

TCase *items_case(void)
{
    TCase *c = tcase_create("items");
    TEST_ON_ALL(c, a_report_needs_slot_token_and_id);
    TEST_ON_ALL(c, an_old_token_stays_worthless_when_the_id_comes_back);
    TEST_ON_ALL(c, an_id_is_acked_once);
    TEST_ON_ALL(c, a_release_writes_anew_by_position);
    TEST_ON_ALL(c, a_whole_release_keeps_the_number);
    TEST_ON_ALL(c, a_whole_ack_is_malformed);
    TEST_ON_ALL(c, a_failed_id_is_parked_until_it_is_due);
    TEST_ON_ALL(c, an_id_that_fails_too_often_is_parked_for_good);
    TEST_ON_ALL(c, unparked_ids_come_in_the_order_of_their_dues);
    TEST_ON_ALL(c, an_ack_forgets_the_fails);
    return c;
}
