#include "tests/conformance/numbers.h"

#include "base/bytes.h"
#include "base/sorted.h"

#include <stdlib.h>
#include <string.h>

/* Numbers from here on are malformed on every backend: they have no other name. */
#define MALFORMED (UINT64_C(1) << 53)

void numbers_done(numbers *n)
{
    free(n->pairs);
    *n = (numbers){0};
}

/* The first pair whose a is at least this. */
static size_t lower_bound(const numbers *n, uint64_t a)
{
    return n->count == 0 ? 0 : sorted_from(&n->pairs[0].a, n->count, sizeof(n->pairs[0]), a);
}

bool numbers_agree(numbers *n, uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a == b;
    size_t at = lower_bound(n, a);
    if (at < n->count && n->pairs[at].a == a)
        return n->pairs[at].b == b;
    if ((at > 0 && n->pairs[at - 1].b >= b) || (at < n->count && n->pairs[at].b <= b))
        return false;
    if (array_reserve((void **)&n->pairs, &n->capacity, n->count + 1, sizeof(*n->pairs)) != 0)
        abort();
    memmove(n->pairs + at + 1, n->pairs + at, (n->count - at) * sizeof(*n->pairs));
    n->pairs[at] = (number_pair){a, b};
    n->count++;
    return true;
}

uint64_t numbers_translate(const numbers *n, uint64_t a)
{
    if (a == 0 || a >= MALFORMED)
        return a;
    size_t at = lower_bound(n, a);
    if (at < n->count && n->pairs[at].a == a)
        return n->pairs[at].b;
    return at == 0 ? a : n->pairs[at - 1].b + (a - n->pairs[at - 1].a);
}

void renaming_done(renaming *r)
{
    numbers_done(&r->terms);
    numbers_done(&r->tokens);
    numbers_done(&r->segments);
    numbers_done(&r->orders);
}
