/* store.c - making and freeing a store, and the small questions that a backend asks it. */
#include "backends/store/store.h"

#include "backends/store/internal.h"

#include <stdlib.h>

store *store_new(void)
{
    store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->pool_ids_max = ALLOT_POOL_IDS_MAX;
    store_slots_init(s);
    store_pool_init(s);
    store_fails_init(s);
    store_sessions_init(s);
    return s;
}

void store_free(store *s)
{
    if (s == NULL)
        return;
    store_slots_done(s);
    store_parked_done(s);
    store_fails_done(s);
    store_pool_done(s);
    store_sessions_done(s);
    store_reads_done(s);
    free(s);
}

int store_prove_dead(store *s, const allot_uuid *slot, store_effects *ret_effects)
{
    store_effects effects = {0};
    store_slot *found = store_slot_find(s, slot);
    if (found != NULL && found->state < ALLOT_SLOT_LEFT)
        store_slot_die(s, found, &effects);
    *ret_effects = effects;
    return 0;
}

bool store_slot_is_live(const store *s, const allot_uuid *slot)
{
    const store_slot *found = store_slot_find(s, slot);
    return found != NULL && found->state < ALLOT_SLOT_LEFT;
}

allot_uuid store_leader(const store *s)
{
    return s->leader;
}

allot_uuid store_life(const store *s)
{
    return s->life;
}

void store_each_slot(const store *s, void (*visit)(void *user, const allot_uuid *slot), void *user)
{
    size_t at = 0;
    const store_slot *slot;
    while ((slot = numbered_next(&s->slots, &at)) != NULL)
        visit(user, &slot->id);
}
