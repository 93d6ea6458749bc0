/* engine.h - one replica, as a pure state machine.
 *
 * engine_step(event) gives actions. Same configuration, same events: same actions, bit for bit. The engine has no I/O,
 * no clock, no threads, no globals; time and randomness come from outside (`now_us`, `seed`). The runtime drives it
 * with a real backend and a real clock, the simulator with neither.
 *
 * What the caller must do:
 *   - call engine_step with a time that never goes back, first of all with ENGINE_TIME, and again no later than at
 *     actions.next_us;
 *   - carry out the actions of a step, in their order, before the next step. They are valid until the next step;
 *   - not call engine_step from within an action (asserted).
 *
 * Who owns what:
 *   - ENGINE_SUBMIT: the op is the engine's, unchanged until the step that brings its answer. Each op submitted must be
 *     answered exactly once by ENGINE_ANSWER, whatever has happened to the engine in between;
 *   - ENGINE_PLAN: the plan passes to the caller, who sets the values of the strategy's options, runs it (plan_run) and
 *     gives it back by ENGINE_PLANNED, or, if it will never do so, frees it (plan_free);
 *   - ENGINE_TELL: the body that it points to is the engine's; whoever keeps it takes a reference (body_ref);
 *   - ENGINE_REPLY: the request is the caller's again. From ENGINE_REQUEST to ENGINE_REPLY it must stay where it is.
 *
 * Out of memory: engine_step returns ALLOT_E_NOMEM. The engine is then fenced for good and gives no more actions; the
 * caller treats everything held as lost, and its requests as unknown. The same holds for every later step.
 *
 * Rules of the source: DESIGN §2 (model), §3 (the engine). */
#ifndef ENGINE_H
#define ENGINE_H

#include "core/engine/body.h"
#include "core/engine/plan.h"

#include <allot/allot.h>
#include <allot/backend.h>

typedef struct engine engine;

/* Bytes are copied by engine_new. The bounds of allot_options are asserted, not checked. */
typedef struct engine_config {
    allot_bytes name, host, container, strategy;
    uint32_t kind; /* allot_strategy_kind of the strategy; RUNS also where counts are to be exact (split.movement) */
    int64_t pid;
    uint32_t weight;
    uint32_t max_attempts;
    int64_t ttl_us;
    int64_t settle_us;
    int64_t handover_timeout_us;
    int64_t retry_after_us;
    bool retire_on_timeout;
    bool quarantine_always;
    uint32_t plan_ids; /* IDS: plans are about so many ids, roughly; 0: 65,536 */
    uint64_t seed[4]; /* not all zero; from it come the slot's UUIDs and the jitter */
} engine_config;

/* What of it can be changed while the engine runs. Copied. */
typedef struct engine_settings {
    allot_bytes strategy; /* at most ALLOT_NAME_BYTES_MAX */
    uint32_t kind;
    uint32_t max_attempts;
    int64_t settle_us;
    int64_t handover_timeout_us;
    int64_t retry_after_us;
    bool retire_on_timeout;
    bool replan; /* the strategy, its kind or its options are others: a leader splits everything anew */
} engine_settings;

/* ---- Requests: what the application wants ------------------------------------------------------------------------ */

typedef enum engine_request_kind {
    ENGINE_ADD = 1,
    ENGINE_ACK,
    ENGINE_FAIL,
    ENGINE_RELEASE,
    ENGINE_WORKING, /* replied in the same step */
    ENGINE_DRAIN,   /* replied in the same step */
    ENGINE_LEAVE,
    ENGINE_RELOAD   /* replied in the same step; plans given from this step on are to be run by the new strategy */
} engine_request_kind;

typedef struct engine_request {
    engine_request_kind kind;
    size_t count;
    const allot_id *ids;       /* ack, fail, release, working */
    const allot_new_id *news;  /* add; checked by the caller */
    allot_bytes reason;        /* fail */
    allot_why why;             /* leave: LEAVING or STALLED */
    const engine_settings *settings; /* reload */
    bool *accepted;            /* NULL, or `count` entries, all false */
    /* the result, complete at ENGINE_REPLY, growing before */
    int32_t code;
    allot_reason refusal;
    uint64_t done;    /* add: confirmed from the start on, without a gap */
    uint64_t added, present;
    uint64_t ok, refused;
    /* the engine's own */
    struct engine_request *next;
    size_t sent, answered;
    bool failed;
} engine_request;

/* ---- Events ------------------------------------------------------------------------------------------------------ */

typedef enum engine_event_kind {
    ENGINE_TIME = 1,
    ENGINE_ANSWER,
    ENGINE_HINT,
    ENGINE_PLANNED,
    ENGINE_REQUEST
} engine_event_kind;

typedef struct engine_event {
    engine_event_kind kind;
    int64_t now_us; /* CLOCK_BOOTTIME; for ops that this step submits it is their t0 */
    const allot_answer *answer;
    allot_hint hint;
    plan *planned; /* back from plan_run; the engine frees it */
    engine_request *request;
} engine_event;

/* ---- Actions ----------------------------------------------------------------------------------------------------- */

typedef enum engine_action_kind { ENGINE_SUBMIT = 1, ENGINE_PLAN, ENGINE_TELL, ENGINE_REPLY } engine_action_kind;

/* Something for the application. gained, recalled and lost name ids of one body: those whose bit is set. */
typedef struct engine_tell {
    allot_event_type type;
    allot_uuid slot, leader;
    uint64_t term, version;
    int64_t valid_for_us;
    allot_why why;
    body *ids; /* NULL: no ids */
    uint32_t count;
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    const char *message; /* NULL: none; valid until the next step */
} engine_tell;

typedef struct engine_action {
    engine_action_kind kind;
    const allot_op *op;
    plan *plan;
    engine_request *request;
    engine_tell tell;
} engine_action;

typedef struct engine_actions {
    size_t count;
    const engine_action *items;
    int64_t next_us; /* the next instant at which the engine wants ENGINE_TIME; INT64_MAX: none */
} engine_actions;

/* ---- Functions --------------------------------------------------------------------------------------------------- */

/* NULL: out of memory. */
engine *engine_new(const engine_config *config);
/* Frees everything; ops that are unanswered become invalid, requests are not replied to. Takes NULL. */
void engine_free(engine *e);

int engine_step(engine *e, const engine_event *event, engine_actions *ret_actions);

/* Looks, at an instant; change nothing. True only before the local deadline. */
bool engine_is_leader(const engine *e, int64_t now_us, uint64_t *ret_term);
bool engine_owns(const engine *e, int64_t now_us, const char *id, size_t len, uint64_t *ret_token);
/* The local deadline of slot and leadership; INT64_MIN: fenced, or not joined. */
int64_t engine_deadline_us(const engine *e);
void engine_status(const engine *e, int64_t now_us, allot_node_status *ret_status);

/* The ids held, segment after segment: for checkers. */
void engine_each_owned(const engine *e, void (*visit)(void *user, allot_bytes id, uint64_t token, bool recalled),
                       void *user);

#endif
