/* history.h - who owned what, and when, as told by the replicas themselves; and the check that nobody ever owned what
 * another one owned (DESIGN §2: I1, I2, I3, I7). The instants of all replicas must be of one clock: CLOCK_MONOTONIC of
 * one machine. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include <allot/types.h>

typedef enum history_kind {
    HISTORY_ENDED = 1, /* released or lost: at one instant, what ends comes before what begins */
    HISTORY_DIED,      /* the replica was killed: it owns nothing from then on, whatever it still said */
    HISTORY_LEADS,     /* number: the term */
    HISTORY_GAINED     /* number: the token */
} history_kind;

typedef struct history_record {
    int64_t mono_ns;
    uint64_t number;
    uint32_t id; /* from history_id */
    uint32_t replica;
    history_kind kind;
} history_record;

typedef struct history_name {
    char *text;
    uint32_t len;
} history_name;

/* Zero-initialised is empty. */
typedef struct history {
    history_record *records;
    size_t count, capacity;
    history_name *names; /* of the ids, by number */
    size_t name_count, name_capacity;
    uint32_t *table; /* hash table over names: number + 1, 0: free */
    size_t table_size;
} history;

/* The number of an id, a new one when it was not seen before. -1: out of memory. */
int64_t history_id(history *h, allot_bytes id);

/* 0 or -1 (out of memory). Records may come in any order. */
int history_note(history *h, history_record record);

typedef struct verdict {
    size_t ids, grants, terms;
    size_t wrong;          /* how often a rule was broken */
    char first_wrong[256]; /* how, the first time; "" */
} verdict;

/* Plays all records in the order of their instants. In the end each id must have an owner. 0 or -1 (out of memory). */
int history_check(history *h, uint32_t replica_count, verdict *ret_verdict);

void history_done(history *h);

#endif
