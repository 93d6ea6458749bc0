/* plan.h - one question to a strategy, and its checked answer. */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <allot/strategy.h>

/* Owns its slots, their keys and the counts. */
typedef struct plan {
    uint64_t number;  /* the engine's: which plan this is */
    uint64_t id_count;
    uint64_t seed;
    uint32_t slot_count;
    allot_strategy_slot *slots;
    uint32_t value_count;
    const allot_strategy_value *values;
    /* the answer */
    uint64_t *counts; /* slot_count: how many of the ids each slot is to get */
    int32_t code;     /* 0: counts are valid */
    allot_error error;
} plan;

/* Room for the slots, all zero. NULL: out of memory. */
plan *plan_new(uint32_t slot_count);
/* Copies a key, once for each slot. 0 or ALLOT_E_NOMEM. */
int plan_set_key(plan *p, uint32_t i, allot_bytes key);
void plan_free(plan *p); /* takes NULL */

/* Runs the strategy and checks what it returns: every id has an owner that exists. Touches only the plan; any thread.
 * What it returns is in p->code too. */
int plan_run(plan *p, const allot_strategy_ops *strategy);

#endif
