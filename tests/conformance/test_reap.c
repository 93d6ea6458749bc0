/* test_reap.c - a dead slot's ids go back to the inbox (reap), and what it was at work on counts an attempt. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <stdio.h>
#include <string.h>

/* Lets everybody's lease run out but the leader's. */
static void expire_others(member *leader)
{
    world_advance(leader->w, leader->w->ttl_us / 2);
    EXPECT_OK(beat(leader));
    world_advance(leader->w, leader->w->ttl_us / 2);
    EXPECT_OK(beat(leader));
}

static void beat_at_work(member *m, const char *ids)
{
    allot_bytes words[8];
    allot_ref refs[8];
    uint32_t count = split_text(ids, words, 8);
    for (uint32_t i = 0; i < count; i++) {
        allot_item item;
        char id[ALLOT_ID_BYTES_MAX + 1] = {0};
        memcpy(id, words[i].data, words[i].len);
        ck_assert(find_item(m, id, &item));
        refs[i] = (allot_ref){item.segment, item.position};
    }
    allot_op op = member_op(m, ALLOT_OP_BEAT);
    op.u.beat.working_count = count;
    op.u.beat.working = refs;
    EXPECT_OK(member_call(m, &op));
}

START_TEST(the_living_are_not_reaped)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    member nobody = member_new(w, 2);
    EXPECT_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_LIVE);
    EXPECT_REFUSED(reap(&a, &a, 0), ALLOT_REFUSED_LIVE);
    EXPECT_REFUSED(reap(&a, &nobody, 0), ALLOT_REFUSED_GONE);
    world_close(w);
}
END_TEST

START_TEST(an_expired_slot_is_reaped)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "p q r"));
    EXPECT_OK(grant(&a, &b, NULL));
    EXPECT_OK(add(&a, "s"));
    EXPECT_OK(recall(&a, &b, "q"));
    expire_others(&a);
    uint64_t inbox_rev = read_view(w)->view->inbox_rev;
    const allot_answer *reaped = EXPECT_OK(reap(&a, &b, 0));
    ck_assert_uint_eq(reaped->outcome.count, 3);
    ck_assert_uint_eq(reaped->outcome.more, 0);
    ck_assert_str_eq(inbox_text(w), "s p q r"); /* at the end, recalls cleared */
    ck_assert_uint_gt(read_view(w)->view->inbox_rev, inbox_rev);
    ck_assert_ptr_null(read_slot(w, &b));
    ck_assert_uint_eq(read_id(w, "p")->token, 0);
    EXPECT_REFUSED(beat(&b), ALLOT_REFUSED_GONE);
    EXPECT_REFUSED(reap(&a, &b, 0), ALLOT_REFUSED_GONE);
    world_close(w);
}
END_TEST

START_TEST(a_reap_without_ids_removes_the_slot)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(leave(&b));
    ck_assert_uint_eq(EXPECT_OK(reap(&a, &b, 0))->outcome.count, 0);
    ck_assert_ptr_null(read_slot(w, &b));
    ck_assert_uint_eq(read_view(w)->view->slots, 1);
    world_close(w);
}
END_TEST

START_TEST(what_was_at_work_counts_an_attempt)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "p q r"));
    for (uint32_t round = 1; round <= 2; round++) {
        member b = member_joined(w, 2);
        EXPECT_OK(grant(&a, &b, NULL));
        beat_at_work(&b, "r p p");
        EXPECT_OK(report(&b, ALLOT_OP_RELEASE, "r")); /* not owned any more: no attempt */
        expire_others(&a);
        EXPECT_OK(reap(&a, &b, 2));
        ck_assert_uint_eq(read_id(w, "p")->attempts, round);
        ck_assert_uint_eq(read_id(w, "q")->attempts, 0);
        ck_assert_uint_eq(read_id(w, "r")->attempts, 0);
        ck_assert_uint_gt(read_id(w, "p")->reason.len, 0);
    }
    ck_assert_str_eq(parked_text(w), "p");
    ck_assert_int_eq(read_id(w, "p")->due_in_us, INT64_MAX);
    world_close(w);
}
END_TEST

START_TEST(only_the_last_beats_work_counts)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "p q"));
    EXPECT_OK(grant(&a, &b, NULL));
    beat_at_work(&b, "p");
    beat_at_work(&b, "q");
    expire_others(&a);
    EXPECT_OK(reap(&a, &b, 1));
    ck_assert_str_eq(parked_text(w), "q");
    ck_assert_str_eq(inbox_text(w), "p");
    world_close(w);
}
END_TEST

START_TEST(who_left_in_order_failed_at_nothing)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "p"));
    EXPECT_OK(grant(&a, &b, NULL));
    beat_at_work(&b, "p");
    EXPECT_OK(leave(&b));
    EXPECT_OK(reap(&a, &b, 1));
    ck_assert_str_eq(inbox_text(w), "p");
    ck_assert_uint_eq(read_id(w, "p")->attempts, 0);
    world_close(w);
}
END_TEST

/* ---- A share of more segments than one reap moves --------------------------------------------------------------- */

enum { MANY = ALLOT_OP_ITEMS_MAX + 8 };

static void add_many_segments(member *m)
{
    for (uint32_t i = 0; i < MANY; i++) {
        char text[16];
        snprintf(text, sizeof(text), "id-%04u", i);
        ck_assert_uint_eq(EXPECT_OK(add(m, text))->outcome.count, 1);
        driver_forget(m->handle);
    }
}

static void grant_page(member *leader, const member *to)
{
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    allot_grant grants[ALLOT_OP_ITEMS_MAX];
    allot_op op = member_op(leader, ALLOT_OP_READ_INBOX);
    op.u.read.limit = ALLOT_OP_ITEMS_MAX;
    const allot_answer *inbox = EXPECT_OK(member_call(leader, &op));
    for (uint32_t i = 0; i < inbox->segment_count; i++) {
        parts[i] = (allot_part){.segment = inbox->segments[i].segment, .position = ALLOT_ALL};
        grants[i] = (allot_grant){.part_count = 1, .parts = &parts[i]};
    }
    op = member_op(leader, ALLOT_OP_ASSIGN);
    op.u.assign =
        (allot_op_assign){.slot_count = 1, .slots = &to->slot, .grant_count = inbox->segment_count, .grants = grants};
    EXPECT_OK(member_call(leader, &op));
}

START_TEST(a_later_leader_goes_on_with_a_reap)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    add_many_segments(&a);
    grant_page(&a, &b);
    grant_page(&a, &b);
    ck_assert_uint_eq(read_slot(w, &b)->segments, MANY);
    expire_others(&a);
    const allot_answer *first = EXPECT_OK(reap(&a, &b, 0));
    uint64_t moved = first->outcome.count; /* a step is bounded; how far it goes is the backend's */
    ck_assert_uint_ge(moved, 1);
    ck_assert_uint_le(moved, ALLOT_OP_ITEMS_MAX);
    ck_assert_uint_eq(first->outcome.more, MANY - moved);
    ck_assert_int_eq(read_slot(w, &b)->state, ALLOT_SLOT_DEAD);
    EXPECT_REFUSED(beat(&b), ALLOT_REFUSED_DEAD); /* dead for good */
    allot_item item = {.segment = 1, .token = 1};
    allot_op op = member_op(&b, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = 1, .items = &item};
    EXPECT_REFUSED(member_call(&b, &op), ALLOT_REFUSED_DEAD);
    EXPECT_OK(resign(&a));
    member c = member_leader(w, 3);
    uint64_t left = MANY - moved;
    while (left > 0) {
        const allot_answer *next = EXPECT_OK(reap(&c, &b, 0));
        ck_assert_uint_ge(next->outcome.count, 1);
        ck_assert_uint_le(next->outcome.count, ALLOT_OP_ITEMS_MAX);
        left -= next->outcome.count;
        ck_assert_uint_eq(next->outcome.more, left);
    }
    ck_assert_ptr_null(read_slot(w, &b));
    ck_assert_uint_eq(read_view(w)->view->inbox, MANY);
    world_close(w);
}
END_TEST

TCase *reap_case(void)
{
    TCase *c = tcase_create("reap");
    TEST_ON_ALL(c, the_living_are_not_reaped);
    TEST_ON_ALL(c, an_expired_slot_is_reaped);
    TEST_ON_ALL(c, a_reap_without_ids_removes_the_slot);
    TEST_ON_ALL(c, what_was_at_work_counts_an_attempt);
    TEST_ON_ALL(c, only_the_last_beats_work_counts);
    TEST_ON_ALL(c, who_left_in_order_failed_at_nothing);
    TEST_ON_ALL(c, a_later_leader_goes_on_with_a_reap);
    return c;
}
