/* gate.h - a backend in front of another one, through which everything passes; except that, while it is shut, the
 * leader's cycle does not begin: its first read is held back until the gate opens, and what follows it in its lane with
 * it. So ids can be put in the inbox before the clock starts. It also counts ops and their time by kind.
 *
 * Threads: gate_shut, gate_open and the rest from one thread; the nodes go on in theirs. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

#include "bench/lib/place.h"

#include <pthread.h>
#include <stdatomic.h>

/* Of one kind of op, all nodes together, since gate_open. Instants are CLOCK_MONOTONIC. */
typedef struct gate_times {
    _Atomic int64_t count, sum_ns;     /* from submit to the answer */
    _Atomic int64_t first_ns, last_ns; /* the first submit, the last answer */
} gate_times;

typedef struct gate {
    allot_backend_ops ops; /* for hooks.backend; `shared` of the options must then be the gate */
    const allot_backend_ops *inner;
    allot_memory *memory; /* what the inner one shares */
    atomic_bool shut;
    pthread_mutex_t lock;   /* guards the list */
    allot_backend *handles; /* NULL: none is open */
    gate_times times[ALLOT_OP_KIND_END];
} gate;

void gate_init(gate *g, const place *p);
void gate_done(gate *g); /* after the last handle was closed */

void gate_shut(gate *g);
/* Returns the instant at which it opened. */
int64_t gate_open(gate *g);
/* True while somebody's cycle is held back. */
bool gate_holds(gate *g);

/* Hints every handle to beat now; how many beats of the handle that has the fewest were answered since gate_init. */
void gate_nudge(gate *g);
uint64_t gate_least_beats(gate *g);

#endif
