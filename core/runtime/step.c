#include "base/bytes.h"
#include "core/runtime/clock.h"
#include "core/runtime/node.h"
#include "core/runtime/thread.h"

#include <stdlib.h>
#include <unistd.h>

void op_list_done(op_list *list)
{
    free(list->ops);
    *list = (op_list){.ops = NULL};
}

void node_wake(allot_node *node)
{
    uint64_t one = 1;
    ssize_t written = write(node->wake_fd, &one, sizeof(one));
    (void)written; /* it fails only where the counter is full, and then it is readable */
}

void node_die(allot_node *node)
{
    if (node->dead)
        return;
    node->dead = true;
    node->outbox.count = 0;
    event_queue_give_up(&node->queue);
    request_abandon_all(node);
    pthread_cond_broadcast(&node->told);
}

/* ---- Actions ----------------------------------------------------------------------------------------------------- */

static int post(op_list *outbox, const allot_op *op)
{
    if (array_reserve((void **)&outbox->ops, &outbox->capacity, outbox->count + 1, sizeof(outbox->ops[0])) != 0)
        return ALLOT_E_NOMEM;
    outbox->ops[outbox->count++] = op;
    return ALLOT_OK;
}

static int carry_out(allot_node *node, const engine_action *action, int64_t now_us, int64_t mono_ns)
{
    switch (action->kind) {
    case ENGINE_SUBMIT:
        return post(&node->outbox, action->op);
    case ENGINE_PLAN:
        return planner_give(&node->planner, action->plan, now_us);
    case ENGINE_TELL:
        pthread_cond_broadcast(&node->told);
        return event_queue_put(&node->queue, &action->tell, now_us, mono_ns);
    case ENGINE_REPLY:
        request_replied(node, action->request);
        return ALLOT_OK;
    }
    return ALLOT_OK;
}

/* Before the actions, and before the lock is let go: nobody acts on a deadline that was not told, nor hears of
 * leadership that is given up before its end was. */
static void tell_lease(allot_node *node, int64_t now_us)
{
    const allot_options *o = &node->settings.options;
    int64_t until_us = engine_deadline_us(node->engine);
    uint64_t term = 0;
    if (o->on_lease == NULL)
        return;
    if (!engine_is_leader(node->engine, now_us, &term))
        term = 0;
    if (until_us == node->lease_us && term == node->lease_term)
        return;
    node->lease_us = until_us;
    node->lease_term = term;
    if (until_us == INT64_MIN)
        return;
    allot_node_status status = {.size = sizeof(status)};
    engine_status(node->engine, now_us, &status);
    const allot_lease lease = {.size = sizeof(lease),
                               .death_is_proven = (node->backend.ops->capabilities & ALLOT_CAP_DETECTS_DEATH) != 0,
                               .slot = status.slot,
                               .life = status.life,
                               .since_us = now_us,
                               .until_us = until_us,
                               .term = term};
    o->on_lease(o->on_lease_user, &lease);
}

void node_step(allot_node *node, engine_event event)
{
    engine_actions actions;
    int64_t mono_ns = clock_mono_ns(); /* what is told is not younger than the lease that it rests on */
    event.now_us = clock_boot_us(&node->clock);
    if (engine_step(node->engine, &event, &actions) != 0) {
        node_die(node);
        return;
    }
    node->next_us = actions.next_us;
    tell_lease(node, event.now_us);
    bool failed = node->dead;
    /* All of them, whatever fails: plans have to be taken, and requests to be given back. */
    for (size_t i = 0; i < actions.count; i++)
        if (carry_out(node, &actions.items[i], event.now_us, mono_ns) != ALLOT_OK)
            failed = true;
    if (failed)
        node_die(node);
}

void node_step_and_wake(allot_node *node, engine_event event)
{
    node_step(node, event);
    node_wake(node);
}

/* ---- Entering and waiting ---------------------------------------------------------------------------------------- */

/* Fenced before anything else: whether or not the node's thread runs, and whatever the store does (I3). */
static void fence_when_due(allot_node *node)
{
    if (node->dead)
        return;
    int64_t deadline_us = engine_deadline_us(node->engine);
    if (deadline_us != INT64_MIN && clock_boot_us(&node->clock) >= deadline_us)
        node_step_and_wake(node, (engine_event){.kind = ENGINE_TIME});
}

int node_enter(allot_node *node)
{
    if (fork_is_child(node->pid))
        return ALLOT_E_FORKED;
    pthread_mutex_lock(&node->lock);
    fence_when_due(node);
    return ALLOT_OK;
}

void node_leave(allot_node *node)
{
    pthread_mutex_unlock(&node->lock);
}

/* When the lease is over, on CLOCK_MONOTONIC. */
static int64_t lease_end_ns(const allot_node *node, int64_t now_ns)
{
    int64_t deadline_us = node->dead ? INT64_MIN : engine_deadline_us(node->engine);
    if (deadline_us == INT64_MIN)
        return INT64_MAX;
    return now_ns + (deadline_us - clock_boot_us(&node->clock)) * 1000;
}

bool node_wait(allot_node *node, pthread_cond_t *cond, int64_t until_ns)
{
    int64_t now_ns = clock_mono_ns();
    if (now_ns >= until_ns)
        return false;
    int64_t end_ns = lease_end_ns(node, now_ns);
    thread_cond_wait_until(cond, &node->lock, end_ns < until_ns ? end_ns : until_ns);
    fence_when_due(node);
    return true;
}
