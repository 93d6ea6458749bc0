/* membership.c - join, beat, leave, retire. */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

allot_reason store_slot_refusal(const store_slot *slot, int64_t now_us)
{
    if (slot == NULL)
        return ALLOT_REFUSED_GONE;
    switch (slot->state) {
    case ALLOT_SLOT_RETIRED:
        return ALLOT_REFUSED_RETIRED;
    case ALLOT_SLOT_LEFT:
        return ALLOT_REFUSED_LEFT;
    case ALLOT_SLOT_DEAD:
        return ALLOT_REFUSED_DEAD;
    case ALLOT_SLOT_LIVE:
        break;
    }
    return store_slot_expires_in(slot, now_us) > 0 ? ALLOT_REFUSED_NOTHING : ALLOT_REFUSED_EXPIRED;
}

static allot_reason join_refusal(store_turn *t)
{
    const allot_op_join *join = &t->op->u.join;
    allot_reason reason = store_life_report(t, &join->floors, &join->fresh_life, join->ttl_us);
    if (reason != ALLOT_REFUSED_NOTHING)
        return reason;
    if (join->quarantine_always)
        store_quarantine_raise(t, store_time_add(t->s->created_us, t->s->longest_ttl_us));
    if (t->slot != NULL)
        return ALLOT_REFUSED_EXISTS;
    return t->s->slots.count >= ALLOT_SLOTS_MAX ? ALLOT_REFUSED_LIMIT : ALLOT_REFUSED_NOTHING;
}

int store_join(store_turn *t)
{
    store *s = t->s;
    const allot_op_join *join = &t->op->u.join;
    allot_reason reason = join_refusal(t);
    if (reason != ALLOT_REFUSED_NOTHING) {
        store_refuse(t, reason);
        return 0;
    }
    store_slot *slot = store_slot_new(&t->op->slot, join->name, join->host, join->container);
    if (slot == NULL)
        return ALLOT_E_NOMEM;
    slot->weight = join->weight;
    slot->ttl_us = join->ttl_us;
    slot->not_after_us = t->op->not_after_us != 0 ? t->op->not_after_us : INT64_MIN;
    slot->expires_us = store_time_add(t->now_us, join->ttl_us);
    slot->pid = join->pid;
    slot->age = ++s->age;
    if (store_slot_add(s, slot) != 0) {
        store_slot_free(slot);
        return ALLOT_E_NOMEM;
    }
    t->slot = slot;
    store_roster_changed(s, t->effects);
    return 0;
}

static allot_reason beat_refusal(store_turn *t)
{
    const allot_op_beat *beat = &t->op->u.beat;
    bool begins = uuid_is_zero(&t->s->life);
    allot_reason reason = store_life_report(t, &beat->floors, &beat->fresh_life, beat->ttl_us);
    if (reason != ALLOT_REFUSED_NOTHING)
        return reason;
    if (begins) /* who beats has joined before: the store has forgotten it, told the life or not */
        store_quarantine_raise(t, store_time_add(t->s->created_us, t->s->longest_ttl_us));
    bool other_life = !uuid_is_zero(&beat->floors.life) && !uuid_equal(&beat->floors.life, &t->s->life);
    if (other_life && !MUTANT(lost_life_view_taken))
        return ALLOT_REFUSED_LIFE;
    return store_slot_refusal(t->slot, t->now_us);
}

static void renew(const store_turn *t, store_slot *slot)
{
    slot->expires_us = store_time_add(t->now_us, MUTANT(lease_too_short) ? slot->ttl_us * 7 / 10 : slot->ttl_us);
}

int store_beat(store_turn *t)
{
    const allot_op_beat *beat = &t->op->u.beat;
    allot_reason reason = beat_refusal(t);
    if (reason != ALLOT_REFUSED_NOTHING) {
        store_refuse(t, reason);
        return 0;
    }
    store_slot *slot = t->slot;
    renew(t, slot);
    if (MUTANT(renew_without_holder_check) && t->op->term != 0)
        t->s->leader = slot->id;
    if (slot->draining != beat->draining) {
        slot->draining = beat->draining;
        store_roster_changed(t->s, t->effects);
    }
    t->s->view++;
    return store_slot_set_working(slot, beat->working, beat->working_count);
}

int store_leave(store_turn *t)
{
    t->slot->state = ALLOT_SLOT_LEFT;
    t->slot->working_count = 0; /* it stopped in order: a reap counts no attempt */
    store_roster_changed(t->s, t->effects);
    store_leadership_free(t->s, t->slot, t->effects);
    return 0;
}

int store_retire(store_turn *t)
{
    store_slot *target = store_slot_find(t->s, &t->op->u.target.target);
    if (target == NULL) {
        store_refuse(t, ALLOT_REFUSED_GONE);
    } else if (target->state >= ALLOT_SLOT_LEFT) {
        store_refuse(t, ALLOT_REFUSED_DEAD);
    } else if (target->state == ALLOT_SLOT_LIVE) {
        target->state = ALLOT_SLOT_RETIRED;
        store_roster_changed(t->s, t->effects);
        store_leadership_free(t->s, target, t->effects); /* only the leader retires, so this is itself */
    }
    return 0;
}
