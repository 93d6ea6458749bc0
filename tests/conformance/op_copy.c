#include "tests/conformance/op_copy.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

void *arena_take(arena *a, size_t size)
{
    if (size == 0)
        return NULL;
    void *block = calloc(1, size);
    if (block == NULL || array_reserve((void **)&a->blocks, &a->capacity, a->count + 1, sizeof(*a->blocks)) != 0)
        abort();
    a->blocks[a->count++] = block;
    return block;
}

void arena_done(arena *a)
{
    for (size_t i = 0; i < a->count; i++)
        free(a->blocks[i]);
    free(a->blocks);
    *a = (arena){0};
}

static void *copy(arena *a, const void *data, size_t len)
{
    void *block = arena_take(a, len);
    if (block != NULL)
        memcpy(block, data, len);
    return block;
}

static allot_bytes copy_bytes(arena *a, allot_bytes b)
{
    return (allot_bytes){copy(a, b.data, b.len), b.len};
}

typedef struct copying {
    const renaming *names;
    arena *memory;
} copying;

static uint64_t term(const copying *c, uint64_t number)
{
    return c->names == NULL ? number : numbers_translate(&c->names->terms, number);
}

static uint64_t token(const copying *c, uint64_t number)
{
    return c->names == NULL ? number : numbers_translate(&c->names->tokens, number);
}

static uint64_t segment(const copying *c, uint64_t number)
{
    return c->names == NULL ? number : numbers_translate(&c->names->segments, number);
}

static void copy_floors(const copying *c, allot_floors *floors)
{
    floors->term = term(c, floors->term);
    floors->token = token(c, floors->token);
}

static void copy_join(const copying *c, allot_op_join *join)
{
    join->name = copy_bytes(c->memory, join->name);
    join->host = copy_bytes(c->memory, join->host);
    join->container = copy_bytes(c->memory, join->container);
    copy_floors(c, &join->floors);
}

static void copy_beat(const copying *c, allot_op_beat *beat)
{
    allot_ref *working = copy(c->memory, beat->working, beat->working_count * sizeof(*working));
    for (uint32_t i = 0; i < beat->working_count; i++)
        working[i].segment = segment(c, working[i].segment);
    beat->working = working;
    copy_floors(c, &beat->floors);
}

static void copy_add(const copying *c, allot_op_add *add)
{
    allot_new_id *ids = copy(c->memory, add->ids, add->count * sizeof(*ids));
    for (uint32_t i = 0; i < add->count; i++) {
        ids[i].id = copy_bytes(c->memory, ids[i].id);
        ids[i].payload = copy_bytes(c->memory, ids[i].payload);
    }
    add->ids = ids;
}

static const allot_part *copy_parts(const copying *c, const allot_part *from, uint32_t count)
{
    allot_part *parts = copy(c->memory, from, count * sizeof(*parts));
    for (uint32_t i = 0; i < count; i++) {
        parts[i].segment = segment(c, parts[i].segment);
        parts[i].which = copy(c->memory, parts[i].which, parts[i].which == NULL ? 0 : ALLOT_SEGMENT_IDS_MAX / 8);
    }
    return parts;
}

static void copy_assign(const copying *c, allot_op_assign *assign)
{
    assign->slots = copy(c->memory, assign->slots, assign->slot_count * sizeof(*assign->slots));
    allot_grant *grants = copy(c->memory, assign->grants, assign->grant_count * sizeof(*grants));
    for (uint32_t i = 0; i < assign->grant_count; i++)
        grants[i].parts = copy_parts(c, grants[i].parts, grants[i].part_count);
    assign->grants = grants;
}

static void copy_deal(const copying *c, allot_op_deal *deal)
{
    deal->slots = copy(c->memory, deal->slots, deal->slot_count * sizeof(*deal->slots));
    allot_source *sources = copy(c->memory, deal->sources, deal->source_count * sizeof(*sources));
    for (uint32_t i = 0; i < deal->source_count; i++)
        sources[i].segment = segment(c, sources[i].segment);
    deal->sources = sources;
    allot_pile *piles = copy(c->memory, deal->piles, deal->pile_count * sizeof(*piles));
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        allot_dealt *ids = copy(c->memory, piles[i].ids, piles[i].count * sizeof(*ids));
        for (uint32_t k = 0; k < piles[i].count; k++)
            ids[k].id = copy_bytes(c->memory, ids[k].id);
        piles[i].ids = ids;
    }
    deal->piles = piles;
}

static void copy_items(const copying *c, allot_op_items *op)
{
    allot_item *items = copy(c->memory, op->items, op->count * sizeof(*items));
    for (uint32_t i = 0; i < op->count; i++) {
        items[i].segment = segment(c, items[i].segment);
        items[i].token = token(c, items[i].token);
        items[i].id = copy_bytes(c->memory, items[i].id);
    }
    op->items = items;
    op->reason = copy_bytes(c->memory, op->reason);
}

static void copy_unpark(const copying *c, allot_op_unpark *unpark)
{
    allot_bytes *ids = copy(c->memory, unpark->ids, unpark->count * sizeof(*ids));
    for (uint32_t i = 0; i < unpark->count; i++)
        ids[i] = copy_bytes(c->memory, ids[i]);
    unpark->ids = ids;
}

static void copy_read(const copying *c, allot_op_read *read)
{
    uint64_t *segments = copy(c->memory, read->segments, read->segment_count * sizeof(*segments));
    for (uint32_t i = 0; i < read->segment_count; i++)
        segments[i] = segment(c, segments[i]);
    read->segments = segments;
}

allot_op op_copy(const allot_op *op, const renaming *names, arena *memory)
{
    copying c = {names, memory};
    allot_op to = *op;
    to.term = term(&c, op->term);
    if (op->kind == ALLOT_OP_JOIN)
        copy_join(&c, &to.u.join);
    else if (op->kind == ALLOT_OP_BEAT)
        copy_beat(&c, &to.u.beat);
    else if (op->kind == ALLOT_OP_ADD)
        copy_add(&c, &to.u.add);
    else if (op->kind == ALLOT_OP_ASSIGN)
        copy_assign(&c, &to.u.assign);
    else if (op->kind == ALLOT_OP_DEAL)
        copy_deal(&c, &to.u.deal);
    else if (op->kind == ALLOT_OP_RECALL)
        to.u.recall.parts = copy_parts(&c, to.u.recall.parts, to.u.recall.part_count);
    else if (op->kind == ALLOT_OP_PUBLISH)
        to.u.publish.strategy = copy_bytes(memory, to.u.publish.strategy);
    else if (op->kind == ALLOT_OP_RELEASE || op->kind == ALLOT_OP_ACK || op->kind == ALLOT_OP_FAIL)
        copy_items(&c, &to.u.items);
    else if (op->kind == ALLOT_OP_UNPARK)
        copy_unpark(&c, &to.u.unpark);
    else if (op->kind >= ALLOT_OP_READ_VIEW)
        copy_read(&c, &to.u.read);
    return to;
}
