#include "base/bytes.h"
#include "base/uuid_text.h"
#include "core/engine/internal.h"

/* Segments with fewer ids than this are written together when they go to the same slot, so that ids that were added
 * one by one do not stay one segment each. */
#define SMALL_SEGMENT 64u

/* What one assign or recall carries: less than an op may, so that a store which does it in one go (a script of a few
 * milliseconds) is not blocked for long. Segments that are cut or written together have their ids read and rewritten,
 * which costs more than a number that moves. */
#define PARTS_AT_ONCE (ALLOT_OP_ITEMS_MAX / 4)
#define BODIES_AT_ONCE 32u
#define REWRITTEN_AT_ONCE (2 * ALLOT_SEGMENT_IDS_MAX)

/* ---- What is to be done ------------------------------------------------------------------------------------------ */

void placement_add_portion(engine *e, portion p)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->portions, &l->portion_capacity, l->portion_count + 1, sizeof(p)) != 0)
        engine_fail(e);
    else
        l->portions[l->portion_count++] = p;
}

void placement_add_claim(engine *e, claim c)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->claims, &l->claim_capacity, l->claim_count + 1, sizeof(c)) != 0)
        engine_fail(e);
    else
        l->claims[l->claim_count++] = c;
}

uint64_t *placement_add_map(engine *e, uint32_t *ret_map)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->maps, &l->map_capacity, l->map_count + 1, sizeof(l->maps[0])) != 0) {
        engine_fail(e);
        return NULL;
    }
    *ret_map = (uint32_t)l->map_count;
    l->maps[l->map_count] = (segment_map){0};
    return l->maps[l->map_count++].words;
}

void placement_forget(leader *l)
{
    l->portion_count = l->portion_at = l->claim_count = l->claim_at = l->map_count = 0;
}

/* ---- Assigning --------------------------------------------------------------------------------------------------- */

/* An assign op while it is being filled: what lies behind the pending. */
typedef struct assign_op {
    allot_uuid slots[PARTS_AT_ONCE];
    allot_grant grants[PARTS_AT_ONCE];
    allot_part parts[PARTS_AT_ONCE];
    uint32_t slot_count, grant_count, part_count;
    uint32_t open_ids; /* ids of the last grant, if further parts may be added to it; 0: none may */
    uint32_t room;     /* that grant may have so many */
    uint32_t bodies, rewritten; /* segments, ids */
} assign_op;

static bool is_small(const portion *p)
{
    return p->ids < SMALL_SEGMENT || p->take > 0;
}

static bool has_room(const assign_op *op, const portion *next)
{
    if (op->part_count == PARTS_AT_ONCE)
        return false;
    if (!is_small(next))
        return true;
    return op->bodies < BODIES_AT_ONCE && op->rewritten + next->ids <= REWRITTEN_AT_ONCE;
}

static void put_portion(assign_op *op, const allot_uuid *slot, const portion *p)
{
    bool same_slot = op->slot_count > 0 && uuid_equal(&op->slots[op->slot_count - 1], slot);
    bool small = is_small(p);
    op->bodies += small;
    op->rewritten += small ? p->ids : 0;
    if (!same_slot) {
        op->slots[op->slot_count++] = *slot;
        op->open_ids = 0;
    }
    op->parts[op->part_count++] = (allot_part){.segment = p->segment, .position = ALLOT_ALL, .take = p->take};
    if (small && p->joins && op->open_ids > 0 && op->open_ids + p->ids <= op->room) {
        op->grants[op->grant_count - 1].part_count++;
        op->open_ids += p->ids;
        return;
    }
    op->grants[op->grant_count++] = (allot_grant){
        .slot_index = op->slot_count - 1, .part_count = 1, .parts = &op->parts[op->part_count - 1]};
    op->open_ids = small ? p->ids : 0;
    op->room = p->room;
}

static void send_assign(engine *e)
{
    leader *l = &e->leader;
    pending *p = leader_op(e, ALLOT_OP_ASSIGN, sizeof(assign_op));
    if (p == NULL)
        return;
    assign_op *op = pending_memory(p);
    while (l->portion_at < l->portion_count && has_room(op, &l->portions[l->portion_at])) {
        const portion *next = &l->portions[l->portion_at++];
        put_portion(op, &l->roster[next->member].slot, next);
    }
    p->op.u.assign = (allot_op_assign){
        .slot_count = op->slot_count, .slots = op->slots, .grant_count = op->grant_count, .grants = op->grants};
    leader_send(e, p);
}

bool placement_assign(engine *e)
{
    leader *l = &e->leader;
    while (l->portion_at < l->portion_count && ops_window(e, false) && !e->failed)
        send_assign(e);
    return l->portion_at == l->portion_count;
}

/* ---- Recalling --------------------------------------------------------------------------------------------------- */

/* The next claims that one op can carry: how many, and how many bitmaps they have. */
static uint32_t next_claims(const leader *l, uint32_t *ret_maps)
{
    const claim *first = &l->claims[l->claim_at];
    uint32_t count = 0;
    *ret_maps = 0;
    while (l->claim_at + count < l->claim_count && count < PARTS_AT_ONCE && first[count].member == first->member)
        *ret_maps += first[count++].map != NOBODY;
    return count;
}

static void send_recall(engine *e)
{
    leader *l = &e->leader;
    uint32_t map_count;
    uint32_t count = next_claims(l, &map_count);
    pending *p = leader_op(e, ALLOT_OP_RECALL, count * sizeof(allot_part) + map_count * sizeof(segment_map));
    if (p == NULL)
        return;
    allot_part *parts = pending_memory(p);
    segment_map *map = (segment_map *)(parts + count);
    p->member = l->claims[l->claim_at].member;
    for (uint32_t i = 0; i < count; i++) {
        const claim *c = &l->claims[l->claim_at++];
        parts[i] = (allot_part){.segment = c->segment, .position = ALLOT_ALL, .take = c->take};
        if (c->map == NOBODY)
            continue;
        *map = l->maps[c->map];
        parts[i].which = (map++)->words;
    }
    p->op.u.recall = (allot_op_recall){.target = l->roster[p->member].slot, .part_count = count, .parts = parts};
    leader_send(e, p);
}

bool placement_recall(engine *e)
{
    leader *l = &e->leader;
    while (l->claim_at < l->claim_count && ops_window(e, false) && !e->failed)
        send_recall(e);
    return l->claim_at == l->claim_count;
}
