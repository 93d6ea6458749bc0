#include "bench/redis_scripts_rig.h"
#include "backends/redis/redis.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define GROUP "bench"
#define OP_TIMEOUT_US (INT64_C(120) * 1000000)
#define ANSWER_LIMIT_MS 120000
#define UP_AT_MOST_NS (INT64_C(300) * 1000000)
#define REST_MS 60

/* ---- Server and handle ------------------------------------------------------------------------------------------- */

static void open_handle(rig *r)
{
    char url[160];
    snprintf(url, sizeof(url), "unix://%s", redis_server_socket(r->server));
    const allot_option option = {"url", url};
    const allot_backend_config config = {.size = sizeof(config), .group = GROUP, .option_count = 1, .options = &option};
    allot_error error = {0};
    if (redis_backend_ops.open(&config, &r->handle, &error) != 0)
        bench_fail("%s", error.message);
}

/* The server, and who watches it, come before everybody else, where that is allowed: what is measured is the scripts,
 * not who waits for a processor. */
void rig_begin(rig *r)
{
    static const char *const options[] = {"--slowlog-log-slower-than", "15", "--slowlog-max-len", "100000", NULL};
    const struct sched_param first = {.sched_priority = 10};
    r->server = redis_server_start(options);
    r->is_first = sched_setscheduler(redis_server_pid(r->server), SCHED_FIFO, &first) == 0;
    r->watch = watch_new(redis_server_socket(r->server), r->is_first);
    errno = 0;
    open_handle(r);
    r->floors = (allot_floors){.view = 0};
}

/* How long the server has been ready to run, and did not. */
static double waited_us(const rig *r)
{
    char path[64];
    unsigned long long ran_ns, waited_ns;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)redis_server_pid(r->server));
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%llu %llu", &ran_ns, &waited_ns) != 2)
        bench_fail("%s", path);
    fclose(file);
    return (double)waited_ns / 1e3;
}

static void ignore_answer(void *user, const allot_answer *answer)
{
    (void)user;
    (void)answer;
}

static void ignore_hint(void *user, allot_hint hint)
{
    (void)user;
    (void)hint;
}

static void ignore_note(void *user, const char *message)
{
    (void)user;
    (void)message;
}

void rig_end(rig *r)
{
    const allot_sink sink = {.answer = ignore_answer, .hint = ignore_hint, .note = ignore_note};
    redis_backend_ops.close(r->handle, &sink);
    watch_free(r->watch);
    redis_server_free(r->server);
    r->handle = NULL;
    r->watch = NULL;
    r->server = NULL;
}

void rig_done(rig *r)
{
    for (size_t i = 0; i < r->row_count; i++) {
        row *one = &r->rows[i];
        samples *const all[] = {&one->scripts, &one->longest, &one->pings, &one->times, &one->counts, &one->waits};
        for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
            samples_done(all[k]);
    }
}

/* ---- Running ops ------------------------------------------------------------------------------------------------- */

static void on_answer(void *user, const allot_answer *answer)
{
    rig *r = user;
    if (answer->outcome.status != ALLOT_STATUS_OK)
        bench_fail("op of kind %d: status %d, reason %d, %s", (int)answer->kind, (int)answer->outcome.status,
                   (int)answer->outcome.reason, answer->message != NULL ? answer->message : "-");
    r->unanswered--;
    if (answer->view != NULL)
        r->floors.life = answer->view->life;
    if (r->visit != NULL)
        r->visit(r->user, answer);
}

/* Until at most `most` ops are unanswered. */
static void settle(rig *r, size_t most)
{
    const allot_sink sink = {.user = r, .answer = on_answer, .hint = ignore_hint, .note = ignore_note};
    const allot_backend_ops *ops = &redis_backend_ops;
    for (;;) {
        ops->process(r->handle, &sink);
        if (r->unanswered <= most)
            return;
        struct pollfd p = {.fd = ops->fd(r->handle), .events = POLLIN};
        if (poll(&p, 1, ANSWER_LIMIT_MS) != 1)
            bench_fail("no answer");
    }
}

/* Linux stops who comes before everybody else for 50 ms once it has used 95 % of a second: so it is given that rest
 * while nothing is under way, and no script pays for it. */
static void rest(rig *r)
{
    int64_t begun_ns = bench_now_ns();
    if (!r->is_first || begun_ns - r->up_since_ns < UP_AT_MOST_NS)
        return;
    settle(r, 0);
    bench_sleep_ms(REST_MS);
    r->up_since_ns = bench_now_ns();
    r->rested_ns += r->up_since_ns - begun_ns;
}

void rig_run(rig *r, allot_op *ops, size_t count, size_t under_way)
{
    for (size_t i = 0; i < count; i++) {
        rest(r);
        redis_backend_ops.submit(r->handle, &ops[i]);
        r->unanswered++;
        settle(r, under_way - 1);
    }
    settle(r, 0);
}

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

static row *row_of(rig *r, const char *name)
{
    for (size_t i = 0; i < r->row_count; i++)
        if (strcmp(r->rows[i].name, name) == 0)
            return &r->rows[i];
    BENCH_MUST(r->row_count < ROWS_MAX);
    row *one = &r->rows[r->row_count++];
    one->name = name;
    return one;
}

typedef struct measure {
    row *row;
    int64_t begun_ns, rested_ns;
    double waited_us;
} measure;

static measure measure_begin(rig *r, const char *name)
{
    if (name == NULL)
        return (measure){.row = NULL};
    bench_progress(r->bench, "%s", name);
    watch_begin(r->watch);
    return (measure){
        .row = row_of(r, name), .waited_us = waited_us(r), .rested_ns = r->rested_ns, .begun_ns = bench_now_ns()};
}

static void measure_end(rig *r, measure m, size_t ops)
{
    if (m.row == NULL)
        return;
    samples_add(&m.row->times, (double)(bench_now_ns() - m.begun_ns - (r->rested_ns - m.rested_ns)) / 1e3);
    samples_add(&m.row->waits, waited_us(r) - m.waited_us);
    samples round = {.values = NULL};
    samples_add(&m.row->pings, watch_end(r->watch, &round));
    samples_add(&m.row->longest, samples_most(&round));
    samples_add(&m.row->counts, (double)round.count);
    for (size_t i = 0; i < round.count; i++)
        samples_add(&m.row->scripts, round.values[i]);
    samples_done(&round);
    m.row->ops = ops;
}

void rig_measure(rig *r, const char *name, allot_op *ops, size_t count, size_t under_way)
{
    measure m = measure_begin(r, name);
    rig_run(r, ops, count, under_way);
    measure_end(r, m, count);
}

/* ---- Pages and steps --------------------------------------------------------------------------------------------- */

typedef struct step {
    uint64_t next_cursor, more;
    void (*visit)(void *user, const allot_answer *answer);
    void *user;
} step;

static void keep_step(void *user, const allot_answer *answer)
{
    step *s = user;
    s->next_cursor = answer->next_cursor;
    s->more = answer->outcome.more;
    if (s->visit != NULL)
        s->visit(s->user, answer);
}

static step one_step(rig *r, allot_op *op)
{
    step s = {.visit = r->visit, .user = r->user};
    r->visit = keep_step;
    r->user = &s;
    rig_run(r, op, 1, 1);
    r->visit = s.visit;
    r->user = s.user;
    return s;
}

size_t rig_pages(rig *r, const char *name, allot_op op)
{
    size_t pages = 0;
    measure m = measure_begin(r, name);
    do {
        op.u.read.cursor = one_step(r, &op).next_cursor;
        pages++;
    } while (op.u.read.cursor != 0);
    measure_end(r, m, pages);
    return pages;
}

void rig_steps(rig *r, const char *name, speaker *leader, allot_op op)
{
    size_t steps = 0;
    measure m = measure_begin(r, name);
    while (one_step(r, &op).more > 0) {
        op.sequence = ++leader->sequence;
        steps++;
    }
    measure_end(r, m, steps + 1);
}

/* ---- Ops --------------------------------------------------------------------------------------------------------- */

allot_uuid rig_uuid(void)
{
    allot_uuid uuid;
    if (getrandom(&uuid, sizeof(uuid), 0) != (ssize_t)sizeof(uuid))
        bench_fail("getrandom");
    return uuid;
}

static bool speaks_as_leader(allot_op_kind kind)
{
    return (kind >= ALLOT_OP_ASSIGN && kind <= ALLOT_OP_PUBLISH) || kind == ALLOT_OP_UNPARK || kind == ALLOT_OP_RESIGN;
}

allot_op speaker_op(speaker *s, allot_op_kind kind)
{
    allot_op op = {.kind = kind, .timeout_us = OP_TIMEOUT_US, .slot = s->slot, .session = s->slot};
    if (kind != ALLOT_OP_BEAT)
        op.sequence = ++s->sequence;
    if (speaks_as_leader(kind))
        op.term = s->term;
    return op;
}

allot_op read_op(allot_op_kind kind, const allot_uuid *target, uint32_t limit)
{
    allot_op op = {.kind = kind, .timeout_us = OP_TIMEOUT_US, .u.read = {.limit = limit}};
    if (target != NULL)
        op.u.read.target = *target;
    return op;
}

allot_op join_op(speaker *s, int64_t ttl_us)
{
    static const char name[] = "replica-of-the-bench";
    allot_op op = speaker_op(s, ALLOT_OP_JOIN);
    op.u.join = (allot_op_join){.name = {name, sizeof(name) - 1},
                                .host = {name, sizeof(name) - 1},
                                .pid = 4711,
                                .ttl_us = ttl_us,
                                .weight = 1,
                                .fresh_life = rig_uuid()};
    return op;
}

allot_op beat_op(const rig *r, speaker *s, const allot_ref *working, uint32_t count)
{
    allot_op op = speaker_op(s, ALLOT_OP_BEAT);
    op.u.beat = (allot_op_beat){.floors = r->floors,
                                .fresh_life = rig_uuid(),
                                .ttl_us = LONG_TTL_US,
                                .working_count = count,
                                .working = working};
    return op;
}

speaker rig_joined(rig *r, int64_t ttl_us)
{
    speaker s = {.slot = rig_uuid()};
    allot_op op = join_op(&s, ttl_us);
    rig_run(r, &op, 1, 1);
    return s;
}

static void keep_term(void *user, const allot_answer *answer)
{
    speaker *s = user;
    s->term = answer->outcome.term;
}

speaker rig_leader(rig *r)
{
    speaker s = rig_joined(r, LONG_TTL_US);
    allot_op op = beat_op(r, &s, NULL, 0);
    rig_run(r, &op, 1, 1); /* tells the life */
    op = speaker_op(&s, ALLOT_OP_CAMPAIGN);
    r->visit = keep_term;
    r->user = &s;
    rig_run(r, &op, 1, 1);
    r->visit = NULL;
    return s;
}
