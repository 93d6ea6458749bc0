#include "tests/lib/backend_driver.h"

#include "base/bytes.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALL_TIMEOUT_MS = 10000, PAUSE_MS = 1 };

/* A submitted op, and its answer once there is one. All that the answer points to lies in `blocks`. */
typedef struct record {
    allot_op op;
    allot_answer answer;
    allot_view view;
    void **blocks;
    size_t block_count, block_capacity;
    bool answered;
} record;

struct driver {
    const allot_backend_ops *ops;
    allot_backend *backend;
    allot_clock clock;
    record **records; /* by cookie - 1 - forgotten */
    size_t record_count, record_capacity;
    uint64_t forgotten;
    record **delivered; /* in the order of delivery */
    size_t delivered_count, delivered_capacity;
    uint64_t last_in_lane[2]; /* cookie */
    size_t pending;
    uint64_t hints[ALLOT_HINT_LEADERLESS + 1];
    uint64_t notes;
    char last_note[512];
    bool submitting;
};

static void __attribute__((noreturn, format(printf, 2, 3))) broken(const driver *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "backend %s breaks a rule: ", d->ops->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

static void *must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "driver: out of memory\n");
        abort();
    }
    return memory;
}

static int64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t boot_us(const driver *d)
{
    if (d->clock.boot_us != NULL)
        return d->clock.boot_us(d->clock.user);
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- Copies of answers ------------------------------------------------------------------------------------------ */

static void *copy(record *r, const void *data, size_t len)
{
    if (len == 0 || data == NULL)
        return NULL;
    if (array_reserve((void **)&r->blocks, &r->block_capacity, r->block_count + 1, sizeof(*r->blocks)) != 0)
        must(NULL);
    void *block = must(malloc(len));
    memcpy(block, data, len);
    r->blocks[r->block_count++] = block;
    return block;
}

static void copy_bytes(record *r, allot_bytes *b)
{
    b->data = copy(r, b->data, b->len);
}

static void copy_bodies(record *r)
{
    allot_answer *a = &r->answer;
    allot_segment_body *bodies = copy(r, a->bodies, a->body_count * sizeof(*a->bodies));
    for (uint32_t i = 0; i < a->body_count; i++) {
        allot_new_id *ids = copy(r, bodies[i].ids, bodies[i].count * sizeof(*bodies[i].ids));
        for (uint32_t k = 0; k < bodies[i].count; k++) {
            copy_bytes(r, &ids[k].id);
            copy_bytes(r, &ids[k].payload);
        }
        bodies[i].ids = ids;
    }
    a->bodies = bodies;
}

static void copy_answer(record *r, const allot_answer *answer)
{
    allot_answer *a = &r->answer;
    *a = *answer;
    if (a->view != NULL) {
        r->view = *a->view;
        copy_bytes(r, &r->view.strategy);
        a->view = &r->view;
    }
    if (a->message != NULL)
        a->message = copy(r, a->message, strlen(a->message) + 1);
    allot_slot_info *slots = copy(r, a->slots, a->slot_count * sizeof(*slots));
    for (uint32_t i = 0; i < a->slot_count; i++) {
        copy_bytes(r, &slots[i].name);
        copy_bytes(r, &slots[i].host);
        copy_bytes(r, &slots[i].container);
    }
    a->slots = slots;
    a->segments = copy(r, a->segments, a->segment_count * sizeof(*a->segments));
    allot_pool_id *ids = copy(r, a->ids, a->id_count * sizeof(*ids));
    for (uint32_t i = 0; i < a->id_count; i++) {
        copy_bytes(r, &ids[i].id);
        copy_bytes(r, &ids[i].payload);
        copy_bytes(r, &ids[i].reason);
    }
    a->ids = ids;
    copy_bodies(r);
}

static void record_free(record *r)
{
    for (size_t i = 0; i < r->block_count; i++)
        free(r->blocks[i]);
    free(r->blocks);
    free(r);
}

/* ---- The sink --------------------------------------------------------------------------------------------------- */

static record *find(const driver *d, uint64_t cookie)
{
    if (cookie <= d->forgotten || cookie - d->forgotten > d->record_count)
        return NULL;
    return d->records[cookie - d->forgotten - 1];
}

static int lane_of(allot_op_kind kind)
{
    return kind <= ALLOT_OP_RESIGN ? 0 : 1;
}

static void check_outcome(const driver *d, const allot_answer *a)
{
    const allot_outcome *o = &a->outcome;
    bool refused = o->status == ALLOT_STATUS_REFUSED;
    bool unsure = o->status == ALLOT_STATUS_UNAVAILABLE || o->status == ALLOT_STATUS_UNKNOWN;
    if (o->status != ALLOT_STATUS_OK && !refused && !unsure)
        broken(d, "status %d of op kind %d", (int)o->status, (int)a->kind);
    if (refused != (o->reason > ALLOT_REFUSED_NOTHING && o->reason < ALLOT_REASON_END))
        broken(d, "status %d with reason %d of op kind %d", (int)o->status, (int)o->reason, (int)a->kind);
    if (unsure != (a->message != NULL) || (unsure && (a->message[0] == '\0' || strchr(a->message, '\n') != NULL)))
        broken(d, "status %d of op kind %d needs one line of message exactly when nothing is known", (int)o->status,
               (int)a->kind);
    if (a->kind == ALLOT_OP_BEAT && o->status == ALLOT_STATUS_OK && a->view == NULL)
        broken(d, "a beat that succeeded without a view");
}

static void on_answer(void *user, const allot_answer *answer)
{
    driver *d = user;
    record *r = find(d, answer->cookie);
    if (d->submitting)
        broken(d, "an answer from within submit");
    if (r == NULL)
        broken(d, "an answer to cookie %llu, which is not there", (unsigned long long)answer->cookie);
    if (r->answered)
        broken(d, "a second answer to cookie %llu", (unsigned long long)answer->cookie);
    if (r->op.kind != answer->kind)
        broken(d, "kind %d answered as %d", (int)r->op.kind, (int)answer->kind);
    uint64_t *last = &d->last_in_lane[lane_of(r->op.kind)];
    if (answer->cookie < *last)
        broken(d, "op %llu answered after op %llu of the same lane", (unsigned long long)answer->cookie,
               (unsigned long long)*last);
    *last = answer->cookie;
    check_outcome(d, answer);
    copy_answer(r, answer);
    r->answered = true;
    if (array_reserve((void **)&d->delivered, &d->delivered_capacity, d->delivered_count + 1, sizeof(*d->delivered)) !=
        0)
        must(NULL);
    d->delivered[d->delivered_count++] = r;
    d->pending--;
}

static void on_hint(void *user, allot_hint hint)
{
    driver *d = user;
    if (d->submitting)
        broken(d, "a hint from within submit");
    if (hint < ALLOT_HINT_SHARE || hint > ALLOT_HINT_LEADERLESS)
        broken(d, "hint %d", (int)hint);
    if (!(d->ops->capabilities & ALLOT_CAP_HINTS))
        broken(d, "a hint without the capability");
    d->hints[hint]++;
}

static void on_note(void *user, const char *message)
{
    driver *d = user;
    if (message == NULL || message[0] == '\0' || strchr(message, '\n') != NULL)
        broken(d, "a note that is not one line");
    snprintf(d->last_note, sizeof(d->last_note), "%s", message);
    d->notes++;
}

static allot_sink sink_of(driver *d)
{
    return (allot_sink){.user = d, .answer = on_answer, .hint = on_hint, .note = on_note};
}

/* ---- Driving ---------------------------------------------------------------------------------------------------- */

int driver_open(const allot_backend_ops *ops, const allot_backend_config *config, driver **ret_driver,
                allot_error *ret_error)
{
    driver *d = must(calloc(1, sizeof(*d)));
    d->ops = ops;
    d->clock = config->clock;
    int code = ops->open(config, &d->backend, ret_error);
    if (code != 0) {
        free(d);
        return code;
    }
    *ret_driver = d;
    return 0;
}

void driver_shut(driver *d)
{
    if (d->backend == NULL)
        return;
    allot_sink sink = sink_of(d);
    d->ops->close(d->backend, &sink);
    d->backend = NULL;
    if (d->pending != 0)
        broken(d, "%zu ops without an answer after close", d->pending);
}

void driver_close(driver *d)
{
    if (d == NULL)
        return;
    driver_shut(d);
    driver_forget(d);
    free(d->records);
    free(d->delivered);
    free(d);
}

uint64_t driver_submit(driver *d, const allot_op *op)
{
    record *r = must(calloc(1, sizeof(*r)));
    if (array_reserve((void **)&d->records, &d->record_capacity, d->record_count + 1, sizeof(*d->records)) != 0)
        must(NULL);
    d->records[d->record_count++] = r;
    r->op = *op;
    r->op.cookie = d->forgotten + d->record_count;
    d->pending++;
    d->submitting = true;
    d->ops->submit(d->backend, &r->op);
    d->submitting = false;
    return r->op.cookie;
}

void driver_process(driver *d)
{
    allot_sink sink = sink_of(d);
    d->ops->process(d->backend, &sink);
}

bool driver_ready(driver *d, int timeout_ms)
{
    int64_t end = mono_ms() + timeout_ms;
    struct pollfd p = {.fd = d->ops->fd(d->backend), .events = POLLIN};
    for (;;) {
        if (d->ops->deadline(d->backend) <= boot_us(d))
            return true;
        int n = poll(&p, p.fd >= 0, PAUSE_MS < timeout_ms ? PAUSE_MS : timeout_ms);
        if (n > 0)
            return true;
        if (mono_ms() >= end)
            return false;
    }
}

const allot_answer *driver_answer(const driver *d, uint64_t cookie)
{
    const record *r = find(d, cookie);
    return r != NULL && r->answered ? &r->answer : NULL;
}

const allot_answer *driver_await(driver *d, uint64_t cookie, int timeout_ms)
{
    int64_t end = mono_ms() + timeout_ms;
    driver_process(d);
    while (driver_answer(d, cookie) == NULL) {
        int64_t left_ms = end - mono_ms();
        if (left_ms <= 0)
            return NULL;
        if (driver_ready(d, (int)left_ms))
            driver_process(d);
    }
    return driver_answer(d, cookie);
}

const allot_answer *driver_call(driver *d, const allot_op *op)
{
    uint64_t cookie = driver_submit(d, op);
    const allot_answer *a = driver_await(d, cookie, CALL_TIMEOUT_MS);
    if (a == NULL)
        broken(d, "no answer to op kind %d within %d ms", (int)op->kind, (int)CALL_TIMEOUT_MS);
    return a;
}

size_t driver_answer_count(const driver *d)
{
    return d->delivered_count;
}

const allot_answer *driver_nth_answer(const driver *d, size_t n)
{
    return n < d->delivered_count ? &d->delivered[n]->answer : NULL;
}

size_t driver_pending_count(const driver *d)
{
    return d->pending;
}

void driver_forget(driver *d)
{
    size_t kept = 0;
    while (kept < d->record_count && d->records[kept]->answered)
        record_free(d->records[kept++]);
    if (kept > 0)
        memmove(d->records, d->records + kept, (d->record_count - kept) * sizeof(*d->records));
    d->record_count -= kept;
    d->forgotten += kept;
    d->delivered_count = 0;
    for (size_t i = 0; i < d->record_count; i++)
        if (d->records[i]->answered)
            d->delivered[d->delivered_count++] = d->records[i];
}

uint64_t driver_hint_count(const driver *d, allot_hint hint)
{
    return d->hints[hint];
}

void driver_clear_hints(driver *d)
{
    memset(d->hints, 0, sizeof(d->hints));
}

bool driver_await_hint(driver *d, allot_hint hint, int timeout_ms)
{
    int64_t end = mono_ms() + timeout_ms;
    while (d->hints[hint] == 0) {
        int64_t left_ms = end - mono_ms();
        if (left_ms <= 0 || !driver_ready(d, (int)left_ms))
            return false;
        driver_process(d);
    }
    return true;
}

uint64_t driver_note_count(const driver *d)
{
    return d->notes;
}

const char *driver_last_note(const driver *d)
{
    return d->last_note;
}

const allot_backend_ops *driver_ops(const driver *d)
{
    return d->ops;
}
