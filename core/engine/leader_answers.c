#include "base/uuid_text.h"
#include "core/engine/internal.h"

#include <assert.h>

/* What became of the leader's changes. */

static void on_publish(engine *e, const pending *p, const allot_outcome *o)
{
    leader *l = &e->leader;
    member_beat_soon(e, 0);
    if (o->status != ALLOT_STATUS_OK) {
        l->version = 0; /* the beat brings the version that the store has */
        leader_abort(e);
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
    if (l->full)
        roster_planned(e);
    leader_finish(e);
}

/* Where counts or the order matter, an op that came late may have taken ids that were another's. */
static void on_assign(engine *e, const pending *p, const allot_outcome *o)
{
    leader *l = &e->leader;
    bool late = p->tries > 0 && e->config.kind != ALLOT_STRATEGY_IDS;
    if (p->op.kind == ALLOT_OP_DEAL)
        l->dealt -= p->count;
    if (o->status != ALLOT_STATUS_OK || o->skipped > 0 || late)
        l->trouble = true;
}

static void on_recall(engine *e, const pending *p, const allot_outcome *o)
{
    leader *l = &e->leader;
    if (o->status != ALLOT_STATUS_OK) {
        l->trouble = true;
        return;
    }
    member *m = &l->roster[p->member];
    assert(uuid_equal(&m->slot, &p->op.u.recall.target));
    roster_recalled(e, m, o->count);
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
    leader_want(e, e->now_us);
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
    case ALLOT_OP_DEAL:
        on_assign(e, p, o);
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
