#include "backends/store/numbered.h"

#include "base/bytes.h"
#include "base/sorted.h"

#include <assert.h>
#include <stdlib.h>

void numbered_done(numbered *n)
{
    free(n->entries);
    *n = (numbered){0};
}

void numbered_clear(numbered *n)
{
    n->len = n->count = 0;
}

int numbered_append(numbered *n, uint64_t number, void *item)
{
    assert(item != NULL);
    assert(n->len == 0 || n->entries[n->len - 1].number < number);
    if (array_reserve((void **)&n->entries, &n->capacity, n->len + 1, sizeof(n->entries[0])) != 0)
        return -1;
    n->entries[n->len++] = (numbered_entry){.number = number, .item = item};
    n->count++;
    return 0;
}

size_t numbered_from(const numbered *n, uint64_t number)
{
    if (n->len == 0 || number <= n->entries[0].number)
        return 0;
    uint64_t gapless = number - n->entries[0].number;
    if (gapless < n->len && n->entries[gapless].number == number)
        return gapless;
    return sorted_from(&n->entries[0].number, n->len, sizeof(n->entries[0]), number);
}

void *numbered_find(const numbered *n, uint64_t number)
{
    size_t at = numbered_from(n, number);
    return at < n->len && n->entries[at].number == number ? n->entries[at].item : NULL;
}

static void close_holes(numbered *n)
{
    size_t to = 0;
    for (size_t from = 0; from < n->len; from++)
        if (n->entries[from].item != NULL)
            n->entries[to++] = n->entries[from];
    assert(to == n->count);
    n->len = to;
}

void numbered_remove(numbered *n, uint64_t number)
{
    size_t at = numbered_from(n, number);
    assert(at < n->len && n->entries[at].number == number && n->entries[at].item != NULL);
    n->entries[at].item = NULL;
    n->count--;
    while (n->len > 0 && n->entries[n->len - 1].item == NULL)
        n->len--;
    if (n->len > 64 && n->count < n->len / 2)
        close_holes(n);
}

void *numbered_next(const numbered *n, size_t *at)
{
    while (*at < n->len) {
        void *item = n->entries[(*at)++].item;
        if (item != NULL)
            return item;
    }
    return NULL;
}
