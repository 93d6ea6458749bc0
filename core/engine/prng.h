/* prng.h - the engine's randomness: xoshiro256** (Blackman and Vigna), seeded from outside. Jitter and UUIDs. */
#ifndef ENGINE_PRNG_H
#define ENGINE_PRNG_H

#include <allot/types.h>

typedef struct prng {
    uint64_t s[4];
} prng;

/* The seed must not be all zero. */
void prng_seed(prng *p, const uint64_t seed[4]);
uint64_t prng_next(prng *p);
/* 0 <= result < bound; bound > 0. */
int64_t prng_below(prng *p, int64_t bound);
/* A random UUID, version 4. */
allot_uuid prng_uuid(prng *p);

#endif
