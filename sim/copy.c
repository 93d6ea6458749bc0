#include "sim/copy.h"

#include <stdlib.h>
#include <string.h>

/* Everything is packed twice: once without memory, to know the size, and once into it. */
typedef struct packer {
    char *base; /* NULL: only counting */
    size_t at;
} packer;

static void *pack(packer *p, const void *data, size_t size)
{
    size_t at = (p->at + 7) & ~(size_t)7;
    p->at = at + size;
    if (p->base == NULL || size == 0)
        return NULL;
    return memcpy(p->base + at, data, size);
}

/* `to` is the packed copy's member, or NULL while counting. */
static void pack_bytes(packer *p, allot_bytes *to, const allot_bytes *from)
{
    const char *data = pack(p, from->data, from->len);
    if (to != NULL)
        to->data = data;
}

#define AT(copy, member) ((copy) != NULL ? &(copy)->member : NULL)
#define PACK_ARRAY(p, copy, member, from, count)                                                                       \
    do {                                                                                                               \
        const void *packed_ = pack(p, from, (count) * sizeof((from)[0]));                                              \
        if ((copy) != NULL)                                                                                            \
            (copy)->member = packed_;                                                                                  \
    } while (0)
/* The packed array, to be changed, or NULL. */
#define PACKED(type, copy, member) ((type *)(uintptr_t)((copy) != NULL ? (copy)->member : NULL))

static void pack_new_ids(packer *p, allot_new_id *to, const allot_new_id *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pack_bytes(p, to != NULL ? &to[i].id : NULL, &from[i].id);
        pack_bytes(p, to != NULL ? &to[i].payload : NULL, &from[i].payload);
    }
}

static void pack_assign(packer *p, allot_op_assign *to, const allot_op_assign *from)
{
    PACK_ARRAY(p, to, slots, from->slots, from->slot_count);
    PACK_ARRAY(p, to, grants, from->grants, from->grant_count);
    allot_grant *grants = PACKED(allot_grant, to, grants);
    for (uint32_t i = 0; i < from->grant_count; i++) {
        const allot_grant *g = &from->grants[i];
        const void *parts = pack(p, g->parts, g->part_count * sizeof(g->parts[0]));
        if (grants != NULL)
            grants[i].parts = parts;
    }
}

static void pack_deal(packer *p, allot_op_deal *to, const allot_op_deal *from)
{
    PACK_ARRAY(p, to, slots, from->slots, from->slot_count);
    PACK_ARRAY(p, to, sources, from->sources, from->source_count);
    PACK_ARRAY(p, to, piles, from->piles, from->pile_count);
    allot_pile *piles = PACKED(allot_pile, to, piles);
    for (uint32_t i = 0; i < from->pile_count; i++) {
        const allot_pile *pile = &from->piles[i];
        allot_dealt *ids = pack(p, pile->ids, pile->count * sizeof(pile->ids[0]));
        if (piles != NULL)
            piles[i].ids = ids;
        for (uint32_t k = 0; k < pile->count; k++)
            pack_bytes(p, ids != NULL ? &ids[k].id : NULL, &pile->ids[k].id);
    }
}

static void pack_recall(packer *p, allot_op_recall *to, const allot_op_recall *from)
{
    PACK_ARRAY(p, to, parts, from->parts, from->part_count);
    allot_part *parts = PACKED(allot_part, to, parts);
    for (uint32_t i = 0; i < from->part_count; i++) {
        const uint64_t *which = from->parts[i].which;
        const void *packed = which == NULL ? NULL : pack(p, which, ALLOT_SEGMENT_IDS_MAX / 8);
        if (parts != NULL)
            parts[i].which = packed;
    }
}

static void pack_items(packer *p, allot_op_items *to, const allot_op_items *from)
{
    PACK_ARRAY(p, to, items, from->items, from->count);
    allot_item *items = PACKED(allot_item, to, items);
    for (uint32_t i = 0; i < from->count; i++)
        pack_bytes(p, items != NULL ? &items[i].id : NULL, &from->items[i].id);
    pack_bytes(p, AT(to, reason), &from->reason);
}

static void pack_unpark(packer *p, allot_op_unpark *to, const allot_op *op)
{
    const allot_op_unpark *from = &op->u.unpark;
    uint32_t count = op->term != 0 ? 0 : from->count;
    PACK_ARRAY(p, to, ids, from->ids, count);
    allot_bytes *ids = PACKED(allot_bytes, to, ids);
    for (uint32_t i = 0; i < count; i++)
        pack_bytes(p, ids != NULL ? &ids[i] : NULL, &from->ids[i]);
}

static void pack_op(packer *p, const allot_op *op)
{
    allot_op *to = pack(p, op, sizeof(*op));
    switch (op->kind) {
    case ALLOT_OP_JOIN:
        pack_bytes(p, AT(to, u.join.name), &op->u.join.name);
        pack_bytes(p, AT(to, u.join.host), &op->u.join.host);
        pack_bytes(p, AT(to, u.join.container), &op->u.join.container);
        break;
    case ALLOT_OP_BEAT:
        PACK_ARRAY(p, to, u.beat.working, op->u.beat.working, op->u.beat.working_count);
        break;
    case ALLOT_OP_ADD:
        PACK_ARRAY(p, to, u.add.ids, op->u.add.ids, op->u.add.count);
        pack_new_ids(p, PACKED(allot_new_id, to, u.add.ids), op->u.add.ids, op->u.add.count);
        break;
    case ALLOT_OP_ASSIGN:
        pack_assign(p, AT(to, u.assign), &op->u.assign);
        break;
    case ALLOT_OP_DEAL:
        pack_deal(p, AT(to, u.deal), &op->u.deal);
        break;
    case ALLOT_OP_RECALL:
        pack_recall(p, AT(to, u.recall), &op->u.recall);
        break;
    case ALLOT_OP_PUBLISH:
        pack_bytes(p, AT(to, u.publish.strategy), &op->u.publish.strategy);
        break;
    case ALLOT_OP_RELEASE:
    case ALLOT_OP_ACK:
    case ALLOT_OP_FAIL:
        pack_items(p, AT(to, u.items), &op->u.items);
        break;
    case ALLOT_OP_UNPARK:
        pack_unpark(p, AT(to, u.unpark), op);
        break;
    case ALLOT_OP_READ_SEGMENTS:
        PACK_ARRAY(p, to, u.read.segments, op->u.read.segments, op->u.read.segment_count);
        break;
    default:
        break;
    }
}

static void pack_slots(packer *p, allot_slot_info *to, const allot_slot_info *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pack_bytes(p, to != NULL ? &to[i].name : NULL, &from[i].name);
        pack_bytes(p, to != NULL ? &to[i].host : NULL, &from[i].host);
        pack_bytes(p, to != NULL ? &to[i].container : NULL, &from[i].container);
    }
}

static void pack_pool_ids(packer *p, allot_pool_id *to, const allot_pool_id *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pack_bytes(p, to != NULL ? &to[i].id : NULL, &from[i].id);
        pack_bytes(p, to != NULL ? &to[i].payload : NULL, &from[i].payload);
        pack_bytes(p, to != NULL ? &to[i].reason : NULL, &from[i].reason);
    }
}

static void pack_bodies(packer *p, allot_segment_body *to, const allot_segment_body *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        allot_new_id *ids = pack(p, from[i].ids, from[i].count * sizeof(from[i].ids[0]));
        if (to != NULL)
            to[i].ids = ids;
        pack_new_ids(p, ids, from[i].ids, from[i].count);
    }
}

static void pack_answer(packer *p, const allot_answer *a)
{
    allot_answer *to = pack(p, a, sizeof(*a));
    if (a->message != NULL)
        PACK_ARRAY(p, to, message, a->message, strlen(a->message) + 1);
    if (a->view != NULL) {
        allot_view *view = pack(p, a->view, sizeof(*view));
        pack_bytes(p, AT(view, strategy), &a->view->strategy);
        if (to != NULL)
            to->view = view;
    }
    PACK_ARRAY(p, to, slots, a->slots, a->slot_count);
    pack_slots(p, PACKED(allot_slot_info, to, slots), a->slots, a->slot_count);
    PACK_ARRAY(p, to, segments, a->segments, a->segment_count);
    PACK_ARRAY(p, to, bodies, a->bodies, a->body_count);
    pack_bodies(p, PACKED(allot_segment_body, to, bodies), a->bodies, a->body_count);
    PACK_ARRAY(p, to, ids, a->ids, a->id_count);
    pack_pool_ids(p, PACKED(allot_pool_id, to, ids), a->ids, a->id_count);
}

static void *need(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL)
        abort();
    return memory;
}

allot_op *copy_op(const allot_op *op)
{
    packer p = {0};
    pack_op(&p, op);
    p = (packer){.base = need(p.at)};
    pack_op(&p, op);
    return (allot_op *)(void *)p.base;
}

allot_answer *copy_answer(const allot_answer *answer)
{
    packer p = {0};
    pack_answer(&p, answer);
    p = (packer){.base = need(p.at)};
    pack_answer(&p, answer);
    return (allot_answer *)(void *)p.base;
}
