/* plan.h - one question to a strategy, and its checked answer. */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <allot/backend.h>
#include <allot/strategy.h>

/* So many ids, one after the other, go to this slot. */
typedef struct plan_span {
    uint32_t owner;
    uint32_t count;
} plan_span;

/* Texts of ids. They outlive their plan where an op names them; counted without atomics: as long as a plan is being
 * run, it has the only reference. */
typedef struct plan_texts plan_texts;

/* Of a plan by texts: the ids ids[first] to ids[first + count - 1] are those of one segment that are to be placed. */
typedef struct plan_source {
    uint64_t segment;
    uint64_t first;
    uint32_t count;
    uint32_t holder; /* the engine's: who has it */
} plan_source;

/* Owns its slots, their names, and all arrays but `values`. */
typedef struct plan {
    uint64_t number; /* the engine's: which plan this is */
    uint32_t kind;   /* allot_strategy_kind: what is asked, and what is kept of the answer */
    bool full;       /* about all ids, not those alone that lie in the inbox */
    uint64_t id_count;
    uint32_t slot_count;
    allot_strategy_slot *slots;
    const allot_strategy_value *values; /* set by who runs the plan, and his; they outlive it */
    uint32_t value_count;
    uint32_t *previous; /* NULL: not asked */
    /* by texts */
    allot_bytes *ids;
    uint32_t *positions; /* of each id in its segment */
    plan_source *sources;
    size_t source_count;
    size_t id_capacity, position_capacity, previous_capacity, source_capacity;
    plan_texts *texts;
    /* the answer: valid when code is 0 */
    uint64_t *counts; /* COUNTS: how many of the ids each slot is to get */
    plan_span *spans; /* RUNS: whose the ids are, in their order */
    size_t span_count;
    uint32_t *owner; /* IDS: whose each id is */
    int32_t code;
    allot_error error;
} plan;

/* Room for the slots, all zero; a plan of counts. NULL: out of memory. */
plan *plan_new(uint32_t slot_count);
/* Copies the name and the key of a slot, once for each. 0 or ALLOT_E_NOMEM. */
int plan_set_names(plan *p, uint32_t i, allot_bytes name, allot_bytes key);
/* Copies the ids of a segment that are neither done nor recalled. `previous`: the slot of the view that has them.
 * 0 or ALLOT_E_NOMEM. */
int plan_add_source(plan *p, const allot_segment_body *body, uint32_t holder, uint32_t previous);
void plan_free(plan *p); /* takes NULL */

/* Runs the strategy and checks what it returns: every id has an owner that exists. Touches only the plan; any thread.
 * What it returns is in p->code too. */
int plan_run(plan *p, const allot_strategy_ops *strategy);

plan_texts *plan_texts_ref(plan_texts *t);
void plan_texts_unref(plan_texts *t); /* takes NULL */

#endif
