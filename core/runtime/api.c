/* api.c - events, and looking. Everything here first fences when the deadline has come: see node_enter. */
#include "core/runtime/clock.h"
#include "core/runtime/node.h"

#include <string.h>

int allot_next(allot_node *node, const allot_event **ret_event, int timeout_ms)
{
    int64_t until_ns = clock_until_ns(timeout_ms);
    int code = node_enter(node);
    if (code != ALLOT_OK)
        return code;
    const allot_event *event = NULL;
    do {
        if (node->dead)
            code = ALLOT_E_NOMEM;
        else if (node->queue.end_taken)
            code = ALLOT_E_CLOSED;
        else
            event = event_queue_take(&node->queue, clock_boot_us(&node->clock));
    } while (code == ALLOT_OK && event == NULL && node_wait(node, &node->told, until_ns));
    node_leave(node);
    if (code != ALLOT_OK)
        return code;
    if (event == NULL)
        return ALLOT_E_TIMEOUT;
    *ret_event = event;
    return ALLOT_OK;
}

int allot_event_fd(allot_node *node)
{
    return fork_is_child(node->pid) ? ALLOT_E_FORKED : node->queue.fd;
}

bool allot_is_leader(allot_node *node, uint64_t *ret_term)
{
    if (node_enter(node) != ALLOT_OK)
        return false;
    bool leads = !node->dead && engine_is_leader(node->engine, clock_boot_us(&node->clock), ret_term);
    node_leave(node);
    return leads;
}

bool allot_owns(allot_node *node, const char *id, size_t len, uint64_t *ret_token)
{
    if (id == NULL || node_enter(node) != ALLOT_OK)
        return false;
    bool owns = !node->dead && engine_owns(node->engine, clock_boot_us(&node->clock), id, len, ret_token);
    node_leave(node);
    return owns;
}

int allot_status(allot_node *node, allot_node_status *ret_status)
{
    if (ret_status == NULL || ret_status->size != sizeof(*ret_status))
        return ALLOT_E_INVALID;
    int code = node_enter(node);
    if (code != ALLOT_OK)
        return code;
    if (node->dead)
        code = ALLOT_E_NOMEM;
    else
        engine_status(node->engine, clock_boot_us(&node->clock), ret_status);
    node_leave(node);
    return code;
}
