#include "sim/world.h"

/* ---- Errors of the store ----------------------------------------------------------------------------------------- */

/* What a store without memory refuses (backends/redis/scripts: those without allow-oom). */
static bool grows(allot_op_kind kind)
{
    switch (kind) {
    case ALLOT_OP_JOIN:
    case ALLOT_OP_ADD:
    case ALLOT_OP_ASSIGN:
    case ALLOT_OP_DEAL:
    case ALLOT_OP_RECALL:
    case ALLOT_OP_RETIRE:
    case ALLOT_OP_PUBLISH:
    case ALLOT_OP_FAIL:
    case ALLOT_OP_UNPARK:
        return true;
    default:
        return false;
    }
}

static bool changes(allot_op_kind kind)
{
    return kind < ALLOT_OP_READ_VIEW;
}

static bool concerns(const world *w, const flight *f)
{
    switch (w->error) {
    case ERROR_OOM:
        return grows(f->op->kind);
    case ERROR_READONLY:
        return changes(f->op->kind);
    default:
        return w->error_replica == SIM_REPLICAS_MAX || w->error_replica == f->replica;
    }
}

error_class faults_error(world *w, const flight *f)
{
    static const coverage covered[ERROR_END] = {
        [ERROR_LOADING] = COVERED_ERROR_LOADING,   [ERROR_OOM] = COVERED_ERROR_OOM,
        [ERROR_READONLY] = COVERED_ERROR_READONLY, [ERROR_DENIED] = COVERED_ERROR_DENIED,
        [ERROR_FAILED] = COVERED_ERROR_FAILED,     [ERROR_NOSCRIPT] = COVERED_ERROR_NOSCRIPT};
    if (w->phase != PHASE_STORM || w->now_us >= w->error_until_us || !concerns(w, f))
        return ERROR_NONE;
    if (w->error == ERROR_FAILED && !random_chance(&w->later, 300))
        return ERROR_NONE;
    world_cover(w, covered[w->error]);
    return w->error;
}

static void begin_errors(world *w)
{
    static const char *const words[ERROR_END] = {[ERROR_LOADING] = "LOADING",         [ERROR_OOM] = "OOM",
                                                 [ERROR_READONLY] = "READONLY",       [ERROR_DENIED] = "NOPERM",
                                                 [ERROR_FAILED] = "ERR, by a script", [ERROR_NOSCRIPT] = "NOSCRIPT"};
    w->error = (error_class)random_between(&w->later, ERROR_LOADING, ERROR_END - 1);
    w->error_until_us = w->now_us + random_below(&w->later, 2 * w->swarm.longest_ttl_us);
    w->error_replica = SIM_REPLICAS_MAX;
    replica *one = storm_any_replica(w, &w->later);
    if (w->error == ERROR_DENIED)
        w->error_replica = one->index;
    trace_line(w, w->error == ERROR_DENIED ? one : NULL, "the store answers %s until %.1f ms", words[w->error],
               (double)w->error_until_us / 1000);
    if (w->error == ERROR_READONLY)
        for (uint32_t i = 0; i < w->swarm.replicas; i++)
            network_cut(w, &w->replicas[i]);
}

/* ---- Its clock, frozen ------------------------------------------------------------------------------------------- */

static void freeze(world *w)
{
    if (w->frozen_us != 0)
        return;
    w->froze_us = w->now_us;
    w->frozen_us = world_store_us(w);
    trace_line(w, NULL, "the store's clock stands still");
    world_put(w, w->now_us + random_between(&w->later, 1, 4 * w->swarm.longest_ttl_us), EVENT_THAW, NULL, NULL);
}

/* It goes on from where it stood, or shows what a clock shows that never stood: as if it had been set ahead. */
void faults_thaw(world *w)
{
    if (w->frozen_us == 0)
        return;
    int64_t stood_us = w->now_us - w->froze_us;
    bool jumps = random_chance(&w->later, 500);
    if (stood_us > w->swarm.longest_ttl_us)
        world_cover(w, COVERED_FROZEN);
    w->frozen_us = 0;
    if (jumps) {
        world_cover(w, COVERED_THAWED_AHEAD);
        invariants_clock_set_ahead(w->model, w->now_us);
    } else {
        w->clock_set_us -= stood_us;
    }
    trace_line(w, NULL, "the store's clock goes on, %s", jumps ? "and is right at once" : "from where it stood");
}

/* ---- Members and ids that come and go ---------------------------------------------------------------------------- */

static void members_storm(world *w)
{
    world_cover(w, COVERED_MEMBERS);
    trace_line(w, NULL, "many come and go");
    for (uint32_t i = 0; i < w->swarm.replicas && w->failure[0] == '\0'; i++) {
        replica *r = &w->replicas[i];
        if (!random_chance(&w->later, 600))
            continue;
        if (r->engine == NULL)
            replica_start(w, r);
        else if (random_chance(&w->later, 500))
            replica_crash(w, r);
        else
            storm_leave(w, r);
    }
}

static void churn(world *w)
{
    replica *r = storm_any_replica(w, &w->later);
    uint32_t count = (uint32_t)random_between(&w->later, 1, 4);
    world_cover(w, COVERED_CHURN);
    if (r->engine != NULL && !r->paused)
        worker_add(w, r, count);
    else
        outside_add(w, count);
}

/* ---- The last ops ------------------------------------------------------------------------------------------------ */

static void plan_loss(world *w)
{
    storm_take_snapshot(w);
    w->lose_in = (uint32_t)random_between(&w->later, 1, 12);
}

void faults_changed(world *w)
{
    if (w->lose_in == 0 || w->phase != PHASE_STORM || --w->lose_in > 0 || !storm_can_fall_back(w))
        return;
    world_cover(w, COVERED_LOSE_LAST);
    storm_lose_data(w, true);
}

/* ---- When -------------------------------------------------------------------------------------------------------- */

void faults_plan(world *w)
{
    const swarm *s = &w->swarm;
    const struct {
        event_kind kind;
        swarm_option option;
        int64_t mean_us;
    } faults[] = {{EVENT_LOSE_LAST, SWARM_LOSE_LAST, s->calm_us / 2},
                  {EVENT_FREEZE, SWARM_CLOCK_FROZEN, s->calm_us / 2},
                  {EVENT_ERRORS, SWARM_STORE_ERRORS, s->errors_every_us},
                  {EVENT_MEMBERS, SWARM_MEMBERS, s->members_every_us},
                  {EVENT_CHURN, SWARM_CHURN, s->churn_every_us}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (swarm_has(s, faults[i].option))
            world_put(w, world_soon_by(w, &w->later, faults[i].mean_us), faults[i].kind, NULL, NULL);
}

void faults_event(world *w, const queue_entry *e)
{
    switch (e->kind) {
    case EVENT_LOSE_LAST:
        plan_loss(w);
        break;
    case EVENT_FREEZE:
        freeze(w);
        break;
    case EVENT_ERRORS:
        begin_errors(w);
        break;
    case EVENT_MEMBERS:
        members_storm(w);
        break;
    case EVENT_CHURN:
        churn(w);
        break;
    default:
        break;
    }
}
