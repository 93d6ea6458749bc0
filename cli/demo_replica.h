/* demo_replica.h - one replica of the demo: a process of its own, and what it has told so far. */
#ifndef CLI_DEMO_REPLICA_H
#define CLI_DEMO_REPLICA_H

#include "cli/history.h"

#include "base/bytes.h"

#include <allot/allot.h>
#include <sys/types.h>

typedef struct demo_replica {
    uint32_t number; /* from 0 */
    char name[24];
    pid_t pid;   /* 0: never started, or reaped */
    bool killed; /* by demo_replica_kill */
    int events;  /* the pipe that its events come through; -1: ended */
    bytes unread;
    char slot[ALLOT_UUID_TEXT_BYTES];
    int64_t joined_ns;
    int64_t leads_ns; /* 0: never led */
    uint64_t term;
    uint64_t version; /* of the last split that it told, and when */
    int64_t split_ns;
    uint64_t *tokens; /* by the id's number in the history: 0 when it does not hold it */
    size_t id_count;  /* entries of `tokens` */
    size_t held;
    int64_t gained_ns; /* the last time */
} demo_replica;

/* What all replicas are started with. */
typedef struct demo_launch {
    bool redis;
    const char *place;   /* of the store: a directory or a URL */
    const char *modules; /* NULL: the default */
    const char *strategy;
    int64_t ttl_ms;
    int64_t ids; /* that each adds */
} demo_launch;

/* Starts the process, which is killed when this one ends, however it ends. 0 or an errno. */
int demo_replica_start(demo_replica *r, const demo_launch *launch);

/* Takes what its pipe has, without waiting, into the replica and the history. Returns 0, or an exit code after saying
 * why. At the end of the pipe ->events is -1. */
int demo_replica_read(demo_replica *r, history *h);

/* SIGKILL. From the instant that is returned (CLOCK_MONOTONIC) on, it does nothing. */
int64_t demo_replica_kill(demo_replica *r);

/* Kills it if it still runs, reaps it, frees everything. */
void demo_replica_done(demo_replica *r);

#endif
