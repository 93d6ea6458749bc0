/* slots.c - the slots: by UUID, and in the order of their ages. */
#include "backends/store/internal.h"
#include "base/mutants.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static store_slot *slot_of(uint64_t value)
{
    return (store_slot *)(uintptr_t)value;
}

static bool same_slot(const void *context, uint64_t value, const void *key, size_t key_len)
{
    (void)context;
    return key_len == sizeof(allot_uuid) && memcmp(&slot_of(value)->id, key, key_len) == 0;
}

void store_slots_init(store *s)
{
    index_init(&s->slot_index, same_slot, NULL);
    s->clamped_at_us = INT64_MAX; /* nothing is known yet of how far away the expiries are */
}

void store_slots_done(store *s)
{
    size_t at = 0;
    store_slot *slot;
    while ((slot = numbered_next(&s->slots, &at)) != NULL)
        store_slot_free(slot);
    numbered_done(&s->slots);
    index_done(&s->slot_index);
}

store_slot *store_slot_find(const store *s, const allot_uuid *id)
{
    uint64_t value;
    return index_get(&s->slot_index, id, sizeof(*id), &value) ? slot_of(value) : NULL;
}

static allot_bytes copy_text(char **at, allot_bytes text)
{
    char *to = *at;
    if (text.len > 0)
        memcpy(to, text.data, text.len);
    *at += text.len;
    return (allot_bytes){.data = to, .len = text.len};
}

store_slot *store_slot_new(const allot_uuid *id, allot_bytes name, allot_bytes host, allot_bytes container)
{
    store_slot *slot = calloc(1, sizeof(*slot) + name.len + host.len + container.len);
    if (slot == NULL)
        return NULL;
    char *at = slot->text;
    slot->id = *id;
    slot->state = ALLOT_SLOT_LIVE;
    slot->name = copy_text(&at, name);
    slot->host = copy_text(&at, host);
    slot->container = copy_text(&at, container);
    return slot;
}

void store_slot_free(store_slot *slot)
{
    if (slot == NULL)
        return;
    store_memory_done(&slot->memory);
    free(slot->working);
    free(slot);
}

int store_slot_add(store *s, store_slot *slot)
{
    if (index_put(&s->slot_index, &slot->id, sizeof(slot->id), (uint64_t)(uintptr_t)slot) != 0)
        return ALLOT_E_NOMEM;
    if (numbered_append(&s->slots, slot->age, slot) == 0)
        return 0;
    index_remove(&s->slot_index, &slot->id, sizeof(slot->id));
    return ALLOT_E_NOMEM;
}

void store_slot_remove(store *s, store_slot *slot)
{
    assert(slot->ids == 0 && slot->segments == 0);
    index_remove(&s->slot_index, &slot->id, sizeof(slot->id));
    numbered_remove(&s->slots, slot->age);
    store_slot_free(slot);
}

int store_slot_set_working(store_slot *slot, const allot_ref *working, size_t count)
{
    if (array_reserve((void **)&slot->working, &slot->working_capacity, count, sizeof(working[0])) != 0)
        return ALLOT_E_NOMEM;
    if (count > 0)
        memcpy(slot->working, working, count * sizeof(working[0]));
    slot->working_count = count;
    return 0;
}

int64_t store_slot_expires_in(const store_slot *slot, int64_t now_us)
{
    int64_t rest = store_time_sub(slot->expires_us, now_us);
    return rest < slot->ttl_us || MUTANT(expiry_not_clamped) ? rest : slot->ttl_us;
}

bool store_slot_is_valid(const store_slot *slot, int64_t now_us)
{
    return slot->state == ALLOT_SLOT_LIVE && store_slot_expires_in(slot, now_us) > 0;
}

bool store_slot_is_reapable(const store_slot *slot, int64_t now_us)
{
    allot_slot_state over = MUTANT(reap_before_expiry) ? ALLOT_SLOT_RETIRED : ALLOT_SLOT_LEFT;
    return slot->state >= over || store_slot_expires_in(slot, now_us) <= 0;
}

static void clamp(store_turn *t, int64_t *instant_us, int64_t at_most_us)
{
    if (store_time_sub(*instant_us, t->now_us) <= at_most_us)
        return;
    *instant_us = store_time_add(t->now_us, at_most_us);
    t->effects->changed = true;
}

void store_slots_clamp(store_turn *t)
{
    store *s = t->s;
    /* As long as the clock goes forward nothing can get too far away. */
    if (t->now_us < s->clamped_at_us && !MUTANT(expiry_not_clamped)) {
        size_t at = 0;
        store_slot *slot;
        while ((slot = numbered_next(&s->slots, &at)) != NULL)
            clamp(t, &slot->expires_us, slot->ttl_us);
        clamp(t, &s->quarantine_until_us, s->longest_ttl_us);
    }
    s->clamped_at_us = t->now_us;
}

void store_roster_changed(store *s, store_effects *effects)
{
    s->roster_rev++;
    effects->changed = true;
    effects->work = true;
}

void store_slot_die(store *s, store_slot *slot, store_effects *effects)
{
    if (slot->state == ALLOT_SLOT_DEAD)
        return;
    slot->state = ALLOT_SLOT_DEAD;
    store_roster_changed(s, effects);
    store_leadership_free(s, slot, effects);
}

int store_share_changed(store_turn *t, store_slot *slot)
{
    store_scratch *scratch = &t->s->scratch;
    slot->share_rev++;
    if (slot->touched_in == t->s->turn)
        return 0;
    slot->touched_in = t->s->turn;
    if (array_reserve((void **)&scratch->touched, &scratch->touched_capacity, scratch->touched_count + 1,
                      sizeof(scratch->touched[0])) != 0)
        return ALLOT_E_NOMEM;
    scratch->touched[scratch->touched_count++] = slot->id;
    t->effects->share_count = scratch->touched_count;
    t->effects->shares = scratch->touched;
    return 0;
}
