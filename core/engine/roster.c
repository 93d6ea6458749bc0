#include "base/bytes.h"
#include "base/mutants.h"
#include "base/uuid_text.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* §2, split: settle is re-armed by each join, at most five times. */
#define SETTLE_JOINS_MOST 5u

static void copy_member(member *m, const allot_slot_info *info)
{
    *m = (member){.slot = info->slot,
                  .weight = info->weight,
                  .age = info->age,
                  .ids = info->ids,
                  .recalls = info->recalls,
                  .share_rev = info->share_rev,
                  .state = info->state,
                  .expired = info->expires_in_us <= 0,
                  .draining = info->draining,
                  .plan_index = NOBODY};
    assert(info->name.len <= ALLOT_NAME_BYTES_MAX);
    if (info->name.len > 0)
        memcpy(m->name, info->name.data, info->name.len);
}

void roster_take(engine *e, const allot_answer *answer)
{
    leader *l = &e->leader;
    size_t need = l->roster_count + answer->slot_count;
    if (array_reserve((void **)&l->roster, &l->roster_capacity, need, sizeof(l->roster[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (uint32_t i = 0; i < answer->slot_count; i++) {
        member *m = &l->roster[l->roster_count++];
        copy_member(m, &answer->slots[i]);
        if (member_is_live(m))
            l->max_age = m->age; /* they come in the order of their ages */
    }
}

bool member_is_live(const member *m)
{
    return m->state == ALLOT_SLOT_LIVE && !m->expired;
}

bool member_may_own(const member *m)
{
    return member_is_live(m) && !m->draining;
}

bool member_reapable(const member *m)
{
    bool over = m->state >= (MUTANT(reap_before_expiry) ? ALLOT_SLOT_RETIRED : ALLOT_SLOT_LEFT);
    return over || m->expired;
}

static bool has_to_give(const member *m)
{
    return member_is_live(m) && m->draining && m->ids > m->recalls;
}

/* ---- When a full split is due ------------------------------------------------------------------------------------ */

/* Whether those that may own ids are not those of the last full split. */
static bool owners_changed(const leader *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->roster_count; i++) {
        if (!member_may_own(&l->roster[i]))
            continue;
        if (count == l->planned_count || l->planned[count] != l->roster[i].age)
            return true;
        count++;
    }
    return count != l->planned_count;
}

/* Where it matters which ids a slot has, also deaths and leaves call for a full split, and a new leadership, which
 * knows of none. So does a change that has been undone: ids were placed by it meanwhile. A join that waits for further
 * joins waits for itself. */
static bool change_is_due(engine *e, bool settled)
{
    leader *l = &e->leader;
    if (l->change_us == NEVER && owners_changed(l))
        l->change_us = e->now_us + e->config.settle_us;
    return settled && e->now_us >= l->change_us;
}

static bool join_is_due(engine *e)
{
    leader *l = &e->leader;
    if (l->max_age > l->settle_age && l->settle_joins < SETTLE_JOINS_MOST) {
        l->settle_joins++;
        l->settle_us = e->now_us + e->config.settle_us;
    }
    l->settle_age = l->max_age;
    return e->now_us >= l->settle_us;
}

bool roster_full_due(engine *e)
{
    leader *l = &e->leader;
    bool due = l->force_full;
    bool settled = l->max_age <= l->settled_age;
    for (size_t i = 0; i < l->roster_count; i++)
        due = due || has_to_give(&l->roster[i]);
    if (settled)
        l->settle_age = l->settled_age;
    else
        due = join_is_due(e) || due;
    if (e->config.kind != ALLOT_STRATEGY_COUNTS)
        due = change_is_due(e, settled) || due;
    return due;
}

void roster_planned(engine *e)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->planned, &l->planned_capacity, l->owner_count, sizeof(l->planned[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (size_t i = 0; i < l->owner_count; i++)
        l->planned[i] = l->roster[l->owners[i]].age;
    l->planned_count = l->owner_count;
    l->change_us = NEVER;
}

/* ---- Recalls that are not answered ------------------------------------------------------------------------------- */

static void retire(engine *e, const member *m)
{
    pending *p = leader_op(e, ALLOT_OP_RETIRE, 0);
    if (p == NULL)
        return;
    p->op.u.target = (allot_op_target){.target = m->slot, .max_attempts = e->config.max_attempts};
    ops_send(e, p);
}

/* Its own application does not give back: it retires itself, which frees the leadership, and hears of it by beat. */
static void retire_self(engine *e)
{
    pending *p = leader_op(e, ALLOT_OP_RETIRE, 0);
    if (p == NULL)
        return;
    p->for_leader = false;
    p->op.u.target.target = e->slot;
    ops_send(e, p);
    election_step_down(e);
    member_beat_soon(e, 0);
}

void roster_on_retire(engine *e, pending *p, const allot_answer *answer)
{
    if (p->for_leader && answer->outcome.reason == ALLOT_REFUSED_NOT_LEADER)
        election_lost(e);
}

/* True: it is this replica that is to be retired, after all others, because that ends the leadership. */
static bool watch_one(engine *e, const member *m, waiting_recall *w)
{
    if (!e->config.retire_on_timeout || w->retired)
        return false;
    if (e->leader.roster_us - w->since_us < e->config.handover_timeout_us || !ops_window(e, false))
        return false;
    w->retired = true;
    if (uuid_equal(&m->slot, &e->slot))
        return true;
    retire(e, m);
    return false;
}

void roster_recalled(engine *e, member *m, uint64_t count)
{
    const leader *l = &e->leader;
    m->recalls += count;
    for (size_t i = 0; i < l->recall_count; i++)
        if (l->recalls[i].age == m->age)
            l->recalls[i].recalls += count;
}

void roster_watch_recalls(engine *e)
{
    leader *l = &e->leader;
    waiting_recall *old = l->recalls;
    size_t old_count = l->recall_count;
    size_t old_at = 0;
    waiting_recall *fresh = NULL;
    size_t capacity = 0;
    size_t count = 0;
    bool self = false;
    for (size_t i = 0; i < l->roster_count && !e->failed; i++) {
        const member *m = &l->roster[i];
        if (m->recalls == 0 || !member_is_live(m))
            continue;
        if (array_reserve((void **)&fresh, &capacity, count + 1, sizeof(fresh[0])) != 0) {
            engine_fail(e);
            break;
        }
        while (old_at < old_count && old[old_at].age < m->age)
            old_at++;
        /* One that has given back some, or all, answers: a cycle may take longer than the timeout. */
        bool silent = old_at < old_count && old[old_at].age == m->age && m->recalls >= old[old_at].recalls;
        fresh[count] = silent ? old[old_at] : (waiting_recall){.age = m->age, .since_us = e->now_us};
        fresh[count].recalls = m->recalls;
        self = watch_one(e, m, &fresh[count++]) || self;
    }
    free(old);
    l->recalls = fresh;
    l->recall_count = count;
    if (self && !e->failed)
        retire_self(e);
}

int64_t roster_recalls_next_us(const engine *e)
{
    const leader *l = &e->leader;
    int64_t next = NEVER;
    if (!e->config.retire_on_timeout)
        return NEVER;
    for (size_t i = 0; i < l->recall_count; i++) {
        int64_t at = l->recalls[i].since_us + e->config.handover_timeout_us;
        if (!l->recalls[i].retired && at < next)
            next = at;
    }
    return next;
}
