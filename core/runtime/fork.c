/* fork.c - in a child of fork() a handle is dead: its threads do not exist there, its sessions are the parent's.
 *
 * Closing it there must not wait for a lock whose holder does not exist, nor walk through what such a holder had half
 * changed. Whether that is so can be told: the lock is then locked. In that case what it guards stays unfreed. */
#include "core/runtime/node.h"

#include <stdlib.h>
#include <unistd.h>

bool fork_is_child(pid_t opened_in)
{
    return getpid() != opened_in;
}

static void close_guarded(allot_node *node)
{
    planner_done_in_child(&node->planner);
    if (!node->in_backend)
        call_close_in_child(&node->backend);
    engine_free(node->engine);
    event_queue_done(&node->queue);
    request_free_all(node);
    op_list_done(&node->outbox);
    op_list_done(&node->sending);
    settings_done(&node->settings);
}

void fork_close_node(allot_node *node)
{
    int event_fd = node->queue.fd;
    close(node->wake_fd);
    close(node->timer_fd);
    if (pthread_mutex_trylock(&node->lock) != 0) {
        close(event_fd);
        return;
    }
    close_guarded(node);
    free(node);
}
