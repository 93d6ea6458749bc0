/* allot/allot.h - allot for applications.
 *
 * Two kinds of handle:
 *   allot_node   one replica: it joins a group, may lead it, and is given a share of the pool's ids;
 *   allot_group  an operator's view of a group, without joining: status, add, clean.
 *
 * A node has a thread of its own, which beats whatever the application does. The application pulls events with
 * allot_next() (or polls allot_event_fd()), works on the ids it was given, and reports each done (allot_ack), not done
 * (allot_fail) or given back (allot_release).
 *
 * What is promised: two replicas never both hold an id within their local deadlines; at most one ack of an id is
 * accepted. What is not: an effect outside of allot is fenced only if the resource checks the token. See
 * docs/protocol.md.
 *
 * Threads: every function may be called from any thread, at any time, unless it says otherwise. After fork() a handle
 * is dead in the child: its functions return ALLOT_E_FORKED, and closing it there frees memory and nothing else.
 *
 * Timeouts: `timeout_ms` < 0 waits without end, 0 does not wait. A call that times out (ALLOT_E_TIMEOUT) has not been
 * taken back: what it asked for may still happen. */
#ifndef ALLOT_ALLOT_H
#define ALLOT_ALLOT_H

#include <allot/error.h>
#include <allot/strategy.h>
#include <allot/types.h>
#include <allot/version.h>
#include <allot/view.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct allot_node allot_node;
typedef struct allot_group allot_group;

/* The store that several nodes of one process share on the memory backend: for tests of services without any store. */
typedef struct allot_memory allot_memory;

/* What a leader does with a slot that does not give back in time what was recalled. */
typedef enum allot_on_timeout { ALLOT_KEEP = 0, ALLOT_RETIRE } allot_on_timeout;

/* For a strategy that says only how many ids each slot gets (round_robin): MINIMAL moves as few of the ids that have an
 * owner as possible; EXACT gives them as the strategy says, in the order of adding. All others are always exact. */
typedef enum allot_movement { ALLOT_MOVEMENT_MINIMAL = 0, ALLOT_MOVEMENT_EXACT } allot_movement;

/* A lease that has just been extended, or with which leadership has just come or gone. */
typedef struct allot_lease {
    uint32_t size; /* sizeof(allot_lease) as the library knows it */
    bool death_is_proven; /* the store learns of a crash at once: what a dead replica held may move before `until_us` */
    allot_uuid slot;
    allot_uuid life;
    int64_t since_us; /* CLOCK_BOOTTIME: when the store's answer was taken, or leadership was given up */
    int64_t until_us; /* CLOCK_BOOTTIME: the local deadline from now on */
    uint64_t term;    /* in which this replica leads from now on, until the deadline; 0: it does not */
} allot_lease;

/* How to open a handle. Always set up by allot_options_init(), which fills in the defaults shown. All texts belong to
 * the caller and are copied by open; NULL means the default. */
typedef struct allot_options {
    uint32_t size;             /* sizeof(allot_options), set by allot_options_init */
    uint32_t weight;           /* 1; 1 to 1000: a slot of weight 2 gets twice the ids */
    const char *group;         /* "default" */
    const char *name;          /* "": this replica's name, up to 128 bytes; need not be unique */
    const char *container;     /* "": what it runs in, shown to operators */
    const char *backend;       /* "file" */
    const allot_option *backend_options; /* none; see docs/file.md, docs/redis.md */
    uint32_t backend_option_count;
    uint32_t max_attempts;     /* 5: a failed id is parked for good at this many; 0: never */
    void *shared;              /* NULL; memory backend: the allot_memory that several nodes share */
    const char *strategy;      /* "round_robin" */
    const allot_option *strategy_options; /* none; see allot_strategy_options */
    uint32_t strategy_option_count;
    allot_movement movement;   /* ALLOT_MOVEMENT_MINIMAL */
    int64_t ttl_ms;            /* 10000, at least 1000: the lease */
    int64_t settle_ms;         /* 300: how long a join waits for further joins before ids are moved */
    int64_t handover_timeout_ms; /* 30000: how long a slot may give nothing back of what was recalled */
    int64_t retry_after_ms;    /* 1000: how long a failed id is parked */
    int64_t stall_ms;          /* 0: never; an application that takes no event for so long leaves the group */
    allot_on_timeout on_timeout; /* ALLOT_KEEP */
    bool quarantine_always;    /* false; true: nobody leads in a new life before one ttl after its creation */
    const char *modules;       /* NULL: where backends and strategies that are not built in are loaded from: the
                                  directory `allot` beside this library */
    void (*on_lease)(void *user, const allot_lease *lease); /* NULL; told of each extension of this replica's lease
                                  before anything relies on it, also of the first; of leadership that was won, and of
                                  its end, before the store can hear of that: for those who write down what was
                                  believed. Called by any thread of the node or in a call of it, one at a time, with
                                  the node locked: it must be quick, and must not call back. `lease` lives during the
                                  call. It may be called before allot_open has returned; until_us may be past by the
                                  time it is (a thread that was stopped); that a lease has ended, and leadership with
                                  it, is not told. allot_reload does not look at it */
    void *on_lease_user;       /* its first argument */
} allot_options;

/* Fills in the defaults. */
ALLOT_API void allot_options_init(allot_options *ret_options);

/* ---- A replica -------------------------------------------------------------------------------------------------- */

/* Opens a node and starts its thread, which joins the group. Does not wait for the store: a store that is away is told
 * by events. On success *ret_node is the caller's, to be closed with allot_close.
 * Errors: INVALID (an option, named in the message), NOMEM, LIMIT, PLACE, DAMAGED, FORMAT, MODULE, SYSTEM. */
ALLOT_API int allot_open(const allot_options *options, allot_node **ret_node, allot_error *ret_error);

/* Changes what can be changed while the node runs: strategy, strategy_options, movement, settle_ms, on_timeout,
 * handover_timeout_ms, retry_after_ms, max_attempts. All of it or nothing: everything is checked first. A leader then
 * plans anew, as far as what was changed calls for it. The other options have to be as they were at open.
 * Errors: INVALID (an option, or one that needs a restart, named in the message), LIMIT, MODULE, NOMEM, FORKED. */
ALLOT_API int allot_reload(allot_node *node, const allot_options *options, allot_error *ret_error);

/* Stops the thread and frees the node. Does not leave the group by itself: without allot_leave before it, this is the
 * same to the others as a crash. Takes NULL. Not while another thread is in a call of this node. */
ALLOT_API void allot_close(allot_node *node);

typedef enum allot_event_type {
    ALLOT_EVENT_JOINED = 1, /* this replica has a slot now, `slot` */
    ALLOT_EVENT_LEADER,     /* it leads, in `term` */
    ALLOT_EVENT_FOLLOWER,   /* it does not; `leader` leads in `term`, as far as known */
    ALLOT_EVENT_GAINED,     /* `ids` are its own from now on */
    ALLOT_EVENT_RECALLED,   /* `ids` are wanted back: finish or stop, then ack or release them */
    ALLOT_EVENT_LOST,       /* `ids` are not its own any more: stop at once; `why` says how it came */
    ALLOT_EVENT_SPLIT,      /* the split `version` is finished, and this replica's part of it has been told */
    ALLOT_EVENT_AT_RISK,    /* beats are late: unless one succeeds, fenced in `valid_for_ms` */
    ALLOT_EVENT_STORE_DOWN, /* the store does not answer; `message` says why */
    ALLOT_EVENT_STORE_UP,
    ALLOT_EVENT_FENCED,     /* the lease is over; every id held was told lost before; it joins anew by itself */
    ALLOT_EVENT_LEFT,       /* left the group; the last event */
    ALLOT_EVENT_NOTE        /* `message`: something that an operator should read */
} allot_event_type;

typedef enum allot_why {
    ALLOT_WHY_NONE = 0,
    ALLOT_WHY_DEADLINE,  /* the local deadline has passed without a beat that succeeded */
    ALLOT_WHY_REFUSED,   /* the store says that the slot is gone, expired, retired or dead */
    ALLOT_WHY_STORE_LOST, /* the store has lost data; a new life has begun */
    ALLOT_WHY_CLEANED,   /* an operator emptied the pool */
    ALLOT_WHY_LEAVING,   /* this replica leaves */
    ALLOT_WHY_STALLED    /* the application took no events for slot.stall */
} allot_why;

/* An id of the share: its text, the token of its grant (larger at every later grant of this id, for ever: hand it to
 * the resource that you change, and let it refuse smaller ones), and its payload (empty: none). */
typedef struct allot_id {
    allot_bytes id;
    uint64_t token;
    allot_bytes payload;
} allot_id;

typedef struct allot_event {
    uint32_t size; /* sizeof(allot_event) as the library knows it */
    allot_event_type type;
    allot_uuid slot;   /* this replica's slot at that moment; zero: none */
    allot_uuid leader; /* zero: unknown */
    uint64_t term;     /* 0: unknown */
    uint64_t version;  /* 0: unknown */
    int64_t mono_ns;   /* CLOCK_MONOTONIC, when the event came about */
    int64_t valid_for_ms;
    allot_why why;
    uint32_t count;    /* ids in this event, at most 1024: a larger gain comes in several events */
    const allot_id *ids;
    const char *message;
} allot_event;

/* Waits for the next event and takes it. *ret_event is valid until the next call of allot_next on this node, and only
 * one thread at a time may pull. Events are in order. Past the local deadline no `gained` is delivered any more: what
 * was not taken by then is dropped, and `fenced` follows.
 * Errors: TIMEOUT, CLOSED (after `left` was taken), FORKED, NOMEM (the node has given up: everything held is lost). */
ALLOT_API int allot_next(allot_node *node, const allot_event **ret_event, int timeout_ms);

/* A descriptor that is readable (poll) while an event waits. It belongs to the node; never read from it. */
ALLOT_API int allot_event_fd(allot_node *node);

/* True while this replica leads, by its local deadline, checked now. ret_term may be NULL. */
ALLOT_API bool allot_is_leader(allot_node *node, uint64_t *ret_term);

/* True while this replica owns the id, by its local deadline, checked now. ret_token may be NULL. */
ALLOT_API bool allot_owns(allot_node *node, const char *id, size_t len, uint64_t *ret_token);

/* An id to add: 1 to 255 bytes of UTF-8 without control characters; a payload of up to 64 KiB (len 0: none). */
typedef struct allot_new {
    allot_bytes id;
    allot_bytes payload;
} allot_new;

/* How far an add got. ids[0] to ids[done - 1] are confirmed: `added` of them were new, `present` in the pool before. */
typedef struct allot_added {
    uint64_t done;
    uint64_t added;
    uint64_t present;
} allot_added;

/* Adds ids to the pool, 512 at a time, each such part whole or not at all. *ret_added (may be NULL) is written also on
 * failure. All ids are checked before the first is sent. The ids are read until the call returns.
 * Errors: INVALID (which id, in the message), LIMIT, TIMEOUT, UNKNOWN (of the part after `done`), REFUSED, CLOSED. */
ALLOT_API int allot_add(allot_node *node, const allot_new *ids, size_t count, int timeout_ms, allot_added *ret_added,
                        allot_error *ret_error);

/* How many ids of a report were accepted by the store, and how many refused because they were not this replica's (any
 * more). `accepted + refused` below the count: the rest is unknown. */
typedef struct allot_report {
    uint64_t accepted;
    uint64_t refused;
} allot_report;

/* Report ids done: they leave the pool. Of all acks of an id, by whomever, one is accepted. token 0 in an id: whatever
 * this replica holds it under; else it must match. ret_accepted (may be NULL) has `count` entries: true where
 * accepted. *ret_report may be NULL and is written also on failure.
 * Errors: REFUSED (at least one id; the others were accepted), FENCED, UNKNOWN, TIMEOUT, CLOSED, FORKED. */
ALLOT_API int allot_ack(allot_node *node, const allot_id *ids, size_t count, int timeout_ms, bool *ret_accepted,
                        allot_report *ret_report);

/* Report ids not done: they are parked for retry_after_ms and then split anew, or parked for good at the
 * max_attempts-th time. `why` (may be NULL; up to 255 bytes) is shown to operators. Otherwise like allot_ack. */
ALLOT_API int allot_fail(allot_node *node, const allot_id *ids, size_t count, const char *why, int timeout_ms,
                         bool *ret_accepted, allot_report *ret_report);

/* Give ids back, having stopped working on them: the leader splits them anew. Otherwise like allot_ack. */
ALLOT_API int allot_release(allot_node *node, const allot_id *ids, size_t count, int timeout_ms, bool *ret_accepted,
                            allot_report *ret_report);

/* Names the ids that this replica is at work on right now, at most 1024, instead of those named before. Should it die
 * meanwhile, each of them counts one failed attempt; max_attempts of these park an id that kills its owners.
 * Ids that are not owned are left out. Errors: LIMIT, FENCED, CLOSED, FORKED, NOMEM. */
ALLOT_API int allot_working(allot_node *node, const allot_id *ids, size_t count);

/* Asks for an orderly end: no further ids, leadership resigned, everything held recalled (an event). When the
 * application has acked or released all of it, the node leaves by itself. Returns at once. Errors: CLOSED, FORKED. */
ALLOT_API int allot_drain(allot_node *node);

/* Leaves now: everything held is told lost (the application must have stopped), and others get it at once. Waits for
 * the store's answer; after a drain's `left`, for the answer to that leave, which allot_close alone would cut off.
 * Errors: TIMEOUT, UNKNOWN (no answer before the lease ended: the lease's end does the rest), CLOSED (had left
 * before), FORKED. */
ALLOT_API int allot_leave(allot_node *node, int timeout_ms);

typedef enum allot_node_state {
    ALLOT_NODE_JOINING = 1,
    ALLOT_NODE_LIVE,
    ALLOT_NODE_LEAVING,
    ALLOT_NODE_LEFT
} allot_node_state;

typedef struct allot_node_status {
    uint32_t size;
    allot_node_state state;
    allot_uuid slot, leader, life;
    uint64_t term;    /* of `leader` */
    uint64_t version;
    uint64_t rank;
    uint64_t ids;     /* held now */
    uint64_t recalled; /* of these, recalled */
    int64_t valid_for_ms; /* until the local deadline; 0: fenced or not joined */
    bool leads;
    bool store_up;
    bool draining;
} allot_node_status;

/* What this replica knows, from memory, without asking the store. `ret_status->size` must be set. */
ALLOT_API int allot_status(allot_node *node, allot_node_status *ret_status);

/* ---- Strategies -------------------------------------------------------------------------------------------------- */

/* Whether the strategy that the options name is there, and takes its options; what allot_open would say of them. Of the
 * options: strategy, strategy_options, modules. Errors: INVALID (an option of it), MODULE, NOMEM. */
ALLOT_API int allot_strategy_check(const allot_options *options, allot_error *ret_error);

/* Calls `visit` for each option that this strategy declares. What it is given is static. `visit` returns 0, or a
 * negative code that ends it and is returned. Of the options: strategy, modules. Errors: INVALID, MODULE, NOMEM. */
ALLOT_API int allot_strategy_options(const allot_options *options,
                                     int (*visit)(void *user, const allot_strategy_option *option), void *user,
                                     allot_error *ret_error);

/* ---- A group, from outside -------------------------------------------------------------------------------------- */

/* Opens a group without joining it. Of the options: group, backend, backend_options, shared. With `read_only`, nothing
 * is created, and what would change the group is refused (INVALID). One thread at a time per handle.
 * Errors: as allot_open; NOT_FOUND: there is no such group (read_only). */
ALLOT_API int allot_group_open(const allot_options *options, bool read_only, allot_group **ret_group,
                               allot_error *ret_error);
ALLOT_API void allot_group_close(allot_group *group);

/* The group at one moment; what concerns a particular slot is 0. view->strategy is valid until the next call.
 * Errors of this and the following: NOT_FOUND, UNAVAILABLE, UNKNOWN, TIMEOUT, REFUSED, DAMAGED, NOMEM. */
ALLOT_API int allot_group_view(allot_group *group, int timeout_ms, allot_view *ret_view, allot_error *ret_error);

/* Calls `visit` for each slot not yet reaped, oldest first. The info is valid during the call. `visit` returns 0, or a
 * negative code that ends the reading and is returned. */
ALLOT_API int allot_group_slots(allot_group *group, int timeout_ms,
                                int (*visit)(void *user, const allot_slot_info *slot), void *user,
                                allot_error *ret_error);

/* Calls `visit` for each id of the pool (`slot` NULL), or for each id that the slot owns. Read in pages: an id that
 * moves meanwhile may be seen twice or not at all. */
ALLOT_API int allot_group_ids(allot_group *group, const allot_uuid *slot, bool with_payloads, int timeout_ms,
                              int (*visit)(void *user, const allot_pool_id *id), void *user, allot_error *ret_error);

/* Like allot_add. */
ALLOT_API int allot_group_add(allot_group *group, const allot_new *ids, size_t count, int timeout_ms,
                              allot_added *ret_added, allot_error *ret_error);

/* Empties the pool: every id is gone, whoever owns it, and owners are told `lost`. *ret_count: how many. */
ALLOT_API int allot_group_clean(allot_group *group, int timeout_ms, uint64_t *ret_count, allot_error *ret_error);

/* Puts parked ids back, attempts forgotten. *ret_count: how many were parked. */
ALLOT_API int allot_group_unpark(allot_group *group, const allot_bytes *ids, size_t count, int timeout_ms,
                                 uint64_t *ret_count, allot_error *ret_error);

/* ---- A store in memory ------------------------------------------------------------------------------------------ */

/* To be put into allot_options.shared of each handle. NULL: out of memory. */
ALLOT_API allot_memory *allot_memory_new(void);
/* After the last handle was closed. Takes NULL. */
ALLOT_API void allot_memory_free(allot_memory *memory);

/* ---- Small helpers ---------------------------------------------------------------------------------------------- */

/* A UUID as 36 characters and a NUL. */
ALLOT_API void allot_uuid_text(const allot_uuid *uuid, char ret_text[ALLOT_UUID_TEXT_BYTES]);
/* Reads one; INVALID when the text is none. */
ALLOT_API int allot_uuid_parse(const char *text, allot_uuid *ret_uuid);
/* A new random UUID (libuuid). */
ALLOT_API void allot_uuid_random(allot_uuid *ret_uuid);
/* True when these bytes may be an id: see allot_new. */
ALLOT_API bool allot_id_valid(allot_bytes id);
/* The word for an event type or a reason, for example "gained", "deadline". Static; never NULL. */
ALLOT_API const char *allot_event_word(allot_event_type type);
ALLOT_API const char *allot_why_word(allot_why why);

#ifdef __cplusplus
}
#endif
#endif
