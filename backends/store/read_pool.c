/* read_pool.c - the pool id by id: segments by number and position, then what is parked, by order.
 *
 * A cursor names the next id to show the way the index does: (number, position), or bit 63 and the order of parking. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/uuid_text.h"

#define CURSOR_PARKED (UINT64_C(1) << 63)

static bool page_is_full(const store_turn *t)
{
    return t->answer->id_count == t->op->u.read.limit;
}

static allot_pool_id *next_entry(store_turn *t, allot_bytes id)
{
    allot_pool_id *entry = &t->s->scratch.pool_ids[t->answer->id_count++];
    *entry = (allot_pool_id){.id = id};
    const store_fail *fail = t->s->fails.count == 0 ? NULL : store_fail_find(t->s, id);
    if (fail != NULL) {
        entry->attempts = fail->attempts;
        entry->reason = (allot_bytes){.data = fail->reason, .len = fail->reason_len};
    }
    return entry;
}

static void put_id(store_turn *t, const store_segment *g, uint32_t position)
{
    allot_pool_id *entry = next_entry(t, store_segment_id(g, position));
    entry->place = g->owner == NULL ? ALLOT_PLACE_INBOX : ALLOT_PLACE_SHARE;
    entry->token = g->token;
    entry->recalled = bits_test(g->recalls, position);
    if (g->owner != NULL)
        entry->slot = g->owner->id;
    if (t->op->u.read.with_payloads)
        entry->payload = store_segment_payload(g, position);
}

static void put_parked(store_turn *t, const store_parked *p)
{
    allot_pool_id *entry = next_entry(t, p->id);
    entry->place = ALLOT_PLACE_PARKED;
    entry->due_in_us = p->due_us == INT64_MAX ? INT64_MAX : store_time_sub(p->due_us, t->now_us);
    if (t->op->u.read.with_payloads)
        entry->payload = p->payload;
}

/* False when the page is full, and the cursor set. */
static bool put_segment(store_turn *t, const store_segment *g, uint32_t from)
{
    for (uint32_t i = from; i < g->count; i++) {
        if (!store_segment_has(g, i))
            continue;
        if (page_is_full(t)) {
            t->answer->next_cursor = store_where_in_segment(g->number, i);
            return false;
        }
        put_id(t, g, i);
    }
    return true;
}

static bool put_all_segments(store_turn *t, uint64_t cursor)
{
    uint64_t number = cursor / ALLOT_SEGMENT_IDS_MAX;
    size_t at = numbered_from(&t->s->segments, number);
    const store_segment *g;
    while ((g = numbered_next(&t->s->segments, &at)) != NULL)
        if (!put_segment(t, g, g->number == number ? cursor % ALLOT_SEGMENT_IDS_MAX : 0))
            return false;
    return true;
}

static void put_all_parked(store_turn *t, uint64_t order)
{
    size_t at = numbered_from(&t->s->parked, order);
    const store_parked *p;
    while ((p = numbered_next(&t->s->parked, &at)) != NULL) {
        if (page_is_full(t)) {
            t->answer->next_cursor = store_where_parked(p->order);
            return;
        }
        put_parked(t, p);
    }
}

static void put_share(store_turn *t, const store_slot *slot, uint64_t cursor)
{
    uint64_t number = cursor / ALLOT_SEGMENT_IDS_MAX;
    for (const store_segment *g = store_share_from(t->s, slot, number); g != NULL; g = g->next)
        if (!put_segment(t, g, g->number == number ? cursor % ALLOT_SEGMENT_IDS_MAX : 0))
            return;
}

int store_read_pool(store_turn *t)
{
    store_scratch *scratch = &t->s->scratch;
    const allot_op_read *read = &t->op->u.read;
    if (array_reserve((void **)&scratch->pool_ids, &scratch->pool_ids_capacity, read->limit,
                      sizeof(scratch->pool_ids[0])) != 0)
        return ALLOT_E_NOMEM;
    t->answer->ids = scratch->pool_ids;
    if (!uuid_is_zero(&read->target)) {
        const store_slot *slot = store_slot_find(t->s, &read->target);
        if (slot == NULL)
            store_refuse(t, ALLOT_REFUSED_GONE);
        else
            put_share(t, slot, read->cursor);
        return 0;
    }
    if (read->cursor & CURSOR_PARKED)
        put_all_parked(t, read->cursor & ~CURSOR_PARKED);
    else if (put_all_segments(t, read->cursor))
        put_all_parked(t, 0);
    return 0;
}
