/* lane.h - ops that wait, in the order of submission. */
#ifndef MEMORY_LANE_H
#define MEMORY_LANE_H

#include <allot/backend.h>

typedef struct memory_entry {
    const allot_op *op;
    int64_t expires_us;
} memory_entry;

typedef struct memory_lane {
    memory_entry *entries; /* a ring */
    size_t capacity;
    size_t start;
    size_t count;
} memory_lane;

/* Room for MEMORY_LANE_ROOM entries; 0 or -1 (out of memory). */
int memory_lane_init(memory_lane *lane);
void memory_lane_done(memory_lane *lane);

/* Cannot fail while at most MEMORY_LANE_ROOM ops wait; beyond that, running out of memory ends the process, because an
 * op that was taken has to be answered. core lets 64 changes and a few beats and reads wait. */
#define MEMORY_LANE_ROOM 256u
void memory_lane_push(memory_lane *lane, memory_entry entry);

/* False: the lane is empty. */
bool memory_lane_pop(memory_lane *lane, memory_entry *ret_entry);

#endif
