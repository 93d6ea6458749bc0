/* swarm.h - what one seed turns on: a random subset of faults, each at a random rate (swarm testing: a fault that is
 * always on hides what happens without it). */
#ifndef SIM_SWARM_H
#define SIM_SWARM_H

#include "sim/random.h"
#include "sim/settings.h"

#define SIM_REPLICAS_MAX 1000u
#define SIM_IDS_MAX 10000u

#define SWARM_OPTIONS(X)                                                                                               \
    X(LOST_REQUEST, "lost-requests")                                                                                   \
    X(LOST_REPLY, "lost-replies")                                                                                      \
    X(SLOW, "slow-network")    /* a heavy tail, beyond the ttl */                                                      \
    X(ZOMBIE, "zombies")       /* ops applied long after they were answered unknown */                                 \
    X(DUPLICATE, "duplicates") /* of ops with a sequence */                                                            \
    X(UNAVAILABLE, "unavailable")                                                                                      \
    X(PARTITION, "partitions") /* one replica, or all, away from the store for a while */                              \
    X(HINT_LOSS, "lost-hints")                                                                                         \
    X(PAUSE, "pauses") /* SIGSTOP */                                                                                   \
    X(CRASH, "crashes")                                                                                                \
    X(PROOF, "death-proofs") /* a crash is proven to the store at once */                                              \
    X(DRIFT, "clock-drift")                                                                                            \
    X(LOSE_ALL, "data-loss")                                                                                           \
    X(LOSE_SOME, "stale-store") /* failover to an older state */                                                       \
    X(QUARANTINE, "quarantine-always")                                                                                 \
    X(LEAVE, "leaves")                                                                                                 \
    X(DRAIN, "drains")                                                                                                 \
    X(OUTSIDE, "outside-adds")                                                                                         \
    X(CLEAN, "cleans")                                                                                                 \
    X(WORK, "work") /* workers finish ids; without it they hold them */                                                \
    X(FAIL, "failures")                                                                                                \
    X(WORKING, "working-lists")                                                                                        \
    X(STUBBORN, "stubborn-workers") /* some recalled ids are not given back */                                         \
    X(RETIRE, "retire-on-timeout")                                                                                     \
    X(MIXED_TTL, "mixed-ttl")                                                                                          \
    X(WEIGHTS, "weights")                                                                                              \
    X(SLOW_PLAN, "slow-plans")                                                                                         \
    X(CALM_JOIN, "join-in-the-calm")                                                                                   \
    X(BAD_PLAN, "failing-plans")                                                                                       \
    X(RELOAD, "reloads") /* replicas start with another strategy, and change it */                                     \
    /* those that came later, see world.h, `more` */                                                                   \
    X(OLD_VIEW, "old-answers")     /* a beat without an answer gets that of one before */                              \
    X(BURST, "bursts")             /* of requests */                                                                   \
    X(LATE_REPORT, "late-reports") /* of ids lost long ago */                                                          \
    X(LATE_WAKE, "late-wakes")     /* a process that was stopped takes what lies there before it looks at the clock */ \
    X(CLOCK_BACK, "clock-set-back") /* the store's */                                                                  \
    X(CLOCK_AHEAD, "clock-set-ahead")                                                                                  \
    /* those that came later still, see world.h, `later` */                                                            \
    X(WIDE, "wide")                             /* up to 1,000 replicas */                                             \
    X(MANY_IDS, "many-ids")                     /* up to 10,000 */                                                     \
    X(MORE_NODES, "more-nodes")                 /* eight or nine */                                                    \
    X(STOP_AT_SEND, "stops-before-sending")     /* between what was decided, or checked, and the op that says so */    \
    X(CRASH_IN_STEP, "crashes-between-actions") /* of one step: some ops are sent, the others never */                 \
    X(LOSE_LAST, "last-ops-lost")               /* a fallback by a few ops */                                          \
    X(CLOCK_FROZEN, "clock-frozen")             /* the store's, for a while */                                         \
    X(STORE_ERRORS, "store-errors")             /* spells of each class of errors: faults.c */                         \
    X(MEMBERS, "membership-storms")             /* many come and go at once */                                         \
    X(HUNG_PLAN, "hanging-plans")               /* past their budget */                                                \
    X(LYING_PLAN, "lying-plans")                /* owners that do not exist */                                         \
    X(CHURN, "pool-churn")                      /* ids come and go all the time */                                     \
    X(MORE_IDS, "more-ids")                     /* so that the median is 64 */

typedef enum swarm_option {
#define SWARM_ENUM(name, word) SWARM_##name,
    SWARM_OPTIONS(SWARM_ENUM)
#undef SWARM_ENUM
        SWARM_OPTION_COUNT
} swarm_option;

#define SWARM_ALL ((UINT64_C(1) << SWARM_OPTION_COUNT) - 1)

typedef enum swarm_split {
    SPLIT_COUNTS = 0,   /* round_robin */
    SPLIT_COUNTS_EXACT, /* round_robin, split.movement: exact */
    SPLIT_RUNS,         /* chunked */
    SPLIT_IDS,          /* hash */
    SPLIT_END
} swarm_split;

typedef struct swarm {
    uint64_t options; /* a bit for each */
    uint32_t replicas;
    uint32_t ids;
    int64_t ttl_us[SIM_REPLICAS_MAX];
    int64_t longest_ttl_us, shortest_ttl_us;
    int64_t settle_us, handover_timeout_us, retry_after_us;
    uint32_t weight[SIM_REPLICAS_MAX];
    uint32_t max_attempts;
    swarm_split split;
    uint32_t plan_ids;
    int32_t drift_ppm[SIM_REPLICAS_MAX];
    int64_t clock_offset_us[SIM_REPLICAS_MAX];
    /* the network */
    int64_t latency_us;                                                                 /* of one way, on average */
    uint32_t lost_request, lost_reply, slow, zombie, duplicate, unavailable, hint_loss; /* per mille */
    /* how often, on average, something happens to the group */
    int64_t reload_every_us;
    int64_t partition_every_us, pause_every_us, crash_every_us, leave_every_us, add_every_us;
    int64_t work_us; /* the longest work on one id */
    int64_t members_every_us, errors_every_us, churn_every_us;
    int64_t calm_us;              /* when all faults stop */
    const sim_settings *settings; /* NULL: the seed's own */
    bool retire_on_timeout, quarantine_always;
} swarm;

/* What a seed is held to; zero in all of it: to nothing. */
typedef struct swarm_limits {
    uint64_t without;             /* options that it must not have */
    uint32_t replicas;            /* so many; 0: as it says */
    uint32_t ids;                 /* SIM_NO_IDS: none; 0: as it says */
    int64_t calm_us;              /* when faults end; 0: as it says */
    const sim_settings *settings; /* not NULL: these, whatever the seed says */
} swarm_limits;

#define SIM_NO_IDS UINT32_MAX

/* The three sources of a world. */
typedef struct swarm_sources {
    random_source *random, *more, *later;
} swarm_sources;

void swarm_choose(swarm *s, swarm_sources from, const swarm_limits *limits);
const char *swarm_word(swarm_option option);

static inline bool swarm_has(const swarm *s, swarm_option option)
{
    return (s->options >> option) & 1u;
}

#endif
