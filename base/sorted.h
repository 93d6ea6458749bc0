/* sorted.h - looking into arrays that are sorted by a number. Inline, no state. */
#ifndef BASE_SORTED_H
#define BASE_SORTED_H

#include <stddef.h>
#include <stdint.h>

/* The lower bound: the first of `count` elements of `size` bytes, ascending in the uint64_t at `number` (that member of
 * the first element; not read when there is none), whose number is at least `least`; `count`: there is none. */
static inline size_t sorted_from(const void *number, size_t count, size_t size, uint64_t least)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const void *at = (const char *)number + mid * size;
        if (*(const uint64_t *)at < least)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

#endif
