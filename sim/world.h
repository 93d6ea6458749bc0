/* world.h - one simulated group: replicas (real engines), one store (real) behind a faulty network, applications,
 * operators. One thread, virtual time; the seed decides everything.
 *
 *   world.c      the loop and the phases
 *   storm.c      what goes wrong, and how often; losses of the store's data
 *   faults.c     more of it: the store's errors, its frozen clock, losses of a few ops, storms of members, churn
 *   network.c    ops on their way: delays, losses, late and double execution, hints
 *   beats.c      what a beat hears; whether views say what they may
 *   replica.c    engines: steps and their actions; pauses, crashes, restarts
 *   worker.c     the application of a replica: works on ids, gives back, drains, leaves
 *   outside.c    adds and cleans by nobody's slot
 *   splits.c     the strategies: running plans, and whether every id is where it is to be
 *   calm.c       I6: what must hold once faults have stopped
 *   measure.c    what users would have felt
 *   trace.c      the narration, and the hash of all that happened
 *
 * Phases. STORM: faults of the seed. CALM: none any more; by its end everything has its place. CHANGE: where it matters
 * which ids a slot has, one more replica joins, or one drains; by its end every id is where the strategy wants it.
 * AGAIN: everything is split anew, which must move nothing. QUIET: nothing may happen but beats. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "backends/store/store.h"
#include "base/bytes.h"
#include "core/engine/engine.h"
#include "sim/case.h"
#include "sim/measure.h"
#include "sim/queue.h"
#include "sim/swarm.h"
#include "tests/lib/invariants.h"

#include <stdio.h>

#define COVERAGE(X)                                                                                                    \
    X(FAULTLESS, "no fault at all")                                                                                    \
    X(LEADER_CRASH, "leader crashed")                                                                                  \
    X(LEADER_PAUSE, "leader stopped past its deadline")                                                                \
    X(CRASH, "replica crashed")                                                                                        \
    X(PROOF, "crash proven")                                                                                           \
    X(RESTART, "replica restarted")                                                                                    \
    X(FENCED, "replica fenced")                                                                                        \
    X(LEFT, "replica left")                                                                                            \
    X(RESIGN, "leader resigned")                                                                                       \
    X(TERMS, "three terms or more")                                                                                    \
    X(ADOPTED, "leadership learned from a beat")                                                                       \
    X(LOSS, "store lost all")                                                                                          \
    X(STALE, "store fell back")                                                                                        \
    X(UNNOTICED, "loss of data that nobody could notice")                                                              \
    X(NEW_LIFE, "beat refused for its life")                                                                           \
    X(QUARANTINE, "campaign refused for quarantine")                                                                   \
    X(ZOMBIE, "op applied late")                                                                                       \
    X(ZOMBIE_BEAT, "beat applied late")                                                                                \
    X(ZOMBIE_LEADER, "leader's op refused as stale")                                                                   \
    X(LATE_JOIN, "join that came late refused")                                                                        \
    X(DUPLICATE, "op applied twice")                                                                                   \
    X(UNKNOWN, "answer unknown")                                                                                       \
    X(OLD_ANSWER, "answer after a stop, older than its timeout")                                                       \
    X(RECALL, "ids recalled")                                                                                          \
    X(RELEASE, "ids released")                                                                                         \
    X(RETIRE, "slot retired")                                                                                          \
    X(REAP, "slot reaped")                                                                                             \
    X(DEAD_ACK, "report of a dead slot refused")                                                                       \
    X(ACK, "ids acked")                                                                                                \
    X(ACK_REFUSED, "ack refused")                                                                                      \
    X(PARK, "ids parked")                                                                                              \
    X(PARK_FOR_GOOD, "ids parked for good")                                                                            \
    X(UNPARK, "ids unparked")                                                                                          \
    X(READD, "an id added again after its ack")                                                                        \
    X(CLEAN, "pool cleaned")                                                                                           \
    X(OUTSIDE, "added from outside")                                                                                   \
    X(DEAL, "ids dealt")                                                                                               \
    X(BAD_PLAN, "a plan failed")                                                                                       \
    X(RELOAD, "settings reloaded")                                                                                     \
    X(EXACT, "exact placement by order checked in the end")                                                            \
    X(EXACT_IDS, "exact placement by text checked in the end")                                                         \
    X(BALANCE, "balance checked in the end")                                                                           \
    X(OLD_VIEW, "beat answered by an answer of before")                                                                \
    X(BURST, "many small requests at once")                                                                            \
    X(LATE_REPORT, "report of ids lost before")                                                                        \
    X(LATE_WAKE, "after a stop, something else than the time came first")                                              \
    X(CLOCK_BACK, "store's clock set back")                                                                            \
    X(CLOCK_AHEAD, "store's clock set ahead")                                                                          \
    X(HOLD, "nobody reaped, because the clock was set ahead")                                                          \
    X(QUIET, "quiet in the end, with ids held")                                                                        \
    X(WIDE, "fifty replicas or more")                                                                                  \
    X(THOUSAND, "a thousand replicas")                                                                                 \
    X(MANY_IDS, "3,000 ids or more")                                                                                   \
    X(STOP_AT_SEND, "stopped between deciding and sending")                                                            \
    X(SENT_TOO_LATE, "op sent after the deadline that it was decided within")                                          \
    X(CRASH_IN_STEP, "crashed between the actions of a step")                                                          \
    X(LOSE_LAST, "store fell back by a few ops")                                                                       \
    X(FROZEN, "store's clock frozen for longer than a lease")                                                          \
    X(THAWED_AHEAD, "store's clock jumped when it went on")                                                            \
    X(ERROR_LOADING, "store could do nothing for a while (LOADING, BUSY)")                                             \
    X(ERROR_OOM, "store took nothing that grows (OOM)")                                                                \
    X(ERROR_READONLY, "store changed nothing, and connections ended (READONLY)")                                       \
    X(ERROR_DENIED, "store did nothing for one replica (NOPERM)")                                                      \
    X(ERROR_FAILED, "ops failed half done, perhaps (a script's error)")                                                \
    X(ERROR_NOSCRIPT, "ops had to be sent twice (NOSCRIPT)")                                                           \
    X(MEMBERS, "many came and went at once")                                                                           \
    X(HUNG_PLAN, "a plan took longer than its budget")                                                                 \
    X(LYING_PLAN, "a plan named owners that do not exist")                                                             \
    X(CHURN, "ids came and went all the time")

typedef enum coverage {
#define COVERAGE_ENUM(name, word) COVERED_##name,
    COVERAGE(COVERAGE_ENUM)
#undef COVERAGE_ENUM
        COVERAGE_COUNT
} coverage;

typedef enum event_kind {
    EVENT_APPLY = 1,
    EVENT_ANSWER,
    EVENT_HINT,
    EVENT_WAKE,
    EVENT_PLANNED,
    EVENT_WORK,
    EVENT_WORKING,
    EVENT_ADD,
    EVENT_OUTSIDE_ADD,
    EVENT_OUTSIDE_AGAIN,
    EVENT_CLEAN,
    EVENT_LEAVE,
    EVENT_RELOAD,
    EVENT_PAUSE,
    EVENT_RESUME,
    EVENT_CRASH,
    EVENT_START,
    EVENT_PROVE,
    EVENT_END,
    EVENT_PARTITION,
    EVENT_SNAPSHOT,
    EVENT_LOSE,
    EVENT_CALM,
    EVENT_CHECK,
    EVENT_QUIET_OVER,
    EVENT_BURST,
    EVENT_CLOCK,
    EVENT_STOP,
    EVENT_LOSE_LAST,
    EVENT_FREEZE,
    EVENT_THAW,
    EVENT_ERRORS,
    EVENT_MEMBERS,
    EVENT_CHURN
} event_kind;

typedef enum phase { PHASE_STORM = 0, PHASE_CALM, PHASE_CHANGE, PHASE_AGAIN, PHASE_QUIET, PHASE_OVER } phase;

/* One op on its way. Alive until it is answered (or nobody waits any more) and no event names it. */
typedef struct flight {
    struct flight *next, **link; /* in its sender's list while unanswered */
    uint32_t replica, incarnation;
    uint64_t number;         /* of those of its sender */
    struct outside *outside; /* not NULL: its sender is no replica */
    const allot_op *op;      /* the sender's, or `copy` */
    allot_op *copy;
    allot_answer *answer;      /* what the store said, as far as it was applied in time */
    allot_op_status otherwise; /* the answer without that */
    bool replies;              /* the store's answer finds its way back */
    bool answered;
    bool dropped; /* will not be applied any more */
    bool applied;
    bool deferred; /* its answer waited for a stopped process */
    uint32_t events;
    int64_t answer_us;
} flight;

/* An application's request to its engine. */
typedef struct app_call {
    struct app_call *next, **link;
    engine_request request;
    uint32_t *numbers; /* of the ids */
    bool *recalled;
} app_call;

/* An id that the application of a replica holds. */
typedef struct holding {
    uint32_t id;
    uint64_t token;
    int64_t until_us; /* when the application does something about it */
    bool recalled;
} holding;

typedef struct lane {
    int64_t applied_us, answered_us; /* the latest so far: nothing overtakes within a lane */
} lane;

#define LOST_KEPT 8u

typedef struct replica {
    uint32_t index, incarnation;
    engine *engine; /* NULL: not running */
    allot_uuid slot;
    swarm_split split; /* as configured now */
    bool paused, left, ending, draining;
    bool led; /* when it was stopped */
    int64_t paused_us, resume_us, wake_us, away_until_us;
    int64_t slept_us;   /* all its stops so far, MUTANT(monotonic_clock) */
    int64_t stepped_us; /* the last instant of a step, and the steps at it */
    uint32_t steps_at_once;
    lane lanes[2];
    flight *flights, **flights_tail;
    uint64_t sent, cycle_begun; /* ops sent; the last reading of the roster */
    allot_answer *heard;        /* to a beat of this slot, before */
    allot_answer *overdue;      /* MUTANT(reply_after_timeout) */
    allot_uuid heard_slot, view_slot, view_life;
    uint64_t view_number;  /* the last that its engine took, in that slot and life */
    int64_t view_store_us; /* the store's clock in it; 0: there was none */
    int64_t hold_until_us; /* it has seen that the store's clock was set ahead, and is to reap nobody before */
    uint64_t sequence, hold_sequence; /* the highest sent, and that of then */
    holding lost[LOST_KEPT];          /* ids that it was told to have lost */
    uint32_t lost_count;
    app_call *calls;
    holding *holdings;
    size_t holding_count, holding_capacity;
    uint32_t *places; /* id -> place in holdings + 1 */
    size_t place_capacity;
    int64_t work_us;    /* when EVENT_WORK is due; INT64_MAX: not */
    uint64_t reporting; /* ids whose report is under way */
    uint64_t beats;     /* in the quiet phase */
    uint64_t placed;    /* ids that the store has in its share, in the end */
    uint64_t term_won;  /* by an answer to a campaign */
} replica;

/* Terms and tokens begin here: they resemble CLOCK_REALTIME. */
#define FLOOR_CLOCK UINT64_C(1760000000000000)

/* STORY: what changes something, or goes wrong. ALL: every op on its way, too. */
typedef enum trace_depth { TRACE_NONE = 0, TRACE_STORY, TRACE_ALL } trace_depth;

/* What the store answers for a while, by the classes of backends/redis/errors.h. */
typedef enum error_class {
    ERROR_NONE = 0,
    ERROR_LOADING,  /* nothing can be done now */
    ERROR_OOM,      /* what needs memory is refused */
    ERROR_READONLY, /* what changes anything is refused, and the connection is made anew */
    ERROR_DENIED,   /* nothing for one of them */
    ERROR_FAILED,   /* nobody knows what was done */
    ERROR_NOSCRIPT, /* sent again by the backend */
    ERROR_END
} error_class;

typedef struct world {
    random_source random;
    random_source more;  /* for faults that came later: seeds without them keep their schedules */
    random_source later; /* for those that came later still */
    const sim_case *given;
    struct world_result *result; /* tells of the seed even if it ends at an assert */
    swarm swarm;
    queue queue;
    int64_t now_us;
    phase phase;
    store *store;
    int64_t store_away_until_us;
    error_class error; /* and whom it is about: SIM_REPLICAS_MAX is all */
    uint32_t error_replica;
    int64_t error_until_us;
    uint32_t lose_in;            /* the store falls back after so many changes; 0: it does not */
    int64_t frozen_us, froze_us; /* what the store's clock shows, and since when; 0: it runs */
    int64_t clock_set_us;        /* by so much the store's clock was set ahead, or back */
    int64_t clock_back_at_us;    /* when it was set back; 0: it was not */
    int64_t clock_ahead_from_us; /* on that clock, right after it was set ahead by much; 0: it was not */
    bytes snapshot;              /* lines */
    allot_uuid snapshot_life;
    bool joined_in_calm, thinned_in_calm;
    bool moves_again;  /* an id may lie on either side of a boundary, and go to the other when all is split again */
    bool late_grant;   /* ids were granted by an op that its leader had given up, to whom it was once decided */
    replica *replicas; /* swarm.replicas */
    struct outside *outsides;
    invariants *model;
    measure *measure; /* NULL: nobody asks */
    uint64_t applied, next_check;
    uint64_t hash, events;
    uint64_t covered[(COVERAGE_COUNT + 63) / 64];
    FILE *trace; /* NULL: none */
    trace_depth depth;
    char failure[512];
} world;

/* ---- world.c ----------------------------------------------------------------------------------------------------- */

typedef struct world_result {
    char failure[512]; /* empty: passed */
    uint64_t hash, events, options;
    uint64_t faults; /* that were about to happen */
    uint32_t replicas, ids;
    int64_t calm_us;
    int64_t virtual_us;
    uint64_t covered[(COVERAGE_COUNT + 63) / 64];
    sim_measures measures;
} world_result;

/* Runs one case to its end. `trace` is NULL for TRACE_NONE. */
void world_run(const sim_case *c, FILE *trace, trace_depth depth, world_result *ret_result);

void world_fail(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_put(world *w, int64_t at_us, event_kind kind, const replica *r, void *item);
int64_t world_store_us(const world *w);
void world_apply(world *w, const allot_op *op, allot_answer *ret_answer, store_effects *ret_effects);
/* Around `mean`, never 0: for what happens again and again. */
int64_t world_soon(world *w, int64_t mean_us);
int64_t world_soon_by(const world *w, random_source *r, int64_t mean_us);
/* Looks at the whole state: store_check, the pool, who owns what. */
void world_check(world *w);
/* By nobody, at once, past the network: it must neither be refused nor change anything. */
void world_read(world *w, allot_op *op, allot_answer *ret_answer);
/* Calls `visit` for each id of the store's pool. */
void world_each_pool_id(world *w, void (*visit)(world *w, const allot_pool_id *id));

static inline bool world_has(const world *w, swarm_option option)
{
    return w->phase == PHASE_STORM && swarm_has(&w->swarm, option);
}

static inline bool world_covered(const world *w, coverage c)
{
    return (w->covered[c / 64] >> (c % 64)) & 1u;
}

static inline void world_cover(world *w, coverage c)
{
    w->covered[c / 64] |= UINT64_C(1) << (c % 64);
}

/* A fault is about to happen. False: this case leaves it out. */
bool world_happens(world *w);

/* ---- faults.c ---------------------------------------------------------------------------------------------------- */

void faults_plan(world *w);
void faults_event(world *w, const queue_entry *e);
/* What the store answers to an op, instead of doing it; ERROR_NONE: nothing. */
error_class faults_error(world *w, const flight *f);
/* An op has changed the store: perhaps it falls back now. */
void faults_changed(world *w);
/* The store's clock goes on, if it stood. */
void faults_thaw(world *w);

/* ---- storm.c ----------------------------------------------------------------------------------------------------- */

/* Puts the first of each kind of fault that this seed has. */
void storm_plan(world *w);
void storm_event(world *w, const queue_entry *e);
void storm_take_snapshot(world *w);
bool storm_can_fall_back(const world *w);
/* The store comes back with nothing, or with what was taken. */
void storm_lose_data(world *w, bool stale);
replica *storm_any_replica(world *w, random_source *r);
void storm_leave(world *w, replica *r);

/* ---- network.c --------------------------------------------------------------------------------------------------- */

void network_submit(world *w, replica *r, struct outside *o, const allot_op *op);
void network_apply(world *w, flight *f);
void network_answer(world *w, flight *f);
void network_hints(world *w, const store_effects *effects);
/* The sender is gone: what is under way may still be applied. */
void network_orphan(world *w, replica *r);
/* The calm begins: every connection is made anew. */
void network_reset(world *w, replica *r);
/* The replica's connections end: what it waits for is unknown to it. */
void network_cut(world *w, replica *r);
void network_free_flight(flight *f);

/* ---- beats.c ----------------------------------------------------------------------------------------------------- */

/* The answer to a beat, or what comes in its place, reaches its engine. */
void beats_deliver(world *w, replica *r, const flight *f, allot_answer *answer);

/* ---- replica.c --------------------------------------------------------------------------------------------------- */

/* The replica's clock, now. */
int64_t replica_clock_us(const world *w, const replica *r);
/* Its local deadline, in real time. */
int64_t replica_deadline_us(const world *w, const replica *r);
bool replica_within_deadline(const world *w, const replica *r);
bool replica_leads(const world *w, const replica *r, uint64_t *ret_term);
void replica_start(world *w, replica *r);
void replica_stop(world *w, replica *r); /* the process ends, whatever it was doing */
void replica_step(world *w, replica *r, engine_event *event);
void replica_wake(world *w, replica *r);
void replica_pause(world *w, replica *r);
void replica_resume(world *w, replica *r);
void replica_crash(world *w, replica *r);
/* A process that has left the group ends. */
void replica_end(world *w, replica *r);

/* The leader or a follower takes over the seed's own strategy, or (in the storm) any. */
void replica_reload(world *w, replica *r, swarm_split split, bool replan);

/* ---- splits.c ---------------------------------------------------------------------------------------------------- */

const char *split_name(const swarm *s, swarm_split split);
uint32_t split_kind(swarm_split split);
void split_run(world *w, const replica *r, plan *p);
/* The seed's strategy promises equal shares, to one id. */
bool split_is_even(const swarm *s);
/* Whether each id that is not parked is with the slot that the seed's strategy names, asked about all. */
void split_check(world *w);

/* ---- worker.c ---------------------------------------------------------------------------------------------------- */

void worker_told(world *w, replica *r, const engine_tell *tell);
void worker_replied(world *w, replica *r, engine_request *request);
void worker_work(world *w, replica *r);
void worker_list_work(world *w, replica *r);
void worker_add(world *w, replica *r, uint32_t count);
/* More requests at once than a session remembers. */
void worker_burst(world *w, replica *r);
void worker_leave(world *w, replica *r, bool drain);
void worker_reload(world *w, replica *r, const engine_settings *settings);
void worker_calm(world *w, replica *r);
void worker_stop(replica *r);
/* An id to add: a new one, or sometimes one that was there before. */
allot_bytes worker_pick_id(world *w, char *ret_text, size_t size);

/* ---- outside.c --------------------------------------------------------------------------------------------------- */

void outside_add(world *w, uint32_t count);
void outside_clean(world *w);
void outside_answered(world *w, struct outside *o, const allot_answer *answer);
void outside_again(world *w, struct outside *o);
void outside_free_all(world *w);

/* ---- calm.c ------------------------------------------------------------------------------------------------------ */

void calm_begin(world *w);
void calm_check(world *w);
void calm_applied(world *w, const allot_op *op, const allot_answer *answer);
void calm_over(world *w);

/* ---- trace.c ----------------------------------------------------------------------------------------------------- */

void trace_hash(world *w, uint64_t value);
/* Narrates, if there is a trace; r may be NULL. */
void trace_line(const world *w, const replica *r, const char *format, ...) __attribute__((format(printf, 3, 4)));
void trace_op(world *w, const flight *f, const char *how, const allot_answer *answer);
void trace_tell(world *w, const replica *r, const engine_tell *tell);

#endif
