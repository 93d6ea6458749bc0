#include "sim/measure.h"

#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

struct measure {
    sim_measures sums;
    bool led;              /* somebody has, ever */
    int64_t leaderless_us; /* so long by now, without a break */
    uint64_t *owners;      /* of each id, the slot that had it last; 0: none */
    size_t owner_capacity;
};

measure *measure_new(void)
{
    return calloc(1, sizeof(measure));
}

void measure_free(measure *m)
{
    if (m == NULL)
        return;
    free(m->owners);
    free(m);
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until when this replica's lease counts, no later than `until_us`. */
static int64_t counts_until(const world *w, const replica *r, int64_t until_us)
{
    return replica_within_deadline(w, r) ? earlier(replica_deadline_us(w, r), until_us) : w->now_us;
}

static void leaderless(measure *m, const world *w, int64_t until_us)
{
    int64_t led_until_us = w->now_us;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        uint64_t term;
        if (r->paused || !replica_leads(w, r, &term)) /* who is stopped leads nobody */
            continue;
        m->led = true;
        if (counts_until(w, r, until_us) > led_until_us)
            led_until_us = counts_until(w, r, until_us);
    }
    if (!m->led)
        return;
    if (led_until_us > w->now_us)
        m->leaderless_us = 0;
    m->leaderless_us += until_us - led_until_us;
    m->sums.leaderless_us += until_us - led_until_us;
    if (m->leaderless_us > m->sums.longest_leaderless_us)
        m->sums.longest_leaderless_us = m->leaderless_us;
}

void measure_time(measure *m, const world *w, int64_t until_us)
{
    int64_t dt_us = until_us - w->now_us;
    if (m == NULL || dt_us <= 0)
        return;
    leaderless(m, w, until_us);
    double owned_us = 0, all_us = (double)invariants_pool_size(w->model) * (double)dt_us;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        if (r->engine != NULL)
            owned_us += (double)(r->holding_count + r->reporting) * (double)(counts_until(w, r, until_us) - w->now_us);
    }
    if (all_us > owned_us)
        m->sums.orphaned_id_s += (all_us - owned_us) / 1e6;
}

/* ---- Movement ---------------------------------------------------------------------------------------------------- */

static uint64_t joined_count(const world *w)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        count += replica_within_deadline(w, &w->replicas[i]);
    return count;
}

static uint64_t held_count(const world *w)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < w->swarm.replicas; i++)
        count += w->replicas[i].holding_count;
    return count;
}

void measure_gained(measure *m, const replica *r, uint32_t id)
{
    if (m == NULL)
        return;
    size_t before = m->owner_capacity;
    if (array_reserve((void **)&m->owners, &m->owner_capacity, (size_t)id + 1, sizeof(m->owners[0])) != 0)
        abort();
    if (m->owner_capacity > before)
        memset(m->owners + before, 0, (m->owner_capacity - before) * sizeof(m->owners[0]));
    uint64_t now = 0;
    memcpy(&now, r->slot.bytes, sizeof(now));
    m->sums.moved += m->owners[id] != 0 && m->owners[id] != now;
    m->owners[id] = now;
}

void measure_told(measure *m, const world *w, const engine_tell *tell)
{
    if (m == NULL)
        return;
    if (tell->type == ALLOT_EVENT_LOST && tell->why != ALLOT_WHY_CLEANED)
        m->sums.necessary += tell->count;
    if (tell->type == ALLOT_EVENT_FENCED)
        m->sums.changes++;
    if (tell->type != ALLOT_EVENT_JOINED)
        return;
    uint64_t joined = joined_count(w);
    m->sums.changes++;
    if (joined > 0)
        m->sums.necessary += (double)held_count(w) / (double)joined;
}

void measure_goes(measure *m, uint64_t ids)
{
    if (m == NULL)
        return;
    m->sums.changes++;
    m->sums.necessary += (double)ids;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

void measure_end(measure *m, const world *w, sim_measures *ret_measures)
{
    uint64_t most = 0, all = 0, running = 0;
    for (uint32_t i = 0; i < w->swarm.replicas; i++) {
        const replica *r = &w->replicas[i];
        if (r->engine == NULL)
            continue;
        running++;
        all += r->holding_count;
        if (r->holding_count > most)
            most = r->holding_count;
    }
    *ret_measures = m->sums;
    ret_measures->done = true;
    ret_measures->balanced = all > 0 && all >= 10 * running;
    ret_measures->balance = all > 0 ? (double)(most * running) / (double)all : 0;
    ret_measures->virtual_us = w->now_us;
}
