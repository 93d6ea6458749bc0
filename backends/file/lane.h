/* lane.h - ops that wait for their turn, in the order of submission. */
#ifndef FILE_LANE_H
#define FILE_LANE_H

#include <allot/backend.h>

typedef struct file_entry {
    const allot_op *op;
    int64_t deadline_us;
} file_entry;

typedef struct file_lane {
    file_entry *entries; /* a ring */
    size_t capacity;     /* a power of two */
    size_t first, count;
} file_lane;

/* 0 or ALLOT_E_NOMEM. */
int file_lane_init(file_lane *lane);
void file_lane_done(file_lane *lane);
/* Makes room long before it is needed; false only when there was no memory for it a hundred ops long. */
bool file_lane_push(file_lane *lane, file_entry entry);
/* NULL: empty. */
const file_entry *file_lane_head(const file_lane *lane);
void file_lane_pop(file_lane *lane);

#endif
