#include "sim/copy.h"
#include "sim/outside.h"
#include "sim/world.h"

#include "base/uuid_text.h"

#include <stdlib.h>

static bool is_control(allot_op_kind kind)
{
    return kind <= ALLOT_OP_RESIGN;
}

/* ---- On the way to the store ------------------------------------------------------------------------------------- */

static int64_t one_way_us(world *w)
{
    int64_t us = 1 + random_below(&w->random, 2 * w->swarm.latency_us);
    if (w->phase != PHASE_STORM || !random_chance(&w->random, w->swarm.slow))
        return us;
    int64_t most_us = random_chance(&w->random, 500) ? w->swarm.longest_ttl_us * 2 : w->swarm.longest_ttl_us / 4;
    int64_t late_us = random_below(&w->random, most_us);
    return world_happens(w) ? us + late_us : us;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void put_apply(world *w, flight *f, int64_t at_us)
{
    f->events++;
    queue_put(&w->queue, (queue_entry){.at_us = at_us, .kind = EVENT_APPLY, .replica = f->replica, .item = f});
}

static void put_answer(world *w, flight *f, int64_t at_us)
{
    f->events++;
    f->answer_us = at_us;
    queue_put(&w->queue, (queue_entry){.at_us = at_us, .kind = EVENT_ANSWER, .replica = f->replica, .item = f});
}

static bool storm_happens(world *w, uint32_t per_mille)
{
    return w->phase == PHASE_STORM && random_chance(&w->random, per_mille) && world_happens(w);
}

/* Decides what becomes of an op: when it is applied, if at all, how often, and when its sender hears what. */
static void decide(world *w, flight *f, lane *l, int64_t now_us, int64_t away_until_us)
{
    error_class error = faults_error(w, f);
    int64_t timeout_us = later(now_us + f->op->timeout_us, l->answered_us);
    int64_t late_us = timeout_us + random_below(&w->random, 2 * w->swarm.longest_ttl_us);
    bool away = now_us < away_until_us;
    if (storm_happens(w, w->swarm.unavailable) || (error != ERROR_NONE && error < ERROR_FAILED)) {
        f->otherwise = ALLOT_STATUS_UNAVAILABLE;
        l->answered_us = later(now_us + one_way_us(w), l->answered_us);
        put_answer(w, f, l->answered_us);
        return;
    }
    if (storm_happens(w, w->swarm.lost_request) || (away && random_chance(&w->random, 700))) {
        if (!away && random_chance(&w->random, w->swarm.zombie) && world_happens(w))
            put_apply(w, f, late_us);
        put_answer(w, f, l->answered_us = timeout_us);
        return;
    }
    int64_t trip_us = one_way_us(w);
    if (error == ERROR_NOSCRIPT)
        trip_us *= 3;
    int64_t apply_us = l->applied_us = later(now_us + trip_us, l->applied_us);
    put_apply(w, f, apply_us);
    if (error == ERROR_FAILED) {
        f->dropped = random_chance(&w->later, 500);
        l->answered_us = later(apply_us, l->answered_us);
        put_answer(w, f, l->answered_us);
        return;
    }
    if (f->op->sequence != 0 && storm_happens(w, w->swarm.duplicate))
        put_apply(w, f, random_chance(&w->random, 500) ? apply_us + one_way_us(w) : late_us);
    int64_t reply_us = later(apply_us + one_way_us(w), l->answered_us);
    f->replies = reply_us <= timeout_us && !away && !storm_happens(w, w->swarm.lost_reply);
    l->answered_us = f->replies ? reply_us : timeout_us;
    put_answer(w, f, l->answered_us);
}

static void link_flight(replica *r, flight *f)
{
    f->link = r->flights_tail;
    *f->link = f;
    r->flights_tail = &f->next;
}

static void unlink_flight(world *w, flight *f)
{
    if (f->link == NULL)
        return;
    replica *r = &w->replicas[f->replica];
    *f->link = f->next;
    if (f->next != NULL)
        f->next->link = f->link;
    else
        r->flights_tail = f->link;
    f->link = NULL;
}

static void begin_slot(replica *r, const allot_op *join)
{
    r->slot = join->slot;
    r->sequence = r->hold_sequence = 0;
}

/* §2, time: a leader that sees the store's clock run ahead reaps nothing for one ttl, but what is surely dead. What it
 * has sent before may come again. */
static void check_hold(world *w, const replica *r, const allot_op *op)
{
    if (op->kind != ALLOT_OP_REAP || w->now_us >= r->hold_until_us || op->sequence <= r->hold_sequence)
        return;
    if (store_slot_is_live(w->store, &op->u.target.target))
        world_fail(w, "I3: replica %u reaps a slot whose lease may have been cut short by the store's clock", r->index);
}

/* When the op leaves. The process may be stopped right before: what it has decided, it says when it goes on. */
static int64_t sent_us(world *w, replica *r)
{
    if (world_has(w, SWARM_STOP_AT_SEND) && !r->paused && random_chance(&w->later, 5) && world_happens(w)) {
        world_cover(w, COVERED_STOP_AT_SEND);
        replica_pause(w, r);
        if (replica_within_deadline(w, r) && replica_deadline_us(w, r) < r->resume_us)
            world_cover(w, COVERED_SENT_TOO_LATE);
    }
    return r->paused ? r->resume_us : w->now_us;
}

void network_submit(world *w, replica *r, struct outside *o, const allot_op *op)
{
    flight *f = calloc(1, sizeof(*f));
    if (f == NULL)
        abort();
    f->op = op;
    f->outside = o;
    f->otherwise = ALLOT_STATUS_UNKNOWN;
    if (op->timeout_us <= 0)
        world_fail(w, "an op of kind %d has no timeout", (int)op->kind);
    if (r == NULL) {
        lane alone = {0};
        f->replica = SIM_REPLICAS_MAX;
        decide(w, f, &alone, w->now_us, 0);
        trace_op(w, f, "sends", NULL);
        return;
    }
    f->replica = r->index;
    f->incarnation = r->incarnation;
    f->number = ++r->sent;
    check_hold(w, r, op);
    if (op->kind == ALLOT_OP_READ_ROSTER)
        r->cycle_begun = f->number;
    /* Stopped while it waits for ids: they are there when it goes on, perhaps past its deadline. */
    if (op->kind == ALLOT_OP_READ_SEGMENTS && world_has(w, SWARM_LATE_WAKE) && random_chance(&w->more, 50) &&
        world_happens(w))
        world_put(w, w->now_us + 1, EVENT_STOP, r, NULL);
    link_flight(r, f);
    if (op->kind == ALLOT_OP_JOIN)
        begin_slot(r, op);
    if (op->sequence > r->sequence)
        r->sequence = op->sequence;
    decide(w, f, &r->lanes[is_control(op->kind)], sent_us(w, r), r->away_until_us);
    trace_op(w, f, "sends", NULL);
}

/* ---- At the store ------------------------------------------------------------------------------------------------ */

/* The sender frees its op once it has the answer, or with the process. */
static void own_op(flight *f)
{
    if (f->copy == NULL)
        f->op = f->copy = copy_op(f->op);
}

void network_free_flight(flight *f)
{
    free(f->copy);
    free(f->answer);
    free(f);
}

static void let_go(flight *f)
{
    if (--f->events == 0)
        network_free_flight(f);
}

static void cover_refusal(world *w, const allot_op *op, allot_reason reason)
{
    if (reason == ALLOT_REFUSED_LIFE)
        world_cover(w, COVERED_NEW_LIFE);
    if (reason == ALLOT_REFUSED_QUARANTINE)
        world_cover(w, COVERED_QUARANTINE);
    if (reason == ALLOT_REFUSED_NOT_LEADER)
        world_cover(w, COVERED_ZOMBIE_LEADER);
    if (op->kind == ALLOT_OP_JOIN && (reason == ALLOT_REFUSED_GONE || reason == ALLOT_REFUSED_STALE))
        world_cover(w, COVERED_LATE_JOIN);
    if (op->kind >= ALLOT_OP_RELEASE && op->kind <= ALLOT_OP_FAIL && reason == ALLOT_REFUSED_DEAD)
        world_cover(w, COVERED_DEAD_ACK);
}

static void cover_change(world *w, const allot_op *op, const allot_outcome *o)
{
    static const struct {
        allot_op_kind kind;
        coverage covered;
    } kinds[] = {{ALLOT_OP_RESIGN, COVERED_RESIGN},   {ALLOT_OP_RECALL, COVERED_RECALL},
                 {ALLOT_OP_RELEASE, COVERED_RELEASE}, {ALLOT_OP_DEAL, COVERED_DEAL},
                 {ALLOT_OP_RETIRE, COVERED_RETIRE},   {ALLOT_OP_REAP, COVERED_REAP},
                 {ALLOT_OP_ACK, COVERED_ACK},         {ALLOT_OP_FAIL, COVERED_PARK},
                 {ALLOT_OP_UNPARK, COVERED_UNPARK},   {ALLOT_OP_CLEAN, COVERED_CLEAN}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (op->kind == kinds[i].kind && (o->count > 0 || op->kind == ALLOT_OP_RESIGN || op->kind == ALLOT_OP_RETIRE))
            world_cover(w, kinds[i].covered);
    if (op->kind == ALLOT_OP_ACK && o->skipped > 0)
        world_cover(w, COVERED_ACK_REFUSED);
}

/* §1: a slot that is over never comes back. A store that lost data knows of no slot what it was. */
static bool came_back(const world *w, const allot_op *op, const allot_answer *answer)
{
    return op->kind == ALLOT_OP_JOIN && answer->outcome.status == ALLOT_STATUS_OK &&
           invariants_is_reaped(w->model, &op->slot) && !world_covered(w, COVERED_LOSS) &&
           !world_covered(w, COVERED_STALE);
}

static void cover_applied(world *w, const flight *f, const allot_answer *answer)
{
    if (f->answered || (f->outside == NULL && f->incarnation != w->replicas[f->replica].incarnation))
        world_cover(w, COVERED_ZOMBIE);
    if (f->answered && (f->op->kind == ALLOT_OP_ASSIGN || f->op->kind == ALLOT_OP_DEAL) && answer->outcome.count > 0)
        w->late_grant = true;
    if (f->answered && f->op->kind == ALLOT_OP_BEAT)
        world_cover(w, COVERED_ZOMBIE_BEAT);
    if (f->applied)
        world_cover(w, COVERED_DUPLICATE);
    if (came_back(w, f->op, answer))
        world_fail(w, "I4: a slot that was reaped has joined again");
    if (answer->outcome.status == ALLOT_STATUS_REFUSED)
        cover_refusal(w, f->op, answer->outcome.reason);
    else
        cover_change(w, f->op, &answer->outcome);
}

/* §2, split: the leader publishes when all that its cycle assigns and recalls is done. */
static bool is_early(const world *w, const flight *f)
{
    if (f->op->kind != ALLOT_OP_PUBLISH || f->answered)
        return false;
    const replica *r = &w->replicas[f->replica];
    if (f->number < r->cycle_begun)
        return false;
    for (const flight *other = r->flights; other != NULL; other = other->next) {
        allot_op_kind kind = other->op->kind;
        bool splits = kind == ALLOT_OP_ASSIGN || kind == ALLOT_OP_DEAL || kind == ALLOT_OP_RECALL;
        if (splits && other->number > r->cycle_begun && !other->applied)
            return true;
    }
    return false;
}

/* The store forgets a session when its not-after has passed. When its clock is set back to before that, an op of it
 * that comes again would take effect again: not promised (protocol.md), and so refused here. */
static bool comes_past_end(const world *w, const flight *f)
{
    if (w->clock_back_at_us == 0)
        return false;
    if (f->outside != NULL)
        return f->outside->made_us <= w->clock_back_at_us;
    return f->op->kind == ALLOT_OP_JOIN && invariants_is_reaped(w->model, &f->op->slot);
}

static void refuse_as_stale(const allot_op *op, allot_answer *ret_answer)
{
    *ret_answer = (allot_answer){.cookie = op->cookie, .kind = op->kind};
    ret_answer->outcome.status = ALLOT_STATUS_REFUSED;
    ret_answer->outcome.reason = ALLOT_REFUSED_STALE;
}

void network_apply(world *w, flight *f)
{
    if (f->dropped || w->now_us < w->store_away_until_us) {
        trace_op(w, f, "lost:", NULL);
        let_go(f);
        return;
    }
    allot_answer answer;
    store_effects effects = {0};
    if (comes_past_end(w, f))
        refuse_as_stale(f->op, &answer);
    else
        world_apply(w, f->op, &answer, &effects);
    trace_op(w, f, "applied:", &answer);
    cover_applied(w, f, &answer);
    invariants_applied(w->model, w->now_us, f->op, &answer);
    calm_applied(w, f->op, &answer);
    if (f->answer == NULL && !f->answered)
        f->answer = copy_answer(&answer);
    if (answer.outcome.status == ALLOT_STATUS_OK && is_early(w, f))
        world_fail(w, "I6: a version is published before all that belongs to it is assigned");
    f->applied = true;
    network_hints(w, &effects);
    /* Both look into the store: effects are not valid any more. */
    if (effects.changed)
        faults_changed(w);
    if (w->applied >= w->next_check || invariants_unsure(w->model))
        world_check(w);
    let_go(f);
}

static void put_hint(world *w, const replica *r, allot_hint hint)
{
    if (r->engine == NULL || storm_happens(w, w->swarm.hint_loss))
        return;
    queue_put(&w->queue, (queue_entry){.at_us = w->now_us + one_way_us(w),
                                       .kind = EVENT_HINT,
                                       .replica = r->index,
                                       .incarnation = r->incarnation,
                                       .number = (uint32_t)hint});
}

void network_hints(world *w, const store_effects *effects)
{
    if (!effects->changed)
        return;
    allot_uuid leader = store_leader(w->store);
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        for (size_t k = 0; k < effects->share_count; k++)
            if (uuid_equal(&effects->shares[k], &r->slot))
                put_hint(w, r, ALLOT_HINT_SHARE);
        if (effects->group)
            put_hint(w, r, ALLOT_HINT_GROUP);
        if (effects->leaderless)
            put_hint(w, r, ALLOT_HINT_LEADERLESS);
        if (effects->work && uuid_equal(&leader, &r->slot))
            put_hint(w, r, ALLOT_HINT_WORK);
    }
}

/* ---- The way back ------------------------------------------------------------------------------------------------ */

/* What the sender hears. A process that was stopped finds a reply in its socket long after the timeout: it may take it
 * or give it up, both are legal. */
static void choose_answer(world *w, flight *f, allot_answer *ret_answer)
{
    bool old = f->deferred && !f->replies && f->answer != NULL && random_chance(&w->random, 500);
    if (old)
        world_cover(w, COVERED_OLD_ANSWER);
    if (f->answer != NULL && (f->replies || old)) {
        *ret_answer = *f->answer;
        return;
    }
    *ret_answer = (allot_answer){.cookie = f->op->cookie, .kind = f->op->kind, .message = "no answer from the store"};
    ret_answer->outcome.status = f->otherwise;
    if (f->otherwise == ALLOT_STATUS_UNKNOWN)
        world_cover(w, COVERED_UNKNOWN);
}

static void deliver(world *w, flight *f)
{
    allot_answer answer;
    choose_answer(w, f, &answer);
    trace_op(w, f, "hears", &answer);
    f->answered = true;
    if (f->events > 1)
        own_op(f); /* applied later, when the sender has forgotten it */
    if (f->outside != NULL) {
        outside_answered(w, f->outside, &answer);
        return;
    }
    replica *r = &w->replicas[f->replica];
    unlink_flight(w, f);
    if (answer.kind == ALLOT_OP_CAMPAIGN && answer.outcome.status == ALLOT_STATUS_OK)
        r->term_won = answer.outcome.term;
    if (answer.kind == ALLOT_OP_BEAT)
        beats_deliver(w, r, f, &answer);
    else
        replica_step(w, r, &(engine_event){.kind = ENGINE_ANSWER, .answer = &answer});
}

void network_answer(world *w, flight *f)
{
    replica *r = f->outside == NULL ? &w->replicas[f->replica] : NULL;
    bool meant = !f->answered && f->answer_us == w->now_us;
    if (meant && r != NULL && r->paused) {
        f->deferred = true;
        put_answer(w, f, r->resume_us);
        r->lanes[is_control(f->op->kind)].answered_us =
            later(r->resume_us, r->lanes[is_control(f->op->kind)].answered_us);
    } else if (meant && (r == NULL || f->incarnation == r->incarnation)) {
        deliver(w, f);
    }
    let_go(f);
}

void network_orphan(world *w, replica *r)
{
    while (r->flights != NULL) {
        flight *f = r->flights;
        own_op(f);
        unlink_flight(w, f);
        f->answered = true;
    }
}

void network_cut(world *w, replica *r)
{
    int64_t at_us = w->now_us;
    for (flight *f = r->flights; f != NULL; f = f->next) {
        f->replies = false;
        put_answer(w, f, ++at_us);
    }
}

void network_reset(world *w, replica *r)
{
    int64_t at_us = w->now_us;
    for (flight *f = r->flights; f != NULL; f = f->next) {
        f->replies = f->answer != NULL;
        at_us += 1 + random_below(&w->random, 200);
        put_answer(w, f, at_us);
    }
    for (int i = 0; i < 2; i++)
        r->lanes[i] = (lane){.applied_us = w->now_us, .answered_us = at_us};
}
