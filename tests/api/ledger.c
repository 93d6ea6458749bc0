#include "tests/api/ledger.h"
#include "base/bytes.h"
#include "base/index.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    char *id;
    size_t len;
    allot_node *holder; /* NULL: nobody */
    uint64_t token;
    uint32_t acks;
} entry;

struct ledger {
    pthread_mutex_t lock;
    entry *entries;
    size_t count, capacity;
    index_table table;
    uint64_t acks;
};

static bool same_id(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const ledger *l = context;
    return l->entries[value].len == key_len && memcmp(l->entries[value].id, key, key_len) == 0;
}

ledger *ledger_new(void)
{
    ledger *l = calloc(1, sizeof(*l));
    ck_assert_ptr_nonnull(l);
    pthread_mutex_init(&l->lock, NULL);
    index_init(&l->table, same_id, l);
    return l;
}

void ledger_free(ledger *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].id);
    free(l->entries);
    index_done(&l->table);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static entry *entry_of(ledger *l, allot_bytes id)
{
    uint64_t at;
    if (index_get(&l->table, id.data, id.len, &at))
        return &l->entries[at];
    ck_assert_int_eq(array_reserve((void **)&l->entries, &l->capacity, l->count + 1, sizeof(entry)), 0);
    entry *e = &l->entries[l->count];
    *e = (entry){.id = malloc(id.len + 1u), .len = id.len};
    ck_assert_ptr_nonnull(e->id);
    memcpy(e->id, id.data, id.len);
    ck_assert_int_eq(index_put(&l->table, e->id, e->len, l->count++), 0);
    return e;
}

void ledger_gained(ledger *l, allot_node *node, const allot_id *id)
{
    pthread_mutex_lock(&l->lock);
    entry *e = entry_of(l, id->id);
    bool held_elsewhere = e->holder != NULL && e->holder != node && allot_owns(e->holder, e->id, e->len, NULL);
    ck_assert_msg(!held_elsewhere, "%.*s was gained while another held it", (int)e->len, e->id);
    ck_assert_msg(id->token > e->token, "%.*s: token %llu after %llu", (int)e->len, e->id,
                  (unsigned long long)id->token, (unsigned long long)e->token);
    e->holder = node;
    e->token = id->token;
    pthread_mutex_unlock(&l->lock);
}

void ledger_stopped(ledger *l, const allot_node *node, allot_bytes id)
{
    pthread_mutex_lock(&l->lock);
    entry *e = entry_of(l, id);
    if (e->holder == node)
        e->holder = NULL;
    pthread_mutex_unlock(&l->lock);
}

void ledger_acked(ledger *l, allot_bytes id)
{
    pthread_mutex_lock(&l->lock);
    entry *e = entry_of(l, id);
    ck_assert_msg(++e->acks == 1, "%.*s was acked twice", (int)e->len, e->id);
    l->acks++;
    pthread_mutex_unlock(&l->lock);
}

uint64_t ledger_acks(ledger *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t acks = l->acks;
    pthread_mutex_unlock(&l->lock);
    return acks;
}
