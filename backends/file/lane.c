#include "backends/file/lane.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_FIRST 256

int file_lane_init(file_lane *lane)
{
    *lane = (file_lane){.entries = calloc(CAPACITY_FIRST, sizeof(file_entry)), .capacity = CAPACITY_FIRST};
    return lane->entries == NULL ? ALLOT_E_NOMEM : 0;
}

void file_lane_done(file_lane *lane)
{
    free(lane->entries);
    *lane = (file_lane){0};
}

static void grow(file_lane *lane)
{
    file_entry *entries = calloc(lane->capacity * 2, sizeof(*entries));
    if (entries == NULL)
        return;
    for (size_t i = 0; i < lane->count; i++)
        entries[i] = lane->entries[(lane->first + i) & (lane->capacity - 1)];
    free(lane->entries);
    lane->entries = entries;
    lane->capacity *= 2;
    lane->first = 0;
}

bool file_lane_push(file_lane *lane, file_entry entry)
{
    if (lane->count >= lane->capacity / 2)
        grow(lane);
    if (lane->count == lane->capacity)
        return false;
    lane->entries[(lane->first + lane->count++) & (lane->capacity - 1)] = entry;
    return true;
}

const file_entry *file_lane_head(const file_lane *lane)
{
    return lane->count == 0 ? NULL : &lane->entries[lane->first];
}

void file_lane_pop(file_lane *lane)
{
    assert(lane->count > 0);
    lane->first = (lane->first + 1) & (lane->capacity - 1);
    lane->count--;
}
