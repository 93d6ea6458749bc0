/* replica.h - replicas that are processes: `allot run`, and what they tell. */
#ifndef BENCH_REPLICA_H
#define BENCH_REPLICA_H

#include "base/bytes.h"
#include "bench/lib/place.h"

#include <sys/types.h>

typedef struct replica {
    pid_t pid;  /* 0: there is none */
    int out;    /* its events */
    bytes line; /* what has come of the next one */
    bool joined;
    uint64_t version;      /* the last split that it told */
    int64_t leader_ns;     /* when it became leader last (CLOCK_MONOTONIC, by itself); 0: it does not lead */
    uint64_t gained, lost; /* ids; what it released counts as lost */
    int64_t last_gain_ns;
} replica;

/* Starts one on the place. It dies with this thread. */
void replica_start(replica *r, const place *p, const char *command, unsigned ttl_s);
/* Takes the events of `count` replicas; waits for one as long as this at most. */
void replicas_pull(replica *list, unsigned count, int timeout_ms);
/* Sends the signal and forgets what it has told; the process is waited for. */
void replica_end(replica *r, int signal);
/* Which of them leads, by what they told; `count`: none. */
unsigned replicas_leader(const replica *list, unsigned count);
/* How many ids they hold by what they told. */
uint64_t replicas_held(const replica *list, unsigned count);

/* Pulls until it is so; ends this process when that takes a minute. */
#define REPLICAS_UNTIL(list, count, condition)                                                                         \
    for (int64_t until_ = bench_now_ns() + INT64_C(60000000000); !(condition); replicas_pull(list, count, 50))         \
        if (bench_now_ns() > until_)                                                                                   \
    bench_fail("%s:%d: never came about: %s", __FILE__, __LINE__, #condition)

#endif
