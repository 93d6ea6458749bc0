/* measure.h - what a group's users would have felt: balance, movement, time without a leader, ids without an owner. */
#ifndef SIM_MEASURE_H
#define SIM_MEASURE_H

#include "sim/settings.h"

typedef struct sim_measures {
    bool done;        /* the seed passed, and these are of it */
    bool balanced;    /* `balance` is known: ten ids for each replica in the end, or more */
    double balance;   /* the largest share in the end, in parts of the mean */
    uint64_t changes; /* replicas that joined, or stopped having a slot */
    uint64_t moved;   /* ids that went from one slot to another */
    double necessary; /* ids that had to: of those that went, and the part of those that came */
    int64_t leaderless_us, longest_leaderless_us; /* since somebody first led */
    double orphaned_id_s;                         /* ids of the pool, times the seconds for which nobody owned them */
    int64_t virtual_us;
} sim_measures;

struct world;
struct replica;
struct engine_tell;

typedef struct measure measure;

/* NULL: out of memory. */
measure *measure_new(void);
void measure_free(measure *m); /* takes NULL */
/* Nothing has changed from w->now_us to `until_us`, except that deadlines pass. */
void measure_time(measure *m, const struct world *w, int64_t until_us);
void measure_gained(measure *m, const struct replica *r, uint32_t id);
void measure_told(measure *m, const struct world *w, const struct engine_tell *tell);
/* It stops having a slot, or will, and has so many ids. */
void measure_goes(measure *m, uint64_t ids);
void measure_end(measure *m, const struct world *w, sim_measures *ret_measures);

#endif
