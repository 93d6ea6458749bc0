/* items.c - what an owner does with its ids: release, ack, fail. A token is the proof of ownership (I4). */
#include "backends/store/internal.h"
#include "base/bits.h"

/* The segment of an item that is in the speaking slot's share, with that token, not done; else NULL. */
static store_segment *segment_of(const store_turn *t, const allot_item *item)
{
    store_segment *g = store_segment_in(t->s, item->segment, t->slot);
    if (g == NULL || g->token != item->token)
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

static int release_gathered(store_turn *t, const store_gather *gather)
{
    store_segment *g;
    if (gather->count == 0)
        return 0;
    int rc = store_gather_write(t->s, gather, &g);
    return rc != 0 ? rc : store_segment_to_inbox(t->s, g);
}

int store_release(store_turn *t)
{
    const allot_op_items *op = &t->op->u.items;
    store_gather gather;
    gather.count = 0;
    gather.id_bytes = gather.payload_bytes = 0;
    for (uint32_t i = 0; i < op->count; i++) {
        store_segment *g = accept_item(t, i);
        if (g == NULL)
            continue;
        if (op->items[i].position == ALLOT_ALL) {
            if (release_whole(t, g) != 0)
                return ALLOT_E_NOMEM;
        } else {
            store_gather_take(t->s, &gather, g, op->items[i].position);
            t->outcome.count++;
        }
    }
    if (t->outcome.count == 0)
        return 0;
    t->s->inbox_rev++;
    t->effects->work = true;
    int rc = release_gathered(t, &gather);
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
