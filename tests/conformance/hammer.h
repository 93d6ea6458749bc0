/* hammer.h - many processes at once on one group, some of them killed: each writes what it did and saw into memory that
 * it shares with the test, and the test checks the invariants over all of it.
 *
 * A record is written before an op is sent and after its answer came: where the second one is missing, the op may have
 * been done. */
#ifndef CONFORMANCE_HAMMER_H
#define CONFORMANCE_HAMMER_H

#include <allot/backend.h>
#include <stdatomic.h>

enum { HAMMER_RECORDS = 60000, HAMMER_PROCESSES = 64, HAMMER_BROKEN_BYTES = 400 };

typedef enum hammer_what {
    HAMMER_ADD_SENT = 1,
    HAMMER_ADD_CONFIRMED,
    HAMMER_ADD_UNDONE, /* UNAVAILABLE, or refused */
    HAMMER_OWNED,      /* seen in the own share, under `number` (token) */
    HAMMER_ACK_SENT,   /* with `number` (token) */
    HAMMER_ACK_ACCEPTED,
    HAMMER_ACK_REFUSED,
    HAMMER_TERM_WON /* `number` */
} hammer_what;

typedef struct hammer_record {
    hammer_what what;
    uint32_t id; /* process << 16 | count */
    uint64_t number;
    int64_t from_us, until_us; /* CLOCK_BOOTTIME around the op */
    allot_uuid slot;
} hammer_record;

/* One process's. Lives in shared memory; only that process writes. */
typedef struct hammer_history {
    _Atomic uint32_t count;           /* records that are complete */
    char broken[HAMMER_BROKEN_BYTES]; /* what this process found to be wrong; empty: nothing */
    hammer_record records[HAMMER_RECORDS];
} hammer_history;

typedef struct hammer {
    _Atomic bool stop;
    hammer_history histories[HAMMER_PROCESSES];
} hammer;

/* The life of process number `process`, until `stop`. For a forked child: returns its exit code, 0 or 1. */
int hammer_work(hammer *h, uint32_t process, const allot_backend_ops *ops, const allot_backend_config *config);

void hammer_id_text(uint32_t id, char ret_text[32]);
/* False: not an id of ours. */
bool hammer_id_from(allot_bytes text, uint32_t *ret_id);

/* I1, I4, I5 and I7 over all histories. `in_pool` says for each id of the pool whether it is there: pool[id] for ids as
 * given by hammer_index. NULL, or what is broken (valid until the next call). */
const char *hammer_check(const hammer *h, uint32_t processes, const allot_pool_id *pool, size_t pool_count,
                         char *ret_text, size_t text_bytes);

#endif
