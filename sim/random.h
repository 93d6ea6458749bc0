/* random.h - the simulator's randomness: xoshiro256**, seeded from 64 bits by splitmix64. Its own, so that a change of
 * the engine's generator changes no schedule. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct random_source {
    uint64_t s[4];
} random_source;

static inline void random_seed(random_source *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = (seed ^ (seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ (z >> 31);
    }
}

static inline uint64_t random_next(random_source *r)
{
    uint64_t *s = r->s;
    uint64_t x = s[1] * 5;
    uint64_t result = (x << 7 | x >> 57) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

/* 0 <= result < bound. */
static inline int64_t random_below(random_source *r, int64_t bound)
{
    return (int64_t)(random_next(r) % (uint64_t)bound);
}

/* low <= result <= high */
static inline int64_t random_between(random_source *r, int64_t low, int64_t high)
{
    return low + random_below(r, high - low + 1);
}

static inline bool random_chance(random_source *r, uint32_t per_mille)
{
    return random_below(r, 1000) < per_mille;
}

#endif
