#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define POSITION_BITS 10
static_assert(1u << POSITION_BITS == ALLOT_SEGMENT_IDS_MAX, "a position fits");

/* ---- The table --------------------------------------------------------------------------------------------------- */

static bool same_id(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const share *s = context;
    const seg *sg = &s->segs[value >> POSITION_BITS];
    const allot_bytes *id = &sg->body->ids[value & (ALLOT_SEGMENT_IDS_MAX - 1)].id;
    return id->len == key_len && memcmp(id->data, key, key_len) == 0;
}

void share_init(share *s)
{
    *s = (share){.again_us = 0};
    index_init(&s->ids, same_id, s);
}

void share_done(share *s)
{
    for (size_t i = 0; i < s->seg_used; i++)
        body_unref(s->segs[i].body);
    free(s->segs);
    free(s->order);
    free(s->listing);
    free(s->fetch);
    index_done(&s->ids);
}

/* The first place in the order whose segment is not smaller. */
static size_t order_place(const share *s, uint64_t segment)
{
    size_t low = 0;
    size_t high = s->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->segs[s->order[mid]].body->segment < segment)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

seg *share_find(const share *s, uint64_t segment, uint32_t *ret_index)
{
    size_t place = order_place(s, segment);
    if (place == s->count || s->segs[s->order[place]].body->segment != segment)
        return NULL;
    if (ret_index != NULL)
        *ret_index = s->order[place];
    return &s->segs[s->order[place]];
}

/* Ids that are done are not in the index. */
static bool is_held(const seg *sg, uint32_t position)
{
    assert(!bits_test(sg->done, position));
    return !bits_test(sg->busy, position);
}

bool share_lookup(const share *s, allot_bytes id, uint32_t *ret_index, uint32_t *ret_position)
{
    uint64_t value;
    if (!index_get(&s->ids, id.data, id.len, &value))
        return false;
    uint32_t index = (uint32_t)(value >> POSITION_BITS);
    uint32_t position = (uint32_t)(value & (ALLOT_SEGMENT_IDS_MAX - 1));
    if (!is_held(&s->segs[index], position))
        return false;
    *ret_index = index;
    *ret_position = position;
    return true;
}

/* A place for one more segment; false: no memory. */
static bool free_place(share *s, uint32_t *ret_index)
{
    if (array_reserve((void **)&s->order, &s->order_capacity, s->count + 1, sizeof(s->order[0])) != 0)
        return false;
    if (s->seg_used > s->count) {
        uint32_t i = 0;
        while (s->segs[i].body != NULL)
            i++;
        *ret_index = i;
        return true;
    }
    if (array_reserve((void **)&s->segs, &s->seg_capacity, s->seg_used + 1, sizeof(s->segs[0])) != 0)
        return false;
    s->segs[s->seg_used] = (seg){0};
    *ret_index = (uint32_t)s->seg_used++;
    return true;
}

static void put_ids(share *s, uint32_t index)
{
    const seg *sg = &s->segs[index];
    for (uint32_t k = 0; k < sg->body->count; k++) {
        if (bits_test(sg->done, k))
            continue;
        const allot_bytes *id = &sg->body->ids[k].id;
        int put = index_put(&s->ids, id->data, id->len, (uint64_t)index << POSITION_BITS | k);
        assert(put == 0);
        (void)put;
    }
}

seg *share_insert(engine *e, const allot_segment_body *source)
{
    share *s = &e->share;
    uint32_t index;
    assert(share_find(s, source->segment, NULL) == NULL);
    body *b = body_new(source);
    if (b == NULL || index_reserve(&s->ids, source->count) != 0 || !free_place(s, &index)) {
        body_unref(b);
        engine_fail(e);
        return NULL;
    }
    seg *sg = &s->segs[index];
    *sg = (seg){.body = b, .listed = true};
    memcpy(sg->done, source->done, sizeof(sg->done));
    sg->live = b->count - bits_count(sg->done, b->count);
    size_t place = order_place(s, b->segment);
    memmove(&s->order[place + 1], &s->order[place], (s->count - place) * sizeof(s->order[0]));
    s->order[place] = index;
    s->count++;
    s->live += sg->live;
    put_ids(s, index);
    if (b->token > e->floors.token)
        e->floors.token = b->token;
    return sg;
}

void share_set_busy(share *s, uint32_t index, uint32_t position)
{
    seg *sg = &s->segs[index];
    assert(is_held(sg, position));
    bits_set(sg->busy, position);
    sg->busy_count++;
    s->live--;
    if (bits_test(sg->recalled, position))
        s->recalled--;
}

/* The entry of an id in the index, unless a later grant of the same id has taken it over. */
static void forget_id(share *s, uint32_t index, uint32_t position)
{
    const allot_bytes *id = &s->segs[index].body->ids[position].id;
    uint64_t value;
    if (index_get(&s->ids, id->data, id->len, &value) && value == ((uint64_t)index << POSITION_BITS | position))
        index_remove(&s->ids, id->data, id->len);
}

static void unlink_seg(share *s, uint32_t index)
{
    seg *sg = &s->segs[index];
    size_t place = order_place(s, sg->body->segment);
    assert(place < s->count && s->order[place] == index);
    memmove(&s->order[place], &s->order[place + 1], (s->count - place - 1) * sizeof(s->order[0]));
    s->count--;
    body_unref(sg->body);
    *sg = (seg){0};
}

void share_settle(share *s, uint32_t index, uint32_t position)
{
    seg *sg = &s->segs[index];
    assert(bits_test(sg->busy, position) && !bits_test(sg->done, position));
    forget_id(s, index, position);
    bits_clear(sg->busy, position);
    bits_set(sg->done, position);
    sg->busy_count--;
    sg->live--;
    if (sg->live == 0)
        unlink_seg(s, index);
}

void share_remove(share *s, uint32_t index)
{
    seg *sg = &s->segs[index];
    for (uint32_t k = 0; k < sg->body->count; k++) {
        if (bits_test(sg->done, k))
            continue;
        forget_id(s, index, k);
        if (!is_held(sg, k))
            continue;
        s->live--;
        if (bits_test(sg->recalled, k))
            s->recalled--;
    }
    unlink_seg(s, index);
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

void share_tell(engine *e, uint32_t index, allot_event_type type, const uint64_t *which, allot_why why)
{
    seg *sg = &e->share.segs[index];
    uint64_t held[SEGMENT_WORDS];
    for (size_t w = 0; w < SEGMENT_WORDS; w++)
        held[w] = (which != NULL ? which[w] : ~UINT64_C(0)) & ~sg->done[w] & ~sg->busy[w];
    uint32_t count = bits_count(held, sg->body->count);
    if (count == 0)
        return;
    engine_tell *tell = actions_tell(e, type);
    if (tell == NULL)
        return;
    tell->ids = body_ref(sg->body); /* until the next step, whatever happens to the segment */
    tell->count = count;
    tell->why = why;
    memcpy(tell->which, held, sizeof(held));
}

void share_lose(engine *e, allot_why why)
{
    share *s = &e->share;
    for (size_t i = 0; i < s->count; i++)
        share_tell(e, s->order[i], ALLOT_EVENT_LOST, NULL, why);
    while (s->count > 0)
        share_remove(s, s->order[s->count - 1]);
    s->reading = false;
    s->listing_count = 0;
    s->fetch_count = s->fetch_next = 0;
    s->again_us = e->now_us;
    assert(s->live == 0 && s->recalled == 0);
}

void share_recall(engine *e, uint32_t index, const uint64_t *which)
{
    seg *sg = &e->share.segs[index];
    uint64_t fresh[SEGMENT_WORDS];
    for (size_t w = 0; w < SEGMENT_WORDS; w++) {
        fresh[w] = (which != NULL ? which[w] : ~UINT64_C(0)) & ~sg->recalled[w] & ~sg->done[w] & ~sg->busy[w];
        sg->recalled[w] |= fresh[w];
    }
    for (uint32_t k = sg->body->count; k < ALLOT_SEGMENT_IDS_MAX; k++)
        bits_clear(sg->recalled, k);
    e->share.recalled += bits_count(fresh, sg->body->count);
    share_tell(e, index, ALLOT_EVENT_RECALLED, fresh, ALLOT_WHY_NONE);
}

void share_recall_all(engine *e)
{
    for (size_t i = 0; i < e->share.count; i++)
        share_recall(e, e->share.order[i], NULL);
}
