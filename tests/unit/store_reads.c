/* store_reads.c - paged reads: in order, each entry once, whatever the size of a page. */
#include "tests/unit/rig.h"

#include <string.h>

static const allot_answer *read_page(rig *r, allot_op_kind kind, const replica *target, uint32_t limit, uint64_t cursor)
{
    allot_op op = {.kind = kind, .u.read = {.limit = limit, .cursor = cursor}};
    if (target != NULL)
        op.u.read.target = target->slot;
    CHECK_OK(rig_apply(r, &op));
    return &r->answer;
}

/* 7 segments: of a..g, one id each; b, d and f are in p's share. */
static rig *seven_segments(replica *ret_a, replica *ret_p)
{
    rig *r = rig_new();
    *ret_a = rig_leader(r, 1);
    *ret_p = rig_joined(r, 2);
    for (const char *id = "a\0b\0c\0d\0e\0f\0g\0"; *id != '\0'; id += 2)
        CHECK_OK(add(r, id));
    for (const char *id = "f\0b\0d\0"; *id != '\0'; id += 2)
        CHECK_OK(assign_whole(ret_a, ret_p, id));
    return r;
}

/* All segment numbers of inbox or share, in pages of `limit`. */
static uint32_t all_segments(rig *r, allot_op_kind kind, const replica *target, uint32_t limit, uint64_t *numbers)
{
    uint32_t count = 0;
    uint64_t cursor = 0;
    do {
        const allot_answer *a = read_page(r, kind, target, limit, cursor);
        ck_assert_uint_le(a->segment_count, limit);
        for (uint32_t i = 0; i < a->segment_count; i++)
            numbers[count++] = a->segments[i].segment;
        cursor = a->next_cursor;
    } while (cursor != 0);
    return count;
}

START_TEST(inbox_and_share_come_in_order_in_pages_of_any_size)
{
    replica a, p;
    rig *r = seven_segments(&a, &p);
    uint64_t numbers[8];
    CHECK_OK(release_whole(&p, "b")); /* to the end of the inbox */
    for (uint32_t limit = 1; limit <= 9; limit++) {
        static const uint64_t inbox[] = {1, 3, 5, 7, 2};
        ck_assert_uint_eq(all_segments(r, ALLOT_OP_READ_INBOX, NULL, limit, numbers), 5);
        ck_assert_int_eq(memcmp(numbers, inbox, sizeof(inbox)), 0);
        static const uint64_t share[] = {4, 6};
        ck_assert_uint_eq(all_segments(r, ALLOT_OP_READ_SHARE, &p, limit, numbers), 2);
        ck_assert_int_eq(memcmp(numbers, share, sizeof(share)), 0);
    }
    rig_free(r);
}
END_TEST

START_TEST(a_page_goes_on_behind_a_segment_that_is_gone)
{
    replica a, p;
    rig *r = seven_segments(&a, &p);
    const allot_answer *page = read_page(r, ALLOT_OP_READ_SHARE, &p, 2, 0);
    ck_assert_uint_eq(page->segments[1].segment, 4);
    uint64_t cursor = page->next_cursor;
    CHECK_OK(ack(&p, "d"));
    page = read_page(r, ALLOT_OP_READ_SHARE, &p, 2, cursor);
    ck_assert_uint_eq(page->segment_count, 1);
    ck_assert_uint_eq(page->segments[0].segment, 6);
    ck_assert_uint_eq(page->next_cursor, 0);
    page = read_page(r, ALLOT_OP_READ_INBOX, NULL, 2, 0);
    cursor = page->next_cursor;
    CHECK_OK(assign_whole(&a, &a, "c"));
    page = read_page(r, ALLOT_OP_READ_INBOX, NULL, 2, cursor);
    ck_assert_uint_eq(page->segments[0].segment, 5);
    rig_free(r);
}
END_TEST

START_TEST(a_segment_says_what_it_holds)
{
    replica a, p;
    rig *r = seven_segments(&a, &p);
    CHECK_OK(add(r, "h i j"));
    CHECK_OK(assign_whole(&a, &p, "h"));
    CHECK_OK(recall(&a, &p, "h i"));
    CHECK_OK(ack(&p, "i"));
    const allot_answer *page = read_page(r, ALLOT_OP_READ_SHARE, &p, 9, 0);
    ck_assert_uint_eq(page->share_rev, 5);
    const allot_segment_info *last = &page->segments[3];
    ck_assert_uint_eq(last->segment, 8);
    ck_assert_uint_eq(last->live, 2);
    ck_assert_uint_eq(last->recalled, 1);
    ck_assert_uint_eq(last->token, item_of(r, "j").token);
    uint64_t numbers[3] = {8, 99, 1};
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS,
                   .u.read = {.target = p.slot, .segment_count = 3, .segments = numbers}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.body_count, 1); /* 99 is not there, 1 not p's */
    const allot_segment_body *body = &r->answer.bodies[0];
    ck_assert_uint_eq(body->count, 3);
    ck_assert_uint_eq(body->done[0], 2);
    ck_assert_uint_eq(body->recalled[0], 1);
    ck_assert_uint_eq(body->ids[1].id.len, 0);
    ck_assert_int_eq(body->ids[2].id.data[0], 'j');
    op.u.read.target = (allot_uuid){0};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.body_count, 1);
    ck_assert_uint_eq(r->answer.bodies[0].segment, 1);
    rig_free(r);
}
END_TEST

START_TEST(payloads_come_where_asked_for)
{
    rig *r = rig_new();
    uint64_t one = 1;
    CHECK_OK(add_with_payload(r, "x", "load"));
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segment_count = 1, .segments = &one}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.bodies[0].ids[0].payload.len, 0);
    op.u.read.with_payloads = true;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.bodies[0].ids[0].payload.len, 4);
    allot_op pool = {.kind = ALLOT_OP_READ_POOL, .u.read = {.limit = 5}};
    CHECK_OK(rig_apply(r, &pool));
    ck_assert_uint_eq(r->answer.ids[0].payload.len, 0);
    rig_free(r);
}
END_TEST

START_TEST(reads_of_a_slot_that_is_not_there_are_refused)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_READ_SHARE, ALLOT_OP_READ_SEGMENTS, ALLOT_OP_READ_POOL};
    rig *r = rig_new();
    uint64_t one = 1;
    for (size_t i = 0; i < 3; i++) {
        allot_op op = {.kind = kinds[i],
                       .u.read = {.target = rig_uuid(9), .limit = 1, .segment_count = 1, .segments = &one}};
        CHECK_REFUSED(rig_apply(r, &op), ALLOT_REFUSED_GONE);
    }
    rig_free(r);
}
END_TEST

START_TEST(the_roster_comes_by_age_whole_or_what_can_be_reaped)
{
    rig *r = rig_new();
    replica slots[8];
    for (uint64_t n = 1; n <= 8; n++) {
        slots[n - 1] = rig_joined(r, 100 - n); /* ages against the order of UUIDs */
        if (n == 4)
            rig_advance(r, TTL_US / 2);
    }
    CHECK_OK(leave(&slots[5]));
    rig_advance(r, TTL_US / 2); /* the first four are expired */
    for (uint32_t limit = 1; limit <= 9; limit++) {
        uint64_t last = 0;
        uint64_t seen = 0;
        uint64_t cursor = 0;
        do {
            const allot_answer *a = read_page(r, ALLOT_OP_READ_ROSTER, NULL, limit, cursor);
            for (uint32_t i = 0; i < a->slot_count; i++, seen++) {
                ck_assert_uint_eq(a->slots[i].age, last + 1);
                ck_assert_uint_eq(a->slots[i].rank, last + 1);
                last = a->slots[i].age;
            }
            cursor = a->next_cursor;
        } while (cursor != 0);
        ck_assert_uint_eq(seen, 8);
    }
    allot_op op = {.kind = ALLOT_OP_READ_ROSTER, .u.read = {.limit = 4, .reapable_only = true}};
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.slot_count, 4);
    ck_assert_int_le(r->answer.slots[3].expires_in_us, 0);
    op.u.read.cursor = r->answer.next_cursor;
    CHECK_OK(rig_apply(r, &op));
    ck_assert_uint_eq(r->answer.slot_count, 1);
    ck_assert_uint_eq(r->answer.slots[0].rank, 6);
    ck_assert_uint_eq(r->answer.next_cursor, 0);
    rig_free(r);
}
END_TEST

static void collect(rig *r, const replica *target, uint32_t limit, bytes *ret_text)
{
    uint64_t cursor = 0;
    bytes_clear(ret_text);
    do {
        const allot_answer *a = read_page(r, ALLOT_OP_READ_POOL, target, limit, cursor);
        ck_assert_uint_le(a->id_count, limit);
        for (uint32_t i = 0; i < a->id_count; i++)
            ck_assert_int_eq(bytes_printf(ret_text, "%.*s:%d%s ", (int)a->ids[i].id.len, a->ids[i].id.data,
                                          (int)a->ids[i].place, a->ids[i].recalled ? "!" : ""),
                             0);
        cursor = a->next_cursor;
    } while (cursor != 0);
    ck_assert_int_eq(bytes_append(ret_text, "", 1), 0);
}

START_TEST(the_pool_shows_each_id_once_with_its_place)
{
    replica a, p;
    rig *r = seven_segments(&a, &p);
    bytes text = {0};
    CHECK_OK(add(r, "h i j k"));
    CHECK_OK(assign(&a, &p, "i k"));
    CHECK_OK(recall(&a, &p, "k"));
    CHECK_OK(fail_ids(&p, "d", 1, 0));
    CHECK_OK(fail_ids(&p, "b", 0, 5));
    for (uint32_t limit = 1; limit <= 12; limit++) {
        collect(r, NULL, limit, &text);
        ck_assert_str_eq(text.data, "a:1 c:1 e:1 f:2 g:1 h:1 j:1 i:2 k:2! d:3 b:3 ");
        collect(r, &p, limit, &text);
        ck_assert_str_eq(text.data, "f:2 i:2 k:2! ");
    }
    bytes_done(&text);
    rig_free(r);
}
END_TEST

START_TEST(cursors_past_the_end_show_nothing)
{
    static const uint64_t cursors[] = {1u << 20, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 1};
    replica a, p;
    rig *r = seven_segments(&a, &p);
    CHECK_OK(fail_ids(&p, "b", 1, 0));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(read_page(r, ALLOT_OP_READ_INBOX, NULL, 5, cursors[i])->segment_count, 0);
        ck_assert_uint_eq(read_page(r, ALLOT_OP_READ_SHARE, &p, 5, cursors[i])->segment_count, 0);
        ck_assert_uint_eq(read_page(r, ALLOT_OP_READ_ROSTER, NULL, 5, cursors[i])->slot_count, 0);
        ck_assert_uint_eq(read_page(r, ALLOT_OP_READ_POOL, &p, 5, cursors[i])->id_count, 0);
        ck_assert_uint_le(read_page(r, ALLOT_OP_READ_POOL, NULL, 5, cursors[i])->id_count, 1);
    }
    rig_free(r);
}
END_TEST

Suite *reads_suite(void)
{
    Suite *s = suite_create("store: reads");
    TCase *c = tcase_create("all");
    tcase_add_test(c, inbox_and_share_come_in_order_in_pages_of_any_size);
    tcase_add_test(c, a_page_goes_on_behind_a_segment_that_is_gone);
    tcase_add_test(c, a_segment_says_what_it_holds);
    tcase_add_test(c, payloads_come_where_asked_for);
    tcase_add_test(c, reads_of_a_slot_that_is_not_there_are_refused);
    tcase_add_test(c, the_roster_comes_by_age_whole_or_what_can_be_reaped);
    tcase_add_test(c, the_pool_shows_each_id_once_with_its_place);
    tcase_add_test(c, cursors_past_the_end_show_nothing);
    suite_add_tcase(s, c);
    return s;
}
