/* items.c - what an owner does with its ids: release, ack, fail. A token is the proof of ownership (I4). */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/mutants.h"

#include <stdlib.h>

/* The segment of an item that is in the speaking slot's share, with that token, not done; else NULL. */
static store_segment *segment_of(const store_turn *t, const allot_item *item)
{
    bool unfenced = MUTANT(ack_without_fence) && t->op->kind == ALLOT_OP_ACK;
    store_segment *g =
        unfenced ? store_segment_find(t->s, item->segment) : store_segment_in(t->s, item->segment, t->slot);
    if (g == NULL || (g->token != item->token && !unfenced))
        return NULL;
    if (item->position == ALLOT_ALL)
        return g->live > 0 ? g : NULL;
    return store_segment_has(g, item->position) ? g : NULL;
}

/* The segment of item `i`; when there is none, the outcome says so. */
static store_segment *accept_item(store_turn *t, uint32_t i)
{
    store_segment *g = segment_of(t, &t->op->u.items.items[i]);
    if (g == NULL) {
        bits_set(t->outcome.refused, i);
        t->outcome.skipped++;
    }
    return g;
}

static int release_whole(store_turn *t, store_segment *g)
{
    t->outcome.count += g->live;
    store_segment_lift(t->s, g);
    return store_segment_to_inbox(t->s, g);
}

/* Ids that are released one by one: one new segment for each that they lie in. */
typedef struct released_id {
    uint32_t source; /* which of the segments, in the order in which the op names them */
    uint32_t position;
    store_segment *segment; /* stays until what was taken from it is written */
} released_id;

typedef struct released {
    uint32_t count, source_count;
    uint64_t sources[ALLOT_OP_ITEMS_MAX];
    released_id ids[ALLOT_OP_ITEMS_MAX];
} released;

static void take_released(store *s, released *taken, store_segment *g, uint32_t position)
{
    uint32_t source = taken->source_count;
    for (uint32_t i = taken->source_count; i > 0 && source == taken->source_count; i--)
        if (taken->sources[i - 1] == g->number)
            source = i - 1;
    if (source == taken->source_count)
        taken->sources[taken->source_count++] = g->number;
    taken->ids[taken->count++] = (released_id){.source = source, .position = position, .segment = g};
    store_segment_take(s, g, position);
}

static int compare_released(const void *a, const void *b)
{
    const released_id *x = a;
    const released_id *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

static int write_released(store_turn *t, released *taken)
{
    if (taken->count > 1)
        qsort(taken->ids, taken->count, sizeof(taken->ids[0]), compare_released);
    for (uint32_t i = 0; i < taken->count && !(MUTANT(half_a_release) && i > 0);) {
        store_gather gather;
        store_gather_begin(&gather);
        for (uint32_t source = taken->ids[i].source; i < taken->count && taken->ids[i].source == source; i++)
            store_gather_put(&gather, taken->ids[i].segment, taken->ids[i].position);
        store_segment *g;
        if (store_gather_write(t->s, &gather, true, &g) != 0 || store_segment_to_inbox(t->s, g) != 0)
            return ALLOT_E_NOMEM;
    }
    return 0;
}

int store_release(store_turn *t)
{
    const allot_op_items *op = &t->op->u.items;
    released taken;
    taken.count = taken.source_count = 0;
    for (uint32_t i = 0; i < op->count; i++) {
        store_segment *g = accept_item(t, i);
        if (g == NULL)
            continue;
        if (op->items[i].position == ALLOT_ALL) {
            if (release_whole(t, g) != 0)
                return ALLOT_E_NOMEM;
        } else {
            take_released(t->s, &taken, g, op->items[i].position);
            t->outcome.count++;
        }
    }
    if (t->outcome.count == 0)
        return 0;
    t->s->inbox_rev += MUTANT(release_unannounced) ? 0 : 1;
    t->effects->work = true;
    int rc = write_released(t, &taken);
    return rc != 0 ? rc : store_share_changed(t, t->slot);
}

int store_ack(store_turn *t)
{
    store *s = t->s;
    const allot_op_items *op = &t->op->u.items;
    for (uint32_t i = 0; i < op->count; i++) {
        store_segment *g = accept_item(t, i);
        if (g == NULL)
            continue;
        allot_bytes id = store_segment_id(g, op->items[i].position);
        store_fail_forget(s, id);
        index_remove(&s->ids, id.data, id.len);
        store_segment_take(s, g, op->items[i].position);
        store_segment_close(s, g);
        t->outcome.count++;
    }
    return 0;
}

int store_segment_park(store *s, store_segment *g, uint32_t position, int64_t due_us)
{
    int rc = store_park(s, store_segment_id(g, position), store_segment_payload(g, position), due_us);
    if (rc != 0)
        return rc;
    store_segment_take(s, g, position);
    store_segment_close(s, g);
    return 0;
}

static int fail_item(store_turn *t, store_segment *g, uint32_t position)
{
    const allot_op_items *op = &t->op->u.items;
    uint32_t attempts;
    int rc = store_fail_count(t->s, store_segment_id(g, position), op->reason, 0, &attempts);
    if (rc != 0)
        return rc;
    bool for_good = op->max_attempts != 0 && attempts >= op->max_attempts;
    t->outcome.count++;
    return store_segment_park(t->s, g, position,
                              for_good ? INT64_MAX : store_time_add(t->now_us, op->retry_after_us));
}

int store_fail_items(store_turn *t)
{
    for (uint32_t i = 0; i < t->op->u.items.count; i++) {
        store_segment *g = accept_item(t, i);
        int rc = g == NULL ? 0 : fail_item(t, g, t->op->u.items.items[i].position);
        if (rc != 0)
            return rc;
    }
    if (t->outcome.count > 0)
        t->effects->work = true; /* the leader is to learn when the next parked id is due */
    return 0;
}
