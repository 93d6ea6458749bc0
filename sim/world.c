#include "sim/world.h"

#include "base/uuid_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The store's clock that decides expiry. */
#define STORE_CLOCK_US INT64_C(5000000000)
#define EVENTS_MAX 30000000u
#define WIDE_FROM 50u

void world_fail(world *w, const char *format, ...)
{
    if (w->failure[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(w->failure, sizeof(w->failure), format, args);
    va_end(args);
}

void world_put(world *w, int64_t at_us, event_kind kind, const replica *r, void *item)
{
    queue_put(&w->queue, (queue_entry){.at_us = at_us,
                                       .kind = kind,
                                       .replica = r != NULL ? r->index : SIM_REPLICAS_MAX,
                                       .incarnation = r != NULL ? r->incarnation : 0,
                                       .item = item});
}

int64_t world_store_us(const world *w)
{
    if (w->frozen_us != 0)
        return w->frozen_us;
    return STORE_CLOCK_US + w->now_us + w->clock_set_us;
}

int64_t world_soon_by(const world *w, random_source *r, int64_t mean_us)
{
    return w->now_us + 1 + random_below(r, 2 * mean_us);
}

int64_t world_soon(world *w, int64_t mean_us)
{
    return world_soon_by(w, &w->random, mean_us);
}

bool world_happens(world *w)
{
    return !case_leaves_out(w->given, w->result->faults++);
}

/* ---- The store --------------------------------------------------------------------------------------------------- */

void world_apply(world *w, const allot_op *op, allot_answer *ret_answer, store_effects *ret_effects)
{
    store_moment moment = {.clock_us = world_store_us(w), .floor = FLOOR_CLOCK + (uint64_t)w->now_us};
    if (store_apply(w->store, op, &moment, ret_answer, ret_effects) != 0)
        abort();
    w->applied++;
}

void world_read(world *w, allot_op *op, allot_answer *ret_answer)
{
    store_effects effects;
    store_moment moment = {.clock_us = world_store_us(w)};
    op->timeout_us = 1;
    if (store_apply(w->store, op, &moment, ret_answer, &effects) != 0)
        abort();
    if (ret_answer->outcome.status != ALLOT_STATUS_OK || effects.changed)
        world_fail(w, "a read of kind %d is refused, or changes something", (int)op->kind);
}

void world_each_pool_id(world *w, void (*visit)(world *w, const allot_pool_id *id))
{
    allot_op op = {.kind = ALLOT_OP_READ_POOL, .u.read.limit = 1024};
    do {
        allot_answer answer;
        world_read(w, &op, &answer);
        for (uint32_t i = 0; i < answer.id_count; i++)
            visit(w, &answer.ids[i]);
        op.u.read.cursor = answer.next_cursor;
    } while (op.u.read.cursor != 0 && w->failure[0] == '\0');
}

static void visit_pool_id(world *w, const allot_pool_id *id)
{
    if (id->place == ALLOT_PLACE_PARKED && id->due_in_us == INT64_MAX)
        world_cover(w, COVERED_PARK_FOR_GOOD);
    invariants_pool_id(w->model, id);
}

typedef struct owner_visit {
    world *world;
    uint32_t replica;
} owner_visit;

static void visit_owned(void *user, allot_bytes id, uint64_t token, bool recalled)
{
    (void)recalled;
    const owner_visit *v = user;
    invariants_owner(v->world->model, v->replica, id, token);
}

void world_check(world *w)
{
    allot_error error;
    w->next_check =
        w->applied + 32 + invariants_id_count(w->model) + (w->swarm.replicas < WIDE_FROM ? 0 : 8u * w->swarm.replicas);
    if (store_check(w->store, &error) != 0)
        world_fail(w, "I2: %s", error.message);
    invariants_pool_begin(w->model);
    world_each_pool_id(w, visit_pool_id);
    invariants_pool_end(w->model);
    invariants_look_begin(w->model, w->now_us);
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        replica *r = &w->replicas[i];
        uint64_t term;
        if (replica_leads(w, r, &term))
            invariants_leads(w->model, i, term);
        owner_visit v = {.world = w, .replica = i};
        if (replica_within_deadline(w, r))
            engine_each_owned(r->engine, visit_owned, &v);
    }
}

static void prove_dead(world *w, const allot_uuid *slot)
{
    store_effects effects = {0};
    if (w->now_us < w->store_away_until_us || !store_slot_is_live(w->store, slot))
        return;
    trace_line(w, NULL, "slot %02x%02x is proven dead", slot->bytes[0], slot->bytes[1]);
    if (store_prove_dead(w->store, slot, &effects) != 0)
        abort();
    invariants_proved_dead(w->model, slot);
    network_hints(w, &effects);
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

/* What happens inside a process: to this one engine, and not while it is stopped. */
static bool in_process(uint32_t kind)
{
    return kind == EVENT_HINT || kind == EVENT_WAKE || kind == EVENT_PLANNED || kind == EVENT_WORK ||
           kind == EVENT_WORKING || kind == EVENT_END;
}

static void process_event(world *w, queue_entry *e)
{
    replica *r = &w->replicas[e->replica];
    if (r->engine == NULL || r->incarnation != e->incarnation) {
        if (e->kind == EVENT_PLANNED)
            plan_free(e->item);
        return;
    }
    if (r->paused) {
        e->at_us = r->resume_us;
        if (e->kind == EVENT_WORK && r->work_us == w->now_us)
            r->work_us = r->resume_us;
        if (e->kind != EVENT_WAKE)
            queue_put(&w->queue, *e);
        return;
    }
    if (e->kind == EVENT_HINT)
        replica_step(w, r, &(engine_event){.kind = ENGINE_HINT, .hint = (allot_hint)e->number});
    else if (e->kind == EVENT_WAKE && e->at_us == r->wake_us)
        replica_wake(w, r);
    else if (e->kind == EVENT_PLANNED)
        replica_step(w, r, &(engine_event){.kind = ENGINE_PLANNED, .planned = e->item});
    else if (e->kind == EVENT_WORK && e->at_us == r->work_us)
        worker_work(w, r);
    else if (e->kind == EVENT_END)
        replica_end(w, r);
    else if (e->kind == EVENT_WORKING)
        worker_list_work(w, r);
}

static void group_event(world *w, const queue_entry *e)
{
    replica *r = e->replica < SIM_REPLICAS_MAX ? &w->replicas[e->replica] : NULL;
    switch (e->kind) {
    case EVENT_APPLY:
        network_apply(w, e->item);
        break;
    case EVENT_ANSWER:
        network_answer(w, e->item);
        break;
    case EVENT_RESUME:
        if (r->incarnation == e->incarnation && r->resume_us == w->now_us)
            replica_resume(w, r);
        break;
    case EVENT_STOP:
        if (r->incarnation == e->incarnation && w->phase == PHASE_STORM)
            replica_pause(w, r);
        break;
    case EVENT_START:
        if (r->engine == NULL && w->phase == PHASE_STORM)
            replica_start(w, r);
        break;
    case EVENT_PROVE:
        prove_dead(w, e->item);
        free(e->item);
        break;
    case EVENT_OUTSIDE_AGAIN:
        outside_again(w, e->item);
        break;
    case EVENT_THAW:
        faults_thaw(w);
        break;
    case EVENT_CALM:
        calm_begin(w);
        break;
    case EVENT_CHECK:
        calm_check(w);
        break;
    case EVENT_QUIET_OVER:
        calm_over(w);
        break;
    default:
        if (w->phase == PHASE_STORM)
            storm_event(w, e);
        break;
    }
}

static void step(world *w, queue_entry *e)
{
    measure_time(w->measure, w, e->at_us);
    w->now_us = e->at_us;
    trace_hash(w, (uint64_t)e->at_us << 8 ^ (uint64_t)e->kind << 4 ^ e->replica);
    if (in_process(e->kind))
        process_event(w, e);
    else
        group_event(w, e);
    const char *broken = invariants_broken(w->model);
    if (broken != NULL)
        world_fail(w, "%s", broken);
    if (++w->events > EVENTS_MAX)
        world_fail(w, "more than %u events: somebody runs in circles", EVENTS_MAX);
}

/* ---- Birth and death --------------------------------------------------------------------------------------------- */

static bool within_deadline(void *user, uint32_t i)
{
    const world *w = user;
    return replica_within_deadline(w, &w->replicas[i]);
}

static void plan_start(world *w)
{
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        world_put(w, random_below(&w->random, w->swarm.longest_ttl_us), EVENT_START, &w->replicas[i], NULL);
    for (uint32_t left = w->swarm.ids; left > 0;) {
        uint32_t part = (uint32_t)random_between(&w->random, 1, left);
        queue_put(&w->queue, (queue_entry){.at_us = random_below(&w->random, 2 * w->swarm.longest_ttl_us),
                                           .kind = EVENT_ADD,
                                           .replica = SIM_REPLICAS_MAX,
                                           .number = part});
        left -= part;
    }
    storm_plan(w);
    world_put(w, w->swarm.calm_us, EVENT_CALM, NULL, NULL);
}

static void make_replicas(world *w)
{
    uint32_t count = w->swarm.replicas;
    w->replicas = calloc(count, sizeof(w->replicas[0]));
    if (w->replicas == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++)
        w->replicas[i].index = i;
    if (count >= WIDE_FROM)
        world_cover(w, COVERED_WIDE);
    if (count == SIM_REPLICAS_MAX)
        world_cover(w, COVERED_THOUSAND);
    if (w->swarm.ids >= 3000)
        world_cover(w, COVERED_MANY_IDS);
}

static void world_begin(world *w, const sim_case *c, world_result *ret_result)
{
    *w = (world){.result = ret_result, .given = c, .hash = c->seed, .store = store_new(), .next_check = 64};
    if (w->store == NULL)
        abort();
    random_seed(&w->random, c->seed);
    random_seed(&w->more, ~c->seed);
    random_seed(&w->later, c->seed ^ UINT64_C(0x55555555aaaaaaaa));
    swarm_sources sources = {.random = &w->random, .more = &w->more, .later = &w->later};
    swarm_choose(&w->swarm, sources, &c->limits);
    *ret_result = (world_result){
        .options = w->swarm.options, .replicas = w->swarm.replicas, .ids = w->swarm.ids, .calm_us = w->swarm.calm_us};
    make_replicas(w);
    w->measure = c->measured ? measure_new() : NULL;
    invariants_config config = {.replicas = w->swarm.replicas,
                                .ttl_us = w->swarm.longest_ttl_us,
                                .shortest_ttl_us = w->swarm.shortest_ttl_us,
                                .within_deadline = within_deadline,
                                .user = w};
    w->model = invariants_new(&config);
    plan_start(w);
}

static void drop_event(queue_entry *e)
{
    flight *f = e->item;
    if (e->kind == EVENT_PLANNED)
        plan_free(e->item);
    else if (e->kind == EVENT_PROVE)
        free(e->item);
    else if ((e->kind == EVENT_APPLY || e->kind == EVENT_ANSWER) && --f->events == 0)
        network_free_flight(f);
}

static void world_end(world *w)
{
    w->phase = PHASE_OVER;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        replica_stop(w, &w->replicas[i]);
        free(w->replicas[i].holdings);
        free(w->replicas[i].places);
    }
    queue_entry e;
    while (queue_take(&w->queue, &e))
        drop_event(&e);
    queue_done(&w->queue);
    outside_free_all(w);
    invariants_free(w->model);
    bytes_done(&w->snapshot);
    measure_free(w->measure);
    store_free(w->store);
    free(w->replicas);
}

void world_run(const sim_case *c, FILE *trace, trace_depth depth, world_result *ret_result)
{
    world w;
    queue_entry e;
    world_begin(&w, c, ret_result);
    w.trace = trace;
    w.depth = depth;
    while (w.failure[0] == '\0' && w.phase != PHASE_OVER && queue_take(&w.queue, &e))
        step(&w, &e);
    if (invariants_term_count(w.model) >= 3)
        world_cover(&w, COVERED_TERMS);
    if (w.failure[0] != '\0')
        trace_line(&w, NULL, "FAILED: %s", w.failure);
    if (w.measure != NULL && w.failure[0] == '\0')
        measure_end(w.measure, &w, &ret_result->measures);
    ret_result->hash = w.hash;
    ret_result->events = w.events;
    ret_result->virtual_us = w.now_us;
    memcpy(ret_result->failure, w.failure, sizeof(w.failure));
    memcpy(ret_result->covered, w.covered, sizeof(w.covered));
    world_end(&w);
}
