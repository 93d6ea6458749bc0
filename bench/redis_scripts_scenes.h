/* scenes.h - what is measured, in an order in which one thing leads to the next. */
#ifndef BENCH_REDIS_SCENES_H
#define BENCH_REDIS_SCENES_H

#include "bench/redis_scripts_rig.h"

#define SLOTS 100u

/* A pool of so many ids, a leader, SLOTS slots. The first has half of the segments, the others the rest. */
typedef struct cast {
    rig *rig;
    speaker leader;
    speaker slots[SLOTS];
    allot_uuid names[SLOTS];
    size_t ids;
} cast;

/* Joins, adds, grants, reads, beats. */
void scene_pool(cast *c, rig *r, size_t ids);
/* Recalls, releases, grants id by id, acks, fails, parks; on what scene_pool left. */
void scene_items(cast *c);
/* Recalls and releases of ids that lie apart in their segments; likewise. */
void scene_apart(cast *c);
/* One deal of what the inbox begins with: 32,768 ids at most, dealt out to these slots one by one. */
void deal(rig *r, const char *name, speaker *leader, const allot_uuid *slots, uint32_t slot_count);
#define DEAL_TO_MANY "deal 32,768 ids of 64 segments to 1,000 slots"
/* Slots that are gone, and the end of the pool; on what scene_items left. */
void scene_reaps(cast *c);
/* Many slots, on a server of its own. */
void scene_slots(rig *r, size_t slots);
/* A share of many segments of one id, likewise. */
void scene_splinters(rig *r, size_t segments);

/* Bytes of used_memory an id, of `db` and of everything else, after a pool was added and granted; likewise. */
void scene_memory(rig *r, size_t ids, double *ret_db, double *ret_rest);

#endif
