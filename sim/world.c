#include "sim/world.h"

#include "base/uuid_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The store's clocks: the one that decides expiry, and the one under terms and tokens, which resembles CLOCK_REALTIME. */
#define STORE_CLOCK_US INT64_C(5000000000)
#define FLOOR_CLOCK UINT64_C(1760000000000000)
#define EVENTS_MAX 3000000u

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
    return STORE_CLOCK_US + w->now_us;
}

int64_t world_soon(world *w, int64_t mean_us)
{
    return w->now_us + 1 + random_below(&w->random, 2 * mean_us);
}

/* ---- The store ------------------------------------------------------------------------------------------------------ */

void world_apply(world *w, const allot_op *op, allot_answer *ret_answer, store_effects *ret_effects)
{
    store_moment moment = {.clock_us = world_store_us(w), .floor = FLOOR_CLOCK + (uint64_t)w->now_us};
    if (ALLOT_MUTANT == MUTANT_TOKENS_REUSED)
        moment.floor = 0;
    if (store_apply(w->store, op, &moment, ret_answer, ret_effects) != 0)
        abort();
    w->applied++;
}

void world_each_pool_id(world *w, void (*visit)(world *w, const allot_pool_id *id))
{
    allot_op op = {.kind = ALLOT_OP_READ_POOL, .timeout_us = 1, .u.read.limit = 1024};
    do {
        allot_answer answer;
        store_effects effects;
        store_moment moment = {.clock_us = world_store_us(w)};
        if (store_apply(w->store, &op, &moment, &answer, &effects) != 0)
            abort();
        if (answer.outcome.status != ALLOT_STATUS_OK || effects.changed)
            world_fail(w, "reading the pool is refused, or changes it");
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
    w->next_check = w->applied + 32 + invariants_id_count(w->model);
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

static int keep_line(void *user, const char *line, size_t len)
{
    bytes *lines = user;
    uint32_t n = (uint32_t)len;
    if (bytes_append(lines, &n, sizeof(n)) != 0 || bytes_append(lines, line, len) != 0)
        abort();
    return 0;
}

static void take_snapshot(world *w)
{
    bytes_clear(&w->snapshot);
    if (store_dump(w->store, keep_line, &w->snapshot) != 0)
        abort();
    trace_line(w, NULL, "the store is copied");
}

static void load_snapshot(world *w)
{
    allot_error error = {0};
    for (size_t at = 0; at < w->snapshot.len;) {
        uint32_t n;
        memcpy(&n, w->snapshot.data + at, sizeof(n));
        at += sizeof(n);
        if (store_load(w->store, w->snapshot.data + at, n, &error) != 0)
            world_fail(w, "I2: a dump cannot be loaded: %s", error.message);
        at += n;
    }
}

/* The store comes back with nothing, or with what the snapshot holds. */
static void lose_data(world *w)
{
    bool stale = world_has(w, SWARM_LOSE_SOME) && w->snapshot.len > 0;
    world_cover(w, stale ? COVERED_STALE : COVERED_LOSS);
    trace_line(w, NULL, stale ? "the store falls back to the copy" : "the store loses all data");
    store_free(w->store);
    w->store = store_new();
    if (w->store == NULL)
        abort();
    if (stale)
        load_snapshot(w);
    /* A loss takes time: nothing reaches the store for a while, in which the floor outgrows what was issued. */
    w->store_away_until_us = w->now_us + random_between(&w->random, 5000, 500000);
    /* A store that fell back gives no sign of it until the first beat that knows better: a campaign or an assign that
     * comes before it is judged by old data, quarantine or not. And a quarantine is as long as the ttls that the new
     * life has been told of: with different ones, an old leader's may be longer. */
    bool strict = swarm_has(&w->swarm, SWARM_QUARANTINE) && !stale && !swarm_has(&w->swarm, SWARM_MIXED_TTL);
    invariants_lost_data(w->model, w->now_us, strict);
    world_check(w);
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

/* ---- What goes wrong, and how often --------------------------------------------------------------------------------- */

static replica *any_replica(world *w)
{
    return &w->replicas[random_below(&w->random, w->swarm.replicas)];
}

static void again(world *w, event_kind kind, int64_t mean_us)
{
    if (w->phase == PHASE_STORM)
        world_put(w, world_soon(w, mean_us), kind, NULL, NULL);
}

static void begin_partition(world *w)
{
    int64_t until_us = w->now_us + random_below(&w->random, 2 * w->swarm.longest_ttl_us);
    bool all = random_chance(&w->random, 300);
    uint32_t one = any_replica(w)->index;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        if (all || i == one)
            w->replicas[i].away_until_us = until_us;
    trace_line(w, all ? NULL : &w->replicas[one], "away from the store until %.1f ms", (double)until_us / 1000);
}

static void plan_faults(world *w)
{
    const swarm *s = &w->swarm;
    const struct {
        event_kind kind;
        bool on;
        int64_t mean_us;
    } faults[] = {{EVENT_PARTITION, swarm_has(s, SWARM_PARTITION), s->partition_every_us},
                  {EVENT_PAUSE, swarm_has(s, SWARM_PAUSE), s->pause_every_us},
                  {EVENT_CRASH, swarm_has(s, SWARM_CRASH), s->crash_every_us},
                  {EVENT_LEAVE, swarm_has(s, SWARM_LEAVE) || swarm_has(s, SWARM_DRAIN), s->leave_every_us},
                  {EVENT_ADD, true, s->add_every_us},
                  {EVENT_OUTSIDE_ADD, swarm_has(s, SWARM_OUTSIDE), s->add_every_us},
                  {EVENT_CLEAN, swarm_has(s, SWARM_CLEAN), s->calm_us / 2},
                  {EVENT_SNAPSHOT, swarm_has(s, SWARM_LOSE_SOME), s->calm_us / 3},
                  {EVENT_LOSE, swarm_has(s, SWARM_LOSE_ALL) || swarm_has(s, SWARM_LOSE_SOME), s->calm_us / 2}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (faults[i].on)
            world_put(w, world_soon(w, faults[i].mean_us), faults[i].kind, NULL, NULL);
    if (s->options == 0)
        world_cover(w, COVERED_FAULTLESS);
}

/* ---- The loop ------------------------------------------------------------------------------------------------------- */

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

static uint32_t some_ids(world *w)
{
    return (uint32_t)random_between(&w->random, 1, 1 + w->swarm.ids / 4);
}

static void leave(world *w, replica *r)
{
    if (r->engine == NULL || r->paused || r->draining)
        return;
    bool drain = swarm_has(&w->swarm, SWARM_DRAIN) && (!swarm_has(&w->swarm, SWARM_LEAVE) || random_chance(&w->random, 500));
    worker_leave(w, r, drain);
}

static void storm_event(world *w, const queue_entry *e)
{
    replica *r = any_replica(w);
    switch (e->kind) {
    case EVENT_ADD:
        if (r->engine != NULL && !r->paused && w->swarm.ids > 0)
            worker_add(w, r, e->number != 0 ? e->number : some_ids(w));
        if (e->number == 0)
            again(w, EVENT_ADD, w->swarm.add_every_us);
        break;
    case EVENT_OUTSIDE_ADD:
        outside_add(w, some_ids(w));
        again(w, EVENT_OUTSIDE_ADD, w->swarm.add_every_us);
        break;
    case EVENT_CLEAN:
        outside_clean(w);
        break;
    case EVENT_LEAVE:
        leave(w, r);
        again(w, EVENT_LEAVE, w->swarm.leave_every_us);
        break;
    case EVENT_PAUSE:
        replica_pause(w, r);
        again(w, EVENT_PAUSE, w->swarm.pause_every_us);
        break;
    case EVENT_CRASH:
        replica_crash(w, r);
        again(w, EVENT_CRASH, w->swarm.crash_every_us);
        break;
    case EVENT_PARTITION:
        begin_partition(w);
        again(w, EVENT_PARTITION, w->swarm.partition_every_us);
        break;
    case EVENT_SNAPSHOT:
        take_snapshot(w);
        break;
    case EVENT_LOSE:
        lose_data(w);
        break;
    default:
        break;
    }
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

/* ---- Birth and death ------------------------------------------------------------------------------------------------ */

static bool within_deadline(void *user, uint32_t i)
{
    const world *w = user;
    return replica_within_deadline(w, &w->replicas[i]);
}

static void plan_start(world *w)
{
    for (uint32_t i = 0; i < SIM_REPLICAS_MAX; i++)
        w->replicas[i].index = i;
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
    plan_faults(w);
    world_put(w, w->swarm.calm_us, EVENT_CALM, NULL, NULL);
}

static void world_begin(world *w, uint64_t seed, uint32_t replicas, FILE *trace)
{
    *w = (world){.trace = trace, .hash = seed, .store = store_new(), .next_check = 64};
    if (w->store == NULL)
        abort();
    random_seed(&w->random, seed);
    swarm_choose(&w->swarm, &w->random, replicas);
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
    store_free(w->store);
}

void world_run(uint64_t seed, uint32_t replicas, FILE *trace, world_result *ret_result)
{
    world w;
    queue_entry e;
    world_begin(&w, seed, replicas, trace);
    while (w.failure[0] == '\0' && w.phase != PHASE_OVER && queue_take(&w.queue, &e))
        step(&w, &e);
    if (invariants_term_count(w.model) >= 3)
        world_cover(&w, COVERED_TERMS);
    if (w.failure[0] != '\0')
        trace_line(&w, NULL, "FAILED: %s", w.failure);
    *ret_result = (world_result){
        .hash = w.hash, .events = w.events, .options = w.swarm.options, .virtual_us = w.now_us};
    memcpy(ret_result->failure, w.failure, sizeof(w.failure));
    memcpy(ret_result->covered, w.covered, sizeof(w.covered));
    world_end(&w);
}
