/* planner.h - runs strategies, on a thread of their own and under a time budget (DESIGN §3).
 *
 * One plan at a time, in the order in which they were given. A strategy that overruns its budget keeps its thread and
 * its plan for ever; the plan that comes back in its place says that it failed, and the next plan gets a new thread.
 * A plan is run with the strategy that was in use when it was given, also when another one was taken since.
 *
 * Threads: all under the node's lock. */
#ifndef RUNTIME_PLANNER_H
#define RUNTIME_PLANNER_H

#include "core/engine/plan.h"
#include "core/runtime/strategy_config.h"

#define PLANNER_BUDGET_US 2000000

typedef struct planner_job planner_job;
typedef struct planner_worker planner_worker;

typedef struct planner {
    strategy_config *config; /* for the plans that are given from now on */
    int64_t budget_us;
    int wake_fd;            /* an eventfd, written when a plan has been run */
    planner_worker *worker; /* NULL: no thread */
    planner_job *jobs;      /* the first is the one that is run */
    bool running;
    int64_t deadline_us; /* of the one that is run */
} planner;

/* Both take over a reference to the config. */
void planner_init(planner *p, strategy_config *config, int64_t budget_us, int wake_fd);
void planner_use(planner *p, strategy_config *config);

/* Takes the plan. 0, or ALLOT_E_NOMEM: then the plan is gone. */
int planner_give(planner *p, plan *given, int64_t now_us);

/* A plan that has come to its end, one way or the other: the caller's. NULL: none. */
plan *planner_collect(planner *p, int64_t now_us);

/* When planner_collect is to be called at the latest. */
int64_t planner_next_us(const planner *p);

/* Waits for a strategy at work until its budget is used up, no longer; then it is left to itself. */
void planner_done(planner *p);

/* In a child of fork() there are no threads: frees what no thread can have left half changed. */
void planner_done_in_child(planner *p);

#endif
