/* index.h - a hash table from keys that live elsewhere to 64-bit values.
 *
 * The table stores only (hash, value); the caller says by `equal` whether a value's key is the one looked for. Sixteen
 * bytes an entry beside the keys themselves, which is why a pool of millions of ids can be held by every
 * process. Open addressing, linear probing, deletion by shifting back: no tombstones, so that churn costs nothing. */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct index_entry {
    uint64_t value;
    uint32_t hash; /* 0: empty */
} index_entry;

typedef bool (*index_equal)(const void *context, uint64_t value, const void *key, size_t key_len);

typedef struct index_table {
    index_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    index_equal equal;
    const void *context; /* first argument of equal */
} index_table;

void index_init(index_table *t, index_equal equal, const void *context);
void index_done(index_table *t);
void index_clear(index_table *t);

/* Makes room for `more` further keys: the next `more` puts cannot fail. 0 or -1 (out of memory). */
int index_reserve(index_table *t, size_t more);

/* True, and *ret_value, when the key is there. */
bool index_get(const index_table *t, const void *key, size_t key_len, uint64_t *ret_value);

/* Sets the value of a key, new or not. 0 or -1 (out of memory; the table is unchanged). */
int index_put(index_table *t, const void *key, size_t key_len, uint64_t value);

/* Removes a key; false when it was not there. */
bool index_remove(index_table *t, const void *key, size_t key_len);

#endif
