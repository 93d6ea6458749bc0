/* fails.c - how often ids failed, and why last. */
#include "backends/store/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static store_fail *fail_of(uint64_t value)
{
    return (store_fail *)(uintptr_t)value;
}

static bool same_id(const void *context, uint64_t value, const void *key, size_t key_len)
{
    (void)context;
    const store_fail *f = fail_of(value);
    return f->id.len == key_len && memcmp(f->id.data, key, key_len) == 0;
}

void store_fails_init(store *s)
{
    index_init(&s->fails, same_id, NULL);
}

void store_fails_done(store *s)
{
    for (store_fail *f = s->first_fail, *next; f != NULL; f = next) {
        next = f->next;
        free(f);
    }
    s->first_fail = s->last_fail = NULL;
    index_done(&s->fails);
}

store_fail *store_fail_find(const store *s, allot_bytes id)
{
    uint64_t value;
    return index_get(&s->fails, id.data, id.len, &value) ? fail_of(value) : NULL;
}

static store_fail *fail_new(store *s, allot_bytes id)
{
    if (index_reserve(&s->fails, 1) != 0)
        return NULL;
    store_fail *f = calloc(1, sizeof(*f) + id.len);
    if (f == NULL)
        return NULL;
    memcpy(f->text, id.data, id.len);
    f->id = (allot_bytes){.data = f->text, .len = id.len};
    f->prev = s->last_fail;
    *(f->prev == NULL ? &s->first_fail : &f->prev->next) = f;
    s->last_fail = f;
    int rc = index_put(&s->fails, f->id.data, f->id.len, (uint64_t)(uintptr_t)f);
    assert(rc == 0); /* reserved */
    (void)rc;
    return f;
}

int store_fail_count(store *s, allot_bytes id, allot_bytes reason, uint32_t attempts, uint32_t *ret_attempts)
{
    assert(reason.len <= ALLOT_REASON_BYTES_MAX);
    store_fail *f = store_fail_find(s, id);
    if (f == NULL)
        f = fail_new(s, id);
    if (f == NULL)
        return ALLOT_E_NOMEM;
    if (attempts != 0)
        f->attempts = attempts;
    else if (f->attempts < UINT32_MAX)
        f->attempts++;
    f->reason_len = reason.len;
    if (reason.len > 0)
        memcpy(f->reason, reason.data, reason.len);
    *ret_attempts = f->attempts;
    return 0;
}

void store_fail_forget(store *s, allot_bytes id)
{
    store_fail *f = store_fail_find(s, id);
    if (f == NULL)
        return;
    index_remove(&s->fails, id.data, id.len);
    *(f->prev == NULL ? &s->first_fail : &f->prev->next) = f->next;
    *(f->next == NULL ? &s->last_fail : &f->next->prev) = f->prev;
    free(f);
}
