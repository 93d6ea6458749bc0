/* segment.c - one segment: a block of memory that is filled once, and bits that are set. */
#include "backends/store/internal.h"
#include "base/bits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

store_segment *store_segment_new(uint32_t room, size_t id_bytes, size_t payload_bytes)
{
    assert(room > 0 && room <= ALLOT_SEGMENT_IDS_MAX);
    size_t words = (room + 63) / 64;
    size_t ends = payload_bytes > 0 ? 2 * (size_t)room : room;
    store_segment *g = calloc(1, sizeof(*g) + 2 * words * sizeof(uint64_t) + ends * sizeof(uint32_t) + id_bytes +
                                     payload_bytes);
    if (g == NULL)
        return NULL;
    g->room = room;
    g->done = (uint64_t *)(g + 1);
    g->recalls = g->done + words;
    g->id_ends = (uint32_t *)(g->recalls + words);
    g->payload_ends = payload_bytes > 0 ? g->id_ends + room : NULL;
    g->ids = (char *)(g->id_ends + ends);
    g->payloads = g->ids + id_bytes;
    return g;
}

static uint32_t append(char *to, const uint32_t *ends, uint32_t count, allot_bytes text)
{
    uint32_t start = count == 0 ? 0 : ends[count - 1];
    if (text.len > 0)
        memcpy(to + start, text.data, text.len);
    return start + text.len;
}

void store_segment_push(store_segment *g, allot_bytes id, allot_bytes payload)
{
    assert(g->count < g->room);
    assert(payload.len == 0 || g->payload_ends != NULL);
    g->id_ends[g->count] = append(g->ids, g->id_ends, g->count, id);
    if (g->payload_ends != NULL)
        g->payload_ends[g->count] = append(g->payloads, g->payload_ends, g->count, payload);
    g->count++;
    g->live++;
}

void store_segment_push_gap(store_segment *g)
{
    store_segment_push(g, (allot_bytes){0}, (allot_bytes){0});
    bits_set(g->done, g->count - 1);
    g->live--;
}

static allot_bytes slice(const char *text, const uint32_t *ends, uint32_t position)
{
    uint32_t start = position == 0 ? 0 : ends[position - 1];
    return (allot_bytes){.data = text + start, .len = ends[position] - start};
}

allot_bytes store_segment_id(const store_segment *g, uint32_t position)
{
    assert(position < g->count);
    return slice(g->ids, g->id_ends, position);
}

allot_bytes store_segment_payload(const store_segment *g, uint32_t position)
{
    assert(position < g->count);
    if (g->payload_ends == NULL)
        return (allot_bytes){0};
    return slice(g->payloads, g->payload_ends, position);
}

bool store_segment_has(const store_segment *g, uint32_t position)
{
    return position < g->count && !bits_test(g->done, position);
}

uint64_t store_segment_fresh_base(uint64_t number)
{
    return number * ALLOT_SEGMENT_IDS_MAX;
}

uint64_t store_segment_order(const store_segment *g)
{
    uint32_t first = 0;
    while (first + 64 <= g->count && g->done[first / 64] == UINT64_MAX)
        first += 64;
    while (first < g->count && bits_test(g->done, first))
        first++;
    return g->base + first;
}
