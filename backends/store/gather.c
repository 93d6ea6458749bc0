/* gather.c - ids of several segments, written anew into one (assign, deal, release). */
#include "backends/store/internal.h"

#include <assert.h>

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

int store_gather_write(store *s, const store_gather *gather, store_segment **ret_segment)
{
    assert(gather->count > 0);
    store_segment *to = store_segment_new(gather->count, gather->id_bytes, gather->payload_bytes);
    if (store_segment_enter(s, to) != 0)
        return ALLOT_E_NOMEM;
    to->base = store_segment_find(s, gather->refs[0].segment)->base + gather->refs[0].position;
    for (uint32_t i = 0; i < gather->count; i++) {
        const store_segment *from = store_segment_find(s, gather->refs[i].segment);
        allot_bytes id = store_segment_id(from, gather->refs[i].position);
        store_segment_push(to, id, store_segment_payload(from, gather->refs[i].position));
        if (index_put(&s->ids, id.data, id.len, store_where_in_segment(to->number, i)) != 0)
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
