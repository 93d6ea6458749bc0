#include "base/uuid_text.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Segments with fewer ids than this are written together when they go to the same slot, so that ids that were added
 * one by one do not stay one segment each. */
#define SMALL_SEGMENT 64u

/* Parts of one assign or recall: half of what an op may carry, so that a store which does it in one go (a script of a
 * few milliseconds) is not blocked for long. */
#define PARTS_AT_ONCE (ALLOT_OP_ITEMS_MAX / 2)

/* ---- The question ------------------------------------------------------------------------------------------------ */

static bool same_name(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const member *m = &((const member *)context)[value];
    return strlen(m->name) == key_len && memcmp(m->name, key, key_len) == 0;
}

/* §12: a slot's stable key is its name if no other slot has it, else its UUID. */
static void set_keys(engine *e, plan *p)
{
    leader *l = &e->leader;
    index_table names;
    index_init(&names, same_name, l->roster);
    bool *shared = calloc(l->roster_count, sizeof(*shared));
    if (shared == NULL || index_reserve(&names, l->roster_count) != 0)
        engine_fail(e);
    for (size_t i = 0; i < l->roster_count && !e->failed; i++) {
        uint64_t other;
        size_t len = strlen(l->roster[i].name);
        if (index_get(&names, l->roster[i].name, len, &other))
            shared[i] = shared[other] = true;
        else if (index_put(&names, l->roster[i].name, len, i) != 0)
            engine_fail(e);
    }
    for (size_t i = 0; i < l->roster_count && !e->failed; i++) {
        const member *m = &l->roster[i];
        char uuid[ALLOT_UUID_TEXT_BYTES];
        if (m->plan_index == UINT32_MAX)
            continue;
        uuid_to_text(&m->slot, uuid);
        const char *key = m->name[0] == '\0' || shared[i] ? uuid : m->name;
        if (plan_set_key(p, m->plan_index, (allot_bytes){.data = key, .len = (uint32_t)strlen(key)}) != 0)
            engine_fail(e);
    }
    free(shared);
    index_done(&names);
}

static uint64_t kept(const member *m)
{
    return m->ids - m->recalls;
}

/* Of a full split: all that live slots have, drain or not, recalled or not, and the inbox. */
static uint64_t all_ids(const leader *l)
{
    uint64_t sum = l->inbox_ids;
    for (size_t i = 0; i < l->roster_count; i++)
        if (l->roster[i].state == ALLOT_SLOT_LIVE && !l->roster[i].expired)
            sum += l->roster[i].ids;
    return sum;
}

static uint32_t number_owners(leader *l)
{
    uint32_t count = 0;
    for (size_t i = 0; i < l->roster_count; i++)
        l->roster[i].plan_index = member_may_own(&l->roster[i]) ? count++ : UINT32_MAX;
    return count;
}

plan *placement_plan(engine *e)
{
    leader *l = &e->leader;
    uint32_t count = number_owners(l);
    if (count == 0)
        return NULL;
    plan *p = plan_new(count);
    if (p == NULL) {
        engine_fail(e);
        return NULL;
    }
    p->number = ++l->plan_number;
    p->id_count = l->full ? all_ids(l) : l->inbox_ids;
    p->seed = 1;
    for (size_t i = 0; i < l->roster_count; i++) {
        const member *m = &l->roster[i];
        if (m->plan_index == UINT32_MAX)
            continue;
        allot_strategy_slot *s = &p->slots[m->plan_index];
        s->slot = m->slot;
        s->weight = m->weight;
        s->load = l->full ? 0 : kept(m);
        s->held = kept(m);
    }
    set_keys(e, p);
    if (!e->failed)
        return p;
    plan_free(p);
    return NULL;
}

void placement_take(engine *e, const plan *p)
{
    leader *l = &e->leader;
    for (size_t i = 0; i < l->roster_count; i++) {
        member *m = &l->roster[i];
        m->give = m->take = 0;
        if (m->plan_index == UINT32_MAX) {
            if (l->full && m->draining && m->state == ALLOT_SLOT_LIVE && !m->expired)
                m->give = kept(m);
            continue;
        }
        uint64_t want = p->counts[m->plan_index] + (l->full ? 0 : kept(m));
        m->give = kept(m) > want ? kept(m) - want : 0;
        m->take = want > kept(m) ? want - kept(m) : 0;
    }
    l->segment_at = l->slot_at = 0;
    l->taken = 0;
}

/* ---- Assigning --------------------------------------------------------------------------------------------------- */

/* An assign op while it is being filled: what lies behind the pending. */
typedef struct assign_op {
    allot_uuid slots[PARTS_AT_ONCE];
    allot_grant grants[PARTS_AT_ONCE];
    allot_part parts[PARTS_AT_ONCE];
    uint32_t slot_count, grant_count, part_count;
    uint32_t open_ids; /* ids of the last grant, if further parts may be added to it; 0: none may */
} assign_op;

static void put_part(assign_op *op, const allot_uuid *slot, uint32_t ids, bool small, allot_part part)
{
    bool same_slot = op->slot_count > 0 && uuid_equal(&op->slots[op->slot_count - 1], slot);
    if (!same_slot) {
        op->slots[op->slot_count++] = *slot;
        op->open_ids = 0;
    }
    op->parts[op->part_count++] = part;
    if (small && op->open_ids > 0 && op->open_ids + ids <= ALLOT_SEGMENT_IDS_MAX) {
        op->grants[op->grant_count - 1].part_count++;
        op->open_ids += ids;
        return;
    }
    op->grants[op->grant_count++] = (allot_grant){
        .slot_index = op->slot_count - 1, .part_count = 1, .parts = &op->parts[op->part_count - 1]};
    op->open_ids = small ? ids : 0;
}

/* The next part for a slot that wants `want` ids: the rest of the segment at hand if that is not too much, by its
 * number; else the first ids of it. */
static uint32_t next_part(leader *l, uint64_t want, bool *ret_small, allot_part *ret_part)
{
    const allot_segment_info *seg_info = &l->segments[l->segment_at];
    uint32_t left = seg_info->live - l->taken;
    assert(left > 0);
    *ret_part = (allot_part){.segment = seg_info->segment, .position = ALLOT_ALL};
    *ret_small = left < SMALL_SEGMENT || left > want;
    if (left > want) {
        ret_part->take = (uint32_t)want;
        l->taken += (uint32_t)want;
        return (uint32_t)want;
    }
    l->segment_at++;
    l->taken = 0;
    return left;
}

static void fill_assign(leader *l, assign_op *op)
{
    while (l->slot_at < l->roster_count && l->segment_at < l->segment_count && op->part_count < PARTS_AT_ONCE) {
        member *m = &l->roster[l->slot_at];
        if (m->take == 0) {
            l->slot_at++;
            continue;
        }
        if (l->segments[l->segment_at].live == l->taken) {
            l->segment_at++;
            l->taken = 0;
            continue;
        }
        bool small;
        allot_part part;
        uint32_t ids = next_part(l, m->take, &small, &part);
        put_part(op, &m->slot, ids, small, part);
        m->take -= ids;
    }
}

bool placement_assign(engine *e)
{
    pending *p = leader_op(e, ALLOT_OP_ASSIGN, sizeof(assign_op));
    if (p == NULL)
        return false;
    assign_op *op = pending_memory(p);
    fill_assign(&e->leader, op);
    if (op->part_count == 0) {
        ops_drop(e, p);
        return false;
    }
    p->op.u.assign = (allot_op_assign){
        .slot_count = op->slot_count, .slots = op->slots, .grant_count = op->grant_count, .grants = op->grants};
    leader_send(e, p);
    return true;
}

/* ---- Recalling --------------------------------------------------------------------------------------------------- */

/* From the newest segment on: what has been with the slot for long stays longest. */
static uint32_t fill_recall(leader *l, member *m, allot_part *parts)
{
    uint32_t count = 0;
    while (m->give > 0 && l->segment_at > 0 && count < PARTS_AT_ONCE) {
        const allot_segment_info *seg_info = &l->segments[--l->segment_at];
        uint32_t free_ids = seg_info->live - seg_info->recalled;
        if (free_ids == 0)
            continue;
        uint32_t take = free_ids < m->give ? free_ids : (uint32_t)m->give;
        parts[count++] = (allot_part){
            .segment = seg_info->segment, .position = ALLOT_ALL, .take = take == seg_info->live ? 0 : take};
        m->give -= take;
    }
    return count;
}

bool placement_recall(engine *e)
{
    leader *l = &e->leader;
    member *m = &l->roster[l->at];
    pending *p = leader_op(e, ALLOT_OP_RECALL, PARTS_AT_ONCE * sizeof(allot_part));
    if (p == NULL)
        return false;
    allot_part *parts = pending_memory(p);
    uint32_t count = fill_recall(l, m, parts);
    if (count == 0) {
        ops_drop(e, p);
        return false;
    }
    p->op.u.recall = (allot_op_recall){.target = m->slot, .part_count = count, .parts = parts};
    leader_send(e, p);
    return true;
}
