#include "sim/world.h"

#include "base/uuid_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- The store's data -------------------------------------------------------------------------------------------- */

static int keep_line(void *user, const char *line, size_t len)
{
    bytes *lines = user;
    uint32_t n = (uint32_t)len;
    if (bytes_append(lines, &n, sizeof(n)) != 0 || bytes_append(lines, line, len) != 0)
        abort();
    return 0;
}

void storm_take_snapshot(world *w)
{
    bytes_clear(&w->snapshot);
    if (store_dump(w->store, keep_line, &w->snapshot) != 0)
        abort();
    w->snapshot_life = store_life(w->store);
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

/* A copy of a life before the present one would come back as if it were the younger: protocol.md, what is not
 * promised. */
bool storm_can_fall_back(const world *w)
{
    allot_uuid life = store_life(w->store);
    return w->snapshot.len > 0 && uuid_equal(&w->snapshot_life, &life);
}

void storm_lose_data(world *w, bool stale)
{
    world_cover(w, stale ? COVERED_STALE : COVERED_LOSS);
    trace_line(w, NULL, stale ? "the store falls back to the copy" : "the store loses all data");
    store_free(w->store);
    w->store = store_new();
    if (w->store == NULL)
        abort();
    if (stale)
        load_snapshot(w);
    bytes_clear(&w->snapshot);
    w->lose_in = 0;
    /* A loss takes time: nothing reaches the store for a while, in which the floor outgrows what was issued. */
    w->store_away_until_us = w->now_us + random_between(&w->random, 5000, 500000);
    /* A store that fell back gives no sign of it until the first beat that knows better: a campaign or an assign that
     * comes before it is judged by old data, quarantine or not. And a quarantine is as long as the ttls that the new
     * life has been told of: with different ones, an old leader's may be longer. */
    bool strict = w->swarm.quarantine_always && !stale && !swarm_has(&w->swarm, SWARM_MIXED_TTL);
    invariants_lost_data(w->model, w->now_us, strict);
    world_check(w);
}

/* ---- What goes wrong, and how often ------------------------------------------------------------------------------ */

replica *storm_any_replica(world *w, random_source *r)
{
    return &w->replicas[random_below(r, w->swarm.replicas)];
}

static void begin_partition(world *w)
{
    int64_t until_us = w->now_us + random_below(&w->random, 2 * w->swarm.longest_ttl_us);
    bool all = random_chance(&w->random, 300);
    uint32_t one = storm_any_replica(w, &w->random)->index;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        if (all || i == one)
            w->replicas[i].away_until_us = until_us;
    trace_line(w, all ? NULL : &w->replicas[one], "away from the store until %.1f ms", (double)until_us / 1000);
}

static void set_clock(world *w)
{
    int64_t ttl_us = w->swarm.longest_ttl_us;
    if (swarm_has(&w->swarm, SWARM_CLOCK_BACK)) {
        w->clock_back_at_us = w->now_us;
        w->clock_set_us = -random_between(&w->more, 1, 20 * ttl_us);
        world_cover(w, COVERED_CLOCK_BACK);
    } else {
        w->clock_set_us = random_between(&w->more, ttl_us / 10, 5 * ttl_us);
        if (w->clock_set_us >= 2 * ttl_us) /* who has beaten before sees it, however slow the network */
            w->clock_ahead_from_us = world_store_us(w);
        world_cover(w, COVERED_CLOCK_AHEAD);
        invariants_clock_set_ahead(w->model, w->now_us);
    }
    trace_line(w, NULL, "the store's clock is set by %.1f ms", (double)w->clock_set_us / 1000);
}

void storm_plan(world *w)
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
                  {EVENT_RELOAD, swarm_has(s, SWARM_RELOAD), s->reload_every_us},
                  {EVENT_ADD, true, s->add_every_us},
                  {EVENT_OUTSIDE_ADD, swarm_has(s, SWARM_OUTSIDE), s->add_every_us},
                  {EVENT_CLEAN, swarm_has(s, SWARM_CLEAN), s->calm_us / 2},
                  {EVENT_SNAPSHOT, swarm_has(s, SWARM_LOSE_SOME), s->calm_us / 3},
                  {EVENT_BURST, swarm_has(s, SWARM_BURST), 2 * s->longest_ttl_us},
                  {EVENT_CLOCK, swarm_has(s, SWARM_CLOCK_BACK) || swarm_has(s, SWARM_CLOCK_AHEAD), s->calm_us / 2},
                  {EVENT_LOSE, swarm_has(s, SWARM_LOSE_ALL) || swarm_has(s, SWARM_LOSE_SOME), s->calm_us / 2}};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (faults[i].on)
            world_put(w, world_soon(w, faults[i].mean_us), faults[i].kind, NULL, NULL);
    faults_plan(w);
    if (s->options == 0)
        world_cover(w, COVERED_FAULTLESS);
}

static uint32_t some_ids(world *w)
{
    return (uint32_t)random_between(&w->random, 1, 1 + w->swarm.ids / 4);
}

void storm_leave(world *w, replica *r)
{
    if (r->engine == NULL || r->paused || r->draining)
        return;
    bool drain =
        swarm_has(&w->swarm, SWARM_DRAIN) && (!swarm_has(&w->swarm, SWARM_LEAVE) || random_chance(&w->random, 500));
    worker_leave(w, r, drain);
}

/* What happens again and again does so about that often, also when it was left out this time. */
static void come_again(world *w, event_kind kind)
{
    const swarm *s = &w->swarm;
    const struct {
        event_kind kind;
        int64_t mean_us;
    } repeated[] = {{EVENT_ADD, s->add_every_us},         {EVENT_OUTSIDE_ADD, s->add_every_us},
                    {EVENT_LEAVE, s->leave_every_us},     {EVENT_RELOAD, s->reload_every_us},
                    {EVENT_PAUSE, s->pause_every_us},     {EVENT_CRASH, s->crash_every_us},
                    {EVENT_MEMBERS, s->members_every_us}, {EVENT_PARTITION, s->partition_every_us},
                    {EVENT_ERRORS, s->errors_every_us},   {EVENT_BURST, 2 * s->longest_ttl_us},
                    {EVENT_CHURN, s->churn_every_us}};
    for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++)
        if (repeated[i].kind == kind)
            world_put(w, world_soon(w, repeated[i].mean_us), kind, NULL, NULL);
}

static void happen(world *w, const queue_entry *e, replica *r)
{
    switch (e->kind) {
    case EVENT_ADD:
        if (r->engine != NULL && !r->paused && w->swarm.ids > 0)
            worker_add(w, r, e->number != 0 ? e->number : some_ids(w));
        break;
    case EVENT_OUTSIDE_ADD:
        outside_add(w, some_ids(w));
        break;
    case EVENT_CLEAN:
        outside_clean(w);
        break;
    case EVENT_LEAVE:
        storm_leave(w, r);
        break;
    case EVENT_RELOAD:
        replica_reload(w, r, (swarm_split)random_below(&w->random, SPLIT_END), random_chance(&w->random, 300));
        break;
    case EVENT_PAUSE:
        replica_pause(w, r);
        break;
    case EVENT_CRASH:
        replica_crash(w, r);
        break;
    case EVENT_PARTITION:
        begin_partition(w);
        break;
    case EVENT_SNAPSHOT:
        storm_take_snapshot(w);
        break;
    case EVENT_LOSE:
        storm_lose_data(w, world_has(w, SWARM_LOSE_SOME) && storm_can_fall_back(w));
        break;
    case EVENT_BURST:
        if (r->engine != NULL && !r->paused)
            worker_burst(w, r);
        break;
    case EVENT_CLOCK:
        set_clock(w);
        break;
    default:
        faults_event(w, e);
        break;
    }
}

void storm_event(world *w, const queue_entry *e)
{
    replica *r = storm_any_replica(w, &w->random);
    if (e->kind == EVENT_ADD || world_happens(w))
        happen(w, e, r);
    if (e->number == 0) /* else these ids are added once, at the start */
        come_again(w, e->kind);
}
