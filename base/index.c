#include "base/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t hash_key(const void *key, size_t len)
{
    uint64_t h = XXH3_64bits(key, len);
    uint32_t folded = (uint32_t)(h ^ (h >> 32));
    return folded == 0 ? 1 : folded;
}

void index_init(index_table *t, index_equal equal, const void *context)
{
    assert(equal != NULL);
    *t = (index_table){.equal = equal, .context = context};
}

void index_done(index_table *t)
{
    free(t->entries);
    t->entries = NULL;
    t->capacity = t->count = 0;
}

void index_clear(index_table *t)
{
    if (t->capacity > 0)
        memset(t->entries, 0, t->capacity * sizeof(t->entries[0]));
    t->count = 0;
}

static void place(index_entry *entries, size_t capacity, index_entry entry)
{
    size_t i = entry.hash & (capacity - 1);
    while (entries[i].hash != 0)
        i = (i + 1) & (capacity - 1);
    entries[i] = entry;
}

int index_reserve(index_table *t, size_t more)
{
    size_t need = t->count + more;
    if (need < more || need > SIZE_MAX / 4)
        return -1;
    size_t capacity = t->capacity < 16 ? 16 : t->capacity;
    while (need * 4 > capacity * 3)
        capacity *= 2;
    if (capacity == t->capacity)
        return 0;
    index_entry *entries = calloc(capacity, sizeof(*entries));
    if (entries == NULL)
        return -1;
    for (size_t i = 0; i < t->capacity; i++)
        if (t->entries[i].hash != 0)
            place(entries, capacity, t->entries[i]);
    free(t->entries);
    t->entries = entries;
    t->capacity = capacity;
    return 0;
}

/* The entry of the key, or NULL. */
static index_entry *find(const index_table *t, const void *key, size_t len, uint32_t hash)
{
    if (t->capacity == 0)
        return NULL;
    for (size_t i = hash & (t->capacity - 1); t->entries[i].hash != 0; i = (i + 1) & (t->capacity - 1))
        if (t->entries[i].hash == hash && t->equal(t->context, t->entries[i].value, key, len))
            return &t->entries[i];
    return NULL;
}

bool index_get(const index_table *t, const void *key, size_t key_len, uint64_t *ret_value)
{
    const index_entry *e = find(t, key, key_len, hash_key(key, key_len));
    if (e == NULL)
        return false;
    *ret_value = e->value;
    return true;
}

int index_put(index_table *t, const void *key, size_t key_len, uint64_t value)
{
    uint32_t hash = hash_key(key, key_len);
    index_entry *e = find(t, key, key_len, hash);
    if (e != NULL) {
        e->value = value;
        return 0;
    }
    if (index_reserve(t, 1) != 0)
        return -1;
    place(t->entries, t->capacity, (index_entry){.value = value, .hash = hash});
    t->count++;
    return 0;
}

bool index_remove(index_table *t, const void *key, size_t key_len)
{
    index_entry *e = find(t, key, key_len, hash_key(key, key_len));
    if (e == NULL)
        return false;
    size_t mask = t->capacity - 1;
    size_t hole = (size_t)(e - t->entries);
    for (size_t i = (hole + 1) & mask; t->entries[i].hash != 0; i = (i + 1) & mask) {
        size_t home = t->entries[i].hash & mask;
        /* An entry may fill the hole unless its home lies behind the hole, on the way to where it stands now. */
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->entries[hole] = t->entries[i];
            hole = i;
        }
    }
    t->entries[hole] = (index_entry){0};
    t->count--;
    return true;
}
