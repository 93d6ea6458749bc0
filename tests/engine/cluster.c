#include "tests/engine/cluster.h"

#include "backends/store/store.h"
#include "base/bits.h"
#include "base/bytes.h"
#include "base/uuid_text.h"
#include "plugins/strategies.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOP_US 1000
#define REQUESTS_MOST 128

typedef struct node {
    engine *engine;
    bool paused;
    int64_t next_us;
    allot_uuid slot;
} node;

typedef enum due_kind { DUE_OP, DUE_TIMEOUT, DUE_HINT, DUE_PLAN, DUE_RELEASE } due_kind;

typedef struct due {
    int64_t at_us;
    uint64_t order;
    due_kind kind;
    int node;
    engine *engine; /* as it was: what is due for one that crashed is dropped */
    const allot_op *op;
    allot_hint hint;
    plan *plan;
    body *ids;
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
} due;

typedef struct request {
    engine_request r;
    allot_id *ids;
    allot_new_id *news;
    char (*texts)[32];
    int node;
} request;

struct cluster {
    node nodes[CLUSTER_NODES + 1];
    engine_config config;
    store *store;
    int64_t now_us, clock_step_us, release_us;
    due *dues;
    size_t due_count, due_capacity;
    uint64_t order;
    cluster_filter filter;
    void *filter_user;
    bytes story;
    request *requests[REQUESTS_MOST];
    size_t request_count;
    uint64_t ops[ALLOT_OP_KIND_END];
    const allot_strategy_ops *strategy;
    bytes held;
};

/* ---- The story --------------------------------------------------------------------------------------------------- */

static void say(cluster *c, const char *who, const char *what)
{
    bytes_printf(&c->story, "@%" PRId64 " %s: %s\n", c->now_us / 1000, who, what);
}

void cluster_say(cluster *c, const char *words)
{
    say(c, "---", words);
}

static int node_of(const cluster *c, const allot_uuid *slot)
{
    for (int n = 1; n <= CLUSTER_NODES; n++)
        if (c->nodes[n].engine != NULL && uuid_equal(&c->nodes[n].slot, slot))
            return n;
    return 0;
}

static void name_ids(bytes *line, const engine_tell *t)
{
    int shown = 0;
    for (uint32_t i = 0; i < t->ids->count; i++) {
        if (!bits_test(t->which, i))
            continue;
        if (++shown > 6) {
            bytes_printf(line, " ...");
            return;
        }
        bytes_printf(line, " %.*s", (int)t->ids->ids[i].id.len, t->ids->ids[i].id.data);
    }
}

static void narrate(cluster *c, int n, const engine_tell *t)
{
    bytes line = {0};
    char who[16];
    snprintf(who, sizeof(who), "slot-%d", n);
    bytes_printf(&line, "%s", allot_event_word(t->type));
    if (t->type == ALLOT_EVENT_LEADER)
        bytes_printf(&line, ", term %" PRIu64, t->term);
    if (t->type == ALLOT_EVENT_FOLLOWER && uuid_is_zero(&t->leader))
        bytes_printf(&line, " of nobody");
    else if (t->type == ALLOT_EVENT_FOLLOWER)
        bytes_printf(&line, " of slot-%d, term %" PRIu64, node_of(c, &t->leader), t->term);
    if (t->type == ALLOT_EVENT_SPLIT)
        bytes_printf(&line, " %" PRIu64, t->version);
    if (t->ids != NULL) {
        bytes_printf(&line, " %u under token %" PRIu64 ":", t->count, t->ids->token);
        name_ids(&line, t);
    }
    if (t->why != ALLOT_WHY_NONE)
        bytes_printf(&line, " (%s)", allot_why_word(t->why));
    if (t->type == ALLOT_EVENT_NOTE)
        bytes_printf(&line, ": %s", t->message);
    if (t->type == ALLOT_EVENT_AT_RISK)
        bytes_printf(&line, ", valid for %" PRId64 " ms", t->valid_for_us / 1000);
    bytes_append(&line, "", 1);
    say(c, who, line.data);
    bytes_done(&line);
}

/* ---- What is due ------------------------------------------------------------------------------------------------- */

static due *add_due(cluster *c, int64_t at_us, due_kind kind, int n)
{
    ck_assert_int_eq(array_reserve((void **)&c->dues, &c->due_capacity, c->due_count + 1, sizeof(due)), 0);
    due *d = &c->dues[c->due_count++];
    *d = (due){.at_us = at_us, .order = ++c->order, .kind = kind, .node = n, .engine = c->nodes[n].engine};
    return d;
}

static void drop_due(due *d)
{
    if (d->kind == DUE_PLAN)
        plan_free(d->plan);
    body_unref(d->ids);
}

static void narrate_reply(cluster *c, const engine_request *r)
{
    static const char *const words[] = {"", "add", "ack", "fail", "release", "working", "drain", "leave", "reload"};
    char who[16];
    char what[160];
    int n = 0;
    for (size_t i = 0; i < c->request_count; i++)
        if (&c->requests[i]->r == r)
            n = c->requests[i]->node;
    snprintf(who, sizeof(who), "slot-%d", n);
    if (r->kind == ENGINE_ADD)
        snprintf(what, sizeof(what), "add of %zu: %s, %" PRIu64 " added, %" PRIu64 " present", r->count,
                 allot_code_text(r->code), r->added, r->present);
    else if (r->count > 0)
        snprintf(what, sizeof(what), "%s of %zu: %s, %" PRIu64 " accepted, %" PRIu64 " refused", words[r->kind],
                 r->count, allot_code_text(r->code), r->ok, r->refused);
    else
        snprintf(what, sizeof(what), "%s: %s", words[r->kind], allot_code_text(r->code));
    if (r->kind != ENGINE_WORKING && r->kind != ENGINE_DRAIN && r->kind != ENGINE_RELOAD)
        say(c, who, what);
}

static void on_tell(cluster *c, int n, const engine_tell *t)
{
    if (t->type == ALLOT_EVENT_JOINED)
        c->nodes[n].slot = t->slot;
    narrate(c, n, t);
    if (t->type != ALLOT_EVENT_RECALLED || c->release_us < 0)
        return;
    due *d = add_due(c, c->now_us + c->release_us, DUE_RELEASE, n);
    d->ids = body_ref(t->ids);
    memcpy(d->which, t->which, sizeof(d->which));
}

static void step(cluster *c, int n, engine_event event)
{
    node *nd = &c->nodes[n];
    engine_actions actions;
    event.now_us = c->now_us;
    ck_assert_int_eq(engine_step(nd->engine, &event, &actions), 0);
    nd->next_us = actions.next_us;
    for (size_t i = 0; i < actions.count; i++) {
        const engine_action *a = &actions.items[i];
        switch (a->kind) {
        case ENGINE_SUBMIT:
            add_due(c, c->now_us + HOP_US, DUE_OP, n)->op = a->op;
            break;
        case ENGINE_PLAN:
            add_due(c, c->now_us, DUE_PLAN, n)->plan = a->plan;
            break;
        case ENGINE_TELL:
            on_tell(c, n, &a->tell);
            break;
        case ENGINE_REPLY:
            narrate_reply(c, a->request);
            break;
        }
    }
}

static void hint(cluster *c, int n, allot_hint kind)
{
    if (n != 0 && c->nodes[n].engine != NULL)
        add_due(c, c->now_us + HOP_US, DUE_HINT, n)->hint = kind;
}

static void spread(cluster *c, int causer, const store_effects *effects)
{
    for (size_t i = 0; i < effects->share_count; i++)
        hint(c, node_of(c, &effects->shares[i]), ALLOT_HINT_SHARE);
    for (int n = 1; n <= CLUSTER_NODES; n++) {
        if (effects->group && n != causer)
            hint(c, n, ALLOT_HINT_GROUP);
        if (effects->leaderless && n != causer)
            hint(c, n, ALLOT_HINT_LEADERLESS);
    }
    allot_uuid leader = store_leader(c->store);
    if (effects->work)
        hint(c, node_of(c, &leader), ALLOT_HINT_WORK);
}

static store_moment moment(const cluster *c)
{
    return (store_moment){.clock_us = c->now_us + c->clock_step_us, .floor = 0};
}

static void answer(cluster *c, int n, const allot_answer *a)
{
    step(c, n, (engine_event){.kind = ENGINE_ANSWER, .answer = a});
}

static void answer_without(cluster *c, int n, const allot_op *op, allot_op_status status)
{
    allot_answer a = {
        .cookie = op->cookie, .kind = op->kind, .outcome.status = status, .message = "the network is down"};
    answer(c, n, &a);
}

static void deliver(cluster *c, const due *d)
{
    cluster_fate fate = c->filter != NULL ? c->filter(c->filter_user, d->node, d->op) : FATE_DELIVER;
    store_moment m = moment(c);
    allot_answer a;
    store_effects effects;
    if (fate == FATE_REFUSE_NET) {
        answer_without(c, d->node, d->op, ALLOT_STATUS_UNAVAILABLE);
        return;
    }
    if (fate != FATE_LOSE_REQUEST) {
        ck_assert_int_eq(store_apply(c->store, d->op, &m, &a, &effects), 0);
        c->ops[d->op->kind]++;
        spread(c, d->node, &effects);
    }
    if (fate == FATE_DELIVER)
        answer(c, d->node, &a);
    else
        add_due(c, c->now_us + d->op->timeout_us, DUE_TIMEOUT, d->node)->op = d->op;
}

static allot_id *ids_of(body *b, const uint64_t *which, size_t *ret_count)
{
    allot_id *ids = calloc(b->count, sizeof(*ids));
    size_t count = 0;
    for (uint32_t i = 0; i < b->count; i++)
        if (bits_test(which, i))
            ids[count++] = (allot_id){.id = b->ids[i].id, .token = b->token};
    *ret_count = count;
    return ids;
}

static request *new_request(cluster *c, int n, engine_request_kind kind)
{
    ck_assert_uint_lt(c->request_count, REQUESTS_MOST);
    request *q = calloc(1, sizeof(*q));
    q->node = n;
    q->r.kind = kind;
    c->requests[c->request_count++] = q;
    return q;
}

static void submit(cluster *c, request *q)
{
    step(c, q->node, (engine_event){.kind = ENGINE_REQUEST, .request = &q->r});
}

static void release(cluster *c, const due *d)
{
    request *q = new_request(c, d->node, ENGINE_RELEASE);
    q->ids = ids_of(d->ids, d->which, &q->r.count);
    q->r.ids = q->ids;
    submit(c, q);
}

static const allot_strategy_ops *strategy_of(const cluster *c, uint32_t kind)
{
    if (c->strategy != NULL || kind == ALLOT_STRATEGY_COUNTS)
        return c->strategy != NULL ? c->strategy : &round_robin_strategy_ops;
    return kind == ALLOT_STRATEGY_RUNS ? &chunked_strategy_ops : &hash_strategy_ops;
}

static void run_plan(const cluster *c, plan *p)
{
    static const allot_strategy_value no_seed = {.number = 0};
    p->values = &no_seed;
    p->value_count = strategy_of(c, p->kind)->option_count;
    plan_run(p, strategy_of(c, p->kind));
}

static void happen(cluster *c, due d)
{
    if (c->nodes[d.node].engine != d.engine) {
        drop_due(&d);
        return;
    }
    switch (d.kind) {
    case DUE_OP:
        deliver(c, &d);
        break;
    case DUE_TIMEOUT:
        answer_without(c, d.node, d.op, ALLOT_STATUS_UNKNOWN);
        break;
    case DUE_HINT:
        step(c, d.node, (engine_event){.kind = ENGINE_HINT, .hint = d.hint});
        break;
    case DUE_PLAN:
        run_plan(c, d.plan);
        step(c, d.node, (engine_event){.kind = ENGINE_PLANNED, .planned = d.plan});
        break;
    case DUE_RELEASE:
        release(c, &d);
        break;
    }
    body_unref(d.ids);
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

/* The next thing due at or before `until`, of a node that is not paused: taken out. */
static bool take_due(cluster *c, int64_t until_us, due *ret_due)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < c->due_count; i++) {
        const due *d = &c->dues[i];
        if (d->at_us > until_us || c->nodes[d->node].paused)
            continue;
        if (best == SIZE_MAX || d->at_us < c->dues[best].at_us ||
            (d->at_us == c->dues[best].at_us && d->order < c->dues[best].order))
            best = i;
    }
    if (best == SIZE_MAX)
        return false;
    *ret_due = c->dues[best];
    memmove(&c->dues[best], &c->dues[best + 1], (c->due_count - best - 1) * sizeof(due));
    c->due_count--;
    return true;
}

static int next_timer(const cluster *c, int64_t until_us)
{
    int best = 0;
    for (int n = 1; n <= CLUSTER_NODES; n++) {
        const node *nd = &c->nodes[n];
        if (nd->engine == NULL || nd->paused || nd->next_us > until_us)
            continue;
        if (best == 0 || nd->next_us < c->nodes[best].next_us)
            best = n;
    }
    return best;
}

void cluster_run(cluster *c, int64_t ms)
{
    int64_t until_us = c->now_us + ms * 1000;
    for (;;) {
        int timer = next_timer(c, until_us);
        due d;
        if (take_due(c, timer != 0 ? c->nodes[timer].next_us : until_us, &d)) {
            if (d.at_us > c->now_us)
                c->now_us = d.at_us;
            happen(c, d);
        } else if (timer != 0) {
            if (c->nodes[timer].next_us > c->now_us)
                c->now_us = c->nodes[timer].next_us;
            step(c, timer, (engine_event){.kind = ENGINE_TIME});
        } else {
            break;
        }
    }
    c->now_us = until_us;
}

/* ---- The script's verbs ------------------------------------------------------------------------------------------ */

cluster *cluster_new(void)
{
    cluster *c = calloc(1, sizeof(*c));
    c->store = store_new();
    c->release_us = -1;
    c->config = (engine_config){.strategy = {.data = "round_robin", .len = 11},
                                .kind = ALLOT_STRATEGY_COUNTS,
                                .weight = 1,
                                .max_attempts = 3,
                                .ttl_us = 3000000,
                                .settle_us = 300000,
                                .handover_timeout_us = 5000000,
                                .retry_after_us = 1000000};
    return c;
}

static void free_requests(cluster *c)
{
    for (size_t i = 0; i < c->request_count; i++) {
        free(c->requests[i]->ids);
        free(c->requests[i]->news);
        free(c->requests[i]->texts);
        free(c->requests[i]);
    }
}

void cluster_free(cluster *c)
{
    for (size_t i = 0; i < c->due_count; i++)
        drop_due(&c->dues[i]);
    for (int n = 1; n <= CLUSTER_NODES; n++)
        engine_free(c->nodes[n].engine);
    free_requests(c);
    free(c->dues);
    store_free(c->store);
    bytes_done(&c->story);
    bytes_done(&c->held);
    free(c);
}

engine_config *cluster_config(cluster *c)
{
    return &c->config;
}

void cluster_start(cluster *c, int n)
{
    ck_assert_ptr_null(c->nodes[n].engine);
    c->config.seed[0] = (uint64_t)n * 1000 + ++c->order;
    c->nodes[n] = (node){.engine = engine_new(&c->config)};
    ck_assert_ptr_nonnull(c->nodes[n].engine);
    step(c, n, (engine_event){.kind = ENGINE_TIME});
}

void cluster_crash(cluster *c, int n, bool proven)
{
    char what[32];
    snprintf(what, sizeof(what), "slot-%d crashes", n);
    cluster_say(c, what);
    allot_uuid slot = c->nodes[n].slot;
    engine_free(c->nodes[n].engine);
    c->nodes[n] = (node){0};
    if (!proven)
        return;
    store_effects effects;
    ck_assert_int_eq(store_prove_dead(c->store, &slot, &effects), 0);
    spread(c, n, &effects);
}

void cluster_pause(cluster *c, int n)
{
    char what[32];
    snprintf(what, sizeof(what), "slot-%d is stopped", n);
    cluster_say(c, what);
    c->nodes[n].paused = true;
}

void cluster_resume(cluster *c, int n)
{
    char what[32];
    snprintf(what, sizeof(what), "slot-%d runs again", n);
    cluster_say(c, what);
    c->nodes[n].paused = false;
    step(c, n, (engine_event){.kind = ENGINE_TIME});
}

void cluster_filter_set(cluster *c, cluster_filter filter, void *user)
{
    c->filter = filter;
    c->filter_user = user;
}

void cluster_store_empty(cluster *c)
{
    cluster_say(c, "the store loses everything");
    store_free(c->store);
    c->store = store_new();
}

void cluster_store_clock_step(cluster *c, int64_t ms)
{
    char what[64];
    snprintf(what, sizeof(what), "the store's clock steps by %" PRId64 " ms", ms);
    cluster_say(c, what);
    c->clock_step_us += ms * 1000;
}

void cluster_add(cluster *c, int n, const char *prefix, int count)
{
    request *q = new_request(c, n, ENGINE_ADD);
    q->news = calloc((size_t)count, sizeof(q->news[0]));
    q->texts = calloc((size_t)count, sizeof(q->texts[0]));
    for (int i = 0; i < count; i++) {
        int len = snprintf(q->texts[i], sizeof(q->texts[i]), "%s%d", prefix, i + 1);
        q->news[i].id = (allot_bytes){.data = q->texts[i], .len = (uint32_t)len};
    }
    q->r.count = (size_t)count;
    q->r.news = q->news;
    submit(c, q);
}

void cluster_report(cluster *c, int n, engine_request_kind kind, const char *const *ids, size_t count)
{
    request *q = new_request(c, n, kind);
    q->ids = calloc(count, sizeof(q->ids[0]));
    for (size_t i = 0; i < count; i++)
        q->ids[i].id = (allot_bytes){.data = ids[i], .len = (uint32_t)strlen(ids[i])};
    q->r.count = count;
    q->r.ids = q->ids;
    submit(c, q);
}

void cluster_drain(cluster *c, int n)
{
    submit(c, new_request(c, n, ENGINE_DRAIN));
}

void cluster_leave(cluster *c, int n)
{
    request *q = new_request(c, n, ENGINE_LEAVE);
    q->r.why = ALLOT_WHY_LEAVING;
    submit(c, q);
}

void cluster_clean(cluster *c)
{
    allot_op op = {.kind = ALLOT_OP_CLEAN, .sequence = ++c->order, .not_after_us = INT64_MAX};
    op.session.bytes[0] = 7;
    store_moment m = moment(c);
    allot_answer a;
    store_effects effects;
    ck_assert_int_eq(store_apply(c->store, &op, &m, &a, &effects), 0);
    ck_assert_int_eq(a.outcome.status, ALLOT_STATUS_OK);
    cluster_say(c, "an operator empties the pool");
    spread(c, 0, &effects);
}

void cluster_release_after(cluster *c, int64_t ms)
{
    c->release_us = ms * 1000;
}

void cluster_strategy_set(cluster *c, const allot_strategy_ops *strategy)
{
    c->strategy = strategy;
}

void cluster_reload(cluster *c, int n, bool replan)
{
    engine_settings settings = {.strategy = c->config.strategy,
                                .kind = c->config.kind,
                                .max_attempts = c->config.max_attempts,
                                .settle_us = c->config.settle_us,
                                .handover_timeout_us = c->config.handover_timeout_us,
                                .retry_after_us = c->config.retry_after_us,
                                .retire_on_timeout = c->config.retire_on_timeout,
                                .replan = replan};
    request *q = new_request(c, n, ENGINE_RELOAD);
    q->r.settings = &settings; /* replied to at once */
    submit(c, q);
}

static void keep_id(void *user, allot_bytes id, uint64_t token, bool recalled)
{
    (void)token;
    (void)recalled;
    bytes_append(user, id.data, id.len);
    bytes_append(user, "", 1);
}

/* "id2" before "id10". */
static int compare_texts(const void *a, const void *b)
{
    const char *x = *(const char *const *)a;
    const char *y = *(const char *const *)b;
    int longer = (int)strlen(x) - (int)strlen(y);
    return longer != 0 ? longer : strcmp(x, y);
}

const char *cluster_holds(cluster *c, int n)
{
    bytes texts = {0};
    const char *ids[256];
    size_t count = 0;
    engine_each_owned(c->nodes[n].engine, keep_id, &texts);
    for (size_t at = 0; at < texts.len; at += strlen(texts.data + at) + 1) {
        ck_assert_uint_lt(count, 256);
        ids[count++] = texts.data + at;
    }
    qsort(ids, count, sizeof(ids[0]), compare_texts);
    bytes_clear(&c->held);
    for (size_t i = 0; i < count; i++)
        bytes_printf(&c->held, "%s%s", i > 0 ? " " : "", ids[i]);
    bytes_append(&c->held, "", 1);
    bytes_done(&texts);
    return c->held.data;
}

void cluster_picture_ids(cluster *c)
{
    for (int n = 1; n <= CLUSTER_NODES; n++) {
        bytes line = {0};
        if (c->nodes[n].engine == NULL)
            continue;
        bytes_printf(&line, "slot-%d holds %s", n, cluster_holds(c, n));
        cluster_say(c, line.data);
        bytes_done(&line);
    }
}

void cluster_picture(cluster *c)
{
    allot_op op = {.kind = ALLOT_OP_READ_VIEW};
    store_moment m = moment(c);
    allot_answer a;
    store_effects effects;
    bytes line = {0};
    ck_assert_int_eq(store_apply(c->store, &op, &m, &a, &effects), 0);
    allot_error error;
    ck_assert_msg(store_check(c->store, &error) == 0, "store: %s", error.message);
    for (int n = 1; n <= CLUSTER_NODES; n++) {
        if (c->nodes[n].engine == NULL)
            continue;
        allot_node_status s = {.size = sizeof(s)};
        engine_status(c->nodes[n].engine, c->now_us, &s);
        bytes_printf(&line, "slot-%d holds %" PRIu64 "%s, ", n, s.ids, s.leads ? " and leads" : "");
    }
    bytes_printf(&line, "inbox %" PRIu64 ", parked %" PRIu64, a.view->inbox, a.view->parked);
    cluster_say(c, line.data);
    bytes_done(&line);
}

engine *cluster_engine(cluster *c, int n)
{
    return c->nodes[n].engine;
}

int64_t cluster_now_us(const cluster *c)
{
    return c->now_us;
}

uint64_t cluster_ops(const cluster *c, allot_op_kind kind)
{
    return c->ops[kind];
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static void write_trace(const cluster *c, const char *path)
{
    FILE *f = fopen(path, "w");
    ck_assert_msg(f != NULL, "cannot write %s", path);
    fwrite(c->story.data, 1, c->story.len, f);
    fclose(f);
}

void cluster_compare(cluster *c, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.txt", TRACES, name);
    if (getenv("ALLOT_REWRITE") != NULL) {
        write_trace(c, path);
        return;
    }
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s is missing; ALLOT_REWRITE=1 writes it", path);
    char want[512];
    size_t at = 0;
    int line = 0;
    while (fgets(want, sizeof(want), f) != NULL) {
        size_t len = strlen(want);
        line++;
        if (c->story.len - at < len || memcmp(c->story.data + at, want, len) != 0)
            ck_abort_msg("%s:%d: expected %s  got %.200s", path, line, want,
                         at < c->story.len ? c->story.data + at : "");
        at += len;
    }
    fclose(f);
    ck_assert_msg(at == c->story.len, "%s: the story goes on: %.200s", path, c->story.data + at);
}
