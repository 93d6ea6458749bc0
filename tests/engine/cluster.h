/* cluster.h - a few engines and one store in virtual time, with a narrated trace.
 *
 * The network is perfect and takes one millisecond each way, unless a test says otherwise. The store's floor is 0, so
 * that terms and tokens are 1, 2, 3 ... and traces stay readable. A test scripts what happens and compares the story
 * with tests/engine/traces/NAME.txt; ALLOT_REWRITE=1 writes the file instead: read the diff before you keep it. */
#ifndef TESTS_ENGINE_CLUSTER_H
#define TESTS_ENGINE_CLUSTER_H

#include "core/engine/engine.h"

#define CLUSTER_NODES 6

typedef enum cluster_fate {
    FATE_DELIVER = 0,
    FATE_LOSE_REQUEST, /* not applied, answered UNKNOWN at the op's timeout */
    FATE_LOSE_REPLY,   /* applied, answered UNKNOWN at the op's timeout */
    FATE_REFUSE_NET    /* not applied, answered UNAVAILABLE at once */
} cluster_fate;

typedef struct cluster cluster;

/* Decides about each op before it is applied; NULL: deliver all. */
typedef cluster_fate (*cluster_filter)(void *user, int node, const allot_op *op);

cluster *cluster_new(void);
void cluster_free(cluster *c);

/* The configuration that the next started node gets: ttl 3 s, settle 300 ms, weight 1 ... */
engine_config *cluster_config(cluster *c);
/* Starts node n (1 to CLUSTER_NODES). */
void cluster_start(cluster *c, int n);
/* Gone without a word. With `proven`, the backend proves the death to the store at once. */
void cluster_crash(cluster *c, int n, bool proven);
/* Stopped: takes no step until it is resumed. */
void cluster_pause(cluster *c, int n);
void cluster_resume(cluster *c, int n);
void cluster_run(cluster *c, int64_t ms);
void cluster_filter_set(cluster *c, cluster_filter filter, void *user);
/* The store loses everything. */
void cluster_store_empty(cluster *c);
/* The store's clock steps. */
void cluster_store_clock_step(cluster *c, int64_t ms);

/* Requests; ids are named PREFIX1 to PREFIXn. The reply is narrated. */
void cluster_add(cluster *c, int n, const char *prefix, int count);
void cluster_report(cluster *c, int n, engine_request_kind kind, const char *const *ids, size_t count);
void cluster_drain(cluster *c, int n);
void cluster_leave(cluster *c, int n);
/* The operator's clean. */
void cluster_clean(cluster *c);
/* From now on, nodes release what is recalled `ms` later; < 0: never (the default). */
void cluster_release_after(cluster *c, int64_t ms);
/* The application's own strategy, from now on, in place of round_robin, chunked or hash, whichever the configuration's
 * kind stands for; NULL: those again. */
void cluster_strategy_set(cluster *c, const allot_strategy_ops *strategy);
/* Node n gets the configuration as it is now. */
void cluster_reload(cluster *c, int n, bool replan);
/* The ids that node n holds, in the order of their numbers: "id1 id2 id5". Valid until the next call. */
const char *cluster_holds(cluster *c, int n);
/* The same of all nodes, narrated. */
void cluster_picture_ids(cluster *c);
/* Narrates who holds how many ids, leads, and what lies in the inbox or is parked. */
void cluster_picture(cluster *c);
void cluster_say(cluster *c, const char *words);

engine *cluster_engine(cluster *c, int n);
int64_t cluster_now_us(const cluster *c);
/* How many ops of a kind were applied so far, over all nodes. */
uint64_t cluster_ops(const cluster *c, allot_op_kind kind);

/* Compares the story with the file (or writes it). Fails the Check test with the first difference. */
void cluster_compare(cluster *c, const char *name);

#endif
