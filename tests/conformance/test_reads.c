/* test_reads.c - paged reads: every page size shows the same, a read changes nothing. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ENTRIES_MAX = 64 };

/* What a read shows, page by page: the entries in order, as text. */
typedef struct listing {
    char entries[ENTRIES_MAX][48];
    uint32_t count;
    uint32_t pages;
} listing;

static void __attribute__((format(printf, 2, 3))) put(listing *l, const char *format, ...)
{
    va_list args;
    ck_assert_uint_lt(l->count, ENTRIES_MAX);
    va_start(args, format);
    vsnprintf(l->entries[l->count++], sizeof(l->entries[0]), format, args);
    va_end(args);
}

static void put_page(listing *l, const allot_answer *a, uint32_t limit)
{
    uint32_t entries = a->slot_count + a->segment_count + a->id_count;
    ck_assert_uint_le(entries, limit);
    for (uint32_t i = 0; i < a->slot_count; i++)
        put(l, "slot %llu rank %llu", (unsigned long long)a->slots[i].age, (unsigned long long)a->slots[i].rank);
    for (uint32_t i = 0; i < a->segment_count; i++)
        put(l, "segment %llu live %u recalled %u", (unsigned long long)a->segments[i].segment, a->segments[i].live,
            a->segments[i].recalled);
    for (uint32_t i = 0; i < a->id_count; i++)
        put(l, "id %.*s place %d", (int)a->ids[i].id.len, a->ids[i].id.data, (int)a->ids[i].place);
    l->pages++;
}

static listing list(world *w, allot_op_kind kind, const member *target, uint32_t limit, bool reapable)
{
    listing l;
    memset(&l, 0, sizeof(l));
    uint64_t cursor = 0;
    do {
        allot_op op = {.kind = kind, .timeout_us = 10 * SECOND_US};
        op.u.read = (allot_op_read){.cursor = cursor, .limit = limit, .reapable_only = reapable};
        if (target != NULL)
            op.u.read.target = target->slot;
        const allot_answer *a = EXPECT_OK(driver_call(world_handle(w, 0), &op));
        put_page(&l, a, limit);
        cursor = a->next_cursor;
        ck_assert_uint_lt(l.pages, 10 * ENTRIES_MAX);
    } while (cursor != 0);
    return l;
}

/* Ids of a pool come in the backend's order, but in the same one with every page size. */
static void same_with_every_page_size(world *w, allot_op_kind kind, const member *target, bool reapable,
                                      uint32_t expected)
{
    listing whole = list(w, kind, target, 1024, reapable);
    ck_assert_uint_eq(whole.count, expected);
    for (uint32_t limit = 1; limit <= expected + 1; limit++) {
        listing paged = list(w, kind, target, limit, reapable);
        ck_assert_uint_eq(paged.count, whole.count);
        for (uint32_t i = 0; i < whole.count; i++)
            ck_assert_str_eq(paged.entries[i], whole.entries[i]);
        for (uint32_t i = 1; i < paged.count; i++)
            for (uint32_t k = 0; k < i; k++)
                ck_assert_str_ne(paged.entries[i], paged.entries[k]);
    }
}

/* Slots a (leads), b, c; a pool of 12 ids: 5 in the inbox (4 segments), 5 with b (3 segments), 2 parked. */
typedef struct scene {
    member a, b, c;
} scene;

static scene populate(world *w)
{
    scene s = {.a = member_leader(w, 1)};
    s.b = member_joined(w, 2);
    EXPECT_OK(add(&s.a, "b1 b2 b3"));
    EXPECT_OK(grant(&s.a, &s.b, NULL));
    EXPECT_OK(add(&s.a, "b4 p1 p2 b5"));
    EXPECT_OK(grant(&s.a, &s.b, "b4 p1"));
    EXPECT_OK(grant(&s.a, &s.b, "p2 b5"));
    EXPECT_OK(report(&s.b, ALLOT_OP_FAIL, "p1 p2"));
    EXPECT_OK(recall(&s.a, &s.b, "b2 b5"));
    EXPECT_OK(add(&s.a, "i1 i2"));
    EXPECT_OK(add(&s.a, "i3"));
    EXPECT_OK(add(&s.a, "i4"));
    EXPECT_OK(add(&s.a, "i5"));
    s.c = member_joined(w, 3);
    EXPECT_OK(leave(&s.c));
    return s;
}

START_TEST(the_roster_in_pages)
{
    world *w = world_open(_i);
    scene s = populate(w);
    same_with_every_page_size(w, ALLOT_OP_READ_ROSTER, NULL, false, 3);
    same_with_every_page_size(w, ALLOT_OP_READ_ROSTER, NULL, true, 1);
    world_advance(w, w->ttl_us / 2);
    EXPECT_OK(beat(&s.a));
    world_advance(w, w->ttl_us / 2);
    same_with_every_page_size(w, ALLOT_OP_READ_ROSTER, NULL, true, 2);
    world_close(w);
}
END_TEST

START_TEST(the_inbox_in_pages)
{
    world *w = world_open(_i);
    populate(w);
    same_with_every_page_size(w, ALLOT_OP_READ_INBOX, NULL, false, 4);
    world_close(w);
}
END_TEST

START_TEST(a_share_in_pages)
{
    world *w = world_open(_i);
    scene s = populate(w);
    same_with_every_page_size(w, ALLOT_OP_READ_SHARE, &s.b, false, 3);
    same_with_every_page_size(w, ALLOT_OP_READ_SHARE, &s.a, false, 0);
    world_close(w);
}
END_TEST

START_TEST(the_pool_in_pages)
{
    world *w = world_open(_i);
    scene s = populate(w);
    same_with_every_page_size(w, ALLOT_OP_READ_POOL, NULL, false, 12);
    same_with_every_page_size(w, ALLOT_OP_READ_POOL, &s.b, false, 5);
    same_with_every_page_size(w, ALLOT_OP_READ_POOL, &s.a, false, 0);
    world_close(w);
}
END_TEST

START_TEST(the_pool_tells_all_of_an_id)
{
    world *w = world_open(_i);
    scene s = populate(w);
    const allot_pool_id *id = read_id(w, "b2");
    ck_assert(id->place == ALLOT_PLACE_SHARE && id->recalled && id->token != 0 && id->attempts == 0);
    ck_assert_mem_eq(&id->slot, &s.b.slot, sizeof(s.b.slot));
    id = read_id(w, "i3");
    allot_uuid none = {{0}};
    ck_assert(id->place == ALLOT_PLACE_INBOX && !id->recalled && id->token == 0);
    ck_assert_mem_eq(&id->slot, &none, sizeof(none));
    id = read_id(w, "p2");
    ck_assert(id->place == ALLOT_PLACE_PARKED && id->attempts == 1 && id->reason.len == 3 && id->token == 0);
    ck_assert_mem_eq(&id->slot, &none, sizeof(none));
    world_close(w);
}
END_TEST

START_TEST(a_page_goes_on_after_what_went_away)
{
    world *w = world_open(_i);
    scene s = populate(w);
    allot_op op = {.kind = ALLOT_OP_READ_INBOX, .timeout_us = SECOND_US, .u.read.limit = 2};
    const allot_answer *first = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    op.u.read.cursor = first->next_cursor;
    EXPECT_OK(grant(&s.a, &s.a, "i1 i2 i3"));
    const allot_answer *second = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    ck_assert_uint_eq(second->segment_count, 2);
    ck_assert_uint_eq(second->next_cursor, 0);
    world_close(w);
}
END_TEST

START_TEST(segments_are_read_where_they_belong)
{
    world *w = world_open(_i);
    scene s = populate(w);
    allot_part mine, lying;
    ck_assert(find_owned_part(&s.b, "b4", &mine));
    ck_assert(find_part(w, "i2", &lying));
    uint64_t segments[3] = {lying.segment, mine.segment, mine.segment + 1000};
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .timeout_us = SECOND_US};
    op.u.read = (allot_op_read){.segment_count = 3, .segments = segments};
    const allot_answer *a = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    ck_assert_uint_eq(a->body_count, 1);
    ck_assert_uint_eq(a->bodies[0].segment, lying.segment);
    ck_assert_uint_eq(a->bodies[0].token, 0);
    ck_assert_uint_eq(a->bodies[0].count, 2);
    op.u.read.target = s.b.slot;
    a = EXPECT_OK(driver_call(world_handle(w, 0), &op));
    ck_assert_uint_eq(a->body_count, 1);
    ck_assert_uint_eq(a->bodies[0].segment, mine.segment);
    ck_assert_uint_eq(a->bodies[0].count, 2);
    ck_assert_uint_eq(a->bodies[0].done[0], 2); /* p1 was parked */
    ck_assert_uint_eq(a->share_rev, read_slot(w, &s.b)->share_rev);
    op.u.read.target = s.a.slot;
    ck_assert_uint_eq(EXPECT_OK(driver_call(world_handle(w, 0), &op))->body_count, 0);
    world_close(w);
}
END_TEST

START_TEST(roster_and_inbox_tell_the_revision_of_the_inbox)
{
    world *w = world_open(_i);
    scene s = populate(w);
    static const allot_op_kind kinds[] = {ALLOT_OP_READ_ROSTER, ALLOT_OP_READ_INBOX};
    for (size_t i = 0; i < 4; i++) {
        allot_op op = {.kind = kinds[i % 2], .timeout_us = SECOND_US, .u.read.limit = 1};
        uint64_t rev = EXPECT_OK(driver_call(world_handle(w, 0), &op))->inbox_rev;
        ck_assert_uint_eq(rev, read_view(w)->view->inbox_rev);
        if (i == 1)
            EXPECT_OK(report(&s.b, ALLOT_OP_RELEASE, "b1"));
    }
    world_close(w);
}
END_TEST

START_TEST(reads_of_a_slot_that_is_not_there)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    allot_uuid nobody = world_uuid(w);
    uint64_t segment = 1;
    static const allot_op_kind kinds[] = {ALLOT_OP_READ_SHARE, ALLOT_OP_READ_SEGMENTS, ALLOT_OP_READ_POOL};
    for (size_t i = 0; i < 3; i++) {
        allot_op op = {.kind = kinds[i], .timeout_us = SECOND_US};
        op.u.read = (allot_op_read){.target = nobody, .limit = 8, .segment_count = 1, .segments = &segment};
        EXPECT_REFUSED(member_call(&a, &op), ALLOT_REFUSED_GONE);
    }
    world_close(w);
}
END_TEST

START_TEST(reads_change_nothing)
{
    world *w = world_open(_i);
    scene s = populate(w);
    allot_view before = *read_view(w)->view;
    for (int kind = ALLOT_OP_READ_ROSTER; kind < ALLOT_OP_KIND_END; kind++)
        if (kind != ALLOT_OP_READ_SEGMENTS)
            list(w, (allot_op_kind)kind, kind == ALLOT_OP_READ_SHARE ? &s.b : NULL, 2, false);
    const allot_view *after = read_view(w)->view;
    ck_assert_uint_eq(after->number, before.number);
    ck_assert_uint_eq(after->roster_rev, before.roster_rev);
    ck_assert_uint_eq(after->inbox_rev, before.inbox_rev);
    ck_assert_uint_eq(after->token, before.token);
    ck_assert_uint_eq(after->term, before.term);
    ck_assert_uint_eq(after->total, before.total);
    ck_assert_uint_eq(after->slots, before.slots);
    world_close(w);
}
END_TEST

START_TEST(reads_of_an_empty_group)
{
    world *w = world_open(_i);
    allot_uuid none = {{0}};
    const allot_view *v = read_view(w)->view;
    ck_assert_mem_eq(&v->life, &none, sizeof(none));
    ck_assert(v->total == 0 && v->slots == 0 && v->term == 0 && v->version == 0 && v->number == 0);
    ck_assert_int_eq(v->next_expiry_us, INT64_MAX);
    ck_assert_int_eq(v->next_due_us, INT64_MAX);
    same_with_every_page_size(w, ALLOT_OP_READ_ROSTER, NULL, false, 0);
    same_with_every_page_size(w, ALLOT_OP_READ_INBOX, NULL, false, 0);
    same_with_every_page_size(w, ALLOT_OP_READ_POOL, NULL, false, 0);
    ck_assert_mem_eq(&read_view(w)->view->life, &none, sizeof(none)); /* reading begins no life */
    world_close(w);
}
END_TEST

TCase *reads_case(void)
{
    TCase *c = tcase_create("reads");
    TEST_ON_ALL(c, the_roster_in_pages);
    TEST_ON_ALL(c, the_inbox_in_pages);
    TEST_ON_ALL(c, a_share_in_pages);
    TEST_ON_ALL(c, the_pool_in_pages);
    TEST_ON_ALL(c, the_pool_tells_all_of_an_id);
    TEST_ON_ALL(c, a_page_goes_on_after_what_went_away);
    TEST_ON_ALL(c, segments_are_read_where_they_belong);
    TEST_ON_ALL(c, roster_and_inbox_tell_the_revision_of_the_inbox);
    TEST_ON_ALL(c, reads_of_a_slot_that_is_not_there);
    TEST_ON_ALL(c, reads_change_nothing);
    TEST_ON_ALL(c, reads_of_an_empty_group);
    return c;
}
