#include "core/engine/prng.h"

#include <assert.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

void prng_seed(prng *p, const uint64_t seed[4])
{
    assert((seed[0] | seed[1] | seed[2] | seed[3]) != 0);
    memcpy(p->s, seed, sizeof(p->s));
    for (int i = 0; i < 16; i++)
        (void)prng_next(p);
}

uint64_t prng_next(prng *p)
{
    uint64_t *s = p->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

int64_t prng_below(prng *p, int64_t bound)
{
    assert(bound > 0);
    return (int64_t)(prng_next(p) % (uint64_t)bound);
}

allot_uuid prng_uuid(prng *p)
{
    uint64_t words[2] = {prng_next(p), prng_next(p)};
    allot_uuid u;
    memcpy(u.bytes, words, sizeof(u.bytes));
    u.bytes[6] = (uint8_t)((u.bytes[6] & 0x0f) | 0x40);
    u.bytes[8] = (uint8_t)((u.bytes[8] & 0x3f) | 0x80);
    return u;
}
