/* twins.h - the reference and one other backend, given the same ops at the same moments, and compared. */
#ifndef CONFORMANCE_TWINS_H
#define CONFORMANCE_TWINS_H

#include "tests/conformance/agree.h"
#include "tests/conformance/script.h"
#include "tests/conformance/world.h"

enum { TWINS_PENDING = 8 };

typedef struct twins_op {
    script_op first; /* for the reference */
    allot_op second; /* the same in the other's names */
    uint64_t cookies[2];
} twins_op;

typedef struct twins {
    uint64_t seed;
    uint32_t number; /* of the op at hand */
    bool trace;
    world *sides[2]; /* the reference, the other */
    renaming names;
    agreement agreement;
    script script;
    twins_op pending[TWINS_PENDING]; /* submitted, not yet awaited: all to one lane of one handle */
    uint32_t pending_count;
    arena memory; /* of the pending ops */
} twins;

twins *twins_open(int subject_index, uint64_t seed);
void twins_close(twins *t);

/* The next op of the script to both; most of the time its answers are awaited and compared. */
void twins_step(twins *t);
/* Awaits and compares what is pending. */
void twins_flush(twins *t);
/* Closes a handle of both, when that is no crash. */
void twins_reopen(twins *t, int handle);
/* Reads everything from both and compares. */
void twins_compare(twins *t);
/* Closes every handle of both: all processes have ended. What is in the pool has to stay. */
void twins_restart(twins *t);

#endif
