/* test_malformed.c - rule 9: what is malformed is refused, whole, and has no effect. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <stdlib.h>
#include <string.h>

enum { OVER = ALLOT_OP_ITEMS_MAX + 1 };

/* A good op of each kind, to be spoilt in one place. */
typedef struct scene {
    world *w;
    member a;
    allot_new_id id;
    allot_part part;
    allot_grant grant;
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    allot_source source;
    allot_dealt dealt;
    allot_pile pile;
    allot_item item;
    allot_bytes word;
    uint64_t segment;
    /* For ops over a limit: what they point to is there. */
    allot_new_id ids[OVER];
    allot_part parts[OVER];
    allot_grant grants[OVER];
    allot_uuid slots[ALLOT_DEAL_PILES_MAX + 1];
    allot_source sources[ALLOT_DEAL_SOURCES_MAX + 1];
    allot_pile piles[ALLOT_DEAL_PILES_MAX + 1];
    allot_dealt deals[ALLOT_SEGMENT_IDS_MAX + 1];
    allot_item items[OVER];
    allot_bytes words[OVER];
    allot_ref refs[ALLOT_WORKING_MAX + 1];
    uint64_t segments[OVER];
    char long_text[ALLOT_PAYLOAD_BYTES_MAX + 1];
} scene;

static scene *set_up(int subject_index)
{
    static const char x[] = "x";
    scene *s = calloc(1, sizeof(*s));
    ck_assert_ptr_nonnull(s);
    s->w = world_open(subject_index);
    s->a = member_leader(s->w, 1);
    EXPECT_OK(add(&s->a, "x y"));
    EXPECT_OK(grant(&s->a, &s->a, "y"));
    ck_assert(find_part(s->w, "x", &s->part));
    ck_assert(find_item(&s->a, "y", &s->item));
    s->word = (allot_bytes){x, 1};
    s->id = (allot_new_id){.id = {"new", 3}};
    s->grant = (allot_grant){.part_count = 1, .parts = &s->part};
    s->segment = s->part.segment;
    s->source = (allot_source){s->segment, 1};
    s->dealt = (allot_dealt){0, s->part.position, {x, 1}};
    s->pile = (allot_pile){0, 1, &s->dealt};
    for (uint32_t i = 0; i <= ALLOT_DEAL_PILES_MAX; i++) {
        s->slots[i] = s->a.slot;
        s->piles[i] = s->pile;
    }
    for (uint32_t i = 0; i <= ALLOT_DEAL_SOURCES_MAX; i++)
        s->sources[i] = (allot_source){1 + i, 1};
    for (uint32_t i = 0; i <= ALLOT_SEGMENT_IDS_MAX; i++)
        s->deals[i] = (allot_dealt){0, i % ALLOT_SEGMENT_IDS_MAX, {x, 1}};
    memset(s->long_text, 'l', sizeof(s->long_text));
    for (uint32_t i = 0; i < OVER; i++) {
        s->ids[i] = (allot_new_id){.id = {s->long_text, 1 + i % 200}};
        s->parts[i] = s->part;
        s->grants[i] = s->grant;
        s->items[i] = s->item;
        s->words[i] = s->word;
        s->segments[i] = s->segment;
    }
    return s;
}

static allot_op good_op(scene *s, allot_op_kind kind)
{
    if (kind == ALLOT_OP_JOIN) {
        member fresh = member_new(s->w, 2);
        return join_op(&fresh, "name");
    }
    allot_op op = member_op(&s->a, kind);
    if (kind == ALLOT_OP_ADD)
        op.u.add = (allot_op_add){.count = 1, .ids = &s->id, .fresh_life = world_uuid(s->w)};
    else if (kind == ALLOT_OP_ASSIGN)
        op.u.assign = (allot_op_assign){1, &s->a.slot, 1, &s->grant};
    else if (kind == ALLOT_OP_DEAL)
        op.u.deal = (allot_op_deal){1, &s->a.slot, 1, &s->source, 1, &s->pile, false};
    else if (kind == ALLOT_OP_RECALL)
        op.u.recall = (allot_op_recall){s->a.slot, 1, &s->part};
    else if (kind == ALLOT_OP_PUBLISH)
        op.u.publish = (allot_op_publish){.version = 1};
    else if (kind == ALLOT_OP_RELEASE || kind == ALLOT_OP_ACK || kind == ALLOT_OP_FAIL)
        op.u.items = (allot_op_items){.count = 1, .items = &s->item, .reason = {"why", 3}};
    else if (kind == ALLOT_OP_UNPARK)
        op.u.unpark = (allot_op_unpark){1, &s->word};
    else if (kind >= ALLOT_OP_READ_VIEW)
        op.u.read = (allot_op_read){.limit = 1, .segment_count = 1, .segments = &s->segment};
    return op;
}

/* ---- One way each of spoiling it -------------------------------------------------------------------------------- */

static allot_bytes too_long(const scene *s, uint32_t limit)
{
    return (allot_bytes){s->long_text, limit + 1};
}

static void no_slot(scene *s, allot_op *op)
{
    (void)s;
    memset(&op->slot, 0, sizeof(op->slot));
}

static void no_session(scene *s, allot_op *op)
{
    (void)s;
    memset(&op->session, 0, sizeof(op->session));
}

static void other_session(scene *s, allot_op *op)
{
    op->session = world_uuid(s->w);
}

static void no_sequence(scene *s, allot_op *op)
{
    (void)s;
    op->sequence = 0;
}

static void short_ttl(scene *s, allot_op *op)
{
    (void)s;
    op->u.join.ttl_us = ALLOT_TTL_US_MIN - 1;
}

static void no_weight(scene *s, allot_op *op)
{
    (void)s;
    op->u.join.weight = 0;
}

static void much_weight(scene *s, allot_op *op)
{
    (void)s;
    op->u.join.weight = 1001;
}

static void long_name(scene *s, allot_op *op)
{
    op->u.join.name = too_long(s, ALLOT_NAME_BYTES_MAX);
}

static void long_host(scene *s, allot_op *op)
{
    op->u.join.host = too_long(s, ALLOT_NAME_BYTES_MAX);
}

static void odd_name(scene *s, allot_op *op)
{
    (void)s;
    op->u.join.name = (allot_bytes){"a\nb", 3};
}

static void negative_ttl(scene *s, allot_op *op)
{
    (void)s;
    op->u.beat.ttl_us = -1;
}

static void many_working(scene *s, allot_op *op)
{
    op->u.beat.working_count = ALLOT_WORKING_MAX + 1;
    op->u.beat.working = s->refs;
}

static void no_ids(scene *s, allot_op *op)
{
    (void)s;
    op->u.add.count = 0;
}

static void many_ids(scene *s, allot_op *op)
{
    op->u.add.count = OVER;
    op->u.add.ids = s->ids;
}

static void empty_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id.len = 0;
}

static void long_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = too_long(s, ALLOT_ID_BYTES_MAX);
}

static void control_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = (allot_bytes){"a\tb", 3};
}

static void newline_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = (allot_bytes){"a\n", 2};
}

static void broken_utf8_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = (allot_bytes){"a\xc3", 2};
}

static void overlong_utf8_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = (allot_bytes){"\xc0\xaf", 2};
}

static void surrogate_id(scene *s, allot_op *op)
{
    (void)op;
    s->id.id = (allot_bytes){"\xed\xa0\x80", 3};
}

static void long_payload(scene *s, allot_op *op)
{
    (void)op;
    s->id.payload = (allot_bytes){s->long_text, ALLOT_PAYLOAD_BYTES_MAX + 1};
}

static void many_grants(scene *s, allot_op *op)
{
    op->u.assign.grant_count = OVER;
    op->u.assign.grants = s->grants;
}

static void many_parts(scene *s, allot_op *op)
{
    (void)op;
    s->grant.part_count = OVER;
    s->grant.parts = s->parts;
}

static void odd_slot_index(scene *s, allot_op *op)
{
    (void)op;
    s->grant.slot_index = 1;
}

static void odd_position(scene *s, allot_op *op)
{
    (void)op;
    s->part.position = ALLOT_SEGMENT_IDS_MAX;
}

static void bits_in_assign(scene *s, allot_op *op)
{
    (void)op;
    s->which[0] = 1;
    s->part = (allot_part){s->segment, ALLOT_ALL, 0, s->which};
}

static void bits_of_nothing(scene *s, allot_op *op)
{
    (void)op;
    s->part = (allot_part){s->segment, ALLOT_ALL, 0, s->which};
}

static void bits_and_position(scene *s, allot_op *op)
{
    (void)op;
    s->which[0] = 1;
    s->part = (allot_part){s->segment, 0, 0, s->which};
}

static void bits_and_take(scene *s, allot_op *op)
{
    (void)op;
    s->which[0] = 1;
    s->part = (allot_part){s->segment, ALLOT_ALL, 1, s->which};
}

static void no_sources(scene *s, allot_op *op)
{
    (void)s;
    op->u.deal.source_count = 0;
}

static void many_sources(scene *s, allot_op *op)
{
    op->u.deal.source_count = ALLOT_DEAL_SOURCES_MAX + 1;
    op->u.deal.sources = s->sources;
}

static void source_twice(scene *s, allot_op *op)
{
    op->u.deal.source_count = 2;
    op->u.deal.sources = s->sources;
    s->sources[1] = s->sources[0];
}

static void source_of_nothing(scene *s, allot_op *op)
{
    (void)op;
    s->source.live = 0;
}

static void source_of_more(scene *s, allot_op *op)
{
    (void)op;
    s->source.live = 2;
}

static void no_piles(scene *s, allot_op *op)
{
    (void)s;
    op->u.deal.pile_count = 0;
}

static void many_piles(scene *s, allot_op *op)
{
    op->u.deal.pile_count = ALLOT_DEAL_PILES_MAX + 1;
    op->u.deal.piles = s->piles;
}

static void many_slots(scene *s, allot_op *op)
{
    op->u.deal.slot_count = ALLOT_DEAL_PILES_MAX + 1;
    op->u.deal.slots = s->slots;
}

static void odd_pile_slot(scene *s, allot_op *op)
{
    (void)op;
    s->pile.slot_index = 1;
}

static void pile_of_nothing(scene *s, allot_op *op)
{
    (void)op;
    s->pile.count = 0;
}

static void large_pile(scene *s, allot_op *op)
{
    (void)op;
    s->pile = (allot_pile){0, ALLOT_SEGMENT_IDS_MAX + 1, s->deals};
}

static void dealt_twice(scene *s, allot_op *op)
{
    (void)op;
    s->source.live = 2;
    s->deals[1] = s->deals[0];
    s->pile = (allot_pile){0, 2, s->deals};
}

static void odd_dealt_source(scene *s, allot_op *op)
{
    (void)op;
    s->dealt.source = 1;
}

static void odd_dealt_position(scene *s, allot_op *op)
{
    (void)op;
    s->dealt.position = ALLOT_SEGMENT_IDS_MAX;
}

static void dealt_nameless(scene *s, allot_op *op)
{
    (void)op;
    s->dealt.id.len = 0;
}

static void dealt_newline(scene *s, allot_op *op)
{
    (void)op;
    s->dealt.id = (allot_bytes){"a\n", 2};
}

static void dealt_long(scene *s, allot_op *op)
{
    (void)op;
    s->dealt.id = too_long(s, ALLOT_ID_BYTES_MAX);
}

static void no_parts(scene *s, allot_op *op)
{
    (void)s;
    op->u.recall.part_count = 0;
}

static void many_recalls(scene *s, allot_op *op)
{
    op->u.recall.part_count = OVER;
    op->u.recall.parts = s->parts;
}

static void long_strategy(scene *s, allot_op *op)
{
    op->u.publish.strategy = too_long(s, ALLOT_NAME_BYTES_MAX);
}

static void no_items(scene *s, allot_op *op)
{
    (void)s;
    op->u.items.count = 0;
}

static void many_items(scene *s, allot_op *op)
{
    op->u.items.count = OVER;
    op->u.items.items = s->items;
}

static void odd_item(scene *s, allot_op *op)
{
    (void)op;
    s->item.position = ALLOT_SEGMENT_IDS_MAX;
}

static void long_reason(scene *s, allot_op *op)
{
    op->u.items.reason = too_long(s, ALLOT_REASON_BYTES_MAX);
}

static void negative_retry(scene *s, allot_op *op)
{
    (void)s;
    op->u.items.retry_after_us = -1;
}

static void operator_of_nothing(scene *s, allot_op *op)
{
    (void)s;
    op->term = 0;
    op->u.unpark.count = 0;
}

static void operator_of_many(scene *s, allot_op *op)
{
    op->term = 0;
    op->u.unpark = (allot_op_unpark){OVER, s->words};
}

static void due_ids_by_nobody(scene *s, allot_op *op)
{
    no_slot(s, op);
    op->session = world_uuid(s->w);
}

static void no_page(scene *s, allot_op *op)
{
    (void)s;
    op->u.read.limit = 0;
}

static void large_page(scene *s, allot_op *op)
{
    (void)s;
    op->u.read.limit = 1025;
}

static void many_segments(scene *s, allot_op *op)
{
    op->u.read.segment_count = 65;
    op->u.read.segments = s->segments;
}

typedef struct flaw {
    allot_op_kind kind;
    void (*spoil)(scene *s, allot_op *op);
    allot_reason reason;
} flaw;

static const flaw flaws[] = {
    {ALLOT_OP_JOIN, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, no_sequence, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, other_session, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, short_ttl, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, no_weight, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, much_weight, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, odd_name, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_JOIN, long_name, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_JOIN, long_host, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_BEAT, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_BEAT, negative_ttl, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_BEAT, many_working, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_LEAVE, no_sequence, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_CAMPAIGN, other_session, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RESIGN, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, no_session, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, no_sequence, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, no_ids, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, many_ids, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ADD, empty_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, long_id, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ADD, control_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, newline_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, broken_utf8_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, overlong_utf8_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, surrogate_id, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ADD, long_payload, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ASSIGN, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ASSIGN, many_grants, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ASSIGN, many_parts, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ASSIGN, odd_slot_index, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ASSIGN, odd_position, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_ASSIGN, bits_in_assign, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, no_sources, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, many_sources, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_DEAL, source_twice, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, source_of_nothing, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, source_of_more, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, no_piles, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, many_piles, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_DEAL, many_slots, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_DEAL, odd_pile_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, pile_of_nothing, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, large_pile, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_DEAL, dealt_twice, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, odd_dealt_source, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, odd_dealt_position, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, dealt_nameless, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, dealt_newline, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_DEAL, dealt_long, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_RECALL, bits_of_nothing, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RECALL, bits_and_position, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RECALL, bits_and_take, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RECALL, no_parts, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RECALL, many_recalls, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_RECALL, odd_position, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RETIRE, other_session, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_REAP, no_sequence, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_PUBLISH, long_strategy, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_RELEASE, no_slot, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RELEASE, no_items, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_RELEASE, many_items, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ACK, many_items, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_ACK, odd_item, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_FAIL, long_reason, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_FAIL, negative_retry, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_UNPARK, operator_of_nothing, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_UNPARK, operator_of_many, ALLOT_REFUSED_LIMIT},
    {ALLOT_OP_UNPARK, due_ids_by_nobody, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_CLEAN, no_session, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_READ_ROSTER, no_page, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_READ_INBOX, large_page, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_READ_POOL, no_page, ALLOT_REFUSED_INVALID},
    {ALLOT_OP_READ_SEGMENTS, many_segments, ALLOT_REFUSED_LIMIT},
};

static void expect_untouched(scene *s)
{
    const allot_view *v = read_view(s->w)->view;
    ck_assert_uint_eq(v->slots, 1);
    ck_assert_uint_eq(v->version, 0);
    ck_assert_mem_eq(&v->leader, &s->a.slot, sizeof(s->a.slot));
    ck_assert_str_eq(inbox_text(s->w), "x");
    ck_assert_str_eq(share_text(&s->a), "y");
}

START_TEST(malformed_ops_are_refused)
{
    for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
        scene *s = set_up(_i);
        allot_op op = good_op(s, flaws[i].kind);
        flaws[i].spoil(s, &op);
        const allot_answer *a = driver_call(s->a.handle, &op);
        ck_assert_msg(a->outcome.status == ALLOT_STATUS_REFUSED && a->outcome.reason == flaws[i].reason,
                      "flaw %zu, op kind %d: status %d, reason %d", i, (int)flaws[i].kind, (int)a->outcome.status,
                      (int)a->outcome.reason);
        expect_untouched(s);
        world_close(s->w);
        free(s);
    }
}
END_TEST

/* What is to be spoilt is good: else the test above would show nothing. */
START_TEST(the_same_ops_unspoilt_are_done)
{
    for (int kind = ALLOT_OP_JOIN; kind < ALLOT_OP_KIND_END; kind++) {
        scene *s = set_up(_i);
        allot_op op = good_op(s, (allot_op_kind)kind);
        if (kind == ALLOT_OP_RETIRE || kind == ALLOT_OP_REAP)
            EXPECT_REFUSED(driver_call(s->a.handle, &op), ALLOT_REFUSED_GONE);
        else if (kind == ALLOT_OP_READ_SHARE)
            EXPECT_REFUSED(driver_call(s->a.handle, &op), ALLOT_REFUSED_GONE);
        else
            EXPECT_OK(driver_call(kind == ALLOT_OP_JOIN ? s->w->handles[2] : s->a.handle, &op));
        world_close(s->w);
        free(s);
    }
}
END_TEST

START_TEST(an_unknown_kind_is_refused)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    allot_op op = member_op(&a, ALLOT_OP_READ_VIEW);
    op.kind = ALLOT_OP_KIND_END;
    EXPECT_REFUSED(member_call(&a, &op), ALLOT_REFUSED_INVALID);
    world_close(w);
}
END_TEST

START_TEST(what_is_malformed_is_not_remembered)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    allot_new_id id = {.id = {"", 0}};
    allot_op op = member_op(&a, ALLOT_OP_ADD);
    op.u.add = (allot_op_add){.count = 1, .ids = &id, .fresh_life = world_uuid(w)};
    EXPECT_REFUSED(member_call(&a, &op), ALLOT_REFUSED_INVALID);
    id.id = (allot_bytes){"x", 1};
    ck_assert_uint_eq(EXPECT_OK(member_call(&a, &op))->outcome.count, 1);
    world_close(w);
}
END_TEST

TCase *malformed_case(void)
{
    TCase *c = tcase_create("malformed");
    TEST_ON_ALL(c, malformed_ops_are_refused);
    TEST_ON_ALL(c, the_same_ops_unspoilt_are_done);
    TEST_ON_ALL(c, an_unknown_kind_is_refused);
    TEST_ON_ALL(c, what_is_malformed_is_not_remembered);
    return c;
}
