/* bits.h - bitmaps over the positions of a segment: bit i of word i / 64. Inline, no state. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bits_test(const uint64_t *words, uint32_t i)
{
    return (words[i / 64] >> (i % 64)) & 1u;
}

static inline void bits_set(uint64_t *words, uint32_t i)
{
    words[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void bits_clear(uint64_t *words, uint32_t i)
{
    words[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* How many of the first `n` bits are set. */
static inline uint32_t bits_count(const uint64_t *words, uint32_t n)
{
    uint32_t sum = 0;
    uint32_t i = 0;
    for (; i + 64 <= n; i += 64)
        sum += (uint32_t)__builtin_popcountll(words[i / 64]);
    if (i < n)
        sum += (uint32_t)__builtin_popcountll(words[i / 64] & ((UINT64_C(1) << (n - i)) - 1));
    return sum;
}

#endif
