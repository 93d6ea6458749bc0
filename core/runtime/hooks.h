/* hooks.h - what an application cannot choose: for tests. */
#ifndef RUNTIME_HOOKS_H
#define RUNTIME_HOOKS_H

#include <allot/allot.h>
#include <allot/backend.h>
#include <allot/strategy.h>

typedef struct hooks {
    allot_clock clock;
    const allot_backend_ops *backend;   /* NULL: by name */
    const allot_strategy_ops *strategy; /* NULL: by name */
    int64_t plan_budget_us;             /* 0: PLANNER_BUDGET_US */
} hooks;

/* allot_open and allot_group_open; `hooked` may be NULL. */
int node_open(const allot_options *options, const hooks *hooked, allot_node **ret_node, allot_error *ret_error);
int group_open(const allot_options *options, bool read_only, const hooks *hooked, allot_group **ret_group,
               allot_error *ret_error);

/* The node's hooked clock was turned: look at it now. */
void node_clock_turned(allot_node *node);

#endif
