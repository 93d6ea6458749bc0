/* test_pool.c - add and clean; ids and payloads as they were given (I2, I5). */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <stdlib.h>
#include <string.h>

static const allot_answer *add_new(member *m, const allot_new_id *ids, uint32_t count)
{
    allot_op op = member_op(m, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = count, .ids = ids, .fresh_life = world_uuid(m->w)};
    return member_call(m, &op);
}

START_TEST(added_ids_lie_in_the_inbox_in_order)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    member o = outsider_new(w, 2);
    ck_assert_uint_eq(EXPECT_OK(add(&a, "c a b"))->outcome.count, 3);
    uint64_t rev = read_view(w)->view->inbox_rev;
    ck_assert_uint_eq(EXPECT_OK(add(&o, "e d"))->outcome.count, 2);
    ck_assert_uint_gt(read_view(w)->view->inbox_rev, rev);
    ck_assert_str_eq(inbox_text(w), "c a b e d");
    ck_assert_uint_eq(read_view(w)->view->total, 5);
    ck_assert_uint_eq(read_view(w)->view->inbox, 5);
    world_close(w);
}
END_TEST

START_TEST(ids_in_the_pool_are_counted_and_left_alone)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "a b c"));
    EXPECT_OK(grant(&a, &a, "b c"));
    EXPECT_OK(report(&a, ALLOT_OP_FAIL, "c"));
    const allot_answer *added = EXPECT_OK(add(&a, "a d b d c"));
    ck_assert_uint_eq(added->outcome.count, 1);
    ck_assert_uint_eq(added->outcome.skipped, 4);
    ck_assert_str_eq(inbox_text(w), "a d");
    ck_assert_str_eq(share_text(&a), "b");
    ck_assert_str_eq(parked_text(w), "c");
    uint64_t rev = read_view(w)->view->inbox_rev;
    added = EXPECT_OK(add(&a, "a b c d"));
    ck_assert_uint_eq(added->outcome.count, 0);
    ck_assert_uint_eq(added->outcome.skipped, 4);
    ck_assert_uint_eq(read_view(w)->view->inbox_rev, rev);
    world_close(w);
}
END_TEST

START_TEST(ids_are_kept_as_they_are)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    char longest[ALLOT_ID_BYTES_MAX + 1];
    memset(longest, 'x', ALLOT_ID_BYTES_MAX);
    longest[ALLOT_ID_BYTES_MAX] = '\0';
    static const char *const odd[] = {"a b", "\"quoted\\\"", "%s%n", "-", "ümläut", "日本語", "😀", "a,b;c=d", "{}[]|~"};
    enum { ODD = sizeof(odd) / sizeof(odd[0]) };
    allot_new_id ids[ODD + 1];
    for (size_t i = 0; i < ODD; i++)
        ids[i] = (allot_new_id){.id = {odd[i], (uint32_t)strlen(odd[i])}};
    ids[ODD] = (allot_new_id){.id = {longest, ALLOT_ID_BYTES_MAX}};
    ck_assert_uint_eq(EXPECT_OK(add_new(&a, ids, ODD + 1))->outcome.count, ODD + 1);
    EXPECT_OK(grant(&a, &a, NULL));
    for (size_t i = 0; i < ODD; i++) {
        allot_item item;
        ck_assert_msg(find_item(&a, odd[i], &item), "%s is not there", odd[i]);
    }
    ck_assert_ptr_nonnull(read_id(w, longest));
    world_close(w);
}
END_TEST

static void expect_payload(world *w, const char *id, const char *data, uint32_t len)
{
    const allot_pool_id *found = read_id(w, id);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(found->payload.len, len);
    if (len > 0)
        ck_assert_mem_eq(found->payload.data, data, len);
}

START_TEST(payloads_go_where_their_ids_go)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    char *large = malloc(ALLOT_PAYLOAD_BYTES_MAX);
    ck_assert_ptr_nonnull(large);
    for (uint32_t i = 0; i < ALLOT_PAYLOAD_BYTES_MAX; i++)
        large[i] = (char)(i * 7 + i / 251); /* bytes of every value, NUL and newline among them */
    allot_new_id ids[3] = {{.id = {"large", 5}, .payload = {large, ALLOT_PAYLOAD_BYTES_MAX}},
                           {.id = {"none", 4}},
                           {.id = {"small", 5}, .payload = {"\0\n", 2}}};
    EXPECT_OK(add_new(&a, ids, 3));
    for (int step = 0; step < 4; step++) {
        expect_payload(w, "large", large, ALLOT_PAYLOAD_BYTES_MAX);
        expect_payload(w, "none", "", 0);
        expect_payload(w, "small", "\0\n", 2);
        if (step == 0)
            EXPECT_OK(grant(&a, &a, "small large")); /* written anew */
        else if (step == 1)
            EXPECT_OK(report(&a, ALLOT_OP_RELEASE, "large"));
        else if (step == 2)
            EXPECT_OK(report(&a, ALLOT_OP_FAIL, "small")); /* parked */
    }
    free(large);
    world_close(w);
}
END_TEST

START_TEST(an_op_is_done_whole_or_not_at_all)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    allot_new_id ids[3] = {{.id = {"a", 1}}, {.id = {"", 0}}, {.id = {"c", 1}}};
    EXPECT_REFUSED(add_new(&a, ids, 3), ALLOT_REFUSED_INVALID);
    ck_assert_uint_eq(read_view(w)->view->total, 0);
    world_close(w);
}
END_TEST

START_TEST(an_op_takes_512_ids)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    char text[ALLOT_OP_ITEMS_MAX + 1][4];
    allot_new_id ids[ALLOT_OP_ITEMS_MAX + 1];
    for (uint32_t i = 0; i <= ALLOT_OP_ITEMS_MAX; i++) {
        text[i][0] = (char)('a' + i / 100), text[i][1] = (char)('0' + i / 10 % 10), text[i][2] = (char)('0' + i % 10);
        ids[i] = (allot_new_id){.id = {text[i], 3}};
    }
    EXPECT_REFUSED(add_new(&a, ids, ALLOT_OP_ITEMS_MAX + 1), ALLOT_REFUSED_LIMIT);
    ck_assert_uint_eq(EXPECT_OK(add_new(&a, ids, ALLOT_OP_ITEMS_MAX))->outcome.count, ALLOT_OP_ITEMS_MAX);
    ck_assert_uint_eq(EXPECT_OK(grant(&a, &a, NULL))->outcome.count, ALLOT_OP_ITEMS_MAX);
    ck_assert_uint_eq(read_view(w)->view->placed, ALLOT_OP_ITEMS_MAX);
    world_close(w);
}
END_TEST

START_TEST(clean_empties_the_pool)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "p q r s"));
    EXPECT_OK(grant(&a, &b, "q r"));
    EXPECT_OK(report(&b, ALLOT_OP_FAIL, "r"));
    uint64_t owner_rev = read_slot(w, &b)->share_rev;
    uint64_t other_rev = read_slot(w, &a)->share_rev;
    allot_item old;
    ck_assert(find_item(&b, "q", &old));
    member o = outsider_new(w, 3);
    ck_assert_uint_eq(EXPECT_OK(clean(&o))->outcome.count, 4);
    const allot_view *v = read_view(w)->view;
    ck_assert(v->total == 0 && v->inbox == 0 && v->placed == 0 && v->parked == 0);
    ck_assert_str_eq(share_text(&b), "");
    ck_assert_str_eq(inbox_text(w), "");
    ck_assert_str_eq(parked_text(w), "");
    ck_assert_uint_gt(read_slot(w, &b)->share_rev, owner_rev);
    ck_assert_uint_gt(read_slot(w, &a)->share_rev, other_rev);
    ck_assert_uint_eq(EXPECT_OK(add(&a, "r q"))->outcome.count, 2);
    ck_assert_uint_eq(read_id(w, "r")->attempts, 0);
    EXPECT_OK(grant(&a, &b, NULL));
    allot_op op = member_op(&b, ALLOT_OP_ACK); /* the id is back under its name, not under its old token */
    op.u.items = (allot_op_items){.count = 1, .items = &old};
    ck_assert_uint_eq(EXPECT_OK(member_call(&b, &op))->outcome.count, 0);
    ck_assert_str_eq(share_text(&b), "r q");
    world_close(w);
}
END_TEST

TCase *pool_case(void)
{
    TCase *c = tcase_create("pool");
    TEST_ON_ALL(c, added_ids_lie_in_the_inbox_in_order);
    TEST_ON_ALL(c, ids_in_the_pool_are_counted_and_left_alone);
    TEST_ON_ALL(c, ids_are_kept_as_they_are);
    TEST_ON_ALL(c, payloads_go_where_their_ids_go);
    TEST_ON_ALL(c, an_op_is_done_whole_or_not_at_all);
    TEST_ON_ALL(c, an_op_takes_512_ids);
    TEST_ON_ALL(c, clean_empties_the_pool);
    return c;
}
