/* crew.h - many real nodes of this process on one store, pulled by one thread, which checks what they are told. */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "bench/lib/gate.h"
#include "bench/lib/ids.h"
#include "core/runtime/hooks.h"

typedef struct crew {
    gate gate;
    hooks hooks;
    allot_options options; /* what nodes are opened with */
    allot_node **nodes;
    uint32_t count;
    int epoll;
    allot_group *group; /* an operator's, straight to the store */
    ids *all;           /* what is told is marked here; NULL: counted alone */
    uint64_t gained, lost;
    int64_t last_gain_ns;                /* when the last gain was taken; CLOCK_MONOTONIC */
    uint32_t leader;                     /* the node that led last, by what was told */
    uint64_t leaders;                    /* how often one became leader */
    uint64_t told[ALLOT_EVENT_NOTE + 1]; /* events by type */
} crew;

/* Zero: the defaults. */
typedef struct crew_options {
    const allot_strategy_ops *strategy;
    int64_t ttl_ms;
} crew_options;

/* Opens `count` nodes and waits until one leads and a split has taken all of them into account. The place is empty
 * before. */
void crew_open(crew *c, place *p, uint32_t count, crew_options how, ids *all);
/* Closes everything; nobody leaves. */
void crew_close(crew *c);

/* Takes the events that wait, of all nodes; waits for one as long as this at most. */
void crew_pull(crew *c, int timeout_ms);

/* Pulls until it is so; ends the process when that takes a minute. */
#define CREW_UNTIL(c, condition)                                                                                       \
    for (int64_t until_ = bench_now_ns() + INT64_C(60000000000); !(condition); crew_pull(c, 2))                        \
        if (bench_now_ns() > until_)                                                                                   \
    bench_fail("%s:%d: never came about: %s", __FILE__, __LINE__, #condition)

/* Adds all ids while the gate is shut, and waits until the leader's cycle is held back and every node has beaten since
 * (so that replicas that keep a copy have it). Returns the time that adding took. */
int64_t crew_fill(crew *c);
/* Opens the gate; returns the time until every id was told to its slot. */
int64_t crew_split(crew *c);

#endif
