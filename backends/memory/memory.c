/* memory.c - handles on one store behind one mutex. An answer points into the store, so it is delivered while the mutex
 * is held: a sink that is slow slows the others. Hints to others are flags and an eventfd. */
#include "backends/memory/memory.h"

#include "backends/memory/lane.h"
#include "backends/store/store.h"
#include "base/uuid_text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct allot_memory {
    pthread_mutex_t lock;
    store *store; /* NULL: memory ran out within a transition, and the state was lost */
    allot_backend *first;
};

struct allot_backend {
    pid_t owner; /* in a forked child the lock may be held by a thread that does not exist there */
    allot_memory *memory;
    allot_memory *own; /* the memory, when nobody else has it */
    allot_backend *prev, *next;
    allot_clock clock;
    bool read_only;
    int fd;
    memory_lane control, bulk;
    allot_uuid slot;  /* that joined through this handle; guarded by the lock, like hints */
    unsigned hints;   /* bit (1 << hint): to be delivered */
};

/* ---- the shared store ------------------------------------------------------------------------------------------- */

allot_memory *allot_memory_new(void)
{
    allot_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL)
        return NULL;
    memory->store = store_new();
    if (memory->store == NULL || pthread_mutex_init(&memory->lock, NULL) != 0) {
        store_free(memory->store);
        free(memory);
        return NULL;
    }
    return memory;
}

void allot_memory_free(allot_memory *memory)
{
    if (memory == NULL)
        return;
    pthread_mutex_destroy(&memory->lock);
    store_free(memory->store);
    free(memory);
}

/* ---- hints: the lock is held ------------------------------------------------------------------------------------ */

static void flag(allot_backend *to, const allot_backend *causer, allot_hint hint)
{
    static const uint64_t one = 1;
    to->hints |= 1u << hint;
    if (to != causer && write(to->fd, &one, sizeof(one)) < 0)
        return; /* EAGAIN: the counter is full, so the descriptor is readable already */
}

/* An add, release or fail of the leader itself: its answer says nothing of the inbox, or of when an id is due. */
static bool leader_should_look(const allot_op *op)
{
    return op->kind == ALLOT_OP_ADD || op->kind == ALLOT_OP_RELEASE || op->kind == ALLOT_OP_FAIL;
}

static bool is_touched(const allot_backend *handle, const store_effects *effects)
{
    for (size_t i = 0; i < effects->share_count; i++)
        if (uuid_equal(&effects->shares[i], &handle->slot))
            return true;
    return false;
}

static void spread_hints(allot_backend *causer, const allot_op *op, const store_effects *effects)
{
    allot_uuid leader = store_leader(causer->memory->store);
    bool quiet = op->kind == ALLOT_OP_DEAL && op->u.deal.quiet;
    for (allot_backend *h = causer->memory->first; h != NULL; h = h->next) {
        bool other = h != causer;
        bool leads = !uuid_is_zero(&leader) && uuid_equal(&h->slot, &leader);
        if (is_touched(h, effects) && !quiet)
            flag(h, causer, ALLOT_HINT_SHARE);
        if (effects->group && other)
            flag(h, causer, ALLOT_HINT_GROUP);
        if (effects->leaderless && other)
            flag(h, causer, ALLOT_HINT_LEADERLESS);
        if (effects->work && leads && (other || leader_should_look(op)))
            flag(h, causer, ALLOT_HINT_WORK);
    }
}

static void deliver_hints(allot_backend *b, const allot_sink *sink)
{
    pthread_mutex_lock(&b->memory->lock);
    unsigned hints = b->hints;
    b->hints = 0;
    pthread_mutex_unlock(&b->memory->lock);
    for (unsigned hint = ALLOT_HINT_SHARE; hint <= ALLOT_HINT_LEADERLESS; hint++)
        if (hints & 1u << hint)
            sink->hint(sink->user, (allot_hint)hint);
}

/* ---- ops -------------------------------------------------------------------------------------------------------- */

static bool is_control(allot_op_kind kind)
{
    return kind >= ALLOT_OP_JOIN && kind <= ALLOT_OP_RESIGN;
}

static void answer_failure(const allot_sink *sink, const allot_op *op, allot_op_status status, const char *why)
{
    allot_answer answer = {.cookie = op->cookie, .kind = op->kind, .outcome = {.status = status}, .message = why};
    sink->answer(sink->user, &answer);
}

static void know_slot(allot_backend *b, const allot_op *op, const allot_answer *answer)
{
    if ((op->kind == ALLOT_OP_JOIN || op->kind == ALLOT_OP_BEAT) && answer->outcome.status == ALLOT_STATUS_OK)
        b->slot = op->slot;
}

/* The lock is held. */
static void apply(allot_backend *b, const allot_op *op, const allot_sink *sink)
{
    allot_memory *memory = b->memory;
    allot_answer answer;
    store_effects effects;
    if (memory->store == NULL) {
        answer_failure(sink, op, ALLOT_STATUS_UNAVAILABLE, "the memory store was lost when memory ran out");
        return;
    }
    int64_t real_us = b->clock.real_us(b->clock.user);
    store_moment moment = {
        .clock_us = b->clock.boot_us(b->clock.user),
        .floor = real_us < 0 ? 0 : (uint64_t)real_us,
    };
    if (store_apply(memory->store, op, &moment, &answer, &effects) != 0) {
        store_free(memory->store);
        memory->store = NULL;
        answer_failure(sink, op, ALLOT_STATUS_UNKNOWN, "out of memory");
        return;
    }
    know_slot(b, op, &answer);
    spread_hints(b, op, &effects);
    sink->answer(sink->user, &answer);
}

static void take_op(allot_backend *b, const memory_entry *entry, const allot_sink *sink)
{
    if (b->clock.boot_us(b->clock.user) >= entry->expires_us) {
        answer_failure(sink, entry->op, ALLOT_STATUS_UNAVAILABLE, "timed out before it was applied");
    } else if (b->read_only && entry->op->kind < ALLOT_OP_READ_VIEW) {
        answer_failure(sink, entry->op, ALLOT_STATUS_UNAVAILABLE, "the handle is read-only");
    } else {
        pthread_mutex_lock(&b->memory->lock);
        apply(b, entry->op, sink);
        pthread_mutex_unlock(&b->memory->lock);
    }
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

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

static int64_t real_us(void *user)
{
    (void)user;
    return clock_now_us(CLOCK_REALTIME);
}

static int fail(allot_error *ret_error, allot_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(allot_error *ret_error, allot_code code, const char *format, ...)
{
    va_list args;
    if (ret_error == NULL)
        return code;
    ret_error->code = code;
    va_start(args, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, args);
    va_end(args);
    return code;
}

static void delist(allot_backend *b)
{
    pthread_mutex_lock(&b->memory->lock);
    *(b->prev == NULL ? &b->memory->first : &b->prev->next) = b->next;
    if (b->next != NULL)
        b->next->prev = b->prev;
    pthread_mutex_unlock(&b->memory->lock);
}

static void memory_close(allot_backend *b, const allot_sink *sink)
{
    memory_entry entry;
    if (b == NULL)
        return;
    if (getpid() == b->owner) {
        while (memory_lane_pop(&b->control, &entry) || memory_lane_pop(&b->bulk, &entry))
            answer_failure(sink, entry.op, ALLOT_STATUS_UNAVAILABLE, "the handle was closed");
        delist(b);
    }
    allot_memory_free(b->own);
    memory_lane_done(&b->control);
    memory_lane_done(&b->bulk);
    close(b->fd);
    free(b);
}

static bool is_empty(allot_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    allot_uuid life = memory->store == NULL ? (allot_uuid){0} : store_life(memory->store);
    pthread_mutex_unlock(&memory->lock);
    return uuid_is_zero(&life);
}

static int check_config(const allot_backend_config *config, allot_error *ret_error)
{
    if (config->size < sizeof(*config))
        return fail(ret_error, ALLOT_E_INVALID, "the memory backend was given a config of %u bytes instead of %zu",
                    config->size, sizeof(*config));
    if (config->option_count > 0)
        return fail(ret_error, ALLOT_E_INVALID, "unknown option '%s': the memory backend has none",
                    config->options[0].key);
    if (config->read_only && (config->shared == NULL || is_empty(config->shared)))
        return fail(ret_error, ALLOT_E_NOT_FOUND, "no group here: the memory store is empty");
    return 0;
}

static void enlist(allot_backend *b, const allot_backend_config *config)
{
    allot_memory *memory = config->shared != NULL ? config->shared : b->own;
    b->owner = getpid();
    b->memory = memory;
    b->read_only = config->read_only;
    b->clock = config->clock;
    if (b->clock.boot_us == NULL)
        b->clock.boot_us = boot_us;
    if (b->clock.real_us == NULL)
        b->clock.real_us = real_us;
    pthread_mutex_lock(&memory->lock);
    b->next = memory->first;
    if (b->next != NULL)
        b->next->prev = b;
    memory->first = b;
    pthread_mutex_unlock(&memory->lock);
}

static int memory_open(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    int rc = check_config(config, ret_error);
    if (rc != 0)
        return rc;
    allot_backend *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    rc = ALLOT_E_NOMEM;
    b->fd = -1;
    b->own = config->shared == NULL ? allot_memory_new() : NULL;
    if ((config->shared == NULL && b->own == NULL) || memory_lane_init(&b->control) != 0 ||
        memory_lane_init(&b->bulk) != 0) {
        fail(ret_error, rc, "out of memory");
        goto failed;
    }
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (b->fd < 0) {
        rc = fail(ret_error, ALLOT_E_SYSTEM, "eventfd: %s", strerror(errno));
        goto failed;
    }
    enlist(b, config);
    *ret_backend = b;
    return 0;
failed:
    allot_memory_free(b->own);
    memory_lane_done(&b->control);
    memory_lane_done(&b->bulk);
    free(b);
    return rc;
}

static void memory_submit(allot_backend *b, const allot_op *op)
{
    memory_entry entry = {.op = op, .expires_us = INT64_MAX};
    int64_t now_us = b->clock.boot_us(b->clock.user);
    if (op->timeout_us > 0 && op->timeout_us < INT64_MAX - now_us)
        entry.expires_us = now_us + op->timeout_us;
    memory_lane_push(is_control(op->kind) ? &b->control : &b->bulk, entry);
}

static bool has_ops(const allot_backend *b)
{
    return b->control.count > 0 || b->bulk.count > 0;
}

/* A sink may submit: what it submits is taken in the same call. */
static void memory_process(allot_backend *b, const allot_sink *sink)
{
    memory_entry entry;
    uint64_t count;
    if (read(b->fd, &count, sizeof(count)) < 0)
        count = 0; /* EAGAIN: nobody flagged this handle */
    do {
        while (memory_lane_pop(&b->control, &entry) || memory_lane_pop(&b->bulk, &entry))
            take_op(b, &entry, sink);
        deliver_hints(b, sink);
    } while (has_ops(b));
}

static int memory_fd(allot_backend *b)
{
    return b->fd;
}

static int64_t memory_deadline(allot_backend *b)
{
    (void)b;
    return INT64_MAX;
}

const allot_backend_ops memory_backend_ops = {
    .abi = ALLOT_BACKEND_ABI,
    .size = sizeof(allot_backend_ops),
    .name = "memory",
    .capabilities = ALLOT_CAP_SERVER_CLOCK | ALLOT_CAP_HINTS | ALLOT_CAP_LINEARIZABLE,
    .open = memory_open,
    .submit = memory_submit,
    .process = memory_process,
    .fd = memory_fd,
    .deadline = memory_deadline,
    .close = memory_close,
};
