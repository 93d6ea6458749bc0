/* allot/strategy.h - what a strategy is: how ids are split over slots.
 *
 * A strategy is a pure function. It has no clock, no randomness, no I/O, no state between calls, and links nothing. It
 * runs under a time budget on a thread of its own, never on the thread that beats. core checks what it returns before
 * it uses it: a strategy that fails, hangs or names an owner that does not exist is reported, and the last good split
 * stays.
 *
 * A module for it: docs/writing-a-strategy.md, allot/module.h.
 *
 * Rules of the source: DESIGN §3 (the strategy). */
#ifndef ALLOT_STRATEGY_H
#define ALLOT_STRATEGY_H

#include <allot/error.h>
#include <allot/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALLOT_STRATEGY_ABI 2u

/* What of its answer matters, and so what it is told. */
typedef enum allot_strategy_kind {
    /* How many ids each slot gets. core keeps every id where it is, up to its slot's count, and moves the rest. Asked
     * for the ids to place alone, `load` being what slots keep; and for all ids (loads are 0 then, and `held` is what
     * slots have) when a slot has joined or drains. (With split.movement "exact": as RUNS.) */
    ALLOT_STRATEGY_COUNTS = 1,
    /* Which slot the i-th id in the order of adding gets. Asked for the ids to place alone, in their order, and for
     * all ids (load and held are 0 then) when the set of slots has changed. Texts of ids are not read. */
    ALLOT_STRATEGY_RUNS,
    /* Which slot an id gets, by its text. The owner of an id may depend on its text, the slots (not on their loads),
     * the options and the seed, and on nothing else, other ids least of all: ids come in portions of any size. */
    ALLOT_STRATEGY_IDS
} allot_strategy_kind;

/* A slot that may be given ids. The slots of a view come in the order of joining, and all of them may own ids. */
typedef struct allot_strategy_slot {
    allot_uuid slot;
    allot_bytes name; /* may be empty, and others may have the same */
    allot_bytes key;  /* stable: its name if no other slot has it, else its UUID as text */
    uint32_t weight;  /* 1 to 1000 */
    uint64_t load;    /* ids that it will keep, whatever this plan says; IDS: 0 */
    uint64_t held;    /* ids that it has now, load included: between equals, prefer the one that has more, so that a
                         split of a split moves nothing; IDS: 0 */
} allot_strategy_slot;

/* ---- Options ---------------------------------------------------------------------------------------------------- */

typedef enum allot_value_type {
    ALLOT_VALUE_INTEGER = 1, /* number, from `least` to `most` */
    ALLOT_VALUE_BOOLEAN,     /* number: 0 or 1, written false or true */
    ALLOT_VALUE_WORD,        /* number: which of `words`, from 0 */
    ALLOT_VALUE_TEXT         /* text, of at most `most` bytes */
} allot_value_type;

/* An option that a strategy declares: users set it under split.options. All texts are static. */
typedef struct allot_strategy_option {
    const char *name; /* out of [a-z0-9_], 1 to 64 characters */
    uint32_t type;    /* allot_value_type */
    int64_t least, most;
    const char *words;    /* WORD: separated by '|' */
    const char *fallback; /* the default, as it would be written; NULL: it must be given */
    const char *help;     /* one line */
} allot_strategy_option;

/* Its value, checked against the declaration. */
typedef struct allot_strategy_value {
    int64_t number;
    const char *text; /* TEXT: NUL-terminated; else NULL */
} allot_strategy_value;

/* ---- The question ------------------------------------------------------------------------------------------------ */

typedef struct allot_strategy_view {
    uint32_t size;       /* sizeof(allot_strategy_view) */
    uint32_t slot_count; /* at least 1 */
    const allot_strategy_slot *slots;
    uint64_t id_count;   /* ids to place */
    const allot_bytes *ids;   /* IDS: their texts, valid during the call; else NULL */
    const uint32_t *previous; /* RUNS, IDS: the slot that has the id now, UINT32_MAX: none of these; COUNTS: NULL */
    uint32_t value_count;     /* as many as options were declared */
    const allot_strategy_value *values; /* in the order of their declaration */
    uint64_t seed;       /* the same for equal plans */
} allot_strategy_view;

typedef struct allot_strategy_ops {
    uint32_t abi;  /* ALLOT_STRATEGY_ABI */
    uint32_t size; /* sizeof(allot_strategy_ops) */
    const char *name;
    uint32_t kind; /* allot_strategy_kind */
    uint32_t option_count;
    const allot_strategy_option *options; /* static; may be NULL when option_count is 0 */

    /* Writes to owner[i], for each i below view->id_count, the index of the slot that is to get that id.
     * Returns 0, or a negative code and a message. */
    int (*assign)(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error);
} allot_strategy_ops;

#ifdef __cplusplus
}
#endif
#endif
