/* invariants.h - I1 to I5 and I7 of DESIGN §2, as a model that is independent of engine and store.
 *
 * It sees the ops in the order in which the store applied them, with their answers; what replicas tell their
 * applications; and, through a function of the harness, whether a replica is within its local deadline right now. It
 * never looks inside a store or an engine. I6 needs a notion of "faults have stopped" and is the harness's.
 *
 * The first breach is kept; everything after it may be a consequence. Out of memory ends the program.
 * Threads: one at a time. */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "core/engine/engine.h"

typedef struct invariants invariants;

typedef struct invariants_config {
    uint32_t replicas;
    int64_t ttl_us; /* the longest of all replicas */
    int64_t shortest_ttl_us;
    bool (*within_deadline)(void *user, uint32_t replica);
    void *user;
} invariants_config;

invariants *invariants_new(const invariants_config *config);
void invariants_free(invariants *m); /* takes NULL */

/* What is broken, one line that begins with the name of the invariant; NULL: nothing. */
const char *invariants_broken(const invariants *m);

/* Ids by small numbers, from 0 in the order in which they were first seen. */
uint32_t invariants_id(invariants *m, allot_bytes id);
allot_bytes invariants_text(const invariants *m, uint32_t id);
uint32_t invariants_id_count(const invariants *m);
bool invariants_in_pool(const invariants *m, uint32_t id);
uint64_t invariants_pool_size(const invariants *m);
/* Leaderships so far. */
uint64_t invariants_term_count(const invariants *m);
/* The slot is gone for good, unless a late join brings it back. */
bool invariants_is_reaped(const invariants *m, const allot_uuid *slot);

/* ---- The store --------------------------------------------------------------------------------------------------- */

/* An op was applied, at real time `now_us`, and this is its answer, whether or not anybody gets it. */
void invariants_applied(invariants *m, int64_t now_us, const allot_op *op, const allot_answer *answer);
void invariants_proved_dead(invariants *m, const allot_uuid *slot);

/* The data was lost, wholly or back to an older state. Unless `strict`, overlaps (of leaders, of holders) are excused
 * until one ttl after the loss, and after the new life was seen. The next look at the pool is believed. */
void invariants_lost_data(invariants *m, int64_t now_us, bool strict);

/* The store's clock was set ahead: leases end before those who have them know. For one ttl, overlaps are
 * excused (I3). */
void invariants_clock_set_ahead(invariants *m, int64_t now_us);

/* After a loss of the data it cannot be known from outside whether an op that comes again is remembered: true until the
 * next look at the pool. */
bool invariants_unsure(const invariants *m);
/* A loss of the data has not led to a new life (yet): the store fell back by so little that no replica knew better. */
bool invariants_loss_unnoticed(const invariants *m);

/* A look at the whole pool at one moment: begin, each id, end (I2, I5). */
void invariants_pool_begin(invariants *m);
void invariants_pool_id(invariants *m, const allot_pool_id *id);
void invariants_pool_end(invariants *m);

/* ---- The replicas ------------------------------------------------------------------------------------------------ */

void invariants_told(invariants *m, int64_t now_us, uint32_t replica, const engine_tell *tell);
/* The application stops work on an id by itself (it releases, acks or fails it), or goes on after all (the report was
 * not carried out, and the replica still owns it under that token). */
void invariants_stopped(invariants *m, uint32_t replica, uint32_t id);
void invariants_resumed(invariants *m, uint32_t replica, uint32_t id, uint64_t token);
/* The process is gone, and all that it held. */
void invariants_gone(invariants *m, uint32_t replica);
/* One look at all replicas at one instant: begin, then for every replica within its deadline that it leads, if it
 * believes so, and each id that it says it owns (I1, I3). */
void invariants_look_begin(invariants *m, int64_t now_us);
void invariants_leads(invariants *m, uint32_t replica, uint64_t term);
void invariants_owner(invariants *m, uint32_t replica, allot_bytes id, uint64_t token);
bool invariants_holds(const invariants *m, uint32_t replica, uint32_t id);
/* A report came back: an ack was said to be accepted, or to be refused. */
void invariants_ack_reported(invariants *m, uint32_t id, uint64_t token, bool accepted);
/* An add came back: this id was said to be confirmed. */
void invariants_add_reported(invariants *m, uint32_t id);

#endif
