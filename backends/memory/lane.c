#include "backends/memory/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int memory_lane_init(memory_lane *lane)
{
    *lane = (memory_lane){.entries = malloc(MEMORY_LANE_ROOM * sizeof(memory_entry)), .capacity = MEMORY_LANE_ROOM};
    return lane->entries == NULL ? -1 : 0;
}

void memory_lane_done(memory_lane *lane)
{
    free(lane->entries);
    *lane = (memory_lane){0};
}

/* Doubles the ring, with its start at the front. */
static void grow(memory_lane *lane)
{
    memory_entry *entries = calloc(lane->capacity, 2 * sizeof(*entries));
    assert(entries != NULL);
    size_t tail = lane->capacity - lane->start;
    memcpy(entries, lane->entries + lane->start, tail * sizeof(*entries));
    memcpy(entries + tail, lane->entries, lane->start * sizeof(*entries));
    free(lane->entries);
    lane->entries = entries;
    lane->start = 0;
    lane->capacity *= 2;
}

void memory_lane_push(memory_lane *lane, memory_entry entry)
{
    if (lane->count == lane->capacity)
        grow(lane);
    lane->entries[(lane->start + lane->count++) % lane->capacity] = entry;
}

bool memory_lane_pop(memory_lane *lane, memory_entry *ret_entry)
{
    if (lane->count == 0)
        return false;
    *ret_entry = lane->entries[lane->start];
    lane->start = (lane->start + 1) % lane->capacity;
    lane->count--;
    return true;
}
