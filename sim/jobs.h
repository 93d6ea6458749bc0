/* jobs.h - many seeds, in several processes: a seed that makes the engine stop at an assert is a failed seed. */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include "sim/world.h"

#define JOBS_MAX 64u

typedef struct jobs_config {
    uint64_t from, seeds;
    uint32_t jobs;
    sim_case given; /* for each seed */
} jobs_config;

/* Prints what failed, what was covered, and "N passed, N failed". The exit code. */
int jobs_run(const jobs_config *config);

/* The result of one seed: why it failed, its faults, how to see it again. */
void jobs_describe(FILE *out, const sim_case *c, const world_result *result);

#endif
