#include "base/mutants.h"
#include "core/engine/internal.h"

/* What beats tell the leader, and when it wants to be called again. */

void leader_clock(engine *e, int64_t store_us)
{
    clock_watch *c = &e->clock;
    int64_t margin = ttl_part(e, 20) < 100000 ? 100000 : ttl_part(e, 20);
    /* §2, time: if the store's clock outran ours, slots look expired that are not. */
    if (c->known && store_us - e->now_us > c->offset_us + margin && !MUTANT(clock_jump_ignored))
        c->hold_us = e->now_us + e->config.ttl_us;
    c->known = true;
    c->offset_us = store_us - e->beat_t0_us;
}

static int64_t after(const engine *e, int64_t delay_us)
{
    return delay_us == INT64_MAX ? NEVER : e->now_us + (delay_us > 0 ? delay_us : 0);
}

void leader_view(engine *e)
{
    leader *l = &e->leader;
    const allot_view *v = &e->view;
    if (!e->election.leads)
        return;
    if (v->version > l->version)
        l->version = v->version;
    if (v->settled_age > l->settled_age)
        l->settled_age = v->settled_age;
    if (v->roster_rev != l->roster_rev || (v->inbox > 0 && v->inbox_rev != l->inbox_rev))
        leader_want(e, e->now_us);
    if (v->reapable > 0)
        leader_want(e, e->now_us > e->clock.hold_us ? e->now_us : e->clock.hold_us);
    l->due_us = MUTANT(unpark_forgotten) ? NEVER : after(e, v->next_due_us);
    /* Look again when the next slot expires; a live group has renewed it by then. */
    int64_t expiry = after(e, v->next_expiry_us);
    if (expiry != NEVER && expiry + 1000 < e->next_beat_us)
        e->next_beat_us = expiry + 1000;
}

int64_t leader_cycle_due_us(const engine *e)
{
    const leader *l = &e->leader;
    int64_t due = roster_recalls_next_us(e);
    bool settled = l->settle_age <= l->settled_age;
    if (!settled && l->settle_us < due)
        due = l->settle_us;
    if (settled && l->change_us < due)
        due = l->change_us;
    return due;
}

int64_t leader_next_us(const engine *e)
{
    const leader *l = &e->leader;
    if (!e->election.leads)
        return NEVER;
    int64_t next = l->unparking || !ops_window(e, false) ? NEVER : l->due_us; /* an answer makes room */
    if (l->phase != LEADER_IDLE)
        return next;
    int64_t due = l->wanted ? l->wanted_us : leader_cycle_due_us(e);
    return due < next ? due : next;
}
