/* gather.c - ids of several segments, written anew into one (assign, deal, release). */
#include "backends/store/internal.h"

#include <assert.h>

/* The room for refs, two pages of it, is not worth clearing. */
void store_gather_begin(store_gather *gather)
{
    gather->count = 0;
    gather->id_bytes = gather->payload_bytes = 0;
}

void store_gather_put(store_gather *gather, const store_segment *g, uint32_t position)
{
    assert(gather->count < ALLOT_SEGMENT_IDS_MAX);
    gather->refs[gather->count++] = (allot_ref){.segment = g->number, .position = position};
    gather->id_bytes += store_segment_id(g, position).len;
    gather->payload_bytes += store_segment_payload(g, position).len;
}

void store_gather_take(store *s, store_gather *gather, store_segment *g, uint32_t position)
{
    store_gather_put(gather, g, position);
    store_segment_take(s, g, position);
}

/* Ids of one segment, by position: they keep their distances, and so their places in the order of adding. */
static bool keeps_distances(const store_gather *gather)
{
    for (uint32_t i = 1; i < gather->count; i++)
        if (gather->refs[i].segment != gather->refs[0].segment ||
            gather->refs[i].position <= gather->refs[i - 1].position)
            return false;
    return true;
}

int store_gather_write(store *s, const store_gather *gather, bool in_place, store_segment **ret_segment)
{
    assert(gather->count > 0);
    const allot_ref *refs = gather->refs;
    bool apart = in_place && keeps_distances(gather);
    uint32_t room = apart ? refs[gather->count - 1].position - refs[0].position + 1 : gather->count;
    store_segment *to = store_segment_new(room, gather->id_bytes, gather->payload_bytes);
    if (store_segment_enter(s, to) != 0)
        return ALLOT_E_NOMEM;
    to->base = store_segment_find(s, refs[0].segment)->base + refs[0].position;
    for (uint32_t i = 0; i < gather->count; i++) {
        const store_segment *from = store_segment_find(s, refs[i].segment);
        allot_bytes id = store_segment_id(from, refs[i].position);
        while (apart && to->count < refs[i].position - refs[0].position)
            store_segment_push_gap(to);
        store_segment_push(to, id, store_segment_payload(from, refs[i].position));
        if (index_put(&s->ids, id.data, id.len, store_where_in_segment(to->number, to->count - 1)) != 0)
            return ALLOT_E_NOMEM;
    }
    for (uint32_t i = 0; i < gather->count; i++) {
        store_segment *from = store_segment_find(s, gather->refs[i].segment);
        if (from != NULL)
            store_segment_close(s, from);
    }
    *ret_segment = to;
    return 0;
}
