/* lane.h - the ops of one lane on their way through one connection: sent in the order of submission, as many at once as
 * the window has room for, and answered in that order.
 *
 * An op that takes several calls (roster, pool, payloads, a deal when no numbers are known) is alone on its way: so
 * nothing that was submitted behind it takes effect before it. When the server does not know a script (NOSCRIPT), or a
 * deal needs other numbers, nothing more is sent until all that is on its way has been replied to; then the scripts
 * are loaded, and everything from that op on is sent again, in order. What of it was applied already, before that op,
 * is not applied twice: changes carry (session, sequence), a beat only lengthens a lease. */
#ifndef REDIS_LANE_H
#define REDIS_LANE_H

#include "backends/redis/calls.h"
#include "backends/redis/decode.h"
#include "backends/redis/link.h"

typedef enum redis_entry_state {
    REDIS_ENTRY_WAITS, /* to be sent */
    REDIS_ENTRY_SENT,
    REDIS_ENTRY_KEPT, /* replied to, but to be sent again */
    REDIS_ENTRY_DONE  /* its answer is in `reading.answer` */
} redis_entry_state;

typedef struct redis_entry {
    const allot_op *op;
    int64_t expires_us;
    redis_entry_state state;
    bool over_limit;
    bool maybe_applied; /* it was replied to once, and is to be sent again all the same */
    unsigned forgotten; /* how often the server did not know its script */
    redis_reading reading;
    char why[400]; /* the answer's message */
} redis_entry;

typedef enum redis_scripts_state {
    REDIS_SCRIPTS_UNKNOWN,
    REDIS_SCRIPTS_ASKED,
    REDIS_SCRIPTS_LOADED
} redis_scripts_state;

typedef struct redis_lane {
    redis_link *link;
    const redis_names *names;
    allot_clock clock;
    bool read_only;
    bool tells_notes;      /* of the server */
    redis_entry **entries; /* a ring; the first is the next to be answered */
    size_t start, count, capacity;
    uint64_t first_serial; /* of entries[start]: the tags on the link */
    size_t on_way;         /* SENT and KEPT */
    size_t unreplied;      /* SENT */
    redis_scripts_state scripts;
    bool load_again;
    bool heard; /* the link told something since it was asked to send */
    char load_error[160];
    redis_call call;
    redis_room room;
    uint64_t next_number; /* behind those that deals took, and that others had used then; 0: was not asked for yet */
    const allot_sink *sink; /* within redis_lane_process and redis_lane_close */
} redis_lane;

/* The lane takes the link over. 0, or -1: out of memory. */
int redis_lane_init(redis_lane *lane, redis_link *link, const redis_names *names, const allot_clock *clock,
                    bool read_only);
/* Frees; nothing is answered. Takes a lane that is zero, or that redis_lane_init failed for. */
void redis_lane_done(redis_lane *lane);

/* Cannot fail while at most 256 ops wait; beyond that, running out of memory ends the process, because an op that was
 * taken has to be answered. core lets 64 changes and a few beats and reads wait. */
void redis_lane_push(redis_lane *lane, const allot_op *op);
void redis_lane_process(redis_lane *lane, const allot_sink *sink);
int64_t redis_lane_deadline_us(const redis_lane *lane);
/* Gives the link up and answers everything, also what a sink submits meanwhile. May be called again. */
void redis_lane_close(redis_lane *lane, const allot_sink *sink);

#endif
