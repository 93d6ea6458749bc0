/* rig.h - a server, a group on it, and what is measured of its ops. */
#ifndef BENCH_REDIS_RIG_H
#define BENCH_REDIS_RIG_H

#include "bench/lib/report.h"
#include "bench/lib/samples.h"
#include "bench/redis_scripts_watch.h"
#include "tests/lib/redis_server.h"

#include <allot/backend.h>

#define ROWS_MAX 64u
#define ID_BYTES 36u
#define LONG_TTL_US (INT64_C(3600) * 1000000)

/* One operation, over all rounds. Times in us. */
typedef struct row {
    const char *name;
    uint64_t ops;
    samples scripts; /* durations of all scripts */
    /* Of each round: the longest script, the longest PING, all of it, how many scripts, how long the server waited for
     * a processor. In the order of the rounds. */
    samples longest, pings, times, counts, waits;
} row;

/* Who speaks: a slot. */
typedef struct speaker {
    allot_uuid slot;
    uint64_t sequence, term;
} speaker;

typedef struct rig {
    const bench *bench;
    row rows[ROWS_MAX];
    size_t row_count;
    redis_server *server;
    watch *watch;
    allot_backend *handle;
    allot_floors floors;
    bool is_first; /* the server comes before everybody else */
    int64_t up_since_ns, rested_ns;
    size_t unanswered;
    /* Sees each answer, which is OK. */
    void (*visit)(void *user, const allot_answer *answer);
    void *user;
} rig;

/* A new server, with nothing on it. */
void rig_begin(rig *r);
void rig_end(rig *r);
void rig_done(rig *r);

/* So many ops, each prepared by the caller, up to `under_way` of them at once. All must be answered OK. */
void rig_run(rig *r, allot_op *ops, size_t count, size_t under_way);
/* The same, measured: a row of that name. */
void rig_measure(rig *r, const char *name, allot_op *ops, size_t count, size_t under_way);
/* A paged read to its end; measured when it has a name. Returns the pages. */
size_t rig_pages(rig *r, const char *name, allot_op op);
/* An op, again and again as long as its answer says `more`; measured when it has a name. */
void rig_steps(rig *r, const char *name, speaker *leader, allot_op op);

allot_uuid rig_uuid(void);
allot_op speaker_op(speaker *s, allot_op_kind kind);
allot_op read_op(allot_op_kind kind, const allot_uuid *target, uint32_t limit);
allot_op join_op(speaker *s, int64_t ttl_us);
allot_op beat_op(const rig *r, speaker *s, const allot_ref *working, uint32_t count);
/* A new slot. */
speaker rig_joined(rig *r, int64_t ttl_us);
speaker rig_leader(rig *r);

/* Segments as a read lists them. */
typedef struct seg_list {
    allot_segment_info *items;
    size_t count, capacity;
} seg_list;

/* The inbox (`slot` NULL) or a share, whole. */
void seg_list_read(seg_list *list, rig *r, const allot_uuid *slot);
void seg_list_done(seg_list *list);

/* Grants segments [from, from + count) of the list to the slots, in turn, by number, `at_once` an op. Measured when it
 * has a name. */
void grant_segments(rig *r, const char *name, speaker *leader, const seg_list *list, size_t from, size_t count,
                    const allot_uuid *slots, uint32_t slot_count, uint32_t at_once);

/* Ids of segments, with what an owner names them by. */
typedef struct item_list {
    allot_item *items;
    size_t count, capacity;
} item_list;

/* The first ids, at most `per_segment` each, of segments [from, from + count) of a list, that lie with `slot` (NULL: in
 * the inbox). */
void item_list_read(item_list *list, rig *r, const allot_uuid *slot, const seg_list *segments, size_t from,
                    size_t count, uint32_t per_segment);
void item_list_done(item_list *list);

/* Adds `count` ids of 36 bytes, the first of them number `first`, so many an op; with payloads of so many bytes.
 * Measured when it has a name. */
void add_ids(rig *r, const char *name, speaker *s, size_t first, size_t count, uint32_t at_once,
             uint32_t payload_bytes);

#endif
