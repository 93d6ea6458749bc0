/* numbered.h - items by number, where every new number is larger than all before: segments by number, the inbox by
 * order, slots by age. An array in the order of the numbers with holes where items went away; finding is O(log n), and
 * O(1) as long as the numbers have no gaps. Zero-initialised is empty. */
#ifndef STORE_NUMBERED_H
#define STORE_NUMBERED_H

#include <stddef.h>
#include <stdint.h>

typedef struct numbered_entry {
    uint64_t number;
    void *item; /* NULL: a hole */
} numbered_entry;

typedef struct numbered {
    numbered_entry *entries;
    size_t len; /* with holes */
    size_t capacity;
    size_t count; /* without */
} numbered;

void numbered_done(numbered *n);
void numbered_clear(numbered *n);

/* `number` is larger than that of all items that are there. 0 or -1 (out of memory; unchanged). */
int numbered_append(numbered *n, uint64_t number, void *item);
void *numbered_find(const numbered *n, uint64_t number);
/* The number is there. */
void numbered_remove(numbered *n, uint64_t number);

/* Walking in order: `size_t at = numbered_from(n, first); while ((item = numbered_next(n, &at)) != NULL)`. Nothing may
 * be removed or appended on the way. */
size_t numbered_from(const numbered *n, uint64_t number);
void *numbered_next(const numbered *n, size_t *at);

#endif
