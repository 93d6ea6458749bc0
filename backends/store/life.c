/* life.c - the life of the data: how it begins, and how a loss of data is seen (rules 4 to 6). */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

static void raise(store_turn *t, uint64_t *number, uint64_t to)
{
    if (*number >= to)
        return;
    *number = to;
    t->effects->changed = true;
}

static void know_ttl(store_turn *t, int64_t ttl_us)
{
    if (t->s->longest_ttl_us >= ttl_us)
        return;
    t->s->longest_ttl_us = ttl_us;
    t->effects->changed = true;
}

/* Never further away than rule 1 allows: a life that began before the clock was set back lies in the future. */
void store_quarantine_raise(store_turn *t, int64_t until_us)
{
    int64_t furthest_us = store_time_add(t->now_us, t->s->longest_ttl_us);
    if (until_us > furthest_us)
        until_us = furthest_us;
    if (t->s->quarantine_until_us >= until_us)
        return;
    t->s->quarantine_until_us = until_us;
    t->effects->changed = true;
}

int64_t store_quarantine_rest(const store *s, int64_t now_us)
{
    int64_t rest = store_time_sub(s->quarantine_until_us, now_us);
    if (rest <= 0 || MUTANT(no_quarantine))
        return 0;
    return rest < s->longest_ttl_us ? rest : s->longest_ttl_us;
}

allot_reason store_life_begin(store_turn *t, const allot_uuid *fresh)
{
    if (uuid_is_zero(fresh))
        return ALLOT_REFUSED_INVALID;
    t->s->life = *fresh;
    t->s->created_us = t->now_us;
    t->s->quarantine_until_us = 0;
    t->effects->changed = true;
    return ALLOT_REFUSED_NOTHING;
}

/* Rule 5. */
static allot_reason begin_over_old_data(store_turn *t, const allot_uuid *fresh)
{
    store *s = t->s;
    if (uuid_equal(fresh, &s->life))
        return ALLOT_REFUSED_INVALID;
    allot_reason reason = store_life_begin(t, fresh);
    if (reason != ALLOT_REFUSED_NOTHING)
        return reason;
    size_t at = 0;
    store_slot *slot;
    while (!MUTANT(lost_life_view_taken) && (slot = numbered_next(&s->slots, &at)) != NULL)
        store_slot_die(s, slot, t->effects);
    s->view = 0;
    s->quarantine_until_us = store_time_add(t->now_us, s->longest_ttl_us);
    t->effects->group = true;
    return ALLOT_REFUSED_NOTHING;
}

/* The present leadership, if there is any, is one of older data, and the term that is raised was another's (I1), who
 * may still believe in it: nobody leads before that is over. */
static void raise_term(store_turn *t, uint64_t to)
{
    store *s = t->s;
    if (to > s->term && !uuid_is_zero(&s->leader)) {
        s->leader = (allot_uuid){0};
        t->effects->group = true;
        store_quarantine_raise(t, store_time_add(t->now_us, s->longest_ttl_us));
    }
    raise(t, &s->term, to);
}

static bool fell_back(const store *s, const allot_floors *floors)
{
    return uuid_equal(&floors->life, &s->life) && !MUTANT(fallback_unnoticed) &&
           (floors->view > s->view || floors->term > s->term || floors->token > s->token);
}

allot_reason store_life_report(store_turn *t, const allot_floors *floors, const allot_uuid *fresh, int64_t ttl_us)
{
    store *s = t->s;
    allot_reason reason = ALLOT_REFUSED_NOTHING;
    if (uuid_is_zero(&s->life)) {
        reason = store_life_begin(t, fresh);
    } else if (fell_back(s, floors)) {
        know_ttl(t, ttl_us);
        reason = begin_over_old_data(t, fresh);
    }
    if (reason != ALLOT_REFUSED_NOTHING)
        return reason;
    know_ttl(t, ttl_us);
    raise_term(t, floors->term);
    raise(t, &s->token, floors->token);
    if (!uuid_is_zero(&floors->life) && !uuid_equal(&floors->life, &s->life))
        store_quarantine_raise(t, store_time_add(s->created_us, s->longest_ttl_us));
    return ALLOT_REFUSED_NOTHING;
}
