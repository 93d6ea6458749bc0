#include "bench/lib/gate.h"
#include "base/bytes.h"
#include "bench/lib/bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define UNANSWERED_MAX 256u

/* When the ops of a lane that have no answer yet were submitted: answers come in the same order. */
typedef struct clocked_lane {
    int64_t at_ns[UNANSWERED_MAX];
    unsigned first, count;
} clocked_lane;

struct allot_backend {
    gate *gate;
    allot_backend *next; /* in the gate's list */
    allot_backend *inner;
    int epoll; /* readable when `wake` or the inner one's is */
    int wake;
    const allot_op **held;
    size_t held_count, held_capacity;
    atomic_bool holding, nudged;
    _Atomic uint64_t beats;
    clocked_lane lanes[2];
    const allot_sink *sink; /* the caller's, within process */
};

static bool is_bulk(allot_op_kind kind)
{
    return kind > ALLOT_OP_RESIGN;
}

/* ---- Counting ---------------------------------------------------------------------------------------------------- */

static void note_submit(allot_backend *b, const allot_op *op)
{
    gate_times *t = &b->gate->times[op->kind];
    clocked_lane *lane = &b->lanes[is_bulk(op->kind)];
    int64_t now_ns = bench_now_ns(), none = 0;
    BENCH_MUST(lane->count < UNANSWERED_MAX);
    lane->at_ns[(lane->first + lane->count++) % UNANSWERED_MAX] = now_ns;
    atomic_compare_exchange_strong(&t->first_ns, &none, now_ns);
}

static void note_answer(allot_backend *b, const allot_answer *answer)
{
    gate_times *t = &b->gate->times[answer->kind];
    clocked_lane *lane = &b->lanes[is_bulk(answer->kind)];
    int64_t now_ns = bench_now_ns();
    BENCH_MUST(lane->count > 0);
    int64_t took_ns = now_ns - lane->at_ns[lane->first];
    lane->first = (lane->first + 1) % UNANSWERED_MAX;
    lane->count--;
    atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->sum_ns, took_ns, memory_order_relaxed);
    int64_t last_ns = atomic_load(&t->last_ns);
    while (last_ns < now_ns && !atomic_compare_exchange_weak(&t->last_ns, &last_ns, now_ns))
        continue;
    if (answer->kind == ALLOT_OP_BEAT && answer->outcome.status == ALLOT_STATUS_OK)
        atomic_fetch_add(&b->beats, 1);
}

static void on_answer(void *user, const allot_answer *answer)
{
    allot_backend *b = user;
    note_answer(b, answer);
    b->sink->answer(b->sink->user, answer);
}

static void on_hint(void *user, allot_hint hint)
{
    allot_backend *b = user;
    b->sink->hint(b->sink->user, hint);
}

static void on_note(void *user, const char *message)
{
    allot_backend *b = user;
    b->sink->note(b->sink->user, message);
}

static allot_sink sink_of(allot_backend *b, const allot_sink *sink)
{
    b->sink = sink;
    return (allot_sink){.user = b, .answer = on_answer, .hint = on_hint, .note = on_note};
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void watch(allot_backend *b, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (fd >= 0 && epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        bench_fail("epoll_ctl");
}

static int gate_backend_open(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    gate *g = config->shared;
    allot_backend_config inner = *config;
    allot_backend *b = bench_alloc(1, sizeof(*b));
    b->gate = g;
    inner.shared = g->memory;
    int code = g->inner->open(&inner, &b->inner, ret_error);
    if (code != 0) {
        free(b);
        return code;
    }
    b->epoll = epoll_create1(EPOLL_CLOEXEC);
    b->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (b->epoll < 0 || b->wake < 0)
        bench_fail("a descriptor");
    watch(b, b->wake);
    watch(b, g->inner->fd(b->inner));
    pthread_mutex_lock(&g->lock);
    b->next = g->handles;
    g->handles = b;
    pthread_mutex_unlock(&g->lock);
    *ret_backend = b;
    return 0;
}

static void hold(allot_backend *b, const allot_op *op)
{
    if (array_reserve((void **)&b->held, &b->held_capacity, b->held_count + 1, sizeof(b->held[0])) != 0)
        bench_fail("no memory");
    b->held[b->held_count++] = op;
    atomic_store(&b->holding, true);
}

static void pass(allot_backend *b, const allot_op *op)
{
    note_submit(b, op);
    b->gate->inner->submit(b->inner, op);
}

static void gate_submit(allot_backend *b, const allot_op *op)
{
    bool begins = op->kind == ALLOT_OP_READ_ROSTER || op->kind == ALLOT_OP_READ_INBOX;
    if (is_bulk(op->kind) && (b->held_count > 0 || (begins && atomic_load(&b->gate->shut))))
        hold(b, op);
    else
        pass(b, op);
}

static void pass_held(allot_backend *b)
{
    for (size_t i = 0; i < b->held_count; i++)
        pass(b, b->held[i]);
    b->held_count = 0;
    atomic_store(&b->holding, false);
}

static void gate_process(allot_backend *b, const allot_sink *sink)
{
    uint64_t count;
    const allot_sink counting = sink_of(b, sink);
    if (atomic_exchange(&b->nudged, false))
        sink->hint(sink->user, ALLOT_HINT_SHARE);
    if (b->held_count > 0 && !atomic_load(&b->gate->shut))
        pass_held(b);
    if (read(b->wake, &count, sizeof(count)) > 0 && b->held_count > 0 && !atomic_load(&b->gate->shut))
        pass_held(b);
    b->gate->inner->process(b->inner, &counting);
}

static int gate_fd(allot_backend *b)
{
    return b->epoll;
}

static int64_t gate_deadline(allot_backend *b)
{
    return b->gate->inner->deadline(b->inner);
}

static void unlist(allot_backend *b)
{
    pthread_mutex_lock(&b->gate->lock);
    allot_backend **at = &b->gate->handles;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    pthread_mutex_unlock(&b->gate->lock);
}

static void gate_close(allot_backend *b, const allot_sink *sink)
{
    if (b == NULL)
        return;
    const allot_sink counting = sink_of(b, sink);
    unlist(b);
    pass_held(b);
    b->gate->inner->close(b->inner, &counting);
    close(b->epoll);
    close(b->wake);
    free(b->held);
    free(b);
}

/* ---- The gate ---------------------------------------------------------------------------------------------------- */

void gate_init(gate *g, const place *p)
{
    memset(g, 0, sizeof(*g));
    g->inner = p->ops;
    g->memory = p->memory;
    g->ops = *p->ops;
    g->ops.open = gate_backend_open;
    g->ops.submit = gate_submit;
    g->ops.process = gate_process;
    g->ops.fd = gate_fd;
    g->ops.deadline = gate_deadline;
    g->ops.close = gate_close;
    pthread_mutex_init(&g->lock, NULL);
}

void gate_done(gate *g)
{
    BENCH_MUST(g->handles == NULL);
    pthread_mutex_destroy(&g->lock);
}

static void wake(allot_backend *b)
{
    uint64_t one = 1;
    if (write(b->wake, &one, sizeof(one)) != sizeof(one))
        bench_fail("eventfd");
}

void gate_shut(gate *g)
{
    atomic_store(&g->shut, true);
}

int64_t gate_open(gate *g)
{
    pthread_mutex_lock(&g->lock);
    for (int kind = 0; kind < ALLOT_OP_KIND_END; kind++)
        g->times[kind] = (gate_times){.count = 0};
    int64_t at_ns = bench_now_ns();
    atomic_store(&g->shut, false);
    for (allot_backend *b = g->handles; b != NULL; b = b->next)
        if (atomic_load(&b->holding))
            wake(b);
    pthread_mutex_unlock(&g->lock);
    return at_ns;
}

bool gate_holds(gate *g)
{
    bool holds = false;
    pthread_mutex_lock(&g->lock);
    for (allot_backend *b = g->handles; b != NULL; b = b->next)
        holds = holds || atomic_load(&b->holding);
    pthread_mutex_unlock(&g->lock);
    return holds;
}

void gate_nudge(gate *g)
{
    pthread_mutex_lock(&g->lock);
    for (allot_backend *b = g->handles; b != NULL; b = b->next) {
        atomic_store(&b->nudged, true);
        wake(b);
    }
    pthread_mutex_unlock(&g->lock);
}

uint64_t gate_least_beats(gate *g)
{
    uint64_t least = UINT64_MAX;
    pthread_mutex_lock(&g->lock);
    for (allot_backend *b = g->handles; b != NULL; b = b->next)
        if (atomic_load(&b->beats) < least)
            least = atomic_load(&b->beats);
    pthread_mutex_unlock(&g->lock);
    return least;
}
