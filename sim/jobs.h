/* jobs.h - many seeds, in several processes: a seed that makes the engine stop at an assert is a failed seed. */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include "sim/world.h"

#define JOBS_MAX 64u

typedef struct jobs_config {
    uint64_t from, seeds;
    uint32_t jobs;
    sim_case given;         /* for each seed */
    const char *failures;   /* NULL, or a file to which the cases that fail are added, one a line */
    sim_measures *measures; /* NULL, or `seeds`: shared memory */
} jobs_config;

typedef struct jobs_totals {
    uint64_t passed, failed, events;
    int64_t virtual_us;
    double took_s;
    uint64_t covered[COVERAGE_COUNT];
} jobs_totals;

/* Says on standard error what failed, and on a terminal how far it is. 0, or -1 after saying why. */
int jobs_run(const jobs_config *config, jobs_totals *ret_totals);
bool jobs_all_passed(const jobs_config *config, const jobs_totals *totals);
/* Prints what was covered, and "N passed, N failed". */
void jobs_report(const jobs_totals *totals);
/* Of real time, from some instant on. */
double jobs_seconds(void);
/* As many as there are processors. */
uint32_t jobs_by_default(void);

/* Tells one case on standard output. True: it passed. */
bool jobs_run_one(const sim_case *c, trace_depth depth);

/* How a process ended that was to run seeds, and did not get through them. */
void jobs_say_end(int status, char *ret_text, size_t size);

/* The result of one seed: why it failed, its faults, how to see it again. */
void jobs_describe(FILE *out, const sim_case *c, const world_result *result);

#endif
