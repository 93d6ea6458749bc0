/* pool.c - where ids are: each in exactly one place (I2), found by one index. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What the index says of an id: bit 63 set: parked, and its order; else the number of its segment and its position. */
#define WHERE_PARKED (UINT64_C(1) << 63)
#define WHERE_POSITION_BITS 10

static_assert(ALLOT_SEGMENT_IDS_MAX == 1u << WHERE_POSITION_BITS, "a position fits its bits");

uint64_t store_where_in_segment(uint64_t number, uint32_t position)
{
    assert(number < STORE_NUMBER_END && position < ALLOT_SEGMENT_IDS_MAX);
    return number << WHERE_POSITION_BITS | position;
}

uint64_t store_where_parked(uint64_t order)
{
    assert(order < STORE_NUMBER_END);
    return WHERE_PARKED | order;
}

static allot_bytes id_at(const store *s, uint64_t where)
{
    if (where & WHERE_PARKED) {
        const store_parked *p = numbered_find(&s->parked, where & ~WHERE_PARKED);
        assert(p != NULL);
        return p->id;
    }
    const store_segment *g = store_segment_find(s, where >> WHERE_POSITION_BITS);
    assert(g != NULL);
    return store_segment_id(g, where & (ALLOT_SEGMENT_IDS_MAX - 1));
}

static bool same_id(const void *context, uint64_t where, const void *key, size_t key_len)
{
    allot_bytes id = id_at(context, where);
    return id.len == key_len && memcmp(id.data, key, key_len) == 0;
}

store_parked *store_parked_find(const store *s, allot_bytes id)
{
    uint64_t where;
    if (!index_get(&s->ids, id.data, id.len, &where) || !(where & WHERE_PARKED))
        return NULL;
    return numbered_find(&s->parked, where & ~WHERE_PARKED);
}

void store_pool_init(store *s)
{
    index_init(&s->ids, same_id, s);
}

static void free_segments(store *s)
{
    size_t at = 0;
    store_segment *g;
    while ((g = numbered_next(&s->segments, &at)) != NULL)
        free(g);
}

void store_pool_done(store *s)
{
    free_segments(s);
    numbered_done(&s->segments);
    numbered_done(&s->inbox);
    index_done(&s->ids);
}

store_segment *store_segment_find(const store *s, uint64_t number)
{
    return numbered_find(&s->segments, number);
}

store_segment *store_segment_in(const store *s, uint64_t number, const store_slot *owner)
{
    store_segment *g = store_segment_find(s, number);
    return g != NULL && g->owner == owner ? g : NULL;
}

int store_segment_enter_at(store *s, store_segment *g, uint64_t number)
{
    if (g == NULL)
        return ALLOT_E_NOMEM;
    if (numbered_append(&s->segments, number, g) != 0) {
        free(g);
        return ALLOT_E_NOMEM;
    }
    g->number = number;
    g->base = store_segment_fresh_base(number);
    return 0;
}

int store_segment_enter(store *s, store_segment *g)
{
    return store_segment_enter_at(s, g, ++s->segment);
}

void store_segment_give_back(store *s, store_segment *g)
{
    assert(g->number == s->segment && g->live == 0);
    numbered_remove(&s->segments, g->number);
    s->segment--;
    free(g);
}

int store_segment_to_inbox_at(store *s, store_segment *g, uint64_t order)
{
    assert(g->owner == NULL && g->inbox_order == 0 && g->live > 0);
    if (numbered_append(&s->inbox, order, g) != 0)
        return ALLOT_E_NOMEM;
    g->inbox_order = order;
    s->inbox_ids += g->live;
    return 0;
}

int store_segment_to_inbox(store *s, store_segment *g)
{
    return store_segment_to_inbox_at(s, g, ++s->inbox_order);
}

/* A share is in the order of the numbers. A new grant has most often the highest: looked for from the end. */
static void link_by_number(store_slot *owner, store_segment *g)
{
    store_segment *before = owner->last;
    while (before != NULL && before->number > g->number)
        before = before->prev;
    g->prev = before;
    g->next = before == NULL ? owner->first : before->next;
    *(g->prev == NULL ? &owner->first : &g->prev->next) = g;
    *(g->next == NULL ? &owner->last : &g->next->prev) = g;
}

void store_segment_to_share(store *s, store_segment *g, store_slot *owner, uint64_t token)
{
    assert(g->owner == NULL && g->inbox_order == 0 && g->live > 0 && token > 0);
    g->owner = owner;
    g->token = token;
    link_by_number(owner, g);
    owner->segments++;
    owner->ids += g->live;
    s->placed_ids += g->live;
}

static void lift_from_share(store *s, store_segment *g)
{
    store_slot *owner = g->owner;
    *(g->prev == NULL ? &owner->first : &g->prev->next) = g->next;
    *(g->next == NULL ? &owner->last : &g->next->prev) = g->prev;
    owner->segments--;
    owner->ids -= g->live;
    owner->recalls -= g->recalled;
    s->placed_ids -= g->live;
}

void store_segment_lift(store *s, store_segment *g)
{
    if (g->owner != NULL) {
        lift_from_share(s, g);
    } else if (g->inbox_order != 0) {
        numbered_remove(&s->inbox, g->inbox_order);
        s->inbox_ids -= g->live;
    }
    g->owner = NULL;
    g->prev = g->next = NULL;
    g->inbox_order = g->token = 0;
    g->recalled = 0;
    memset(g->recalls, 0, (g->room + 63) / 64 * sizeof(uint64_t));
}

void store_segment_take(store *s, store_segment *g, uint32_t position)
{
    assert(store_segment_has(g, position));
    bits_set(g->done, position);
    g->live--;
    if (g->owner != NULL) {
        g->owner->ids--;
        s->placed_ids--;
    } else if (g->inbox_order != 0) {
        s->inbox_ids--;
    }
    if (bits_test(g->recalls, position)) {
        bits_clear(g->recalls, position);
        g->recalled--;
        g->owner->recalls--;
    }
}

void store_segment_recall(store_segment *g, uint32_t position)
{
    assert(g->owner != NULL && store_segment_has(g, position) && !bits_test(g->recalls, position));
    bits_set(g->recalls, position);
    g->recalled++;
    g->owner->recalls++;
}

void store_segment_close(store *s, store_segment *g)
{
    if (g->live > 0)
        return;
    store_segment_lift(s, g);
    numbered_remove(&s->segments, g->number);
    free(g);
}

/* ---- add -------------------------------------------------------------------------------------------------------- */

static bool is_known(const store *s, allot_bytes id)
{
    uint64_t where;
    return index_get(&s->ids, id.data, id.len, &where) && !MUTANT(added_twice);
}

/* A segment with room for the ids of the op that are not in the pool; *ret_segment is NULL when there are none. */
static int segment_for(store *s, const allot_op_add *add, store_segment **ret_segment)
{
    uint32_t fresh = 0;
    size_t id_bytes = 0;
    size_t payload_bytes = 0;
    for (uint32_t i = 0; i < add->count; i++) {
        const allot_new_id *n = &add->ids[i];
        if (is_known(s, n->id))
            continue;
        fresh++;
        id_bytes += n->id.len;
        payload_bytes += n->payload.len;
    }
    *ret_segment = NULL;
    if (fresh == 0)
        return 0;
    if (index_reserve(&s->ids, fresh) != 0)
        return ALLOT_E_NOMEM;
    *ret_segment = store_segment_new(fresh, id_bytes, payload_bytes);
    return store_segment_enter(s, *ret_segment);
}

static void push_new(store *s, store_segment *g, const allot_op_add *add)
{
    for (uint32_t i = 0; i < add->count; i++) {
        const allot_new_id *n = &add->ids[i];
        if (is_known(s, n->id))
            continue;
        store_segment_push(g, n->id, n->payload);
        int rc = index_put(&s->ids, n->id.data, n->id.len, store_where_in_segment(g->number, g->count - 1));
        assert(rc == 0); /* reserved */
        (void)rc;
    }
}

static void forget_ids(store *s, const store_segment *g)
{
    for (uint32_t i = 0; i < g->count; i++) {
        allot_bytes id = store_segment_id(g, i);
        index_remove(&s->ids, id.data, id.len);
    }
}

int store_add(store_turn *t)
{
    store *s = t->s;
    const allot_op_add *add = &t->op->u.add;
    allot_reason reason = uuid_is_zero(&s->life) ? store_life_begin(t, &add->fresh_life) : ALLOT_REFUSED_NOTHING;
    if (reason != ALLOT_REFUSED_NOTHING) {
        store_refuse(t, reason);
        return 0;
    }
    if (MUTANT(add_not_kept) && t->op->sequence % 4 == 3) {
        t->outcome.count = add->count;
        return 0;
    }
    store_segment *g;
    int rc = segment_for(s, add, &g);
    if (rc != 0)
        return rc;
    if (g == NULL) {
        t->outcome.skipped = add->count;
        return 0;
    }
    push_new(s, g, add);
    if (s->ids.count > s->pool_ids_max) {
        forget_ids(s, g);
        g->live = 0;
        store_segment_give_back(s, g);
        store_refuse(t, ALLOT_REFUSED_LIMIT);
        return 0;
    }
    t->outcome.count = g->live;
    t->outcome.skipped = add->count - g->live;
    s->inbox_rev++;
    t->effects->work = true;
    return store_segment_to_inbox(s, g);
}

/* ---- clean ------------------------------------------------------------------------------------------------------ */

int store_clean(store_turn *t)
{
    store *s = t->s;
    size_t at = 0;
    store_slot *slot;
    t->outcome.count = s->ids.count;
    while ((slot = numbered_next(&s->slots, &at)) != NULL) {
        if (store_share_changed(t, slot) != 0)
            return ALLOT_E_NOMEM;
        slot->first = slot->last = NULL;
        slot->segments = 0;
        slot->ids = slot->recalls = 0;
    }
    free_segments(s);
    numbered_clear(&s->segments);
    numbered_clear(&s->inbox);
    store_parked_done(s);
    store_fails_done(s);
    store_fails_init(s);
    index_clear(&s->ids);
    s->inbox_ids = s->placed_ids = 0;
    return 0;
}
