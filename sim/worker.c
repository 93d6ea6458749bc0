#include "sim/world.h"

#include "base/bits.h"

#include <stdlib.h>
#include <string.h>

/* ---- Ids held ---------------------------------------------------------------------------------------------------- */

static holding *find(const replica *r, uint32_t id)
{
    if (id >= r->place_capacity || r->places[id] == 0)
        return NULL;
    return &r->holdings[r->places[id] - 1];
}

static void make_room(replica *r, uint32_t id)
{
    size_t before = r->place_capacity;
    if (array_reserve((void **)&r->places, &r->place_capacity, (size_t)id + 1, sizeof(r->places[0])) != 0 ||
        array_reserve((void **)&r->holdings, &r->holding_capacity, r->holding_count + 1, sizeof(r->holdings[0])) != 0)
        abort();
    if (r->place_capacity > before)
        memset(r->places + before, 0, (r->place_capacity - before) * sizeof(r->places[0]));
}

static void hold(replica *r, holding h)
{
    if (find(r, h.id) != NULL)
        return;
    make_room(r, h.id);
    r->holdings[r->holding_count++] = h;
    r->places[h.id] = (uint32_t)r->holding_count;
}

static void drop(replica *r, uint32_t id)
{
    holding *h = find(r, id);
    if (h == NULL)
        return;
    r->places[id] = 0;
    *h = r->holdings[--r->holding_count];
    if (h != &r->holdings[r->holding_count])
        r->places[h->id] = (uint32_t)(h - r->holdings) + 1;
}

/* Instants lie on a grid, so that ids are reported many at a time. */
static int64_t on_grid(const world *w, int64_t at_us)
{
    int64_t grid_us = w->swarm.longest_ttl_us / 20;
    return (at_us / grid_us + 1) * grid_us;
}

static int64_t work_until_us(world *w)
{
    if (!world_has(w, SWARM_WORK))
        return INT64_MAX;
    return on_grid(w, w->now_us + random_below(&w->random, w->swarm.work_us));
}

static void plan_work(world *w, replica *r)
{
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < r->holding_count; i++)
        if (r->holdings[i].until_us < next_us)
            next_us = r->holdings[i].until_us;
    if (next_us < w->now_us)
        next_us = w->now_us;
    if (next_us == r->work_us)
        return;
    r->work_us = next_us;
    if (next_us != INT64_MAX)
        world_put(w, next_us, EVENT_WORK, r, NULL);
}

/* ---- Told -------------------------------------------------------------------------------------------------------- */

static int64_t give_back_us(world *w)
{
    if (w->phase != PHASE_STORM)
        return w->now_us + 1000;
    if (swarm_has(&w->swarm, SWARM_STUBBORN) && random_chance(&w->random, 300))
        return INT64_MAX;
    if (random_chance(&w->random, 500))
        return w->now_us + 1;
    return on_grid(w, w->now_us + random_below(&w->random, w->swarm.work_us));
}

/* A thread that was at work on it may report it all the same, much later. */
static void lose(const world *w, replica *r, const holding *h)
{
    if (h == NULL)
        return;
    if (world_has(w, SWARM_LATE_REPORT) && r->lost_count < LOST_KEPT)
        r->lost[r->lost_count++] = *h;
    drop(r, h->id);
}

static void told_of(world *w, replica *r, const engine_tell *tell, uint32_t id)
{
    holding *h = find(r, id);
    if (tell->type == ALLOT_EVENT_GAINED)
        measure_gained(w->measure, r, id);
    if (tell->type == ALLOT_EVENT_GAINED)
        hold(r, (holding){.id = id, .token = tell->ids->token, .until_us = work_until_us(w)});
    else if (tell->type == ALLOT_EVENT_LOST)
        lose(w, r, h);
    else if (tell->type == ALLOT_EVENT_RECALLED && h != NULL) {
        h->recalled = true;
        h->until_us = give_back_us(w);
    }
}

void worker_told(world *w, replica *r, const engine_tell *tell)
{
    if (tell->type == ALLOT_EVENT_LEFT)
        r->left = true;
    if (tell->type == ALLOT_EVENT_FENCED)
        world_cover(w, COVERED_FENCED);
    if (tell->ids == NULL)
        return;
    for (uint32_t i = 0; i < tell->ids->count; i++)
        if (bits_test(tell->which, i))
            told_of(w, r, tell, invariants_id(w->model, tell->ids->ids[i].id));
    plan_work(w, r);
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

static app_call *call_new(replica *r, engine_request_kind kind, size_t count)
{
    size_t each = sizeof(allot_id) + sizeof(allot_new_id) + sizeof(uint32_t) + 2 * sizeof(bool);
    app_call *c = calloc(1, sizeof(*c) + count * each);
    if (c == NULL)
        abort();
    allot_id *ids = (allot_id *)(c + 1);
    allot_new_id *news = (allot_new_id *)(ids + count);
    c->numbers = (uint32_t *)(news + count);
    c->recalled = (bool *)(c->numbers + count);
    c->request = (engine_request){.kind = kind, .accepted = c->recalled + count};
    if (kind == ENGINE_ADD)
        c->request.news = news;
    else if (count > 0)
        c->request.ids = ids;
    c->next = r->calls;
    c->link = &r->calls;
    if (c->next != NULL)
        c->next->link = &c->next;
    r->calls = c;
    return c;
}

static void call_free(app_call *c)
{
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    free(c);
}

static void call_add(world *w, app_call *c, const holding *h)
{
    size_t i = c->request.count++;
    ((allot_id *)(uintptr_t)c->request.ids)[i] = (allot_id){.id = invariants_text(w->model, h->id), .token = h->token};
    c->numbers[i] = h->id;
    c->recalled[i] = h->recalled;
}

static bool is_report(engine_request_kind kind)
{
    return kind == ENGINE_ACK || kind == ENGINE_FAIL || kind == ENGINE_RELEASE;
}

static void submit(world *w, replica *r, app_call *c)
{
    static const char *const words[] = {"?", "add", "ack", "fail", "release", "working", "drain", "leave", "reload"};
    trace_line(w, r, "application asks: %s %zu", words[c->request.kind], c->request.count);
    r->reporting += is_report(c->request.kind) ? c->request.count : 0;
    replica_step(w, r, &(engine_event){.kind = ENGINE_REQUEST, .request = &c->request});
}

static engine_request_kind choose_report(world *w, const holding *h)
{
    bool anyway = w->swarm.settings == NULL; /* ids that are given back for no reason move for no reason */
    if (w->phase != PHASE_STORM || (h->recalled && random_chance(&w->random, 600)) ||
        (anyway && random_chance(&w->random, 50)))
        return ENGINE_RELEASE;
    return world_has(w, SWARM_FAIL) && random_chance(&w->random, 250) ? ENGINE_FAIL : ENGINE_ACK;
}

static void report_lost(world *w, replica *r)
{
    static const engine_request_kind kinds[] = {ENGINE_ACK, ENGINE_FAIL, ENGINE_RELEASE};
    app_call *c = call_new(r, kinds[random_below(&w->more, 3)], r->lost_count);
    for (uint32_t i = 0; i < r->lost_count; i++)
        call_add(w, c, &r->lost[i]);
    r->lost_count = 0;
    world_cover(w, COVERED_LATE_REPORT);
    submit(w, r, c);
}

/* One report of all that is due and goes the same way; the rest follows in an event of its own. */
void worker_work(world *w, replica *r)
{
    app_call *c = NULL;
    if (r->lost_count > 0 && world_has(w, SWARM_LATE_REPORT) && random_chance(&w->more, 300))
        report_lost(w, r);
    r->work_us = INT64_MAX;
    for (size_t i = r->holding_count; i > 0; i--) {
        holding h = r->holdings[i - 1];
        if (h.until_us > w->now_us || (c != NULL && w->phase == PHASE_STORM && random_chance(&w->random, 100)))
            continue;
        if (c == NULL)
            c = call_new(r, choose_report(w, &h), r->holding_count);
        call_add(w, c, &h);
        invariants_stopped(w->model, r->index, h.id);
        drop(r, h.id);
    }
    plan_work(w, r);
    if (c == NULL)
        return;
    c->request.reason = (allot_bytes){.data = "it failed", .len = 9};
    submit(w, r, c);
}

void worker_list_work(world *w, replica *r)
{
    app_call *c = call_new(r, ENGINE_WORKING, r->holding_count);
    for (size_t i = 0; i < r->holding_count && c->request.count < ALLOT_WORKING_MAX; i++)
        if (random_chance(&w->random, 500))
            call_add(w, c, &r->holdings[i]);
    submit(w, r, c);
    if (w->phase == PHASE_STORM && r->engine != NULL)
        world_put(w, world_soon(w, w->swarm.longest_ttl_us / 2), EVENT_WORKING, r, NULL);
}

allot_bytes worker_pick_id(world *w, char *ret_text, size_t size)
{
    uint32_t known = invariants_id_count(w->model);
    if (known > 0 && random_chance(&w->random, 200)) {
        uint32_t id = (uint32_t)random_below(&w->random, known);
        if (!invariants_in_pool(w->model, id))
            world_cover(w, COVERED_READD);
        return invariants_text(w->model, id);
    }
    snprintf(ret_text, size, "id-%u", known);
    return invariants_text(w->model,
                           invariants_id(w->model, (allot_bytes){.data = ret_text, .len = (uint32_t)strlen(ret_text)}));
}

void worker_add(world *w, replica *r, uint32_t count)
{
    char id[16];
    app_call *c = call_new(r, ENGINE_ADD, count);
    c->request.count = count;
    for (uint32_t i = 0; i < count; i++) {
        allot_bytes picked = worker_pick_id(w, id, sizeof(id));
        ((allot_new_id *)(uintptr_t)c->request.news)[i] =
            (allot_new_id){.id = picked, .payload = {.data = "payload", .len = (uint32_t)random_below(&w->random, 3)}};
        c->numbers[i] = invariants_id(w->model, picked);
    }
    submit(w, r, c);
}

/* Of ids that were added before, as far as there are any. */
void worker_burst(world *w, replica *r)
{
    world_cover(w, COVERED_BURST);
    for (uint32_t i = 0; i < 72 && r->engine != NULL && w->failure[0] == '\0'; i++) {
        uint32_t known = invariants_id_count(w->model);
        app_call *c = call_new(r, ENGINE_ADD, 1);
        c->request.count = 1;
        c->numbers[0] = known > 0 ? (uint32_t)random_below(&w->more, known)
                                  : invariants_id(w->model, (allot_bytes){.data = "id", .len = 2});
        allot_new_id *news = (allot_new_id *)(uintptr_t)c->request.news;
        news[0] = (allot_new_id){.id = invariants_text(w->model, c->numbers[0])};
        submit(w, r, c);
    }
}

void worker_leave(world *w, replica *r, bool drain)
{
    app_call *c = call_new(r, drain ? ENGINE_DRAIN : ENGINE_LEAVE, 0);
    c->request.why = ALLOT_WHY_LEAVING;
    if (replica_within_deadline(w, r)) /* without a drain, it is told what it loses */
        measure_goes(w->measure, drain ? r->holding_count : 0);
    r->draining = true;
    submit(w, r, c);
}

/* Replied to before this returns. */
void worker_reload(world *w, replica *r, const engine_settings *settings)
{
    app_call *c = call_new(r, ENGINE_RELOAD, 0);
    c->request.settings = settings;
    submit(w, r, c);
}

/* ---- Replies ----------------------------------------------------------------------------------------------------- */

/* What was not accepted and is still the replica's is worked on again. */
static void take_back(world *w, replica *r, const app_call *c, size_t i)
{
    uint64_t token;
    const allot_id *id = &c->request.ids[i];
    if (!engine_owns(r->engine, replica_clock_us(w, r), id->id.data, id->id.len, &token) || token != id->token ||
        find(r, c->numbers[i]) != NULL)
        return;
    int64_t until_us = c->recalled[i] ? give_back_us(w) : work_until_us(w);
    hold(r, (holding){.id = c->numbers[i], .token = token, .until_us = until_us, .recalled = c->recalled[i]});
    invariants_resumed(w->model, r->index, c->numbers[i], token);
}

static void report_replied(world *w, replica *r, const app_call *c)
{
    const engine_request *q = &c->request;
    bool all_known = q->ok + q->refused == q->count;
    for (size_t i = 0; i < q->count; i++) {
        if (q->kind == ENGINE_ACK && (q->accepted[i] || all_known))
            invariants_ack_reported(w->model, c->numbers[i], q->ids[i].token, q->accepted[i]);
        if (!q->accepted[i])
            take_back(w, r, c, i);
    }
    plan_work(w, r);
}

void worker_replied(world *w, replica *r, engine_request *request)
{
    app_call *c = (app_call *)(void *)((char *)request - offsetof(app_call, request));
    trace_line(w, r, "application hears: code %d, %llu done, %llu ok, %llu refused of %zu", (int)request->code,
               (unsigned long long)request->done, (unsigned long long)request->ok, (unsigned long long)request->refused,
               request->count);
    if (request->kind == ENGINE_ADD)
        for (uint64_t i = 0; i < request->done; i++)
            invariants_add_reported(w->model, c->numbers[i]);
    if (is_report(request->kind)) {
        r->reporting -= request->count;
        report_replied(w, r, c);
    }
    call_free(c);
}

void worker_calm(world *w, replica *r)
{
    for (size_t i = 0; i < r->holding_count; i++)
        r->holdings[i].until_us = r->holdings[i].recalled ? w->now_us + 1000 : INT64_MAX;
    plan_work(w, r);
}

void worker_stop(replica *r)
{
    while (r->calls != NULL)
        call_free(r->calls);
    while (r->holding_count > 0)
        drop(r, r->holdings[0].id);
    r->lost_count = 0;
    r->reporting = 0;
}
