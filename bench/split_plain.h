/* split_plain.h - contestants of bench/split that know nothing of allot: the least that a client of the same store has
 * to do so that every slot holds its ids.
 *
 *   blobs      read all ids, cut them by hash, write one blob a slot, each slot reads its blob
 *   intervals  all ids lie in one blob already: write each slot's interval, each slot reads its range
 *
 * Each slot has a connection (or descriptor) of its own, opened before; in Redis it waits on a subscription for the
 * word that its ids are there, on the file system and in memory it just goes on. What was read is checked id by id, as
 * with allot. */
#ifndef BENCH_SPLIT_PLAIN_H
#define BENCH_SPLIT_PLAIN_H

#include "bench/lib/ids.h"
#include "bench/lib/place.h"

/* Each returns how long it took, from all ids being in the store. The place is empty before. */
int64_t plain_blobs(place *p, uint32_t slots, ids *all);
int64_t plain_intervals(place *p, uint32_t slots, ids *all);

/* ---- What the stores' files share ---- */

typedef struct piles {
    char **text; /* one a slot */
    size_t *bytes;
    uint32_t count;
} piles;

/* Rooms for `bytes` in all, dealt out by hash. */
void piles_init(piles *s, uint32_t count, size_t bytes);
void piles_done(piles *s);
/* Each line to the pile of its hash. */
void piles_deal(piles *s, const char *lines, size_t bytes);

/* The interval of a slot, in bytes, when `count` ids are cut evenly. */
typedef struct interval {
    size_t from, bytes;
} interval;

interval interval_of(size_t count, uint32_t slots, uint32_t slot);

int64_t plain_blobs_memory(uint32_t slots, ids *all);
int64_t plain_intervals_memory(uint32_t slots, ids *all);
int64_t plain_blobs_file(const char *dir, uint32_t slots, ids *all);
int64_t plain_intervals_file(const char *dir, uint32_t slots, ids *all);
int64_t plain_blobs_redis(const char *socket, uint32_t slots, ids *all);
int64_t plain_intervals_redis(const char *socket, uint32_t slots, ids *all);

#endif
