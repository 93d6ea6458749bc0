#include "base/bytes.h"
#include "base/uuid_text.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The leader's cycle: read the roster, reap the dead, read the inbox, ask the strategy, assign, recall, publish. It is
 * level-triggered: whatever an interrupted cycle or a dead leader left behind lies in the inbox or the roster, and the
 * next cycle goes on from there. */

#define PAGE 1024u

/* How often a torn reading is done again before ids are placed by it all the same. */
#define TEARS_MOST 3u

/* ---- Start, stop ------------------------------------------------------------------------------------------------- */

static void want(engine *e, int64_t at_us)
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
    l->force_full = l->full = l->trouble = l->unparking = l->retire_self = false;
    l->under_way = l->failures = l->settle_joins = l->tears = 0;
    l->roster_rev = l->inbox_rev = l->settle_age = 0;
    l->settle_us = l->due_us = NEVER;
    l->recall_count = 0;
    l->settled_age = e->view.settled_age;
    l->version = e->view.version;
    want(e, e->now_us);
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
    ops_abandon(e, is_leaders);
}

void leader_done(leader *l)
{
    free(l->roster);
    free(l->segments);
    free(l->recalls);
}

/* ---- What the view says ------------------------------------------------------------------------------------------ */

void leader_clock(engine *e, int64_t store_us)
{
    clock_watch *c = &e->clock;
    int64_t margin = ttl_part(e, 20) < 100000 ? 100000 : ttl_part(e, 20);
    /* §2, time: if the store's clock outran ours, slots look expired that are not. */
    if (c->known && store_us - e->now_us > c->offset_us + margin)
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
        want(e, e->now_us);
    if (v->reapable > 0)
        want(e, e->now_us > e->clock.hold_us ? e->now_us : e->clock.hold_us);
    l->due_us = after(e, v->next_due_us);
    /* Look again when the next slot expires; a live group has renewed it by then. */
    int64_t expiry = after(e, v->next_expiry_us);
    if (expiry != NEVER && expiry + 1000 < e->next_beat_us)
        e->next_beat_us = expiry + 1000;
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

static void read_page(engine *e, allot_op_kind kind, allot_uuid target, uint64_t cursor)
{
    pending *p = leader_op(e, kind, 0);
    if (p == NULL)
        return;
    p->op.u.read = (allot_op_read){.target = target, .cursor = cursor, .limit = PAGE};
    leader_send(e, p);
}

static void abort_cycle(engine *e)
{
    leader *l = &e->leader;
    leader_stop(e);
    /* A retire that was to be sent again is given up with the rest. One that took effect shows in the next roster. */
    for (size_t i = 0; i < l->recall_count; i++)
        l->recalls[i].retired = false;
    want(e, e->now_us + backoff_us(e, l->failures++, ttl_part(e, 3)));
}

static void finish_cycle(engine *e)
{
    leader *l = &e->leader;
    roster_watch_recalls(e);
    if (!e->election.leads)
        return;
    l->phase = LEADER_IDLE;
    l->failures = 0;
    l->force_full = l->trouble;
    if (l->trouble)
        want(e, e->now_us + backoff_us(e, 0, ttl_part(e, 3)));
}

/* ---- Phases ------------------------------------------------------------------------------------------------------ */

static void begin_cycle(engine *e)
{
    leader *l = &e->leader;
    assert(l->phase == LEADER_IDLE && l->under_way == 0);
    l->phase = LEADER_ROSTER;
    l->wanted = false;
    l->trouble = false;
    l->roster_rev = e->view.roster_rev;
    l->inbox_rev = e->view.inbox_rev;
    l->roster_count = l->at = 0;
    l->max_age = l->read_rev = 0;
    l->torn = l->reaped = false;
    read_page(e, ALLOT_OP_READ_ROSTER, (allot_uuid){0}, 0);
}

/* Reads everything again: at once, because what was read is of no use. */
static void begin_again(engine *e)
{
    e->leader.phase = LEADER_IDLE;
    begin_cycle(e);
}

static void begin_inbox(engine *e)
{
    leader *l = &e->leader;
    l->phase = LEADER_INBOX;
    l->segment_count = 0;
    l->inbox_ids = 0;
    read_page(e, ALLOT_OP_READ_INBOX, (allot_uuid){0}, 0);
}

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
    if (l->reaped)
        begin_again(e);
    else
        begin_inbox(e);
}

static void go_publish(engine *e)
{
    leader *l = &e->leader;
    if (l->under_way > 0 || !ops_window(e, false))
        return;
    pending *p = leader_op(e, ALLOT_OP_PUBLISH, 0);
    if (p == NULL)
        return;
    p->op.u.publish = (allot_op_publish){.version = l->version + 1,
                                         .settled_age = l->full ? l->max_age : l->settled_age,
                                         .strategy = e->config.strategy};
    leader_send(e, p);
}

/* Nobody may own ids; a change of the roster starts the next cycle. */
static void wait_for_owners(engine *e)
{
    e->leader.settle_us = e->now_us + ttl_part(e, 3);
    finish_cycle(e);
}

/* Everything is read: is there anything to plan? */
static void begin_plan(engine *e)
{
    leader *l = &e->leader;
    if (l->torn && l->tears++ < TEARS_MOST) {
        begin_again(e);
        return;
    }
    l->full = roster_full_due(e) && !l->torn;
    l->trouble = l->torn;
    l->tears = 0;
    if (!l->full && l->inbox_ids == 0) {
        if (l->must_publish)
            l->phase = LEADER_PUBLISH;
        else
            finish_cycle(e);
        return;
    }
    plan *p = placement_plan(e);
    if (p == NULL) {
        if (!e->failed)
            wait_for_owners(e);
        return;
    }
    engine_action *a = actions_add(e, ENGINE_PLAN);
    if (a == NULL) {
        plan_free(p);
        return;
    }
    a->plan = p;
    l->phase = LEADER_PLAN;
}

void leader_planned(engine *e, plan *p)
{
    leader *l = &e->leader;
    bool awaited = e->election.leads && l->phase == LEADER_PLAN && p->number == l->plan_number;
    if (awaited && p->code == 0) {
        placement_take(e, p);
        l->phase = LEADER_APPLY;
    } else if (awaited) {
        snprintf(l->note, sizeof(l->note), "strategy '%.*s' failed, the last split stays: %.150s",
                 (int)e->config.strategy.len, e->config.strategy.data, p->error.message);
        engine_tell *tell = actions_tell(e, ALLOT_EVENT_NOTE);
        if (tell != NULL)
            tell->message = l->note;
        l->failures = 10; /* what failed will fail again: try seldom */
        abort_cycle(e);
    }
    plan_free(p);
}

static void go_apply(engine *e)
{
    leader *l = &e->leader;
    while (ops_window(e, false) && !e->failed)
        if (!placement_assign(e))
            break;
    bool all = l->segment_at >= l->segment_count || l->slot_at >= l->roster_count;
    if (!all || l->under_way > 0 || e->failed)
        return;
    l->phase = LEADER_SHARES;
    l->at = 0;
    l->segment_count = l->segment_at = 0;
}

/* One slot after the other: read its segments, recall what it is to give. */
static void go_shares(engine *e)
{
    leader *l = &e->leader;
    while (l->under_way == 0 && l->at < l->roster_count && !e->failed) {
        member *m = &l->roster[l->at];
        if (m->give == 0) {
            l->at++;
            l->segment_count = l->segment_at = 0;
        } else if (l->segment_count == 0) {
            read_page(e, ALLOT_OP_READ_SHARE, m->slot, 0);
        } else if (!ops_window(e, false)) {
            return;
        } else if (!placement_recall(e)) {
            m->give = 0; /* it has less than it had */
        }
    }
    if (l->at == l->roster_count && l->under_way == 0 && !e->failed)
        l->phase = LEADER_PUBLISH;
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
    case LEADER_APPLY:
        go_apply(e);
        break;
    case LEADER_SHARES:
        go_shares(e);
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

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void take_segments(engine *e, const allot_answer *answer)
{
    leader *l = &e->leader;
    size_t need = l->segment_count + answer->segment_count;
    if (array_reserve((void **)&l->segments, &l->segment_capacity, need, sizeof(l->segments[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (uint32_t i = 0; i < answer->segment_count; i++) {
        l->segments[l->segment_count++] = answer->segments[i];
        if (l->phase == LEADER_INBOX)
            l->inbox_ids += answer->segments[i].live;
    }
}

static void read_is_done(engine *e)
{
    leader *l = &e->leader;
    switch (l->phase) {
    case LEADER_ROSTER:
        l->phase = LEADER_REAP;
        break;
    case LEADER_INBOX:
        begin_plan(e);
        break;
    case LEADER_SHARES:
        l->segment_at = l->segment_count;
        if (l->segment_count == 0)
            l->roster[l->at].give = 0;
        break;
    default:
        break;
    }
}

static void note_revision(leader *l, const allot_answer *answer)
{
    if (l->phase != LEADER_ROSTER && l->phase != LEADER_INBOX)
        return;
    if (l->read_rev == 0)
        l->read_rev = answer->inbox_rev;
    l->torn = l->torn || answer->inbox_rev != l->read_rev;
}

void leader_on_read(engine *e, pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    assert(e->election.leads && l->under_way > 0);
    l->under_way--;
    if (answer->outcome.status != ALLOT_STATUS_OK) {
        abort_cycle(e);
        return;
    }
    if (l->phase == LEADER_ROSTER)
        roster_take(e, answer);
    else
        take_segments(e, answer);
    if (e->failed)
        return;
    note_revision(l, answer);
    if (answer->next_cursor != 0)
        read_page(e, p->op.kind, p->op.u.read.target, answer->next_cursor);
    else
        read_is_done(e);
}

static void on_publish(engine *e, const pending *p, const allot_outcome *o)
{
    leader *l = &e->leader;
    member_beat_soon(e, 0);
    if (o->status != ALLOT_STATUS_OK) {
        l->version = 0; /* the beat brings the version that the store has */
        abort_cycle(e);
        return;
    }
    /* A view may have shown it before the answer came. */
    if (p->op.u.publish.version > l->version)
        l->version = p->op.u.publish.version;
    l->must_publish = false;
    if (l->full && l->max_age > l->settled_age) {
        l->settled_age = l->max_age;
        l->settle_joins = 0;
    }
    finish_cycle(e);
}

static void on_recall(engine *e, const pending *p, const allot_outcome *o)
{
    leader *l = &e->leader;
    if (o->status != ALLOT_STATUS_OK) {
        l->trouble = true;
        return;
    }
    member *m = &l->roster[l->at];
    assert(uuid_equal(&m->slot, &p->op.u.recall.target));
    m->recalls += o->count;
}

static void on_reap(engine *e, const pending *p, const allot_outcome *o)
{
    e->leader.reaped = e->leader.reaped || o->status == ALLOT_STATUS_OK;
    if (o->status != ALLOT_STATUS_OK || o->more == 0 || !ops_window(e, false))
        return; /* what is left of it shows in the roster when that is read again */
    pending *next = leader_op(e, ALLOT_OP_REAP, 0);
    if (next == NULL)
        return;
    next->op.u.target = p->op.u.target;
    leader_send(e, next);
}

static void on_unpark(engine *e, const allot_outcome *o)
{
    leader *l = &e->leader;
    l->unparking = false;
    if (o->status != ALLOT_STATUS_OK)
        return;
    if (o->count == ALLOT_OP_ITEMS_MAX)
        l->due_us = e->now_us;
    else
        member_beat_soon(e, 0); /* the view says when the next is due */
    want(e, e->now_us);
}

void leader_on_change(engine *e, pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    const allot_outcome *o = &answer->outcome;
    assert(e->election.leads && (!p->counted || l->under_way > 0));
    if (p->counted)
        l->under_way--;
    if (o->reason == ALLOT_REFUSED_NOT_LEADER) {
        election_lost(e);
        return;
    }
    switch (p->op.kind) {
    case ALLOT_OP_REAP:
        on_reap(e, p, o);
        break;
    case ALLOT_OP_ASSIGN:
        if (o->status != ALLOT_STATUS_OK || o->skipped > 0 || p->tries > 0)
            l->trouble = true;
        break;
    case ALLOT_OP_RECALL:
        on_recall(e, p, o);
        break;
    case ALLOT_OP_UNPARK:
        on_unpark(e, o);
        break;
    case ALLOT_OP_PUBLISH:
        on_publish(e, p, o);
        break;
    default:
        break;
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

/* The instant at which a cycle is due without any news from the store. */
static int64_t cycle_due_us(const engine *e)
{
    const leader *l = &e->leader;
    int64_t due = roster_recalls_next_us(e);
    if (l->settle_age > l->settled_age && l->settle_us < due)
        due = l->settle_us;
    return due;
}

void leader_run(engine *e)
{
    leader *l = &e->leader;
    if (!e->election.leads)
        return;
    unpark_when_due(e);
    if (l->phase == LEADER_IDLE && !l->wanted && e->now_us >= cycle_due_us(e))
        want(e, e->now_us);
    leader_phase before;
    do {
        before = l->phase;
        go_on(e);
    } while (l->phase != before && !e->failed);
}

int64_t leader_next_us(const engine *e)
{
    const leader *l = &e->leader;
    if (!e->election.leads)
        return NEVER;
    int64_t next = l->unparking || !ops_window(e, false) ? NEVER : l->due_us; /* an answer makes room */
    if (l->phase != LEADER_IDLE)
        return next;
    int64_t due = l->wanted ? l->wanted_us : cycle_due_us(e);
    return due < next ? due : next;
}
