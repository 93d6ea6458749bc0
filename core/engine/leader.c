#include "base/mutants.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The leader's cycle: read the roster, reap the dead, read the inbox (and all shares, if everything is to be split anew
 * and it matters which ids go where), ask the strategy, assign, recall, publish. It is level-triggered: whatever an
 * interrupted cycle or a dead leader left behind lies in the inbox or the roster, and the next cycle goes on from
 * there. */

/* How often a torn reading is done again before ids are placed by it all the same. */
#define TEARS_MOST 3u

/* ---- Start, stop ------------------------------------------------------------------------------------------------- */

void leader_want(engine *e, int64_t at_us)
{
    leader *l = &e->leader;
    if (!l->wanted || at_us < l->wanted_us)
        l->wanted_us = at_us;
    l->wanted = true;
}

void leader_start(engine *e)
{
    leader *l = &e->leader;
    l->phase = LEADER_IDLE;
    l->wanted = false;
    l->must_publish = true;
    l->force_full = l->full = l->trouble = l->unparking = false;
    l->under_way = l->failures = l->settle_joins = l->tears = l->cut_tears = 0;
    l->roster_rev = l->inbox_rev = l->settle_age = 0;
    l->settle_us = l->due_us = l->change_us = NEVER;
    l->recall_count = l->planned_count = 0;
    l->id_bytes = ALLOT_ID_BYTES_MAX;
    l->settled_age = e->view.settled_age;
    l->version = e->view.version;
    runs_forget(l);
    leader_want(e, e->now_us);
    member_beat_soon(e, 0);
}

static bool is_leaders(const pending *p)
{
    return p->for_leader;
}

void leader_stop(engine *e)
{
    leader *l = &e->leader;
    l->phase = LEADER_IDLE;
    l->wanted = false;
    l->under_way = 0;
    l->unparking = false;
    l->plan_number++; /* a plan that is out will not be recognised */
    placement_stop(l);
    ops_abandon(e, is_leaders);
}

void leader_done(leader *l)
{
    placement_stop(l);
    free(l->planned);
    free(l->roster);
    free(l->entries);
    free(l->owners);
    free(l->portions);
    free(l->claims);
    free(l->maps);
    free(l->boundaries);
    free(l->moving);
    free(l->places);
    free(l->tally);
    free(l->recalls);
}

void leader_reloaded(engine *e, bool replan)
{
    leader *l = &e->leader;
    if (!e->election.leads || !replan)
        return;
    leader_stop(e);
    l->must_publish = l->force_full = true;
    l->planned_count = 0;
    runs_forget(l);
    leader_want(e, e->now_us);
}

/* ---- Ops --------------------------------------------------------------------------------------------------------- */

pending *leader_op(engine *e, allot_op_kind kind, size_t memory)
{
    assert(e->election.leads);
    pending *p = ops_new(e, kind, memory);
    if (p == NULL)
        return NULL;
    p->for_leader = true;
    p->op.term = e->election.term;
    return p;
}

void leader_send(engine *e, pending *p)
{
    p->counted = true;
    e->leader.under_way++;
    ops_send(e, p);
}

/* ---- Begin and end ----------------------------------------------------------------------------------------------- */

static void begin_cycle(engine *e)
{
    leader *l = &e->leader;
    assert(l->phase == LEADER_IDLE && l->under_way == 0);
    l->phase = LEADER_ROSTER;
    l->wanted = false;
    l->trouble = false;
    l->roster_rev = e->view.roster_rev;
    l->roster_us = e->now_us;
    l->inbox_rev = e->view.inbox_rev;
    l->roster_count = l->entry_count = l->at = 0;
    l->inbox_ids = l->max_age = l->read_rev = 0;
    l->reads = 0;
    l->torn = l->reaped = false;
    placement_forget(l);
    reading_roster(e);
}

/* At once, because what was read is of no use. */
void leader_begin_again(engine *e)
{
    e->leader.phase = LEADER_IDLE;
    placement_stop(&e->leader);
    begin_cycle(e);
}

void leader_abort(engine *e)
{
    leader *l = &e->leader;
    leader_stop(e);
    /* A retire that was to be sent again is given up with the rest. One that took effect shows in the next roster. */
    for (size_t i = 0; i < l->recall_count; i++)
        l->recalls[i].retired = false;
    leader_want(e, e->now_us + backoff_us(e, l->failures++, ttl_part(e, 3)));
}

void leader_finish(engine *e)
{
    leader *l = &e->leader;
    roster_watch_recalls(e);
    if (!e->election.leads)
        return;
    l->phase = LEADER_IDLE;
    l->failures = 0;
    /* By texts, what was skipped lies in the inbox, and is placed right by itself. */
    l->force_full = l->trouble && (l->full || e->config.kind != ALLOT_STRATEGY_IDS);
    if (l->trouble || MUTANT(leader_never_rests))
        leader_want(e, e->now_us + backoff_us(e, 0, ttl_part(e, 3)));
}

/* Nobody may own ids; a change of the roster starts the next cycle. */
static void wait_for_owners(engine *e)
{
    leader *l = &e->leader;
    l->settle_us = e->now_us + ttl_part(e, 3);
    if (l->change_us != NEVER)
        l->change_us = l->settle_us;
    leader_finish(e);
}

/* ---- Reaping, publishing ----------------------------------------------------------------------------------------- */

static void reap(engine *e, const member *m)
{
    pending *p = leader_op(e, ALLOT_OP_REAP, 0);
    if (p == NULL)
        return;
    p->op.u.target = (allot_op_target){.target = m->slot, .max_attempts = e->config.max_attempts};
    leader_send(e, p);
}

static void go_reap(engine *e)
{
    leader *l = &e->leader;
    bool hold = e->now_us < e->clock.hold_us;
    while (l->at < l->roster_count && ops_window(e, false) && !e->failed) {
        const member *m = &l->roster[l->at++];
        bool sure = m->state == ALLOT_SLOT_LEFT || m->state == ALLOT_SLOT_DEAD;
        if (member_reapable(m) && (sure || !hold))
            reap(e, m);
    }
    if (l->at < l->roster_count || l->under_way > 0)
        return;
    if (l->reaped) {
        leader_begin_again(e);
        return;
    }
    l->phase = LEADER_INBOX;
    reading_inbox(e);
}

static void go_publish(engine *e)
{
    leader *l = &e->leader;
    allot_bytes name = e->config.strategy;
    if (leader_waits(e) || !ops_window(e, false))
        return;
    pending *p = leader_op(e, ALLOT_OP_PUBLISH, name.len);
    if (p == NULL)
        return;
    char *copy = pending_memory(p); /* a reload changes the engine's */
    if (name.len > 0)
        memcpy(copy, name.data, name.len);
    p->op.u.publish = (allot_op_publish){.version = l->version + 1,
                                         .settled_age = l->full ? l->max_age : l->settled_age,
                                         .strategy = {.data = copy, .len = name.len}};
    leader_send(e, p);
}

/* ---- Planning ---------------------------------------------------------------------------------------------------- */

static void place_ids(engine *e)
{
    leader *l = &e->leader;
    if (!l->full && l->inbox_ids == 0) {
        if (l->must_publish)
            l->phase = LEADER_PUBLISH;
        else
            leader_finish(e);
        return;
    }
    placement_owners(e);
    if (e->failed)
        return;
    if (l->owner_count == 0)
        wait_for_owners(e);
    else if (e->config.kind == ALLOT_STRATEGY_COUNTS)
        counts_plan(e);
    else if (e->config.kind == ALLOT_STRATEGY_RUNS)
        runs_plan(e);
    else
        ids_begin(e);
}

/* Where only counts matter, what would be counted twice is. The rest needs an exact reading for a full split alone. */
static void inbox_is_read(engine *e)
{
    leader *l = &e->leader;
    bool counts = e->config.kind == ALLOT_STRATEGY_COUNTS;
    if (counts && l->torn && l->tears++ < TEARS_MOST) {
        leader_begin_again(e);
        return;
    }
    l->full = roster_full_due(e) && !(counts && l->torn);
    l->trouble = counts && l->torn;
    if (counts || !l->full) {
        l->tears = 0;
        place_ids(e);
        return;
    }
    l->phase = LEADER_SHARES;
    l->torn = false;
    l->at = 0;
}

static void shares_are_read(engine *e)
{
    leader *l = &e->leader;
    bool torn = l->torn && e->config.kind == ALLOT_STRATEGY_RUNS;
    if (torn && l->tears++ < TEARS_MOST) {
        leader_begin_again(e);
        return;
    }
    l->tears = 0;
    if (torn) { /* then at least what lies in the inbox */
        l->full = false;
        l->trouble = true;
        size_t kept = 0;
        for (size_t i = 0; i < l->entry_count; i++)
            if (l->entries[i].holder == IN_INBOX)
                l->entries[kept++] = l->entries[i];
        l->entry_count = kept;
    }
    place_ids(e);
}

void leader_has_read(engine *e)
{
    if (e->leader.phase == LEADER_INBOX)
        inbox_is_read(e);
    else
        shares_are_read(e);
}

static void strategy_failed(engine *e, const plan *p)
{
    leader *l = &e->leader;
    snprintf(l->note, sizeof(l->note), "strategy '%.*s' failed, the last split stays: %.150s",
             (int)e->config.strategy.len, e->config.strategy.data, p->error.message);
    engine_tell *tell = actions_tell(e, ALLOT_EVENT_NOTE);
    if (tell != NULL)
        tell->message = l->note;
    l->failures = 10; /* what failed will fail again: try seldom */
    leader_abort(e);
}

void leader_planned(engine *e, plan *p)
{
    leader *l = &e->leader;
    bool asked = l->phase == LEADER_PLAN || (l->phase == LEADER_DEAL && l->planning);
    bool awaited = e->election.leads && asked && p->number == l->plan_number;
    if (!awaited) {
        plan_free(p);
    } else if (p->code != 0) {
        strategy_failed(e, p);
        plan_free(p);
    } else if (e->config.kind == ALLOT_STRATEGY_COUNTS) {
        counts_take(e, p);
        plan_free(p);
    } else if (e->config.kind == ALLOT_STRATEGY_RUNS) {
        runs_take(e, p);
    } else {
        ids_take(e, p);
    }
}

static void go_assign(engine *e)
{
    leader *l = &e->leader;
    if (!placement_assign(e) || leader_waits(e) || e->failed)
        return;
    l->phase = LEADER_RECALL;
    l->at = 0;
}

static void go_on(engine *e)
{
    switch (e->leader.phase) {
    case LEADER_IDLE:
        if (e->leader.wanted && e->now_us >= e->leader.wanted_us)
            begin_cycle(e);
        break;
    case LEADER_REAP:
        go_reap(e);
        break;
    case LEADER_SHARES:
        reading_shares(e);
        break;
    case LEADER_CUTS:
        runs_read_cuts(e);
        break;
    case LEADER_ASSIGN:
        go_assign(e);
        break;
    case LEADER_RECALL:
        if (e->config.kind == ALLOT_STRATEGY_COUNTS)
            counts_recall(e);
        else
            runs_recall(e);
        break;
    case LEADER_DEAL:
        ids_go_on(e);
        break;
    case LEADER_PUBLISH:
        go_publish(e);
        break;
    case LEADER_ROSTER:
    case LEADER_INBOX:
    case LEADER_PLAN:
        break; /* an answer moves it on */
    }
}

/* ---- Driving ----------------------------------------------------------------------------------------------------- */

static void unpark_when_due(engine *e)
{
    leader *l = &e->leader;
    if (l->unparking || e->now_us < l->due_us || !ops_window(e, false))
        return;
    pending *p = leader_op(e, ALLOT_OP_UNPARK, 0);
    if (p == NULL)
        return;
    l->unparking = true;
    l->due_us = NEVER;
    ops_send(e, p);
}

void leader_run(engine *e)
{
    leader *l = &e->leader;
    if (!e->election.leads)
        return;
    unpark_when_due(e);
    if (l->phase == LEADER_IDLE && !l->wanted && e->now_us >= leader_cycle_due_us(e))
        leader_want(e, e->now_us);
    leader_phase before;
    do {
        before = l->phase;
        go_on(e);
    } while (l->phase != before && !e->failed);
}
