/* node.h - a replica: an engine, a backend, and the thread that turns them.
 *
 *   node.c      open and close
 *   step.c      stepping the engine, carrying out what it wants, waiting
 *   turn.c      the node's thread
 *   requests.c  what the application asks for, and waits for
 *   api.c       what it looks at
 *   fork.c      the handle in a child of fork()
 *
 * The lock guards everything but the backend. Any thread steps the engine under it, and every entry of the API first
 * fences when the deadline has come (I3): so a thread that hangs in the store keeps nobody from learning that the lease
 * is over. The backend belongs to the node's thread alone, which calls it without the lock: nobody waits for a store.
 * What other threads want to be submitted waits in the outbox. */
#ifndef RUNTIME_NODE_H
#define RUNTIME_NODE_H

#include "core/engine/engine.h"
#include "core/runtime/call.h"
#include "core/runtime/event_queue.h"
#include "core/runtime/planner.h"
#include "core/runtime/settings.h"

#include <pthread.h>
#include <sys/types.h>

typedef struct op_list {
    const allot_op **ops;
    size_t capacity, count;
} op_list;

typedef struct request request;

struct allot_node {
    pid_t pid; /* of the process that opened it */
    settings settings;
    allot_clock clock;
    pthread_t thread;
    int wake_fd;  /* an eventfd: the thread has something to do */
    int timer_fd; /* on CLOCK_BOOTTIME, so that a wake from suspend is on time */

    /* of the node's thread */
    call backend;
    op_list sending;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t told;  /* an event waits, or the node is dead */
    engine *engine;
    event_queue queue;
    planner planner;
    op_list outbox;
    request *requests;    /* those that the engine has */
    engine_request stall; /* the leave of an application that takes no events */
    bool stalled;         /* `stall` has been given to the engine */
    int64_t next_us;      /* when the engine wants the time */
    int64_t lease_us;     /* the deadline that options.on_lease was told last; INT64_MIN: none */
    uint64_t lease_term;  /* likewise, the term in which it leads; 0: it does not */
    bool in_backend;      /* the thread is within the backend */
    bool closing;
    bool dead; /* out of memory: it has given up */
};

/* ---- step.c ------------------------------------------------------------------------------------------------------ */

/* The entry of an API function: 0 with the lock held and the lease checked, or ALLOT_E_FORKED without the lock. */
int node_enter(allot_node *node);
void node_leave(allot_node *node);

/* Under the lock: steps the engine and carries out what it wants. `now_us` of the event is set here. */
void node_step(allot_node *node, engine_event event);
/* The same from a thread that is not the node's, which it wakes. */
void node_step_and_wake(allot_node *node, engine_event event);
void node_wake(allot_node *node);

/* Under the lock: waits for the condition until the instant (CLOCK_MONOTONIC), and at most until the lease is over,
 * which is then told. False when the instant had come before. */
bool node_wait(allot_node *node, pthread_cond_t *cond, int64_t until_ns);

/* Under the lock: memory has run out. Everything held is lost. */
void node_die(allot_node *node);

void op_list_done(op_list *list);

/* ---- turn.c ------------------------------------------------------------------------------------------------------ */

void *turn_main(void *user);

/* ---- requests.c -------------------------------------------------------------------------------------------------- */

/* Under the lock: the engine has given this request back. */
void request_replied(allot_node *node, engine_request *replied);
/* Under the lock: no request will be replied to any more. */
void request_abandon_all(allot_node *node);
void request_free_all(allot_node *node);

/* ---- fork.c ------------------------------------------------------------------------------------------------------ */

bool fork_is_child(pid_t opened_in);
void fork_close_node(allot_node *node);

#endif
