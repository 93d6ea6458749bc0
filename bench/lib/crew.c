#include "bench/lib/crew.h"
#include "bench/lib/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 128
#define ADD_LIMIT_MS 300000
#define GROUP_LIMIT_MS 10000

/* Long enough for an idle machine to be idle again after what came before. */
#define REST_MS 10

static void take(crew *c, uint32_t i, const allot_event *event)
{
    c->told[event->type]++;
    switch (event->type) {
    case ALLOT_EVENT_GAINED:
        for (uint32_t k = 0; c->all != NULL && k < event->count; k++)
            ids_got(c->all, i, event->ids[k].id.data, event->ids[k].id.len);
        c->gained += event->count;
        c->last_gain_ns = bench_now_ns();
        break;
    case ALLOT_EVENT_LOST:
        c->lost += event->count;
        break;
    case ALLOT_EVENT_LEADER:
        c->leader = i;
        c->leaders++;
        break;
    case ALLOT_EVENT_FENCED:
    case ALLOT_EVENT_STORE_DOWN:
        bench_fail("node %u of %u: %s: %s", i, c->count, allot_event_word(event->type),
                   event->message != NULL ? event->message : allot_why_word(event->why));
    default:
        break;
    }
}

void crew_pull(crew *c, int timeout_ms)
{
    struct epoll_event ready[EVENTS_AT_ONCE];
    int n = epoll_wait(c->epoll, ready, EVENTS_AT_ONCE, timeout_ms);
    for (int k = 0; k < n; k++) {
        const allot_event *event;
        uint32_t i = ready[k].data.u32;
        while (allot_next(c->nodes[i], &event, 0) == ALLOT_OK)
            take(c, i, event);
    }
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static void open_node(crew *c, uint32_t i)
{
    allot_error error = {0};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (node_open(&c->options, &c->hooks, &c->nodes[i], &error) != ALLOT_OK)
        bench_fail("opening node %u: %s", i, error.message);
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, allot_event_fd(c->nodes[i]), &event) != 0)
        bench_fail("epoll_ctl");
}

static void open_group(crew *c, const allot_options *options)
{
    allot_error error = {0};
    const hooks straight = {.backend = c->gate.inner};
    if (group_open(options, false, &straight, &c->group, &error) != ALLOT_OK)
        bench_fail("opening the group: %s", error.message);
}

/* The ages of slots in an empty store count from 1: the last split knew all of them when it knew the last. */
static bool is_settled(crew *c)
{
    allot_view view = {.total = 0};
    allot_error error = {0};
    crew_pull(c, 1);
    if (allot_group_view(c->group, GROUP_LIMIT_MS, &view, &error) != ALLOT_OK)
        bench_fail("the group's view: %s", error.message);
    return view.slots == c->count && view.settled_age == c->count && view.version > 0;
}

void crew_open(crew *c, place *p, uint32_t count, crew_options how, ids *all)
{
    allot_options options;
    *c = (crew){.count = count, .all = all};
    gate_init(&c->gate, p);
    c->hooks = (hooks){.backend = &c->gate.ops, .strategy = how.strategy};
    c->nodes = bench_alloc(count, sizeof(c->nodes[0]));
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    BENCH_MUST(c->epoll >= 0);
    place_options(p, &options);
    open_group(c, &options);
    place_options(p, &c->options);
    c->options.settle_ms = 20;
    c->options.shared = (allot_memory *)&c->gate;
    if (how.strategy != NULL)
        c->options.strategy = how.strategy->name;
    if (how.ttl_ms > 0)
        c->options.ttl_ms = how.ttl_ms;
    for (uint32_t i = 0; i < count; i++)
        open_node(c, i);
    CREW_UNTIL(c, c->told[ALLOT_EVENT_JOINED] == count && is_settled(c));
}

void crew_close(crew *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        allot_close(c->nodes[i]);
    allot_group_close(c->group);
    gate_done(&c->gate);
    close(c->epoll);
    free(c->nodes);
    *c = (crew){.count = 0};
}

/* ---- A split ----------------------------------------------------------------------------------------------------- */

static void rest(crew *c)
{
    int64_t until_ns = bench_now_ns() + REST_MS * INT64_C(1000000);
    while (bench_now_ns() < until_ns)
        crew_pull(c, 1);
}

int64_t crew_fill(crew *c)
{
    allot_error error = {0};
    rest(c); /* a cycle that is under way is not held back */
    gate_shut(&c->gate);
    int64_t start_ns = bench_now_ns();
    if (allot_group_add(c->group, c->all->added, c->all->count, ADD_LIMIT_MS, NULL, &error) != ALLOT_OK)
        bench_fail("adding: %s", error.message);
    int64_t took_ns = bench_now_ns() - start_ns;
    CREW_UNTIL(c, gate_holds(&c->gate));
    /* Two more: the first may have been under way before. */
    for (int beats = 0; beats < 2; beats++) {
        uint64_t before = gate_least_beats(&c->gate);
        gate_nudge(&c->gate);
        CREW_UNTIL(c, gate_least_beats(&c->gate) > before);
    }
    rest(c);
    BENCH_MUST(c->gained == 0);
    return took_ns;
}

int64_t crew_split(crew *c)
{
    int64_t start_ns = gate_open(&c->gate);
    CREW_UNTIL(c, c->gained == c->all->count);
    BENCH_MUST(c->all->owned == c->all->count);
    return c->last_gain_ns - start_ns;
}
