/* allot/strategy.h - what a strategy is: how ids are split over slots.
 *
 * A strategy is a pure function. It has no clock, no randomness, no I/O, no state between calls, and links nothing. It
 * runs under a time budget on a thread of its own, never on the thread that beats. core checks what it returns before
 * it uses it: a strategy that fails, hangs or names an owner that does not exist is reported, and the last good split
 * stays.
 *
 * Rules of the source: DESIGN §3 (the strategy). */
#ifndef ALLOT_STRATEGY_H
#define ALLOT_STRATEGY_H

#include <allot/error.h>
#include <allot/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALLOT_STRATEGY_ABI 1u

/* A slot that may be given ids. The slots of a view come in the order of joining, and all of them may own ids. */
typedef struct allot_strategy_slot {
    allot_uuid slot;
    allot_bytes key; /* stable: its name if no other slot has it, else its UUID as text */
    uint32_t weight; /* 1 to 1000 */
    uint64_t load;   /* ids that it will keep, whatever this plan says */
    uint64_t held;   /* ids that it has now, load included: between equals, prefer the one that has more, so that a
                        split of a split moves nothing */
} allot_strategy_slot;

typedef struct allot_strategy_view {
    uint32_t size;       /* sizeof(allot_strategy_view) */
    uint32_t slot_count; /* at least 1 */
    const allot_strategy_slot *slots;
    uint64_t id_count;   /* ids to place */
    uint64_t seed;       /* the same for equal plans */
} allot_strategy_view;

typedef struct allot_strategy_ops {
    uint32_t abi;  /* ALLOT_STRATEGY_ABI */
    uint32_t size; /* sizeof(allot_strategy_ops) */
    const char *name;

    /* Writes to owner[i], for each i below view->id_count, the index of the slot that is to get one more id. Only how
     * often each slot is named matters: core keeps every id where it is, up to its slot's count, and moves the rest.
     * Returns 0, or a negative code and a message. */
    int (*assign)(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error);
} allot_strategy_ops;

#ifdef __cplusplus
}
#endif
#endif
