/* leadership.c - one leader, in one term (I1). */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <string.h>

static uint64_t new_term(const store_turn *t)
{
    if (MUTANT(term_not_renewed) && t->s->term > 0)
        return t->s->term;
    return store_next_number(t, t->s->term);
}

store_slot *store_leading(const store *s, int64_t now_us)
{
    if (uuid_is_zero(&s->leader))
        return NULL;
    store_slot *slot = store_slot_find(s, &s->leader);
    return slot != NULL && store_slot_is_valid(slot, now_us) ? slot : NULL;
}

bool store_leads_in_term(const store_turn *t)
{
    return t->op->term == t->s->term && uuid_equal(&t->s->leader, &t->slot->id) &&
           store_slot_is_valid(t->slot, t->now_us);
}

void store_leadership_free(store *s, const store_slot *slot, store_effects *effects)
{
    if (!uuid_equal(&s->leader, &slot->id))
        return;
    s->leader = (allot_uuid){0};
    effects->changed = true;
    effects->group = true;
    effects->leaderless = true;
}

static void refuse_for(store_turn *t, allot_reason reason, int64_t wait_us)
{
    store_refuse(t, reason);
    t->outcome.wait_us = wait_us;
}

int store_campaign(store_turn *t)
{
    store *s = t->s;
    store_slot *leading = MUTANT(campaign_unchecked) ? NULL : store_leading(s, t->now_us);
    int64_t quarantine_us = store_quarantine_rest(s, t->now_us);
    if (quarantine_us > 0) {
        refuse_for(t, ALLOT_REFUSED_QUARANTINE, quarantine_us);
        return 0;
    }
    if (leading != NULL && leading != t->slot) {
        refuse_for(t, ALLOT_REFUSED_LED, store_slot_expires_in(leading, t->now_us));
        return 0;
    }
    if (leading == NULL) {
        s->term = new_term(t);
        s->leader = s->last_leader = t->slot->id;
        t->effects->group = true;
    }
    t->outcome.term = s->term;
    return 0;
}

int store_resign(store_turn *t)
{
    if (store_leads_in_term(t))
        store_leadership_free(t->s, t->slot, t->effects);
    else
        store_refuse(t, ALLOT_REFUSED_NOT_LEADER);
    return 0;
}

int store_publish(store_turn *t)
{
    store *s = t->s;
    const allot_op_publish *p = &t->op->u.publish;
    if (p->version != s->version + 1) {
        store_refuse(t, ALLOT_REFUSED_VERSION);
        return 0;
    }
    s->version = p->version;
    if (s->settled_age < p->settled_age)
        s->settled_age = p->settled_age;
    s->strategy_len = p->strategy.len;
    if (p->strategy.len > 0)
        memcpy(s->strategy, p->strategy.data, p->strategy.len);
    t->effects->group = true;
    return 0;
}
