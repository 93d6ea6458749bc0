/* store_malformed.c - rule 9: ops that are not what they should be are refused, and nothing happens. */
#include "tests/unit/rig.h"

#include <stdlib.h>
#include <string.h>

/* A well-formed op of every kind, and one field of it that is made wrong. */
typedef struct sample {
    rig *r;
    replica a;
    allot_op op;
    allot_new_id new_ids[ALLOT_OP_ITEMS_MAX];
    allot_part parts[ALLOT_OP_ITEMS_MAX];
    allot_grant grants[2];
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    allot_source sources[ALLOT_DEAL_SOURCES_MAX];
    allot_pile piles[2];
    allot_dealt dealt[ALLOT_SEGMENT_IDS_MAX];
    allot_item items[ALLOT_OP_ITEMS_MAX];
    allot_bytes names[ALLOT_OP_ITEMS_MAX];
    allot_ref working[ALLOT_WORKING_MAX];
    uint64_t segments[64];
    allot_uuid slots[2];
    char long_text[65537];
} sample;

static sample *sample_new(allot_op_kind kind)
{
    sample *m = calloc(1, sizeof(*m));
    ck_assert_ptr_nonnull(m);
    m->r = rig_new();
    m->a = rig_leader(m->r, 1);
    m->slots[0] = m->slots[1] = m->a.slot;
    memset(m->long_text, 'x', sizeof(m->long_text));
    for (size_t i = 0; i < ALLOT_OP_ITEMS_MAX; i++) {
        m->new_ids[i].id = m->items[i].id = m->names[i] = (allot_bytes){"id", 2};
        m->parts[i].segment = m->items[i].segment = 1;
    }
    m->grants[0] = m->grants[1] = (allot_grant){.part_count = 256, .parts = m->parts};
    for (uint32_t i = 0; i < ALLOT_DEAL_SOURCES_MAX; i++)
        m->sources[i] = (allot_source){.segment = 1 + i, .live = 16};
    for (uint32_t i = 0; i < ALLOT_SEGMENT_IDS_MAX; i++)
        m->dealt[i] = (allot_dealt){.source = i / 16, .position = i % 16 * 63, .id = {"id", 2}};
    m->piles[0] = (allot_pile){.slot_index = 1, .count = 24, .ids = m->dealt};
    m->piles[1] = (allot_pile){.count = ALLOT_SEGMENT_IDS_MAX - 24, .ids = m->dealt + 24};
    m->op = replica_op(&m->a, kind);
    return m;
}

static sample *sample_of(allot_op_kind kind)
{
    sample *m = sample_new(kind);
    allot_op *op = &m->op;
    if (kind == ALLOT_OP_JOIN) {
        replica b = rig_replica(m->r, 2);
        *op = join_op(&b);
    } else if (kind == ALLOT_OP_BEAT) {
        *op = beat_op(&m->a);
        op->u.beat.working = m->working;
        op->u.beat.working_count = ALLOT_WORKING_MAX;
    } else if (kind == ALLOT_OP_ADD) {
        op->u.add = (allot_op_add){.count = ALLOT_OP_ITEMS_MAX, .ids = m->new_ids};
    } else if (kind == ALLOT_OP_ASSIGN) {
        op->u.assign = (allot_op_assign){.slot_count = 2, .slots = m->slots, .grant_count = 2, .grants = m->grants};
    } else if (kind == ALLOT_OP_DEAL) {
        op->u.deal = (allot_op_deal){.slot_count = 2, .slots = m->slots, .source_count = ALLOT_DEAL_SOURCES_MAX,
                                     .sources = m->sources, .pile_count = 2, .piles = m->piles};
    } else if (kind == ALLOT_OP_RECALL) {
        op->u.recall = (allot_op_recall){.target = m->a.slot, .part_count = ALLOT_OP_ITEMS_MAX, .parts = m->parts};
    } else if (kind == ALLOT_OP_PUBLISH) {
        op->u.publish = (allot_op_publish){.version = 1, .strategy = {"hash", 4}};
    } else if (kind >= ALLOT_OP_RELEASE && kind <= ALLOT_OP_FAIL) {
        op->u.items = (allot_op_items){.count = ALLOT_OP_ITEMS_MAX, .items = m->items, .reason = {"why", 3}};
    } else if (kind == ALLOT_OP_UNPARK) {
        op->term = 0;
        op->u.unpark = (allot_op_unpark){.count = ALLOT_OP_ITEMS_MAX, .ids = m->names};
    } else if (kind == ALLOT_OP_READ_SEGMENTS) {
        op->u.read = (allot_op_read){.segment_count = 64, .segments = m->segments};
    } else if (kind > ALLOT_OP_READ_VIEW) {
        op->u.read = (allot_op_read){.target = m->a.slot, .limit = 1024};
    }
    return m;
}

static void sample_done(sample *m)
{
    rig_free(m->r);
    free(m);
}

/* Applies the op as it is now. What is INVALID changes nothing at all. */
static void expect(sample *m, allot_reason reason, int line)
{
    const char *before = rig_dump(m->r);
    check_outcome(rig_apply(m->r, &m->op), reason, "malformed", line);
    if (reason == ALLOT_REFUSED_INVALID) {
        ck_assert(!m->r->effects.changed);
        ck_assert_str_eq(rig_dump(m->r), before);
    }
    m->op.sequence += m->op.sequence != 0;
}

#define INVALID(m) expect((m), ALLOT_REFUSED_INVALID, __LINE__)
#define LIMIT(m) expect((m), ALLOT_REFUSED_LIMIT, __LINE__)
#define FINE(m) expect((m), ALLOT_REFUSED_NOTHING, __LINE__)

START_TEST(what_is_no_op_is_invalid)
{
    static const int kinds[] = {0, -1, ALLOT_OP_KIND_END, ALLOT_OP_KIND_END + 1, 1000000, INT32_MIN, INT32_MAX};
    sample *m = sample_of(ALLOT_OP_CLEAN);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        m->op.kind = (allot_op_kind)kinds[i];
        INVALID(m);
    }
    sample_done(m);
}
END_TEST

START_TEST(the_samples_are_well_formed)
{
    for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_KIND_END; kind++) {
        sample *m = sample_of((allot_op_kind)kind);
        rig_apply(m->r, &m->op);
        ck_assert_msg(m->r->answer.outcome.reason != ALLOT_REFUSED_INVALID, "kind %d", kind);
        ck_assert_msg(m->r->answer.outcome.reason != ALLOT_REFUSED_LIMIT, "kind %d", kind);
        sample_done(m);
    }
}
END_TEST

START_TEST(a_change_needs_its_session_and_sequence)
{
    for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_READ_VIEW; kind++) {
        if (kind == ALLOT_OP_BEAT)
            continue;
        sample *m = sample_of((allot_op_kind)kind);
        allot_op good = m->op;
        m->op.sequence = 0;
        INVALID(m);
        m->op.sequence = UINT64_C(1) << 53;
        INVALID(m);
        m->op = good;
        m->op.session = (allot_uuid){0};
        INVALID(m);
        m->op.session = rig_uuid(99); /* not the slot's */
        INVALID(m);
        sample_done(m);
    }
}
END_TEST

START_TEST(only_add_unpark_and_clean_may_come_from_nobody)
{
    for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_READ_VIEW; kind++) {
        if (kind == ALLOT_OP_ADD || kind == ALLOT_OP_UNPARK || kind == ALLOT_OP_CLEAN)
            continue;
        sample *m = sample_of((allot_op_kind)kind);
        m->op.slot = (allot_uuid){0};
        m->op.not_after_us = INT64_MAX;
        INVALID(m);
        sample_done(m);
    }
    sample *m = sample_of(ALLOT_OP_UNPARK);
    m->op.slot = (allot_uuid){0};
    m->op.term = 1; /* due ids: the leader's alone */
    INVALID(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_join)
{
    sample *m = sample_of(ALLOT_OP_JOIN);
    allot_op_join *join = &m->op.u.join;
    join->ttl_us = ALLOT_TTL_US_MIN - 1;
    INVALID(m);
    join->ttl_us = INT64_C(1) << 53;
    INVALID(m);
    join->ttl_us = -5;
    INVALID(m);
    join->ttl_us = ALLOT_TTL_US_MIN;
    join->weight = 0;
    INVALID(m);
    join->weight = 1001;
    INVALID(m);
    join->weight = 1000;
    join->name = (allot_bytes){m->long_text, 129};
    LIMIT(m);
    join->name = (allot_bytes){"a\nb", 3};
    INVALID(m);
    join->name = (allot_bytes){NULL, 3};
    INVALID(m);
    join->name = (allot_bytes){m->long_text, 128};
    join->host = (allot_bytes){"\xff", 1};
    INVALID(m);
    join->host = (allot_bytes){0};
    join->container = (allot_bytes){m->long_text, UINT32_MAX};
    LIMIT(m);
    join->container = (allot_bytes){0};
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_beat)
{
    sample *m = sample_of(ALLOT_OP_BEAT);
    m->op.u.beat.working_count = ALLOT_WORKING_MAX + 1;
    LIMIT(m);
    m->op.u.beat.working_count = ALLOT_WORKING_MAX;
    m->op.u.beat.working = NULL;
    INVALID(m);
    m->op.u.beat.working = m->working;
    m->working[1023].position = 1024;
    INVALID(m);
    m->working[1023].position = ALLOT_ALL;
    INVALID(m);
    m->working[1023] = (allot_ref){.segment = UINT64_C(1) << 53};
    INVALID(m);
    m->working[1023] = (allot_ref){.segment = (UINT64_C(1) << 53) - 1, .position = 1023};
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_add)
{
    sample *m = sample_of(ALLOT_OP_ADD);
    allot_new_id *last = &m->new_ids[ALLOT_OP_ITEMS_MAX - 1];
    m->op.u.add.count = 0;
    INVALID(m);
    m->op.u.add.count = ALLOT_OP_ITEMS_MAX + 1;
    LIMIT(m);
    m->op.u.add.count = UINT32_MAX;
    LIMIT(m);
    m->op.u.add.ids = NULL;
    INVALID(m);
    m->op.u.add = (allot_op_add){.count = ALLOT_OP_ITEMS_MAX, .ids = m->new_ids};
    last->id = (allot_bytes){0};
    INVALID(m);
    last->id = (allot_bytes){NULL, 4};
    INVALID(m);
    last->id = (allot_bytes){m->long_text, 256};
    LIMIT(m);
    last->id = (allot_bytes){"\xed\xa0\x80", 3};
    INVALID(m);
    last->id = (allot_bytes){m->long_text, 255};
    last->payload = (allot_bytes){NULL, 1};
    INVALID(m);
    last->payload = (allot_bytes){m->long_text, 65537};
    LIMIT(m);
    last->payload = (allot_bytes){m->long_text, 65536};
    FINE(m);
    ck_assert_uint_eq(m->r->answer.outcome.count, 2);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_assign)
{
    sample *m = sample_of(ALLOT_OP_ASSIGN);
    allot_op_assign *assign = &m->op.u.assign;
    m->grants[1].slot_index = 2;
    INVALID(m);
    m->grants[1].slot_index = UINT32_MAX;
    INVALID(m);
    m->grants[1].slot_index = 1;
    m->grants[1].part_count = 257;
    LIMIT(m);
    m->grants[1].part_count = UINT32_MAX;
    LIMIT(m);
    m->grants[1].part_count = 256;
    m->grants[1].parts = NULL;
    INVALID(m);
    m->grants[1].parts = m->parts;
    m->parts[3].position = 1024;
    INVALID(m);
    m->parts[3].position = ALLOT_ALL;
    m->parts[3].take = 1025;
    INVALID(m);
    m->parts[3].take = 1024;
    FINE(m);
    assign->slots = NULL;
    INVALID(m);
    assign->slots = m->slots;
    assign->grants = NULL;
    INVALID(m);
    assign->grants = m->grants;
    assign->grant_count = 513;
    LIMIT(m);
    assign->grant_count = 2;
    assign->slot_count = 513;
    LIMIT(m);
    assign->slot_count = 1;
    INVALID(m);
    assign->grant_count = 0;
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_recall)
{
    sample *m = sample_of(ALLOT_OP_RECALL);
    m->op.u.recall.part_count = 0;
    INVALID(m);
    m->op.u.recall.part_count = 513;
    LIMIT(m);
    m->op.u.recall.part_count = 512;
    m->parts[511].position = 5000;
    INVALID(m);
    m->parts[511].position = 1023;
    m->op.u.recall.parts = NULL;
    INVALID(m);
    m->op.u.recall.parts = m->parts;
    FINE(m);
    m->parts[7] = (allot_part){.segment = 1, .position = ALLOT_ALL, .which = m->which};
    INVALID(m); /* it names nothing */
    bits_set(m->which, 1023);
    m->parts[7].take = 1;
    INVALID(m);
    m->parts[7].take = 0;
    m->parts[7].position = 1023;
    INVALID(m);
    m->parts[7].position = ALLOT_ALL;
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_bitmap_is_for_recalls_alone)
{
    sample *m = sample_of(ALLOT_OP_ASSIGN);
    bits_set(m->which, 1);
    m->parts[3] = (allot_part){.segment = 1, .position = ALLOT_ALL, .which = m->which};
    INVALID(m);
    m->parts[3].which = NULL;
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_deal)
{
    sample *m = sample_of(ALLOT_OP_DEAL);
    allot_op_deal *d = &m->op.u.deal;
    d->slots = NULL;
    INVALID(m);
    d->slots = m->slots;
    d->slot_count = 1025;
    LIMIT(m);
    d->slot_count = 1;
    INVALID(m);
    d->slot_count = 2;
    d->source_count = 0;
    INVALID(m);
    d->source_count = 65;
    LIMIT(m);
    d->source_count = 64;
    d->sources = NULL;
    INVALID(m);
    d->sources = m->sources;
    d->pile_count = 0;
    INVALID(m);
    d->pile_count = 1025;
    LIMIT(m);
    d->pile_count = 2;
    d->piles = NULL;
    INVALID(m);
    d->piles = m->piles;
    m->sources[63].segment = 1; /* a segment twice */
    INVALID(m);
    m->sources[63].segment = 64;
    m->sources[63].live = 0;
    INVALID(m);
    m->sources[63].live = 1025;
    INVALID(m);
    m->sources[63].live = 16;
    FINE(m);
    ck_assert_uint_eq(m->r->answer.outcome.skipped, 1024);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_pile)
{
    sample *m = sample_of(ALLOT_OP_DEAL);
    m->piles[1].slot_index = 2;
    INVALID(m);
    m->piles[1].slot_index = 0;
    m->piles[1].count = 0;
    INVALID(m);
    m->piles[1].count = 1025;
    LIMIT(m);
    m->piles[1].count = ALLOT_SEGMENT_IDS_MAX - 25; /* the last id is in no pile */
    INVALID(m);
    m->piles[1].count = ALLOT_SEGMENT_IDS_MAX - 24;
    m->piles[1].ids = NULL;
    INVALID(m);
    m->piles[1].ids = m->dealt + 24;
    m->dealt[1023].source = 64;
    INVALID(m);
    m->dealt[1023].source = 62; /* more than it has, and less than the other */
    m->dealt[1023].position = 1;
    INVALID(m);
    m->dealt[1023].source = 63;
    m->dealt[1023].position = 1024;
    INVALID(m);
    m->dealt[1023].position = ALLOT_ALL;
    INVALID(m);
    m->dealt[1023].position = m->dealt[1022].position; /* one twice */
    INVALID(m);
    m->dealt[1023].position = 1023;
    FINE(m);
    m->dealt[1023].id = (allot_bytes){0};
    INVALID(m);
    m->dealt[1023].id = (allot_bytes){NULL, 1};
    INVALID(m);
    m->dealt[1023].id = (allot_bytes){"a\nb", 3};
    INVALID(m);
    m->dealt[1023].id = (allot_bytes){m->long_text, 256};
    LIMIT(m);
    m->dealt[1023].id = (allot_bytes){m->long_text, 255};
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_publish)
{
    sample *m = sample_of(ALLOT_OP_PUBLISH);
    m->op.u.publish.settled_age = UINT64_C(1) << 53;
    INVALID(m);
    m->op.u.publish.settled_age = 0;
    m->op.u.publish.strategy = (allot_bytes){"a\tb", 3};
    INVALID(m);
    m->op.u.publish.strategy = (allot_bytes){m->long_text, 129};
    LIMIT(m);
    m->op.u.publish.strategy = (allot_bytes){m->long_text, 128};
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(a_malformed_items)
{
    for (int kind = ALLOT_OP_RELEASE; kind <= ALLOT_OP_FAIL; kind++) {
        sample *m = sample_of((allot_op_kind)kind);
        m->op.u.items.count = 0;
        INVALID(m);
        m->op.u.items.count = 513;
        LIMIT(m);
        m->op.u.items.count = 512;
        m->op.u.items.items = NULL;
        INVALID(m);
        m->op.u.items.items = m->items;
        m->items[511].position = 1024;
        INVALID(m);
        m->items[511].position = ALLOT_ALL;
        expect(m, kind == ALLOT_OP_RELEASE ? ALLOT_REFUSED_NOTHING : ALLOT_REFUSED_INVALID, __LINE__);
        m->items[511].position = 0;
        m->items[511].id = (allot_bytes){NULL, 3};
        INVALID(m);
        m->items[511].id = (allot_bytes){m->long_text, 65537}; /* no such id */
        FINE(m);
        ck_assert_uint_eq(m->r->answer.outcome.skipped, 512);
        sample_done(m);
    }
}
END_TEST

START_TEST(fail_has_a_reason_and_a_time)
{
    sample *m = sample_of(ALLOT_OP_FAIL);
    m->op.u.items.reason = (allot_bytes){"a\nb", 3};
    INVALID(m);
    m->op.u.items.reason = (allot_bytes){m->long_text, 256};
    LIMIT(m);
    m->op.u.items.reason = (allot_bytes){0};
    m->op.u.items.retry_after_us = -1;
    INVALID(m);
    m->op.u.items.retry_after_us = INT64_MAX;
    INVALID(m);
    m->op.u.items.retry_after_us = 0;
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(unpark_names_ids_unless_it_is_the_leaders)
{
    sample *m = sample_of(ALLOT_OP_UNPARK);
    m->op.u.unpark.count = 0;
    INVALID(m);
    m->op.u.unpark.count = 513;
    LIMIT(m);
    m->op.u.unpark.count = 512;
    m->names[511] = (allot_bytes){0};
    INVALID(m);
    m->names[511] = (allot_bytes){m->long_text, 256};
    LIMIT(m);
    m->op.u.unpark.ids = NULL;
    INVALID(m);
    m->op.term = m->a.term;
    FINE(m);
    sample_done(m);
}
END_TEST

START_TEST(pages_have_1_to_1024_entries)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_READ_ROSTER, ALLOT_OP_READ_INBOX, ALLOT_OP_READ_SHARE,
                                          ALLOT_OP_READ_POOL};
    for (size_t i = 0; i < 4; i++) {
        sample *m = sample_of(kinds[i]);
        m->op.u.read.limit = 0;
        INVALID(m);
        m->op.u.read.limit = 1025;
        INVALID(m);
        m->op.u.read.limit = UINT32_MAX;
        INVALID(m);
        sample_done(m);
    }
    sample *m = sample_of(ALLOT_OP_READ_SEGMENTS);
    m->op.u.read.segment_count = 65;
    LIMIT(m);
    m->op.u.read.segment_count = 0;
    INVALID(m);
    m->op.u.read.segment_count = 5;
    m->op.u.read.segments = NULL;
    INVALID(m);
    sample_done(m);
}
END_TEST

/* What is over a limit may be of any size: it is not to be kept. */
START_TEST(what_is_over_a_limit_is_not_remembered)
{
    sample *m = sample_of(ALLOT_OP_ADD);
    m->op.u.add.count = ALLOT_OP_ITEMS_MAX + 1;
    CHECK_REFUSED(rig_apply(m->r, &m->op), ALLOT_REFUSED_LIMIT);
    ck_assert(!m->r->effects.changed);
    m->op.u.add.count = 1;
    CHECK_OK(rig_apply(m->r, &m->op));
    sample_done(m);
}
END_TEST

Suite *malformed_suite(void)
{
    Suite *s = suite_create("store: malformed");
    TCase *c = tcase_create("all");
    tcase_add_test(c, what_is_no_op_is_invalid);
    tcase_add_test(c, the_samples_are_well_formed);
    tcase_add_test(c, a_change_needs_its_session_and_sequence);
    tcase_add_test(c, only_add_unpark_and_clean_may_come_from_nobody);
    tcase_add_test(c, a_malformed_join);
    tcase_add_test(c, a_malformed_beat);
    tcase_add_test(c, a_malformed_add);
    tcase_add_test(c, a_malformed_assign);
    tcase_add_test(c, a_malformed_recall);
    tcase_add_test(c, a_bitmap_is_for_recalls_alone);
    tcase_add_test(c, a_malformed_deal);
    tcase_add_test(c, a_malformed_pile);
    tcase_add_test(c, a_malformed_publish);
    tcase_add_test(c, a_malformed_items);
    tcase_add_test(c, fail_has_a_reason_and_a_time);
    tcase_add_test(c, unpark_names_ids_unless_it_is_the_leaders);
    tcase_add_test(c, pages_have_1_to_1024_entries);
    tcase_add_test(c, what_is_over_a_limit_is_not_remembered);
    suite_add_tcase(s, c);
    return s;
}
