/* changes_floors.h - the same ids given to the store by a plain client, so many a call. */
#ifndef BENCH_CHANGES_FLOORS_H
#define BENCH_CHANGES_FLOORS_H

#include "bench/lib/ids.h"
#include "bench/lib/place.h"

typedef struct floors floors;

/* Redis: one connection. File: one descriptor. In memory there is nothing to compare with. */
floors *floors_open(const place *p);
void floors_close(floors *f);

/* Ids from `from` on in one call. Redis: HSET, 512 fields a command, pipelined; file: write, fdatasync. */
void floors_add(floors *f, const ids *all, size_t from, size_t count);
/* The same the other way. Redis: HDEL; file: write of the ids, fdatasync. */
void floors_remove(floors *f, const ids *all, size_t from, size_t count);

#endif
