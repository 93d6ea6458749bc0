#include "core/runtime/node.h"
#include "core/runtime/clock.h"
#include "core/runtime/fail.h"
#include "core/runtime/hooks.h"
#include "core/runtime/modules.h"
#include "core/runtime/thread.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uuid/uuid.h>

static allot_bytes text(const char *s)
{
    return (allot_bytes){.data = s, .len = (uint32_t)strlen(s)};
}

static void random_seed(uint64_t ret_seed[4])
{
    uuid_t random[2];
    uuid_generate_random(random[0]);
    uuid_generate_random(random[1]);
    static_assert(sizeof(random) == 4 * sizeof(ret_seed[0]), "two UUIDs are four words");
    memcpy(ret_seed, random, sizeof(random));
}

/* ---- Parts, each left such that free_parts can take it back ------------------------------------------------------ */

static int make_engine(allot_node *node, allot_error *ret_error)
{
    const allot_options *o = &node->settings.options;
    engine_config config = {.name = text(o->name),
                            .host = text(node->settings.host),
                            .container = text(o->container),
                            .strategy = text(node->planner.config->ops->name),
                            .kind = strategy_config_kind(node->planner.config, o->movement),
                            .pid = node->pid,
                            .weight = o->weight,
                            .max_attempts = o->max_attempts,
                            .ttl_us = o->ttl_ms * 1000,
                            .settle_us = o->settle_ms * 1000,
                            .handover_timeout_us = o->handover_timeout_ms * 1000,
                            .retry_after_us = o->retry_after_ms * 1000,
                            .retire_on_timeout = o->on_timeout == ALLOT_RETIRE,
                            .quarantine_always = o->quarantine_always};
    random_seed(config.seed);
    node->engine = engine_new(&config);
    return node->engine != NULL ? ALLOT_OK : fail_plainly(ret_error, ALLOT_E_NOMEM);
}

static int open_descriptors(allot_node *node, allot_error *ret_error)
{
    node->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    node->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (node->wake_fd < 0 || node->timer_fd < 0 || event_queue_init(&node->queue) != ALLOT_OK)
        return fail(ret_error, ALLOT_E_SYSTEM, "no descriptor for an eventfd or a timerfd: %s", strerror(errno));
    return ALLOT_OK;
}

static int make_parts(allot_node *node, const hooks *hooked, allot_error *ret_error)
{
    strategy_config *config;
    int code = open_descriptors(node, ret_error);
    if (code == ALLOT_OK)
        code = strategy_config_new(&node->settings.options, hooked, &config, ret_error);
    if (code != ALLOT_OK)
        return code;
    int64_t budget_us = hooked->plan_budget_us > 0 ? hooked->plan_budget_us : PLANNER_BUDGET_US;
    planner_init(&node->planner, config, budget_us, node->wake_fd);
    code = make_engine(node, ret_error);
    if (code == ALLOT_OK)
        code = modules_open(&node->settings.options, hooked, false, &node->backend, ret_error);
    return code;
}

static void close_descriptor(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The ops that the backend has are the engine's: so the backend goes first. */
static void free_parts(allot_node *node)
{
    planner_done(&node->planner);
    call_close(&node->backend);
    engine_free(node->engine);
    event_queue_done(&node->queue);
    request_free_all(node);
    op_list_done(&node->outbox);
    op_list_done(&node->sending);
    close_descriptor(node->wake_fd);
    close_descriptor(node->timer_fd);
    settings_done(&node->settings);
    pthread_mutex_destroy(&node->lock);
    pthread_cond_destroy(&node->told);
    free(node);
}

/* ---- Open and close ---------------------------------------------------------------------------------------------- */

static allot_node *new_node(const hooks *hooked)
{
    allot_node *node = calloc(1, sizeof(*node));
    if (node == NULL)
        return NULL;
    node->pid = getpid();
    node->clock = hooked->clock;
    node->wake_fd = node->timer_fd = node->queue.fd = -1;
    node->next_us = INT64_MAX;
    node->lease_us = INT64_MIN;
    pthread_mutex_init(&node->lock, NULL);
    thread_cond_init(&node->told);
    return node;
}

/* The engine sees the time before it sees anything else. */
static int start(allot_node *node, allot_error *ret_error)
{
    pthread_mutex_lock(&node->lock);
    node_step(node, (engine_event){.kind = ENGINE_TIME});
    bool dead = node->dead;
    pthread_mutex_unlock(&node->lock);
    if (dead)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    int error = thread_start(&node->thread, "allot", turn_main, node);
    return error == 0 ? ALLOT_OK : fail(ret_error, ALLOT_E_SYSTEM, "no thread could be started: %s", strerror(error));
}

int node_open(const allot_options *options, const hooks *hooked, allot_node **ret_node, allot_error *ret_error)
{
    static const hooks none;
    if (ret_node == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "there is no place to return the node to");
    if (hooked == NULL)
        hooked = &none;
    allot_node *node = new_node(hooked);
    if (node == NULL)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    int code = settings_init(&node->settings, options, ret_error);
    if (code == ALLOT_OK)
        code = make_parts(node, hooked, ret_error);
    if (code == ALLOT_OK)
        code = start(node, ret_error);
    if (code != ALLOT_OK) {
        free_parts(node);
        return code;
    }
    *ret_node = node;
    return ALLOT_OK;
}

int allot_open(const allot_options *options, allot_node **ret_node, allot_error *ret_error)
{
    return node_open(options, NULL, ret_node, ret_error);
}

void allot_close(allot_node *node)
{
    if (node == NULL)
        return;
    if (fork_is_child(node->pid)) {
        fork_close_node(node);
        return;
    }
    pthread_mutex_lock(&node->lock);
    node->closing = true;
    node_wake(node);
    pthread_mutex_unlock(&node->lock);
    pthread_join(node->thread, NULL);
    free_parts(node);
}

void node_clock_turned(allot_node *node)
{
    node_wake(node);
}
