/* store.h - the model of DESIGN §2 as one deterministic state machine.
 *
 * Same state, same op, same moment: same answer and same new state, bit for bit. No I/O, no clock, no randomness. The
 * memory backend keeps one in memory behind a mutex; the file backend is a journal of the ops that were applied to it,
 * which every process replays; the simulator puts it behind a faulty network. It is the reference that every other
 * backend is compared with.
 *
 * Threads: one at a time. */
#ifndef STORE_H
#define STORE_H

#include <allot/backend.h>

typedef struct store store;

/* The moment at which an op takes effect. */
typedef struct store_moment {
    int64_t clock_us; /* the store's clock: decides expiry */
    uint64_t floor;   /* every term and token issued is at least this: CLOCK_REALTIME in us, or anything that grows
                         across a loss of the data */
} store_moment;

/* Whom a change concerns; for hints. */
typedef struct store_effects {
    bool changed;     /* the state is not what it was: the op has to be kept (also a remembered refusal) */
    bool group;       /* leader or version */
    bool leaderless;  /* leadership became free before its time */
    bool work;        /* inbox or roster */
    size_t share_count; /* slots whose share or recalls changed */
    const allot_uuid *shares; /* valid until the next store_apply */
} store_effects;

/* NULL: out of memory. */
store *store_new(void);
void store_free(store *s);

/* Applies one op, read or change. The answer points into the store and the op, and is valid until the next call.
 * Returns 0, or ALLOT_E_NOMEM: then the store may be half changed and must be freed, and the answer was not given. */
int store_apply(store *s, const allot_op *op, const store_moment *moment, allot_answer *ret_answer,
                store_effects *ret_effects);

/* A transition that no replica asks for: a backend that detects crashes has proof that this slot's process is gone.
 * Marks it dead; if it led, leadership is free. Nothing happens when the slot is not there, or dead already. */
int store_prove_dead(store *s, const allot_uuid *slot, store_effects *ret_effects);

/* True when the slot is live or retired, that is, when a proof of its death would change something. */
bool store_slot_is_live(const store *s, const allot_uuid *slot);

/* The present holder of the leadership, expired or not; zero when there is none. */
allot_uuid store_leader(const store *s);

/* The life of the data; zero before the first join or add. */
allot_uuid store_life(const store *s);

/* Calls `visit` for each slot not yet reaped, in the order of age. */
void store_each_slot(const store *s, void (*visit)(void *user, const allot_uuid *slot), void *user);

/* ---- The state as a list of records, for snapshots and for comparing two stores ------------------------------------
 *
 * store_dump calls `emit` with one line of text after another, without the newline: the whole state, in an order that
 * depends on the state alone, ids as plain text. store_load takes such lines, in the same order, into an empty store;
 * it returns ALLOT_E_DAMAGED with a message when a line is not what store_dump writes. store_load_end, after the last
 * line, does so when they do not fit together: a leader that is not there, a segment that lies nowhere.
 * Two stores are equal exactly when their dumps are equal. `emit` returns 0, or a negative code that ends the dump. */
int store_dump(const store *s, int (*emit)(void *user, const char *line, size_t len), void *user);
int store_load(store *s, const char *line, size_t len, allot_error *ret_error);
int store_load_end(const store *s, allot_error *ret_error);

/* Checks every internal promise of the data structure (I2 above all: each id in exactly one place; counters true).
 * Returns 0, or ALLOT_E_DAMAGED and what is wrong. For tests; costs the size of the state. */
int store_check(const store *s, allot_error *ret_error);

#endif
