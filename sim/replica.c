#include "sim/world.h"

#include "base/mutants.h"
#include "base/uuid_text.h"

#include <stdlib.h>
#include <string.h>

/* More steps than this at one instant: the engine runs in circles. */
#define STEPS_AT_ONCE_MAX 20000u

/* As the runtime's PLANNER_BUDGET_US. */
#define PLAN_BUDGET_US 2000000

int64_t replica_clock_us(const world *w, const replica *r)
{
    int64_t now_us = w->now_us;
    if (MUTANT(monotonic_clock))
        now_us = (r->paused ? r->paused_us : now_us) - r->slept_us;
    if (MUTANT(realtime_clock) && now_us > w->swarm.calm_us / 2)
        now_us -= w->swarm.longest_ttl_us;
    return w->swarm.clock_offset_us[r->index] + now_us + now_us * w->swarm.drift_ppm[r->index] / 1000000;
}

/* The first instant at which the replica's clock shows at least `clock_us`. */
static int64_t real_us(const world *w, const replica *r, int64_t clock_us)
{
    int64_t ahead_us = clock_us - replica_clock_us(w, r);
    if (ahead_us <= 0)
        return w->now_us;
    return w->now_us + ahead_us * 1000000 / (1000000 + w->swarm.drift_ppm[r->index]) + 2;
}

bool replica_within_deadline(const world *w, const replica *r)
{
    return r->engine != NULL && engine_deadline_us(r->engine) > replica_clock_us(w, r);
}

int64_t replica_deadline_us(const world *w, const replica *r)
{
    return real_us(w, r, engine_deadline_us(r->engine));
}

bool replica_leads(const world *w, const replica *r, uint64_t *ret_term)
{
    return r->engine != NULL && engine_is_leader(r->engine, replica_clock_us(w, r), ret_term);
}

static void look_at_leaders(world *w, const replica *r)
{
    uint64_t term = 0;
    if (!replica_leads(w, r, &term))
        return;
    if (r->term_won != term)
        world_cover(w, COVERED_ADOPTED);
    invariants_look_begin(w->model, w->now_us);
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        if (replica_leads(w, &w->replicas[i], &term))
            invariants_leads(w->model, i, term);
}

static void run_plan(world *w, const replica *r, plan *p)
{
    split_run(w, r, p);
    int64_t took_us = random_below(&w->random, 5000);
    int64_t left_us = w->swarm.calm_us - w->now_us;
    int64_t ttl_us = w->swarm.longest_ttl_us;
    if (world_has(w, SWARM_SLOW_PLAN))
        took_us = random_below(&w->random, left_us < ttl_us ? left_us + 1 : ttl_us);
    if (p->code == ALLOT_E_TIMEOUT) /* by then the runtime has given it up */
        took_us = left_us < PLAN_BUDGET_US ? left_us : PLAN_BUDGET_US;
    world_put(w, w->now_us + took_us, EVENT_PLANNED, r, p);
}

static void act(world *w, replica *r, const engine_action *a)
{
    switch (a->kind) {
    case ENGINE_SUBMIT:
        network_submit(w, r, NULL, a->op);
        break;
    case ENGINE_PLAN:
        run_plan(w, r, a->plan);
        break;
    case ENGINE_TELL:
        trace_tell(w, r, &a->tell);
        invariants_told(w->model, w->now_us, r->index, &a->tell);
        measure_told(w->measure, w, &a->tell);
        worker_told(w, r, &a->tell);
        break;
    case ENGINE_REPLY:
        worker_replied(w, r, a->request);
        break;
    }
}

static bool in_circles(world *w, replica *r)
{
    if (r->stepped_us != w->now_us)
        r->steps_at_once = 0;
    r->stepped_us = w->now_us;
    if (++r->steps_at_once < STEPS_AT_ONCE_MAX)
        return false;
    world_fail(w, "replica %u makes %u steps at one instant", r->index, STEPS_AT_ONCE_MAX);
    return true;
}

/* Some of what a step wanted was done, the rest never will be. The actions are the engine's: they end with it. */
static bool crashes_now(world *w, replica *r, const engine_actions *actions, size_t done)
{
    if (!world_has(w, SWARM_CRASH_IN_STEP) || done + 1 == actions->count || !random_chance(&w->later, 4) ||
        !world_happens(w))
        return false;
    for (size_t i = done + 1; i < actions->count; i++)
        if (actions->items[i].kind == ENGINE_PLAN)
            plan_free(actions->items[i].plan);
    world_cover(w, COVERED_CRASH_IN_STEP);
    replica_crash(w, r);
    return true;
}

void replica_step(world *w, replica *r, engine_event *event)
{
    engine_actions actions;
    if (r->engine == NULL || in_circles(w, r))
        return;
    event->now_us = replica_clock_us(w, r);
    if (engine_step(r->engine, event, &actions) != 0) {
        world_fail(w, "replica %u: engine_step failed", r->index);
        return;
    }
    for (size_t i = 0; i < actions.count; i++) {
        act(w, r, &actions.items[i]);
        if (crashes_now(w, r, &actions, i))
            return;
    }
    if (r->left && !r->ending) { /* at once, or when the store has had time to hear of it */
        r->ending = true;
        int64_t wait_us = random_chance(&w->random, 500) ? 0 : w->swarm.ttl_us[r->index];
        world_put(w, w->now_us + wait_us, EVENT_END, r, NULL);
    }
    look_at_leaders(w, r);
    if (actions.next_us == INT64_MAX) {
        r->wake_us = INT64_MAX;
        return;
    }
    int64_t wake_us = real_us(w, r, actions.next_us);
    if (wake_us != r->wake_us)
        world_put(w, wake_us, EVENT_WAKE, r, NULL);
    r->wake_us = wake_us;
}

void replica_wake(world *w, replica *r)
{
    r->wake_us = INT64_MAX; /* the same instant may be asked for again */
    replica_step(w, r, &(engine_event){.kind = ENGINE_TIME});
}

static allot_bytes text(const char *s)
{
    return (allot_bytes){.data = s, .len = (uint32_t)strlen(s)};
}

void replica_start(world *w, replica *r)
{
    char name[16];
    snprintf(name, sizeof(name), "node-%u", r->index);
    r->split = w->swarm.split;
    if (world_has(w, SWARM_RELOAD))
        r->split = (swarm_split)random_below(&w->random, SPLIT_END);
    engine_config config = {.name = text(name),
                            .host = text("host"),
                            .container = text(""),
                            .strategy = text(split_name(&w->swarm, r->split)),
                            .kind = split_kind(r->split),
                            .pid = 100 + r->index,
                            .weight = w->swarm.weight[r->index],
                            .max_attempts = w->swarm.max_attempts,
                            .ttl_us = w->swarm.ttl_us[r->index],
                            .settle_us = w->swarm.settle_us,
                            .handover_timeout_us = w->swarm.handover_timeout_us,
                            .retry_after_us = w->swarm.retry_after_us,
                            .retire_on_timeout = w->swarm.retire_on_timeout,
                            .plan_ids = w->swarm.plan_ids,
                            .quarantine_always = w->swarm.quarantine_always};
    for (int i = 0; i < 4; i++)
        config.seed[i] = random_next(&w->random) | 1;
    if (r->incarnation > 0)
        world_cover(w, COVERED_RESTART);
    r->incarnation++;
    r->slot = (allot_uuid){0};
    r->left = r->ending = r->draining = r->paused = false;
    r->wake_us = r->work_us = INT64_MAX;
    r->flights_tail = &r->flights;
    r->sent = r->cycle_begun = r->view_number = 0;
    r->view_store_us = r->hold_until_us = 0;
    memset(r->lanes, 0, sizeof(r->lanes));
    r->engine = engine_new(&config);
    if (r->engine == NULL)
        abort();
    trace_line(w, r, "starts, ttl %lld ms, weight %u", (long long)config.ttl_us / 1000, config.weight);
    replica_step(w, r, &(engine_event){.kind = ENGINE_TIME});
    if (swarm_has(&w->swarm, SWARM_WORKING))
        world_put(w, world_soon(w, w->swarm.longest_ttl_us / 3), EVENT_WORKING, r, NULL);
}

void replica_reload(world *w, replica *r, swarm_split split, bool replan)
{
    if (r->engine == NULL || r->paused)
        return;
    engine_settings settings = {.strategy = text(split_name(&w->swarm, split)),
                                .kind = split_kind(split),
                                .max_attempts = w->swarm.max_attempts,
                                .settle_us = w->swarm.settle_us,
                                .handover_timeout_us = w->swarm.handover_timeout_us,
                                .retry_after_us = w->swarm.retry_after_us,
                                .retire_on_timeout = w->swarm.retire_on_timeout,
                                .replan = replan || split != r->split};
    trace_line(w, r, "reloads: %s", split_name(&w->swarm, split));
    r->split = split;
    world_cover(w, COVERED_RELOAD);
    worker_reload(w, r, &settings);
}

void replica_stop(world *w, replica *r)
{
    if (r->engine == NULL)
        return;
    if (w->phase != PHASE_OVER && !r->left && !r->draining && replica_within_deadline(w, r))
        measure_goes(w->measure, r->holding_count);
    worker_stop(r);
    network_orphan(w, r);
    free(r->heard);
    free(r->overdue);
    r->heard = r->overdue = NULL;
    invariants_gone(w->model, r->index);
    engine_free(r->engine);
    r->engine = NULL;
    r->paused = false;
    r->incarnation++;
}

static void prove(world *w, const replica *r)
{
    world_cover(w, COVERED_PROOF);
    allot_uuid *slot = malloc(sizeof(*slot));
    if (slot == NULL)
        abort();
    *slot = r->slot;
    world_put(w, w->now_us + 1 + random_below(&w->random, 50000), EVENT_PROVE, r, slot);
}

void replica_crash(world *w, replica *r)
{
    if (r->engine == NULL)
        return;
    uint64_t term;
    world_cover(w, COVERED_CRASH);
    if (replica_leads(w, r, &term))
        world_cover(w, COVERED_LEADER_CRASH);
    trace_line(w, r, "crashes");
    if (swarm_has(&w->swarm, SWARM_PROOF) && random_chance(&w->random, 700))
        prove(w, r);
    replica_stop(w, r);
    if (random_chance(&w->random, 700))
        world_put(w, world_soon(w, w->swarm.longest_ttl_us), EVENT_START, r, NULL);
}

void replica_end(world *w, replica *r)
{
    world_cover(w, COVERED_LEFT);
    replica_stop(w, r);
    if (w->phase == PHASE_STORM && random_chance(&w->random, 600))
        world_put(w, world_soon(w, w->swarm.leave_every_us), EVENT_START, r, NULL);
}

void replica_pause(world *w, replica *r)
{
    uint64_t term;
    if (r->engine == NULL || r->paused)
        return;
    r->paused = true;
    r->led = replica_leads(w, r, &term);
    r->paused_us = w->now_us;
    r->resume_us = w->now_us + random_between(&w->random, w->swarm.longest_ttl_us / 20, 2 * w->swarm.longest_ttl_us);
    if (r->resume_us > w->swarm.calm_us)
        r->resume_us = w->swarm.calm_us;
    trace_line(w, r, "is stopped until %.1f ms", (double)r->resume_us / 1000);
    if (MUTANT(stopped_taken_for_dead))
        prove(w, r);
    world_put(w, r->resume_us, EVENT_RESUME, r, NULL);
}

void replica_resume(world *w, replica *r)
{
    uint64_t term;
    if (!r->paused)
        return;
    r->slept_us += w->now_us - r->paused_us;
    r->paused = false;
    trace_line(w, r, "goes on");
    if (r->led && !replica_leads(w, r, &term))
        world_cover(w, COVERED_LEADER_PAUSE);
    if (world_has(w, SWARM_LATE_WAKE) && random_chance(&w->more, 500)) {
        world_cover(w, COVERED_LATE_WAKE);
        r->wake_us = w->now_us; /* behind all that has waited for it */
        world_put(w, r->wake_us, EVENT_WAKE, r, NULL);
        return;
    }
    replica_step(w, r, &(engine_event){.kind = ENGINE_TIME});
}
