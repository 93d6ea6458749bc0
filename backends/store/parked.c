/* parked.c - ids that are set aside: by order of parking, and in a heap by the instant at which they are due. */
#include "backends/store/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool store_parked_before(const store_parked *a, const store_parked *b)
{
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us;
    uint32_t shorter = a->id.len < b->id.len ? a->id.len : b->id.len;
    int order = memcmp(a->id.data, b->id.data, shorter);
    return order != 0 ? order < 0 : a->id.len < b->id.len;
}

static void heap_set(store *s, size_t at, store_parked *p)
{
    s->due[at] = p;
    p->heap_at = at;
}

static void heap_up(store *s, size_t at, store_parked *p)
{
    while (at > 0 && store_parked_before(p, s->due[(at - 1) / 2])) {
        heap_set(s, at, s->due[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(s, at, p);
}

static void heap_down(store *s, size_t count, size_t at, store_parked *p)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && store_parked_before(s->due[child + 1], s->due[child]))
            child++;
        if (child >= count || !store_parked_before(s->due[child], p))
            break;
        heap_set(s, at, s->due[child]);
        at = child;
    }
    heap_set(s, at, p);
}

void store_parked_done(store *s)
{
    size_t at = 0;
    store_parked *p;
    while ((p = numbered_next(&s->parked, &at)) != NULL)
        free(p);
    numbered_done(&s->parked);
    free(s->due);
    s->due = NULL;
    s->due_capacity = 0;
}

static store_parked *parked_new(allot_bytes id, allot_bytes payload, int64_t due_us)
{
    store_parked *p = malloc(sizeof(*p) + id.len + payload.len);
    if (p == NULL)
        return NULL;
    *p = (store_parked){.due_us = due_us};
    memcpy(p->text, id.data, id.len);
    if (payload.len > 0)
        memcpy(p->text + id.len, payload.data, payload.len);
    p->id = (allot_bytes){.data = p->text, .len = id.len};
    p->payload = (allot_bytes){.data = p->text + id.len, .len = payload.len};
    return p;
}

int store_park_at(store *s, allot_bytes id, allot_bytes payload, int64_t due_us, uint64_t order)
{
    size_t count = s->parked.count;
    if (array_reserve((void **)&s->due, &s->due_capacity, count + 1, sizeof(s->due[0])) != 0)
        return ALLOT_E_NOMEM;
    store_parked *p = parked_new(id, payload, due_us);
    if (p == NULL)
        return ALLOT_E_NOMEM;
    if (numbered_append(&s->parked, order, p) != 0) {
        free(p);
        return ALLOT_E_NOMEM;
    }
    p->order = order;
    heap_up(s, count, p);
    return index_put(&s->ids, p->id.data, p->id.len, store_where_parked(p->order)) == 0 ? 0 : ALLOT_E_NOMEM;
}

int store_park(store *s, allot_bytes id, allot_bytes payload, int64_t due_us)
{
    return store_park_at(s, id, payload, due_us, ++s->parked_order);
}

void store_parked_remove(store *s, store_parked *p)
{
    size_t count = s->parked.count - 1;
    store_parked *last = s->due[count];
    size_t at = p->heap_at;
    numbered_remove(&s->parked, p->order);
    if (last != p) {
        if (store_parked_before(last, p))
            heap_up(s, at, last);
        else
            heap_down(s, count, at, last);
    }
    free(p);
}

int64_t store_parked_next_due(const store *s)
{
    return s->parked.count == 0 ? INT64_MAX : s->due[0]->due_us;
}

/* ---- unpark ----------------------------------------------------------------------------------------------------- */

/* The ids to unpark, in the order of the new segment. They stay parked. Returns how many. */
static uint32_t choose_named(store_turn *t, store_parked **chosen)
{
    const allot_op_unpark *u = &t->op->u.unpark;
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->count; i++) {
        store_parked *p = store_parked_find(t->s, u->ids[i]);
        bool twice = false;
        for (uint32_t j = 0; j < n && p != NULL && !twice; j++)
            twice = chosen[j] == p;
        if (p == NULL || twice)
            t->outcome.skipped++;
        else
            chosen[n++] = p;
    }
    return n;
}

/* The earliest that are due. To look at them in order, they are taken off the heap: they stay behind its end. */
static uint32_t choose_due(store_turn *t, store_parked **chosen)
{
    store *s = t->s;
    uint32_t n = 0;
    size_t count = s->parked.count;
    while (n < ALLOT_OP_ITEMS_MAX && count > 0 && s->due[0]->due_us <= t->now_us) {
        store_parked *p = s->due[0];
        store_parked *last = s->due[--count];
        if (count > 0)
            heap_down(s, count, 0, last);
        heap_set(s, count, p);
        chosen[n++] = p;
    }
    /* Back to where they were: from the last one, each is the smallest yet. */
    for (uint32_t i = n; i > 0; i--)
        heap_up(s, count++, chosen[i - 1]);
    return n;
}

static int move_to_segment(store_turn *t, store_parked **chosen, uint32_t count, bool forget)
{
    store *s = t->s;
    size_t id_bytes = 0;
    size_t payload_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        id_bytes += chosen[i]->id.len;
        payload_bytes += chosen[i]->payload.len;
    }
    store_segment *g = store_segment_new(count, id_bytes, payload_bytes);
    if (store_segment_enter(s, g) != 0)
        return ALLOT_E_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        store_parked *p = chosen[i];
        store_segment_push(g, p->id, p->payload);
        if (index_put(&s->ids, p->id.data, p->id.len, store_where_in_segment(g->number, i)) != 0)
            return ALLOT_E_NOMEM;
        if (forget)
            store_fail_forget(s, p->id);
        store_parked_remove(s, p);
    }
    s->inbox_rev++;
    t->effects->work = true;
    t->outcome.count = count;
    return store_segment_to_inbox(s, g);
}

int store_unpark(store_turn *t)
{
    store_parked *chosen[ALLOT_OP_ITEMS_MAX];
    bool by_leader = t->op->term != 0;
    uint32_t count = by_leader ? choose_due(t, chosen) : choose_named(t, chosen);
    return count == 0 ? 0 : move_to_segment(t, chosen, count, !by_leader);
}
