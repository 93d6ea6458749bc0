/* numbers.h - terms, tokens and segment numbers of two backends: not the same, but in the same order.
 *
 * Pairs (a, b), where what the one calls a the other calls b. Zero-initialised is empty. */
#ifndef CONFORMANCE_NUMBERS_H
#define CONFORMANCE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct number_pair {
    uint64_t a, b;
} number_pair;

typedef struct numbers {
    number_pair *pairs; /* by a, and so by b */
    size_t count, capacity;
} numbers;

void numbers_done(numbers *n);

/* Learns the pair; false when it contradicts what is known: 0 is 0, one name for one number, the same order. */
bool numbers_agree(numbers *n, uint64_t a, uint64_t b);

/* What the other calls `a`. A number that was never seen keeps its distance from the next smaller one that was. */
uint64_t numbers_translate(const numbers *n, uint64_t a);

/* All that is renamed between two backends. */
typedef struct renaming {
    numbers terms, tokens, segments, orders;
} renaming;

void renaming_done(renaming *r);

#endif
