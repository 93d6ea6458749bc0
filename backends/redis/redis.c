/* redis.c - the table. A handle has two connections for commands, one a lane, so that a beat never waits behind bulk,
 * and a third that listens for hints. */
#include "backends/redis/redis.h"

#include "backends/redis/ear.h"
#include "backends/redis/fail.h"
#include "backends/redis/lane.h"
#include "backends/redis/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_US = 2000000, BULK_IDLE_US = 30000000 };

struct allot_backend {
    pid_t owner;
    allot_clock clock;
    bool read_only;
    bool is_closing;
    bool has_new; /* something was submitted since process() looked last */
    bool ear_is_watched;
    int epoll_fd;
    redis_options options;
    redis_names names;
    redis_lane control, bulk;
    redis_ear ear;
    allot_sink sink; /* the caller's, within process */
};

static int64_t clock_now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t boot_us(void *user)
{
    (void)user;
    return clock_now_us(CLOCK_BOOTTIME);
}

static bool is_control(allot_op_kind kind)
{
    return kind >= ALLOT_OP_JOIN && kind <= ALLOT_OP_RESIGN;
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

static redis_link_config link_config(const allot_backend *b)
{
    return (redis_link_config){
        .host = b->options.address.host,
        .port = b->options.address.port,
        .unix_path = b->options.address.unix_path,
        .user = b->options.address.user,
        .password = b->options.address.password,
        .database = b->options.address.database,
        .connect_timeout_us = CONNECT_TIMEOUT_US,
        .clock = &b->clock,
    };
}

static int watch(allot_backend *b, const redis_link *link)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, redis_link_fd(link), &event);
}

static int open_lane(allot_backend *b, redis_lane *lane, int64_t idle_us, allot_error *ret_error)
{
    redis_link_config config = link_config(b);
    config.idle_us = idle_us;
    redis_link *link = redis_link_new(&config, ret_error);
    if (link == NULL)
        return ret_error != NULL ? ret_error->code : ALLOT_E_SYSTEM;
    if (redis_lane_init(lane, link, &b->names, &b->clock, b->read_only) != 0)
        return redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    if (watch(b, link) != 0)
        return redis_fail(ret_error, ALLOT_E_SYSTEM, "epoll_ctl: %s", strerror(errno));
    return 0;
}

static int make_names(allot_backend *b, allot_error *ret_error)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return redis_fail(ret_error, ALLOT_E_SYSTEM, "getrandom: %s", strerror(errno));
    b->names.prefix = b->options.prefix;
    for (size_t i = 0; i < sizeof(b->names.from) - 1; i++)
        b->names.from[i] = "0123456789abcdef"[random >> 4 * i & 15];
    return 0;
}

static int open_all(allot_backend *b, const allot_backend_config *config, allot_error *ret_error)
{
    int rc = redis_options_read(config, &b->options, ret_error);
    if (rc == 0)
        rc = make_names(b, ret_error);
    if (rc != 0)
        return rc;
    b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (b->epoll_fd < 0)
        return redis_fail(ret_error, ALLOT_E_SYSTEM, "epoll_create1: %s", strerror(errno));
    /* Who only reads, or only adds, needs no connection for beats. */
    rc = open_lane(b, &b->control, b->read_only ? BULK_IDLE_US : 0, ret_error);
    if (rc == 0)
        rc = open_lane(b, &b->bulk, BULK_IDLE_US, ret_error);
    b->control.tells_notes = true;
    b->ear = (redis_ear){.names = &b->names, .clock = b->clock};
    return rc;
}

static void free_all(allot_backend *b)
{
    redis_lane_done(&b->control);
    redis_lane_done(&b->bulk);
    redis_ear_done(&b->ear);
    redis_options_done(&b->options);
    if (b->epoll_fd >= 0)
        close(b->epoll_fd);
    free(b);
}

static int redis_open(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    allot_error error = {0};
    if (config->size < sizeof(*config))
        return redis_fail(ret_error, ALLOT_E_INVALID, "the redis backend was given a config of %u bytes instead of %zu",
                          config->size, sizeof(*config));
    allot_backend *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    b->epoll_fd = -1;
    b->owner = getpid();
    b->read_only = config->read_only;
    b->clock = config->clock;
    if (b->clock.boot_us == NULL)
        b->clock.boot_us = boot_us;
    int rc = open_all(b, config, &error);
    if (rc != 0) {
        free_all(b);
        return redis_fail(ret_error, rc, "%s", error.message);
    }
    *ret_backend = b;
    return 0;
}

/* ---- work -------------------------------------------------------------------------------------------------------- */

static void redis_submit(allot_backend *b, const allot_op *op)
{
    bool speaks = op->kind == ALLOT_OP_JOIN || op->kind == ALLOT_OP_BEAT;
    redis_lane_push(is_control(op->kind) ? &b->control : &b->bulk, op);
    b->has_new = true;
    if (!speaks || b->read_only || b->is_closing)
        return;
    redis_link_config config = link_config(b);
    redis_ear_listen(&b->ear, &config, &op->slot);
    if (b->ear.link != NULL && !b->ear_is_watched)
        b->ear_is_watched = watch(b, b->ear.link) == 0; /* else hints come with the next call */
}

static void on_answer(void *user, const allot_answer *answer)
{
    allot_backend *b = user;
    if (is_control(answer->kind) && answer->outcome.status == ALLOT_STATUS_OK)
        b->ear.joined = true;
    b->sink.answer(b->sink.user, answer);
}

static void on_hint(void *user, allot_hint hint)
{
    allot_backend *b = user;
    b->sink.hint(b->sink.user, hint);
}

static void on_note(void *user, const char *message)
{
    allot_backend *b = user;
    b->sink.note(b->sink.user, message);
}

static void redis_process(allot_backend *b, const allot_sink *sink)
{
    const allot_sink own = {.user = b, .answer = on_answer, .hint = on_hint, .note = on_note};
    b->sink = *sink;
    redis_ear_process(&b->ear, &own);
    do { /* a sink may submit: what it submits goes out in the same call */
        b->has_new = false;
        redis_lane_process(&b->control, &own);
        redis_lane_process(&b->bulk, &own);
    } while (b->has_new);
}

static int redis_fd(allot_backend *b)
{
    return b->epoll_fd;
}

static int64_t redis_deadline(allot_backend *b)
{
    int64_t deadline_us = redis_ear_deadline_us(&b->ear);
    int64_t control_us = redis_lane_deadline_us(&b->control);
    int64_t bulk_us = redis_lane_deadline_us(&b->bulk);
    deadline_us = control_us < deadline_us ? control_us : deadline_us;
    return bulk_us < deadline_us ? bulk_us : deadline_us;
}

static void redis_close(allot_backend *b, const allot_sink *sink)
{
    if (b == NULL)
        return;
    b->is_closing = true;
    do {
        b->has_new = false;
        if (getpid() == b->owner) {
            redis_lane_close(&b->control, sink);
            redis_lane_close(&b->bulk, sink);
        }
    } while (b->has_new);
    free_all(b);
}

const allot_backend_ops redis_backend_ops = {
    .abi = ALLOT_BACKEND_ABI,
    .size = sizeof(allot_backend_ops),
    .name = "redis",
    .capabilities = ALLOT_CAP_SERVER_CLOCK | ALLOT_CAP_HINTS | ALLOT_CAP_MULTI_HOST,
    .open = redis_open,
    .submit = redis_submit,
    .process = redis_process,
    .fd = redis_fd,
    .deadline = redis_deadline,
    .close = redis_close,
};
