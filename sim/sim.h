/* sim.h - the simulator, for the command: one case told or made small, or many seeds and what they came to. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/jobs.h"
#include "sim/settings.h"
#include "sim/shrink.h"

/* Of one measure: its median over seeds, the 99th of 100, the worst, and the seed that had it. */
typedef struct sim_row {
    const char *key;  /* for programs */
    const char *text; /* for people, with the unit */
    double median, p99, worst;
    uint64_t worst_seed;
    uint64_t count; /* seeds in which it was known */
} sim_row;

#define SIM_ROWS 6

/* Of `count` seeds, from the seed `from` on. 0, or -1: out of memory. */
int sim_summarize(const sim_measures *all, uint64_t from, uint64_t count, sim_row ret_rows[SIM_ROWS]);

/* Shared with the processes that jobs_run() starts. NULL: out of memory. */
sim_measures *sim_measures_new(uint64_t seeds);
void sim_measures_free(sim_measures *all, uint64_t seeds);

#endif
