#include "core/runtime/clock.h"
#include "core/runtime/node.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- What the backend delivers ----------------------------------------------------------------------------------- */

static void on_answer(void *user, const allot_answer *answer)
{
    allot_node *node = user;
    pthread_mutex_lock(&node->lock);
    if (!node->dead)
        node_step(node, (engine_event){.kind = ENGINE_ANSWER, .answer = answer});
    pthread_mutex_unlock(&node->lock);
}

static void on_hint(void *user, allot_hint hint)
{
    allot_node *node = user;
    pthread_mutex_lock(&node->lock);
    if (!node->dead)
        node_step(node, (engine_event){.kind = ENGINE_HINT, .hint = hint});
    pthread_mutex_unlock(&node->lock);
}

static void on_note(void *user, const char *message)
{
    allot_node *node = user;
    pthread_mutex_lock(&node->lock);
    if (!node->dead && event_queue_note(&node->queue, message, clock_boot_us(&node->clock)) != ALLOT_OK)
        node_die(node);
    pthread_cond_broadcast(&node->told);
    pthread_mutex_unlock(&node->lock);
}

/* ---- What is due: under the lock --------------------------------------------------------------------------------- */

/* A plan that failed is reported by the engine, if it still waits for it. */
static void collect_plans(allot_node *node)
{
    plan *p;
    while ((p = planner_collect(&node->planner, clock_boot_us(&node->clock))) != NULL) {
        if (node->dead)
            plan_free(p);
        else
            node_step(node, (engine_event){.kind = ENGINE_PLANNED, .planned = p});
    }
}

static int64_t stall_us(const allot_node *node)
{
    int64_t idle_us = event_queue_idle_since_us(&node->queue);
    if (node->settings.options.stall_ms == 0 || node->stalled || idle_us == INT64_MAX)
        return INT64_MAX;
    return idle_us + node->settings.options.stall_ms * 1000;
}

/* An application that takes no event for so long is treated as dead: the node gives back what it holds (§2). */
static void leave_when_stalled(allot_node *node)
{
    if (node->dead || clock_boot_us(&node->clock) < stall_us(node))
        return;
    node->stalled = true;
    node->stall = (engine_request){.kind = ENGINE_LEAVE, .why = ALLOT_WHY_STALLED};
    node_step(node, (engine_event){.kind = ENGINE_REQUEST, .request = &node->stall});
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t due_us(const allot_node *node)
{
    if (node->dead)
        return planner_next_us(&node->planner);
    if (node->outbox.count > 0)
        return INT64_MIN;
    return earlier(node->next_us, earlier(planner_next_us(&node->planner), stall_us(node)));
}

/* ---- The backend: without the lock ------------------------------------------------------------------------------- */

/* False: out of memory. */
static bool submit_all(allot_node *node)
{
    bool submitted = true;
    for (size_t i = 0; i < node->sending.count && submitted; i++)
        submitted = call_submit(&node->backend, node->sending.ops[i]) == ALLOT_OK;
    node->sending.count = 0;
    return submitted;
}

static void run_backend(allot_node *node)
{
    const allot_sink sink = {.user = node, .answer = on_answer, .hint = on_hint, .note = on_note};
    op_list sending = node->sending;
    node->sending = node->outbox;
    node->outbox = sending;
    node->in_backend = true;
    pthread_mutex_unlock(&node->lock);
    bool submitted = submit_all(node);
    if (submitted)
        call_process(&node->backend, &sink);
    pthread_mutex_lock(&node->lock);
    node->in_backend = false;
    if (!submitted)
        node_die(node);
}

/* ---- Waiting: without the lock ----------------------------------------------------------------------------------- */

static void drain(int fd)
{
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got; /* nothing to read: that is what is wanted */
}

/* Relative, because the node's clock may be a test's. */
static void set_timer(allot_node *node, int64_t delay_us)
{
    struct itimerspec when = {.it_value = {.tv_sec = delay_us / 1000000, .tv_nsec = delay_us % 1000000 * 1000}};
    timerfd_settime(node->timer_fd, 0, &when, NULL);
}

static void wait_until(allot_node *node, int64_t until_us, int backend_fd)
{
    int64_t now_us = clock_boot_us(&node->clock);
    int timeout_ms = until_us <= now_us ? 0 : -1;
    if (timeout_ms != 0)
        set_timer(node, until_us == INT64_MAX ? 0 : until_us - now_us);
    struct pollfd fds[] = {{.fd = node->wake_fd, .events = POLLIN},
                           {.fd = node->timer_fd, .events = POLLIN},
                           {.fd = backend_fd, .events = POLLIN}};
    poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms);
    if (fds[0].revents != 0)
        drain(node->wake_fd);
}

/* ---- The thread -------------------------------------------------------------------------------------------------- */

static void turn(allot_node *node)
{
    if (!node->dead)
        node_step(node, (engine_event){.kind = ENGINE_TIME});
    collect_plans(node);
    leave_when_stalled(node);
    if (!node->dead)
        run_backend(node);
}

void *turn_main(void *user)
{
    allot_node *node = user;
    pthread_mutex_lock(&node->lock);
    while (!node->closing) {
        turn(node);
        int64_t until_us = due_us(node);
        int backend_fd = -1; /* a dead node calls its backend no more */
        bool dead = node->dead;
        pthread_mutex_unlock(&node->lock);
        if (!dead) {
            until_us = earlier(until_us, call_deadline_us(&node->backend));
            backend_fd = call_fd(&node->backend);
        }
        wait_until(node, until_us, backend_fd);
        pthread_mutex_lock(&node->lock);
    }
    pthread_mutex_unlock(&node->lock);
    return NULL;
}
