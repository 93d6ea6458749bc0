#include "sim/world.h"

#include "base/uuid_text.h"

/* Within this after the last fault every id has its place (I6): a lease runs out, a leader is
 * elected, which may have to wait for a quarantine, dead slots are reaped; joins settle; and what was parked is due. */
static int64_t bound_us(const swarm *s)
{
    int64_t bound = 3 * s->longest_ttl_us + s->settle_us + s->retry_after_us + 2000000;
    /* A new leader looks at where everything is; the last fault may have brought it. */
    return split_kind(s->split) == ALLOT_STRATEGY_COUNTS ? bound : bound + s->settle_us + s->longest_ttl_us;
}

/* How long nothing may move. */
static int64_t quiet_us(const swarm *s)
{
    return 2 * s->longest_ttl_us;
}

/* Connections are made anew: what has not reached the store by now never will. */
static void end_network_faults(world *w)
{
    faults_thaw(w);
    for (size_t i = 0; i < w->queue.count; i++)
        if (w->queue.entries[i].kind == EVENT_APPLY)
            ((flight *)w->queue.entries[i].item)->dropped = true;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        network_reset(w, &w->replicas[i]);
        w->replicas[i].away_until_us = 0;
    }
    w->store_away_until_us = 0;
}

static bool stays(const replica *r)
{
    return r->engine != NULL && !r->draining;
}

/* Some of those that are not running come back, one at least if nobody else stays. */
static void start_some(world *w)
{
    bool join = swarm_has(&w->swarm, SWARM_CALM_JOIN);
    bool anybody = false;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        anybody |= stays(&w->replicas[i]);
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        replica *r = &w->replicas[i];
        if (r->engine == NULL && (!anybody || (join && random_chance(&w->random, 700)))) {
            replica_start(w, r);
            w->joined_in_calm = true;
            anybody = true;
        }
    }
    if (!anybody) { /* all that run are about to leave: one comes back as a new process */
        replica_crash(w, &w->replicas[0]);
        replica_start(w, &w->replicas[0]);
        w->joined_in_calm = true;
    }
}

void calm_begin(world *w)
{
    trace_line(w, NULL, "faults stop");
    w->phase = PHASE_CALM;
    end_network_faults(w);
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        replica_resume(w, &w->replicas[i]);
        if (w->replicas[i].split != w->swarm.split)
            replica_reload(w, &w->replicas[i], w->swarm.split, false);
    }
    start_some(w);
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        if (w->replicas[i].engine != NULL)
            worker_calm(w, &w->replicas[i]);
    world_put(w, w->now_us + bound_us(&w->swarm), EVENT_CHECK, NULL, NULL);
}

/* ---- At the end of the bound ------------------------------------------------------------------------------------- */

static replica *running(world *w, const allot_uuid *slot)
{
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        if (w->replicas[i].engine != NULL && uuid_equal(&w->replicas[i].slot, slot))
            return &w->replicas[i];
    return NULL;
}

static void check_place(world *w, const allot_pool_id *id)
{
    uint64_t token = 0;
    if (id->place == ALLOT_PLACE_PARKED) {
        if (id->due_in_us != INT64_MAX)
            world_fail(w, "I6: id %.*s is still parked, and not for good", (int)id->id.len, id->id.data);
        return;
    }
    const replica *r = id->place == ALLOT_PLACE_SHARE ? running(w, &id->slot) : NULL;
    if (r == NULL)
        world_fail(w, "I6: id %.*s is %s", (int)id->id.len, id->id.data,
                   id->place == ALLOT_PLACE_INBOX ? "still in the inbox" : "in the share of a slot that is gone");
    else if (!replica_within_deadline(w, r) ||
             !engine_owns(r->engine, replica_clock_us(w, r), id->id.data, id->id.len, &token) || token != id->token)
        world_fail(w, "I6: id %.*s is in the share of replica %u, which does not own it", (int)id->id.len, id->id.data,
                   r->index);
    else if (!invariants_holds(w->model, r->index, invariants_id(w->model, id->id)))
        world_fail(w, "I6: id %.*s is owned by replica %u, whose application was not told", (int)id->id.len,
                   id->id.data, r->index);
    else if (id->recalled)
        world_fail(w, "I6: id %.*s of replica %u is still recalled", (int)id->id.len, id->id.data, r->index);
    else
        w->replicas[r->index].placed++;
}

static void check_replicas(world *w)
{
    uint32_t leaders = 0;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        uint64_t term;
        leaders += replica_leads(w, r, &term);
        if (r->engine == NULL)
            continue;
        if (r->draining)
            world_fail(w, "I6: replica %u wants to leave, and is still there", i);
        if (!replica_within_deadline(w, r))
            world_fail(w, "I6: replica %u is fenced", i);
        if (r->placed != r->holding_count)
            world_fail(w, "I6: replica %u holds %zu ids, its share has %llu", i, r->holding_count,
                       (unsigned long long)r->placed);
    }
    if (leaders != 1)
        world_fail(w, "I6: %u replicas lead", leaders);
}

/* After a join everything was split, and nothing was taken away since: every slot has what its weight demands, to one
 * id. */
static void check_balance(world *w)
{
    if (!w->joined_in_calm || w->thinned_in_calm || !split_is_even(&w->swarm))
        return;
    world_cover(w, COVERED_BALANCE);
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        for (uint32_t k = 0; k < w->swarm.replicas; k++) {
            const replica *a = &w->replicas[i], *b = &w->replicas[k];
            if (a->engine == NULL || b->engine == NULL)
                continue;
            if (a->placed * w->swarm.weight[k] > (b->placed + 1) * w->swarm.weight[i])
                world_fail(w, "I6: replica %u (weight %u) has %llu ids, replica %u (weight %u) has %llu", i,
                           w->swarm.weight[i], (unsigned long long)a->placed, k, w->swarm.weight[k],
                           (unsigned long long)b->placed);
        }
}

/* One more joins, or one of several drains. False: neither can be. */
static bool change_owners(world *w)
{
    replica *last = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        if (w->replicas[i].engine != NULL) {
            last = &w->replicas[i];
            count++;
        }
    }
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        if (w->replicas[i].engine != NULL)
            continue;
        trace_line(w, NULL, "one more joins");
        replica_start(w, &w->replicas[i]);
        return true;
    }
    if (count < 2)
        return false;
    trace_line(w, NULL, "one drains");
    worker_leave(w, last, true);
    return true;
}

void calm_check(world *w)
{
    /* What a store forgot that nobody knew to be missing (an ack just answered, say) cannot be put right. */
    if (invariants_loss_unnoticed(w->model)) {
        w->phase = PHASE_OVER;
        world_cover(w, COVERED_UNNOTICED);
        return;
    }
    trace_line(w, NULL, "by now everything has its place");
    bool by_order = split_kind(w->swarm.split) == ALLOT_STRATEGY_RUNS;
    bool exact = by_order || split_kind(w->swarm.split) == ALLOT_STRATEGY_IDS;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        w->replicas[i].placed = w->replicas[i].beats = 0;
    world_check(w);
    world_each_pool_id(w, check_place);
    check_replicas(w);
    check_balance(w);
    /* By order, ids are where the last full split put them; what was added or parked since stands behind. And nobody
     * hears of what an op does that comes late: the next full split puts it right. */
    if (exact && (w->phase != PHASE_CALM || (!by_order && !w->late_grant)))
        split_check(w);
    if (exact && w->phase == PHASE_CALM && change_owners(w)) {
        w->phase = PHASE_CHANGE;
        world_put(w, w->now_us + bound_us(&w->swarm), EVENT_CHECK, NULL, NULL);
        return;
    }
    if (exact && w->phase == PHASE_CHANGE) {
        w->phase = PHASE_AGAIN;
        for (uint32_t i = 0; i < w->swarm.replicas; i++)
            replica_reload(w, &w->replicas[i], w->swarm.split, true);
        world_put(w, w->now_us + bound_us(&w->swarm), EVENT_CHECK, NULL, NULL);
        return;
    }
    w->phase = PHASE_QUIET;
    world_put(w, w->now_us + quiet_us(&w->swarm), EVENT_QUIET_OVER, NULL, NULL);
}

/* ---- Quiet ------------------------------------------------------------------------------------------------------- */

void calm_applied(world *w, const allot_op *op, const allot_answer *answer)
{
    bool reports = op->kind == ALLOT_OP_ACK || op->kind == ALLOT_OP_FAIL;
    bool parks = op->kind == ALLOT_OP_REAP && swarm_has(&w->swarm, SWARM_WORKING); /* ids that were worked on */
    if (w->phase == PHASE_CALM && answer->outcome.status == ALLOT_STATUS_OK && (reports || parks))
        w->thinned_in_calm = true;
    bool moves = op->kind == ALLOT_OP_ASSIGN || op->kind == ALLOT_OP_DEAL || op->kind == ALLOT_OP_RECALL ||
                 op->kind == ALLOT_OP_RELEASE;
    if (w->phase == PHASE_AGAIN && moves && !w->moves_again)
        world_fail(w, "I6: an op of kind %d, when what had been split was split again", (int)op->kind);
    if (w->phase != PHASE_QUIET)
        return;
    replica *r = running(w, &op->slot);
    /* A waiter with a longer ttl than the leader asks when the lease would end that it was told. */
    bool asks = op->kind == ALLOT_OP_CAMPAIGN && swarm_has(&w->swarm, SWARM_MIXED_TTL) &&
                answer->outcome.reason == ALLOT_REFUSED_LED;
    if (asks)
        return;
    if (op->kind != ALLOT_OP_BEAT || r == NULL)
        world_fail(w, "I6: an op of kind %d without a cause, after everything had its place", (int)op->kind);
    else
        r->beats++;
}

void calm_over(world *w)
{
    world_check(w);
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        /* A leader looks again when the slot with the shortest lease would expire, whatever its own ttl. */
        uint64_t most = (uint64_t)(quiet_us(&w->swarm) * 3 / w->swarm.shortest_ttl_us + 2) * 5 / 4;
        if (r->engine != NULL && r->beats > most)
            world_fail(w, "I6: replica %u beats %llu times where %llu are enough", i, (unsigned long long)r->beats,
                       (unsigned long long)most);
        if (r->engine != NULL && r->placed != r->holding_count)
            world_fail(w, "I6: the share of replica %u changed without a cause", i);
    }
    if (invariants_pool_size(w->model) > 0)
        world_cover(w, COVERED_QUIET);
    w->phase = PHASE_OVER;
}
