#include "backends/redis/link.h"

#include "backends/redis/fail.h"
#include "backends/redis/link_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int64_t redis_link_now_us(const redis_link *l)
{
    if (l->clock.boot_us != NULL)
        return l->clock.boot_us(l->clock.user);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Making and ending ------------------------------------------------------------------------------------------ */

static bool copy_text(const char *text, const char **ret_copy)
{
    *ret_copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *ret_copy != NULL;
}

static bool copy_config(redis_link *l, const redis_link_config *config)
{
    redis_link_config *own = &l->config;
    *own = *config;
    own->host = own->unix_path = own->user = own->password = NULL;
    own->clock = NULL;
    if (config->clock != NULL)
        l->clock = *config->clock;
    return copy_text(config->unix_path != NULL ? NULL : config->host, &own->host) &&
           copy_text(config->unix_path, &own->unix_path) && copy_text(config->user, &own->user) &&
           copy_text(config->password, &own->password);
}

static void name_it(redis_link *l)
{
    const redis_link_config *c = &l->config;
    if (c->unix_path != NULL)
        snprintf(l->name, sizeof(l->name), "%s?db=%d", c->unix_path, c->database);
    else
        snprintf(l->name, sizeof(l->name), strchr(c->host, ':') != NULL ? "[%.120s]:%d/%d" : "%.120s:%d/%d", c->host,
                 c->port, c->database);
}

static int check(const redis_link_config *c, allot_error *ret_error)
{
    redis_endpoint endpoint;
    if (c->unix_path == NULL && (c->host == NULL || c->host[0] == '\0' || c->port < 1 || c->port > 65535))
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis: no host, or a port that is not one of 1 to 65535");
    if (c->unix_path != NULL && !redis_endpoint_unix(c->unix_path, &endpoint))
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis: the path of the Unix socket is too long: %s",
                          c->unix_path);
    if (c->user != NULL && c->password == NULL)
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis: the user '%s' without a password", c->user);
    return 0;
}

redis_link *redis_link_new(const redis_link_config *config, allot_error *ret_error)
{
    assert(config->connect_timeout_us > 0 && config->idle_us >= 0);
    if (check(config, ret_error) != 0)
        return NULL;
    redis_link *l = calloc(1, sizeof(*l));
    if (l == NULL || !copy_config(l, config)) {
        if (l != NULL)
            l->epoll = l->fd = -1;
        redis_link_free(l, NULL);
        redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
        return NULL;
    }
    l->fd = -1;
    l->phase = REDIS_RESTING;
    l->until_us = redis_link_now_us(l);
    l->random = (uint64_t)l->until_us ^ (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)l;
    name_it(l);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0) {
        redis_fail(ret_error, ALLOT_E_SYSTEM, "redis: no epoll descriptor: %s", strerror(errno));
        redis_link_free(l, NULL);
        return NULL;
    }
    return l;
}

static void free_texts(redis_link_config *c)
{
    free((char *)c->host);
    free((char *)c->unix_path);
    free((char *)c->user);
    if (c->password != NULL)
        explicit_bzero((char *)c->password, strlen(c->password));
    free((char *)c->password);
}

void redis_link_free(redis_link *l, const redis_link_events *events)
{
    static const char closing[] = "the store is being closed";
    if (l == NULL)
        return;
    redis_link_fail_all(events, &l->greeting, closing);
    redis_link_fail_all(events, &l->sent, closing);
    redis_link_fail_all(events, &l->waiting, closing);
    redis_link_close_socket(l);
    redis_resolve_forget(l->resolve);
    if (l->epoll >= 0)
        close(l->epoll);
    free_texts(&l->config);
    free(l);
}

/* ---- At work ---------------------------------------------------------------------------------------------------- */

static int queue(redis_link *l, redis_command *c, uint64_t tag, int64_t deadline_us)
{
    if (c == NULL)
        return -1;
    c->tag = tag;
    c->deadline_us = deadline_us;
    redis_commands_push(&l->waiting, c);
    l->busy_at_us = redis_link_now_us(l);
    return 0;
}

int redis_link_send(redis_link *l, int argc, const char **argv, const size_t *argvlen, uint64_t tag,
                    int64_t deadline_us)
{
    return queue(l, redis_command_new(0, argc, argv, argvlen), tag, deadline_us);
}

static redis_command *transaction(const redis_words *commands, size_t count)
{
    redis_command *c = redis_command_new(0, 1, (const char *[]){"MULTI"}, (const size_t[]){5});
    bool is_whole = c != NULL;
    for (size_t i = 0; i < count && is_whole; i++)
        is_whole = redis_command_add(c, commands[i].argc, commands[i].argv, commands[i].lens) == 0;
    if (is_whole && redis_command_add(c, 1, (const char *[]){"EXEC"}, (const size_t[]){4}) == 0)
        return c;
    redis_command_free(c);
    return NULL;
}

int redis_link_send_all(redis_link *l, const redis_words *commands, size_t count, uint64_t tag, int64_t deadline_us)
{
    return queue(l, transaction(commands, count), tag, deadline_us);
}

void redis_link_keep(redis_link *l)
{
    l->is_kept = true;
}

void redis_link_distrust(redis_link *l)
{
    l->is_distrusted = true;
}

/* Of what is overdue, that which was not written fails alone; the rest takes the connection with it. */
static void expire_commands(redis_link *l, const redis_link_events *events, int64_t now_us)
{
    char why[REDIS_WHY_BYTES + 32];
    bool is_partly_out = l->waiting.first != NULL && l->waiting.first->written > 0;
    if (redis_commands_deadline_us(&l->sent) <= now_us ||
        (is_partly_out && l->waiting.first->deadline_us <= now_us)) {
        redis_link_lose(l, events, "no answer in time");
        now_us = redis_link_now_us(l);
    }
    if (l->why[0] != '\0')
        snprintf(why, sizeof(why), "%s", l->why);
    else
        snprintf(why, sizeof(why), "redis %s: not %s in time", l->name, l->phase == REDIS_UP ? "written" : "connected");
    redis_commands overdue = {0}; /* events may send */
    for (redis_command *c = redis_commands_take_overdue(&l->waiting, now_us); c != NULL;
         c = redis_commands_take_overdue(&l->waiting, now_us))
        redis_commands_push(&overdue, c);
    redis_link_fail_all(events, &overdue, why);
}

static bool is_idle(const redis_link *l)
{
    return l->phase == REDIS_UP && l->config.idle_us > 0 && redis_link_pending(l) == 0;
}

static void expire(redis_link *l, const redis_link_events *events)
{
    int64_t now_us = redis_link_now_us(l);
    if (l->phase != REDIS_RESTING && l->phase != REDIS_UP && now_us >= l->until_us)
        redis_link_lose(l, events, "no %s in time", l->phase == REDIS_GREETING ? "answer" : "connection");
    expire_commands(l, events, now_us);
    if (is_idle(l) && now_us >= l->busy_at_us + l->config.idle_us)
        redis_link_rest(l);
}

/* Writability is asked for only as long as something waits for it. */
static void watch(redis_link *l)
{
    const redis_commands *out = l->phase == REDIS_UP ? &l->waiting : &l->greeting;
    bool wants_out = l->phase == REDIS_CONNECTING || (out->first != NULL && !l->is_leaving);
    struct epoll_event event = {.events = EPOLLIN | (wants_out ? (uint32_t)EPOLLOUT : 0u)};
    if (l->fd >= 0 && l->watched != event.events && epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->fd, &event) == 0)
        l->watched = event.events;
}

static bool is_connected(const redis_link *l)
{
    return l->phase == REDIS_GREETING || l->phase == REDIS_UP;
}

void redis_link_process(redis_link *l, const redis_link_events *events)
{
    redis_link_connect(l, events);
    bool has_more = is_connected(l) && redis_link_receive(l, events);
    if (is_connected(l))
        redis_link_transmit(l, events);
    if (!has_more) /* a reply that is here is not late */
        expire(l, events);
    watch(l);
}

int redis_link_fd(const redis_link *l)
{
    return l->epoll;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t redis_link_deadline_us(const redis_link *l)
{
    int64_t deadline_us = earlier(redis_commands_deadline_us(&l->waiting), redis_commands_deadline_us(&l->sent));
    if (l->phase == REDIS_RESTING)
        return l->config.idle_us == 0 || l->waiting.count > 0 ? earlier(deadline_us, l->until_us) : deadline_us;
    if (l->phase == REDIS_CONNECTING)
        return earlier(deadline_us, earlier(l->until_us, l->endpoint_until_us));
    if (l->phase != REDIS_UP)
        return earlier(deadline_us, l->until_us);
    return is_idle(l) ? earlier(deadline_us, l->busy_at_us + l->config.idle_us) : deadline_us;
}

bool redis_link_is_up(const redis_link *l)
{
    return l->phase == REDIS_UP;
}

size_t redis_link_pending(const redis_link *l)
{
    return l->waiting.count + l->sent.count + l->greeting.count;
}

const char *redis_link_why(const redis_link *l)
{
    return l->why;
}

const char *redis_link_name(const redis_link *l)
{
    return l->name;
}
