/* allot/backend.h - what a backend is: the place where a group's shared state lives.
 *
 * A backend is one table of functions over one shape of op. An op is one atomic transition of the model or one paged
 * read of it. core submits ops, the backend answers each exactly once. Everything that decides (expiry, fencing,
 * who owns what) is decided inside a transition, by the store's clock, never by "read, then write".
 *
 * Lanes. Control: join, beat, leave, campaign, resign. Bulk: all the rest. Within a lane ops take effect, and are
 * answered, in the order of submission. A control op never waits behind bulk ops.
 *
 * Answers. OK; REFUSED with a reason; UNAVAILABLE: surely not applied; UNKNOWN: may have been applied, now or later.
 *
 * Sending again. Beats and reads are never sent again by the backend or by core. Every other op carries (session,
 * sequence): the store keeps the last 64 outcomes of each session, and an op that comes again gets its first outcome
 * without effect; one older than that window is refused with ALLOT_REFUSED_STALE.
 *
 * A handle speaks for one slot at a time: a join gives up the slot that the handle joined before, if there is one.
 *
 * Threads. All functions of one handle are called by one thread at a time; there is no re-entrance: a sink's functions
 * may call `submit`, and nothing else, of the handle that calls them.
 *
 * Rules of the source: DESIGN §2 (transitions, time, answers), §3 (backend). Walkthrough: docs/writing-a-backend.md. */
#ifndef ALLOT_BACKEND_H
#define ALLOT_BACKEND_H

#include <allot/error.h>
#include <allot/types.h>
#include <allot/view.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALLOT_BACKEND_ABI 2u

/* ---- Ops -------------------------------------------------------------------------------------------------------- */

typedef enum allot_op_kind {
    /* control lane */
    ALLOT_OP_JOIN = 1,
    ALLOT_OP_BEAT,
    ALLOT_OP_LEAVE,
    ALLOT_OP_CAMPAIGN,
    ALLOT_OP_RESIGN,
    /* bulk lane: changes */
    ALLOT_OP_ADD,
    ALLOT_OP_ASSIGN,
    ALLOT_OP_DEAL,
    ALLOT_OP_RECALL,
    ALLOT_OP_RETIRE,
    ALLOT_OP_REAP,
    ALLOT_OP_PUBLISH,
    ALLOT_OP_RELEASE,
    ALLOT_OP_ACK,
    ALLOT_OP_FAIL,
    ALLOT_OP_UNPARK,
    ALLOT_OP_CLEAN,
    /* bulk lane: reads; none of them creates or changes anything */
    ALLOT_OP_READ_VIEW,
    ALLOT_OP_READ_ROSTER,
    ALLOT_OP_READ_INBOX,
    ALLOT_OP_READ_SHARE,
    ALLOT_OP_READ_SEGMENTS,
    ALLOT_OP_READ_POOL,
    ALLOT_OP_KIND_END
} allot_op_kind;

/* A position that stands for "every id of the segment that is not done". */
#define ALLOT_ALL UINT32_MAX

/* Where an id lies. `position` counts from 0 within the segment. The backend's own numbers: core hands back what it
 * was given and never computes one. */
typedef struct allot_ref {
    uint64_t segment;
    uint32_t position;
} allot_ref;

/* Ids of one segment, for assign and recall.
 *   which != NULL                      recall alone: those of this bitmap (position ALLOT_ALL, take 0)
 *   position == ALLOT_ALL, take == 0   every id of the segment that is not done
 *   position == ALLOT_ALL, take == k   assign: the first k of those; recall: the last k of those not recalled yet
 *   any other position                 the id at that position */
typedef struct allot_part {
    uint64_t segment;
    uint32_t position;
    uint32_t take;
    const uint64_t *which; /* ALLOT_SEGMENT_IDS_MAX / 64 words, or NULL */
} allot_part;

/* One grant: the parts, all out of the inbox, go to slots[slot_index] under one new token. A grant of one part with
 * position ALLOT_ALL and take 0 moves the segment by its number and reads no ids; any other grant writes its ids anew,
 * in the order of its parts, into one new segment of at most ALLOT_SEGMENT_IDS_MAX. */
typedef struct allot_grant {
    uint32_t slot_index;
    uint32_t part_count;
    const allot_part *parts;
} allot_grant;

/* An owned id (or, with position ALLOT_ALL, everything left of an owned segment; release only), with the token of the
 * grant under which it is owned. `id` is what the application calls it, for stores that keep a table by id; empty for
 * ALLOT_ALL. */
typedef struct allot_item {
    uint64_t segment;
    uint64_t token;
    uint32_t position;
    allot_bytes id;
} allot_item;

/* An id to add. payload.len == 0: none. */
typedef struct allot_new_id {
    allot_bytes id;
    allot_bytes payload;
} allot_new_id;

/* The highest numbers that a replica has ever been told, and the life that it was told them in (zero: none yet).
 * A store that knows less has lost data (DESIGN §2, "Loss of the store's data"). Each below 2^53. */
typedef struct allot_floors {
    allot_uuid life;
    uint64_t view;
    uint64_t term;
    uint64_t token;
} allot_floors;

typedef struct allot_op_join {
    allot_bytes name, host, container; /* name may be empty */
    int64_t pid;
    int64_t ttl_us; /* announced here; the store clamps every later expiry by it */
    uint32_t weight; /* 1 to 1000 */
    bool quarantine_always; /* nobody leads in a new life before one ttl after its creation, known before or not */
    allot_floors floors;
    allot_uuid fresh_life; /* the name of the life that this join begins if there is none */
} allot_op_join;

typedef struct allot_op_beat {
    allot_floors floors;   /* floors.life: the life in which this slot joined */
    allot_uuid fresh_life; /* the name of the life that this beat begins if the store has lost data */
    int64_t ttl_us;        /* as at join: a store that has lost it learns how long this replica may still act */
    bool draining;         /* this slot wants no more ids, and gives back what it has */
    uint32_t working_count; /* ids at work on, at most ALLOT_WORKING_MAX: a reap counts a failed attempt for these */
    const allot_ref *working;
} allot_op_beat;

typedef struct allot_op_add {
    uint32_t count; /* 1 to ALLOT_OP_ITEMS_MAX */
    const allot_new_id *ids;
    allot_uuid fresh_life;
} allot_op_add;

typedef struct allot_op_assign {
    uint32_t slot_count;
    const allot_uuid *slots;
    uint32_t grant_count; /* over all grants, max(1, parts) summed: at most ALLOT_OP_ITEMS_MAX */
    const allot_grant *grants;
} allot_op_assign;

/* ---- deal: whole segments of the inbox, cut anew. Their ids, all of them, go to slots as the piles say. */

typedef struct allot_source {
    uint64_t segment;
    uint32_t live; /* as many ids of it are not done */
} allot_source;

/* An id of a pile: where it lies, and what it is, for stores that would have to look for its text: it is trusted to be
 * the one at that place. */
typedef struct allot_dealt {
    uint32_t source; /* which of the sources */
    uint32_t position;
    allot_bytes id;
} allot_dealt;

/* Written anew, in this order, into one new segment of the slot's share, under one new token. */
typedef struct allot_pile {
    uint32_t slot_index;
    uint32_t count; /* 1 to ALLOT_SEGMENT_IDS_MAX */
    const allot_dealt *ids;
} allot_pile;

/* Each source names as many ids as it says, once each, in one of the piles, else the op is malformed. Done whole or not
 * at all: when a source does not lie in the inbox, or has other ids than those, or a slot of a pile may not be given
 * any, nothing happens, and all ids count as skipped. */
typedef struct allot_op_deal {
    uint32_t slot_count;
    const allot_uuid *slots;
    uint32_t source_count; /* 1 to ALLOT_DEAL_SOURCES_MAX */
    const allot_source *sources;
    uint32_t pile_count; /* 1 to ALLOT_DEAL_PILES_MAX */
    const allot_pile *piles;
    bool quiet; /* the slots will hear of it by what follows soon: a store may leave out their hints */
} allot_op_deal;

typedef struct allot_op_recall {
    allot_uuid target;
    uint32_t part_count; /* 1 to ALLOT_OP_ITEMS_MAX */
    const allot_part *parts;
} allot_op_recall;

/* retire, reap. max_attempts: a reap parks an id that was at work for the max_attempts-th time for good. */
typedef struct allot_op_target {
    allot_uuid target;
    uint32_t max_attempts;
} allot_op_target;

typedef struct allot_op_publish {
    uint64_t version;     /* must be the store's version + 1 */
    uint64_t settled_age; /* the largest age (view: allot_slot_info) that a full split has taken into account */
    allot_bytes strategy;
} allot_op_publish;

/* release, ack, fail */
typedef struct allot_op_items {
    uint32_t count; /* 1 to ALLOT_OP_ITEMS_MAX */
    const allot_item *items;
    allot_bytes reason;     /* fail: why */
    uint32_t max_attempts;  /* fail: parked for good at this many; 0: never for good */
    int64_t retry_after_us; /* fail: parked until now + this */
} allot_op_items;

/* unpark. By the leader (term != 0): the ids that are due, at most ALLOT_OP_ITEMS_MAX of them; `ids` is not looked at.
 * By an operator (term == 0): the ids named, due or not. */
typedef struct allot_op_unpark {
    uint32_t count;
    const allot_bytes *ids;
} allot_op_unpark;

/* read roster, inbox, share, segments, pool.
 *   READ_ROSTER    slots in the order of their ages, after the age `cursor`; all, or only those that can be reaped
 *   READ_INBOX     segments in the order in which they came into the inbox, after the order number `cursor`
 *   READ_SHARE     segments of `target` in the order of their numbers, after the number `cursor`
 *   READ_SEGMENTS  the named segments (at most 64), bitmaps and ids, as far as they exist and belong to `target`
 *                  (zero: to the inbox)
 *   READ_POOL      the ids of the pool with their places, after the cursor; `target` not zero: that slot's alone.
 *                  A page may be empty and still not be the last. */
typedef struct allot_op_read {
    allot_uuid target;
    uint64_t cursor; /* 0 at first; then the answer's next_cursor */
    uint32_t limit;  /* entries wanted at most, 1 to 1024; the backend may return fewer */
    bool reapable_only;
    bool with_payloads;
    uint32_t segment_count;
    const uint64_t *segments;
} allot_op_read;

/* One op. It and all that it points to stay unchanged, owned by the caller, until its answer has been delivered.
 *
 * `slot` speaks: join, beat, leave, campaign, resign, release, ack, fail; with the term it leads in (`term`): assign,
 * deal, recall, retire, reap, publish, and unpark of due ids. An add or clean may come from a slot, or from nobody (0).
 * `session` is `slot` where a slot speaks; a caller without one makes up a random session and gives `not_after_us`, an
 * instant on the store's clock (from READ_VIEW) past which the op is refused and the session forgotten. A join gives
 * one too, at most one ttl away (0: none): past it, it makes no slot, and until then a reaped slot's name is kept. */
typedef struct allot_op {
    allot_op_kind kind;
    uint64_t cookie;     /* the caller's; comes back in the answer */
    int64_t timeout_us;  /* from submit on; past it the answer is UNAVAILABLE or UNKNOWN */
    allot_uuid slot;
    allot_uuid session;
    uint64_t sequence;   /* 1, 2, 3 ... within the session; 0 for beats and reads */
    int64_t not_after_us;
    uint64_t term;       /* leader's ops, resign; in a beat: the leadership to renew, or 0 */
    union {
        allot_op_join join;
        allot_op_beat beat;
        allot_op_add add;
        allot_op_assign assign;
        allot_op_deal deal;
        allot_op_recall recall;
        allot_op_target target; /* retire, reap */
        allot_op_publish publish;
        allot_op_items items; /* release, ack, fail */
        allot_op_unpark unpark;
        allot_op_read read;
    } u; /* leave, campaign, resign, clean, READ_VIEW: nothing */
} allot_op;

/* ---- Answers ---------------------------------------------------------------------------------------------------- */

typedef enum allot_op_status {
    ALLOT_STATUS_OK = 1,
    ALLOT_STATUS_REFUSED,
    ALLOT_STATUS_UNAVAILABLE, /* surely not applied */
    ALLOT_STATUS_UNKNOWN      /* may have been applied, or may still be */
} allot_op_status;

#define ALLOT_REASONS(X)                                                                                               \
    X(ALLOT_REFUSED_NOTHING, "nothing")                                                                                \
    X(ALLOT_REFUSED_GONE, "no such slot")                         /* never joined, or reaped */                       \
    X(ALLOT_REFUSED_EXPIRED, "the slot's lease has run out")                                                           \
    X(ALLOT_REFUSED_RETIRED, "the slot was retired by the leader")                                                     \
    X(ALLOT_REFUSED_LEFT, "the slot has left")                                                                         \
    X(ALLOT_REFUSED_DEAD, "the slot is dead")                     /* proven dead, or being reaped */                  \
    X(ALLOT_REFUSED_EXISTS, "the slot has joined before")                                                              \
    X(ALLOT_REFUSED_LIFE, "the store's data is of another life")                                                       \
    X(ALLOT_REFUSED_LED, "another leadership is valid")                                                                \
    X(ALLOT_REFUSED_QUARANTINE, "nobody may lead yet after a loss of the store's data")                                \
    X(ALLOT_REFUSED_NOT_LEADER, "not the present leader in that term")                                                 \
    X(ALLOT_REFUSED_LIVE, "the slot is alive")                                                                         \
    X(ALLOT_REFUSED_VERSION, "not the next version")                                                                   \
    X(ALLOT_REFUSED_STALE, "sent again too late")                 /* past the window, or past not_after */            \
    X(ALLOT_REFUSED_LIMIT, "over a limit")                                                                             \
    X(ALLOT_REFUSED_INVALID, "the op is malformed")

typedef enum allot_reason {
#define ALLOT_REASON_ENUM(name, text) name,
    ALLOT_REASONS(ALLOT_REASON_ENUM)
#undef ALLOT_REASON_ENUM
        ALLOT_REASON_END
} allot_reason;

/* The result of a change; what a session remembers. */
typedef struct allot_outcome {
    allot_op_status status;
    allot_reason reason;
    /* add: added (skipped: ids already in the pool). assign, deal, recall, release, unpark: ids moved or marked
     * (skipped: not in the expected place, or the slot is not live). ack, fail: accepted (skipped: refused; see
     * `refused`). reap: ids moved to the inbox; `more`: ids that the slot still has (0: the slot is gone). clean: ids
     * removed. */
    uint64_t count;
    uint64_t skipped;
    uint64_t more;
    uint64_t term;       /* campaign: the term won */
    int64_t wait_us;     /* campaign refused: how long until it is worth trying again; 0: unknown */
    uint64_t refused[ALLOT_OP_ITEMS_MAX / 64]; /* ack, fail, release: bit i is set when items[i] was refused */
} allot_outcome;

/* A segment without its ids.
 *
 * `order`: segments sorted by it (equal ones by number) have their ids in the order of adding. Every segment has a
 * base, and the id at position i of it stands at base + i; `order` is where its first id that is not done stands. The
 * base of a segment that is added, or put back from the parked ids, or dealt, is 1024 * its number; that of one that is
 * written anew out of others is where its first id stood. A release writes one segment for each segment that it takes
 * ids from. Ids of one segment that are written anew in its order keep their distances: what lay between them are
 * positions of the new one that are done from the start. */
typedef struct allot_segment_info {
    uint64_t segment;
    uint64_t token;    /* 0 in the inbox */
    uint64_t order;    /* where its ids stand in the order of adding; see above */
    uint32_t live;     /* ids not done */
    uint32_t recalled; /* of these, recalled */
} allot_segment_info;

/* A segment with its ids. `ids` has `count` entries; those whose bit in `done` is set may be empty. Payloads are there
 * where asked for and present. */
typedef struct allot_segment_body {
    uint64_t segment;
    uint64_t token;
    uint32_t count;
    uint64_t done[ALLOT_SEGMENT_IDS_MAX / 64];
    uint64_t recalled[ALLOT_SEGMENT_IDS_MAX / 64];
    const allot_new_id *ids;
} allot_segment_body;

/* The answer to one op. It, and all that it points to, is valid until the sink's function returns. */
typedef struct allot_answer {
    uint64_t cookie;
    allot_op_kind kind;
    allot_outcome outcome;
    const char *message;   /* UNAVAILABLE, UNKNOWN: why, one line; else NULL */
    const allot_view *view; /* OK of a beat (all of it), READ_VIEW (what concerns no slot) and, as far as known, NULL */
    uint64_t next_cursor;  /* paged reads: 0 when this was the last page */
    uint64_t share_rev;    /* READ_SHARE, READ_SEGMENTS: at the moment of the read */
    uint64_t inbox_rev;    /* READ_ROSTER, READ_INBOX: likewise; equal: nothing came into the inbox between the two */
    uint32_t slot_count, segment_count, body_count, id_count;
    const allot_slot_info *slots;
    const allot_segment_info *segments;
    const allot_segment_body *bodies;
    const allot_pool_id *ids;
} allot_answer;

/* ---- Hints ------------------------------------------------------------------------------------------------------ */

/* "Something changed; look now rather than at the next beat." Correctness never needs one. */
typedef enum allot_hint {
    ALLOT_HINT_SHARE = 1, /* this slot's share or recalls */
    ALLOT_HINT_GROUP,     /* leader or version */
    ALLOT_HINT_WORK,      /* for the leader: inbox or roster */
    ALLOT_HINT_LEADERLESS /* the leader has resigned, left or is proven dead: leadership is free now */
} allot_hint;

/* Where a backend delivers. `user` is the first argument of each call. */
typedef struct allot_sink {
    void *user;
    void (*answer)(void *user, const allot_answer *answer);
    void (*hint)(void *user, allot_hint hint);
    void (*note)(void *user, const char *message); /* something that an operator should read, one line */
} allot_sink;

/* ---- The table -------------------------------------------------------------------------------------------------- */

/* What a store can do; chooses the algorithm and is shown to operators. */
enum {
    ALLOT_CAP_SERVER_CLOCK = 1u << 0,    /* expiry is decided by one clock for all */
    ALLOT_CAP_HINTS = 1u << 1,
    ALLOT_CAP_DETECTS_DEATH = 1u << 2,   /* a crashed replica is proven dead at once, without waiting for its ttl */
    ALLOT_CAP_MULTI_HOST = 1u << 3,
    ALLOT_CAP_SURVIVES_RESTART = 1u << 4, /* the pool outlives every process */
    ALLOT_CAP_LINEARIZABLE = 1u << 5
};

typedef struct allot_backend allot_backend; /* a backend's own */

/* The clocks, as functions, so that tests can turn them. NULL members: CLOCK_BOOTTIME and CLOCK_REALTIME. */
typedef struct allot_clock {
    int64_t (*boot_us)(void *user);
    int64_t (*real_us)(void *user);
    void *user;
} allot_clock;

typedef struct allot_backend_config {
    uint32_t size; /* sizeof(allot_backend_config) */
    const char *group;
    uint32_t option_count;
    const allot_option *options; /* the backend's own section; an unknown key is an error that names it */
    bool read_only;              /* only reads will be submitted, and open() must create nothing */
    void *shared;                /* memory: an allot_memory * that several handles share; else NULL */
    allot_clock clock;
} allot_backend_config;

typedef struct allot_backend_ops {
    uint32_t abi;  /* ALLOT_BACKEND_ABI */
    uint32_t size; /* sizeof(allot_backend_ops) */
    const char *name;
    uint32_t capabilities;

    /* Opens a handle. Never waits for a server: what can only be known later is told by answers and notes.
     * Errors: INVALID (an option), PLACE, DAMAGED, FORMAT, NOT_FOUND (read_only, and nothing there), NOMEM, SYSTEM. */
    int (*open)(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error);

    /* Takes one op. Never blocks, never fails: what goes wrong is told by the op's answer, which is never delivered
     * from within submit. */
    void (*submit)(allot_backend *backend, const allot_op *op);

    /* Works on what was submitted as far as it goes without waiting, and delivers answers, hints and notes. To be
     * called after submit, when fd() is readable, and when deadline() has come. */
    void (*process)(allot_backend *backend, const allot_sink *sink);

    /* A descriptor that becomes readable (poll) when process() should be called; -1: none. Constant. */
    int (*fd)(allot_backend *backend);

    /* The instant (boot_us) at which process() wants to be called even if nothing is readable; INT64_MAX: none. */
    int64_t (*deadline)(allot_backend *backend);

    /* Answers what is unanswered (UNAVAILABLE or UNKNOWN) through the sink, then frees the handle. Takes NULL. Does
     * not leave the group: a replica that wants to leave says so by an op. In a child of fork() (not the process that
     * opened it) it gives back memory and descriptors, nothing else: no lock, no unlocking, no word to the store. */
    void (*close)(allot_backend *backend, const allot_sink *sink);
} allot_backend_ops;

#ifdef __cplusplus
}
#endif
#endif
