#include "backends/redis/handshake.h"
#include "backends/redis/link_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BACKOFF_MIN_US INT64_C(50000)
#define BACKOFF_MAX_US INT64_C(1000000)
/* A connection that lived this long was a good one: the next attempt follows at once. */
#define STEADY_US INT64_C(1000000)

/* splitmix64: so that 10,000 replicas do not all come back in the same millisecond. */
static uint64_t next_random(redis_link *l)
{
    uint64_t z = (l->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Three to five quarters of the backoff, which doubles. */
static int64_t next_backoff_us(redis_link *l)
{
    if (l->backoff_us == 0)
        l->backoff_us = BACKOFF_MIN_US;
    int64_t jitter_us = (int64_t)(next_random(l) % (uint64_t)(l->backoff_us / 2 + 1));
    int64_t wait_us = l->backoff_us - l->backoff_us / 4 + jitter_us;
    l->backoff_us = l->backoff_us * 2 < BACKOFF_MAX_US ? l->backoff_us * 2 : BACKOFF_MAX_US;
    return wait_us < BACKOFF_MAX_US ? wait_us : BACKOFF_MAX_US;
}

void redis_link_close_socket(redis_link *l)
{
    if (l->fd >= 0)
        close(l->fd); /* also takes it out of the epoll set; epoll_ctl in a forked child would act on the parent's */
    l->fd = -1;
    l->watched = 0;
    if (l->reader != NULL)
        redisReaderFree(l->reader);
    l->reader = NULL;
    l->guard = (redis_guard){0};
}

void redis_link_rest(redis_link *l)
{
    redis_link_close_socket(l);
    l->phase = REDIS_RESTING;
    l->until_us = redis_link_now_us(l);
    l->is_leaving = l->is_distrusted = false;
}

void redis_link_lose(redis_link *l, const redis_link_events *events, const char *format, ...)
{
    char reason[REDIS_WHY_BYTES - sizeof(l->name) - 10];
    char why[REDIS_WHY_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    snprintf(why, sizeof(why), "redis %s: %s", l->name, reason);
    memcpy(l->why, why, sizeof(why));

    bool was_up = l->phase == REDIS_UP;
    int64_t now_us = redis_link_now_us(l);
    if (was_up && now_us - l->up_since_us >= STEADY_US)
        l->backoff_us = 0;
    redis_link_rest(l);
    l->until_us = now_us + next_backoff_us(l);

    /* Taken off first: events may send, and what they send is for the next attempt. */
    redis_commands lost = {0};
    redis_commands_append(&lost, &l->sent);
    redis_commands_append(&lost, &l->greeting);
    if (l->waiting.first != NULL && l->waiting.first->written > 0)
        redis_commands_push(&lost, redis_commands_pop(&l->waiting));
    if (!was_up)
        redis_commands_append(&lost, &l->waiting);
    redis_link_fail_all(events, &lost, why);
    if (events->down != NULL)
        events->down(events->user, why);
}

static bool try_endpoint(redis_link *l, int64_t now_us)
{
    unsigned left = l->endpoints.count - l->endpoint;
    l->fd = redis_socket_connect(&l->endpoints.at[l->endpoint]);
    if (l->fd < 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
    l->endpoint_until_us = now_us + (l->until_us - now_us) / left;
    l->phase = REDIS_CONNECTING;
    l->watched = event.events;
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->fd, &event) == 0;
}

/* The next address, from `endpoint` on, that can be tried. */
static void try_endpoints(redis_link *l, const redis_link_events *events, int64_t now_us)
{
    int number = 0;
    for (; l->endpoint < l->endpoints.count; l->endpoint++) {
        if (try_endpoint(l, now_us))
            return;
        number = errno;
        redis_link_close_socket(l);
    }
    redis_link_lose(l, events, "%s", strerror(number));
}

static void begin_resolving(redis_link *l, const redis_link_events *events)
{
    struct epoll_event event = {.events = EPOLLIN};
    l->phase = REDIS_RESOLVING;
    if (l->resolve != NULL)
        return;
    l->resolve = redis_resolve_begin(l->config.host, l->config.port);
    if (l->resolve != NULL && epoll_ctl(l->epoll, EPOLL_CTL_ADD, redis_resolve_fd(l->resolve), &event) == 0)
        return;
    redis_resolve_forget(l->resolve);
    l->resolve = NULL;
    redis_link_lose(l, events, "no thread or descriptor to resolve its name");
}

static void begin(redis_link *l, const redis_link_events *events, int64_t now_us)
{
    bool is_known = true;
    l->until_us = now_us + l->config.connect_timeout_us;
    l->endpoint = 0;
    if (l->config.unix_path != NULL) {
        l->endpoints.count = 1;
        is_known = redis_endpoint_unix(l->config.unix_path, &l->endpoints.at[0]);
    } else {
        is_known = redis_resolve_number(l->config.host, l->config.port, &l->endpoints);
    }
    if (is_known)
        try_endpoints(l, events, now_us);
    else
        begin_resolving(l, events);
}

static void end_resolving(redis_link *l, const redis_link_events *events, int64_t now_us)
{
    const char *why;
    if (!redis_resolve_outcome(l->resolve, &l->endpoints, &why))
        return;
    /* The thread may still have the descriptor: closing ours would not take it out of the set. */
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, redis_resolve_fd(l->resolve), NULL);
    redis_resolve_forget(l->resolve);
    l->resolve = NULL;
    if (why != NULL)
        redis_link_lose(l, events, "%s: %s", l->config.host, why);
    else
        try_endpoints(l, events, now_us);
}

static void greet(redis_link *l, const redis_link_events *events)
{
    redis_greeting greeting = {.user = l->config.user, .password = l->config.password,
                               .database = l->config.database, .subscribe_only = l->config.subscribe_only};
    l->phase = REDIS_GREETING;
    l->notes = 0;
    l->reader = redisReaderCreate();
    if (l->reader == NULL || redis_handshake_say(&greeting, &l->greeting) != 0)
        redis_link_lose(l, events, "out of memory");
}

static void end_connecting(redis_link *l, const redis_link_events *events, int64_t now_us)
{
    int number = redis_socket_outcome(l->fd);
    if (number == EINPROGRESS && now_us < l->endpoint_until_us)
        return;
    if (number == 0) {
        greet(l, events);
        return;
    }
    redis_link_close_socket(l);
    if (++l->endpoint < l->endpoints.count)
        try_endpoints(l, events, now_us);
    else
        redis_link_lose(l, events, "%s", number == EINPROGRESS ? "no connection in time" : strerror(number));
}

static bool is_due(const redis_link *l, int64_t now_us)
{
    return l->phase == REDIS_RESTING && now_us >= l->until_us && (l->config.idle_us == 0 || l->waiting.count > 0);
}

void redis_link_connect(redis_link *l, const redis_link_events *events)
{
    int64_t now_us = redis_link_now_us(l);
    if (is_due(l, now_us))
        begin(l, events, now_us);
    if (l->phase == REDIS_RESOLVING)
        end_resolving(l, events, now_us);
    if (l->phase == REDIS_CONNECTING)
        end_connecting(l, events, now_us);
}
