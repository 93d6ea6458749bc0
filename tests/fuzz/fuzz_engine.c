/* fuzz_engine.c - bytes as what happens to a few replicas of a group: requests, losses, deaths, stops, clocks.
 *
 * The engines stand before a real store (backends/store), so all answers are such as a store gives; which of them get
 * lost, and when, is up to the bytes. What must hold: no assert of the engine or the store speaks; every op that an
 * engine submits is well formed; a step asks to be called again; each request is replied to once; two replicas never
 * both hold an id, as long as the store's clock and data were left alone; the store keeps its own promises. */
#include "backends/store/validate.h"
#include "base/uuid_text.h"
#include "core/engine/engine.h"
#include "plugins/strategies.h"
#include "tests/fuzz/stores.h"

enum {
    NODES = 3,
    DUES = 400,
    ASKED = 6,
    STEPS_MOST = 1500,
    SAME_INSTANT_MOST = 2000,
    FOREIGN_MOST = 3,
    TEXT_BYTES = 12,
    MS = 1000
};

typedef enum fate { DELIVER, LOSE_REQUEST, LOSE_REPLY, UNAVAILABLE, FATES } fate;

typedef struct due {
    int64_t at_us;
    const allot_op *op;
    fate fate;
} due;

/* A request with what it points to. */
typedef struct asked {
    engine_request r;
    allot_id *ids;
    allot_new_id *news;
    char (*texts)[TEXT_BYTES];
    size_t room;
    bool open;
} asked;

typedef struct world world;

typedef struct node {
    world *w;
    engine *engine; /* NULL: not started, crashed, or left */
    uint8_t runs;   /* how often it was started */
    due dues[DUES];
    size_t due_count;
    plan *plan;
    bool left;
    asked asked[ASKED];
    int64_t next_us, latency_us, asleep_until_us;
    fate fate;       /* of its next ops */
    uint8_t fated;   /* so many */
    uint8_t strategy; /* how the next plan is answered */
} node;

struct world {
    input in;
    store *store;
    node nodes[NODES];
    int64_t now_us, store_ahead_us;
    uint64_t floor, ids, foreign_sequence;
    uint32_t kind, steps, instants, foreign;
    bool is_fair; /* neither clock nor data of the store were touched */
};

/* ---- The store --------------------------------------------------------------------------------------------------- */

static store_moment moment_of(const world *w)
{
    return (store_moment){.clock_us = w->now_us + w->store_ahead_us, .floor = w->floor};
}

static void give(node *n, engine_event event);

/* Hints for all, as far as they are awake. */
static void spread(world *w, const store_effects *effects)
{
    for (int i = 0; i < NODES; i++) {
        if (effects->group)
            give(&w->nodes[i], (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_GROUP});
        if (effects->leaderless)
            give(&w->nodes[i], (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_LEADERLESS});
        if (effects->work)
            give(&w->nodes[i], (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_WORK});
        if (effects->share_count > 0)
            give(&w->nodes[i], (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_SHARE});
    }
}

static void apply(world *w, const allot_op *op, allot_answer *ret_answer, store_effects *ret_effects)
{
    store_moment moment = moment_of(w);
    REQUIRE(store_apply(w->store, op, &moment, ret_answer, ret_effects) == 0);
}

/* Of nobody: a slot that never says a word after its join, the operator's clean. */
static void apply_foreign(world *w, allot_op op, const allot_uuid *slot)
{
    allot_answer answer;
    store_effects effects;
    if (slot != NULL) {
        op.slot = op.session = *slot;
        op.sequence = 1;
    } else {
        op.session = (allot_uuid){{0xcc}};
        op.sequence = ++w->foreign_sequence;
        op.not_after_us = w->now_us + w->store_ahead_us + 1000 * MS;
    }
    apply(w, &op, &answer, &effects);
    spread(w, &effects);
}

/* ---- Actions and events ------------------------------------------------------------------------------------------ */

static void submit(node *n, const allot_op *op)
{
    REQUIRE(n->due_count < DUES && op->timeout_us > 0 && store_validate(op) == ALLOT_REFUSED_NOTHING);
    fate f = n->fated > 0 ? n->fate : DELIVER;
    n->fated -= n->fated > 0;
    n->dues[n->due_count++] = (due){n->w->now_us + n->latency_us, op, f};
}

static void replied(node *n, const engine_request *r)
{
    for (int i = 0; i < ASKED; i++)
        if (&n->asked[i].r == r) {
            REQUIRE(n->asked[i].open && r->ok + r->refused <= r->count && r->done <= r->count);
            n->asked[i].open = false;
            return;
        }
    REQUIRE(!"a reply to no request");
}

static void take_actions(node *n, const engine_actions *actions)
{
    n->next_us = actions->next_us;
    for (size_t i = 0; i < actions->count; i++) {
        const engine_action *a = &actions->items[i];
        if (a->kind == ENGINE_SUBMIT)
            submit(n, a->op);
        else if (a->kind == ENGINE_REPLY)
            replied(n, a->request);
        else if (a->kind == ENGINE_TELL)
            n->left = n->left || a->tell.type == ALLOT_EVENT_LEFT;
        if (a->kind == ENGINE_PLAN) {
            REQUIRE(n->plan == NULL);
            n->plan = a->plan;
        }
    }
}

static void give(node *n, engine_event event)
{
    engine_actions actions;
    if (n->engine == NULL || n->asleep_until_us > n->w->now_us)
        return;
    event.now_us = n->w->now_us;
    REQUIRE(engine_step(n->engine, &event, &actions) == 0);
    take_actions(n, &actions);
    REQUIRE(n->next_us > n->w->now_us || n->next_us == INT64_MIN || ++n->w->instants < SAME_INSTANT_MOST);
}

static void answer_first(node *n)
{
    world *w = n->w;
    due d = n->dues[0];
    memmove(&n->dues[0], &n->dues[1], --n->due_count * sizeof(n->dues[0]));
    allot_answer answer = {.cookie = d.op->cookie, .kind = d.op->kind};
    store_effects effects = {0};
    if (d.fate == DELIVER || d.fate == LOSE_REPLY)
        apply(w, d.op, &answer, &effects);
    if (d.fate != DELIVER)
        answer = (allot_answer){.cookie = d.op->cookie,
                                .kind = d.op->kind,
                                .outcome.status =
                                    d.fate == UNAVAILABLE ? ALLOT_STATUS_UNAVAILABLE : ALLOT_STATUS_UNKNOWN,
                                .message = "no"};
    give(n, (engine_event){.kind = ENGINE_ANSWER, .answer = &answer});
    spread(w, &effects);
}

static int refuse_plan(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)view;
    (void)owner;
    (void)ret_error;
    return ALLOT_E_SYSTEM;
}

static int to_nobody(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = view->slot_count;
    return 0;
}

static int all_to_one(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = view->slot_count - 1;
    return 0;
}

static const allot_strategy_value no_seed = {.number = 0};

static void answer_plan(node *n)
{
    plan *p = n->plan;
    const allot_strategy_ops *usual = p->kind == ALLOT_STRATEGY_COUNTS ? &round_robin_strategy_ops
                                      : p->kind == ALLOT_STRATEGY_RUNS ? &chunked_strategy_ops
                                                                       : &hash_strategy_ops;
    allot_strategy_ops own = *usual;
    if (n->strategy != 0)
        own.assign = n->strategy == 1 ? refuse_plan : n->strategy == 2 ? all_to_one : to_nobody;
    n->plan = NULL;
    n->strategy = 0;
    p->values = &no_seed;
    p->value_count = usual->option_count;
    plan_run(p, &own);
    give(n, (engine_event){.kind = ENGINE_PLANNED, .planned = p});
}

/* ---- Requests ---------------------------------------------------------------------------------------------------- */

static asked *free_request(node *n, size_t count)
{
    asked *a = NULL;
    for (int i = 0; i < ASKED && a == NULL; i++)
        a = n->asked[i].open ? NULL : &n->asked[i];
    if (a == NULL)
        return NULL;
    free(a->ids);
    free(a->news);
    free(a->texts);
    *a = (asked){.ids = calloc(count + 1, sizeof(*a->ids)),
                 .news = calloc(count + 1, sizeof(*a->news)),
                 .texts = calloc(count + 1, sizeof(*a->texts)),
                 .room = count};
    REQUIRE(a->ids != NULL && a->news != NULL && a->texts != NULL);
    return a;
}

static void ask(node *n, asked *a)
{
    a->open = true;
    give(n, (engine_event){.kind = ENGINE_REQUEST, .request = &a->r});
}

static bool may_ask(const node *n)
{
    return n->engine != NULL && !n->left && n->asleep_until_us <= n->w->now_us;
}

static void ask_add(node *n)
{
    world *w = n->w;
    uint8_t how = take(&w->in);
    size_t count = how < 128 ? how % 16 + 1u : how % 8 * 150 + 1u;
    asked *a = may_ask(n) ? free_request(n, count) : NULL;
    if (a == NULL)
        return;
    uint64_t from = how % 3 == 0 && w->ids > count ? w->ids - count / 2 : w->ids; /* some are there already */
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(a->texts[i], TEXT_BYTES, "%llu", (unsigned long long)(from + i));
        a->news[i] = (allot_new_id){.id = {a->texts[i], (uint32_t)len}};
        if (how % 5 == 0)
            a->news[i].payload = a->news[i].id;
    }
    w->ids = from + count;
    a->r = (engine_request){.kind = ENGINE_ADD, .count = count, .news = a->news};
    ask(n, a);
}

static void list_owned(void *user, allot_bytes id, uint64_t token, bool recalled)
{
    asked *a = user;
    (void)recalled;
    if (a->r.count == a->room)
        return;
    size_t i = a->r.count++;
    memcpy(a->texts[i], id.data, id.len);
    a->ids[i] = (allot_id){.id = {a->texts[i], id.len}, .token = token};
}

static void ask_report(node *n, engine_request_kind kind)
{
    uint8_t how = take(&n->w->in);
    asked *a = may_ask(n) ? free_request(n, how < 192 ? how % 32 : how * 8u) : NULL;
    if (a == NULL)
        return;
    a->r = (engine_request){.kind = kind, .ids = a->ids, .reason = {"why", 3}};
    engine_each_owned(n->engine, list_owned, a);
    if (kind == ENGINE_WORKING && a->r.count > ALLOT_WORKING_MAX)
        a->r.count = ALLOT_WORKING_MAX;
    for (size_t i = 0; i < a->r.count; i++) {
        if (how % 4 == 1)
            a->ids[i].token = 0; /* whichever it is */
        else if (how % 16 == 2)
            a->ids[i].token++; /* none that it has */
        if (how % 16 == 3 && i > 0)
            a->ids[i].id = a->ids[0].id; /* twice */
    }
    if (how % 16 == 6 && a->r.count > 0)
        a->ids[0].id = (allot_bytes){"nowhere", 7};
    ask(n, a);
}

static void ask_end(node *n, engine_request_kind kind)
{
    asked *a = may_ask(n) ? free_request(n, 0) : NULL;
    if (a == NULL)
        return;
    a->r = (engine_request){.kind = kind, .why = ALLOT_WHY_LEAVING};
    ask(n, a);
}

static void ask_reload(node *n)
{
    uint8_t how = take(&n->w->in);
    asked *a = may_ask(n) ? free_request(n, 0) : NULL;
    if (a == NULL)
        return;
    if (how & 8)
        n->w->kind = ALLOT_STRATEGY_COUNTS + how % 3u;
    engine_settings settings = {.strategy = {how & 16 ? "other" : "some", how & 16 ? 5 : 4},
                                .kind = n->w->kind,
                                .max_attempts = 2,
                                .settle_us = (how & 32) * 10 * MS,
                                .handover_timeout_us = 500 * MS,
                                .retry_after_us = 100 * MS,
                                .retire_on_timeout = (how & 64) != 0,
                                .replan = (how & 128) != 0 || (how & 8) != 0};
    a->r = (engine_request){.kind = ENGINE_RELOAD, .settings = &settings};
    ask(n, a);
    REQUIRE(!a->open);
}

/* ---- Lives ------------------------------------------------------------------------------------------------------- */

static void stop(node *n)
{
    plan_free(n->plan);
    engine_free(n->engine);
    n->engine = NULL;
    n->plan = NULL;
    n->due_count = 0;
    n->left = false;
    for (int i = 0; i < ASKED; i++)
        n->asked[i].open = false;
}

static void start(node *n)
{
    world *w = n->w;
    uint8_t how = take(&w->in);
    uint64_t number = (uint64_t)(n - w->nodes) + 1;
    if (n->engine != NULL && !n->left)
        return;
    stop(n);
    engine_config config = {.name = {"name", how & 1 ? 0 : 4},
                            .host = {"host", 4},
                            .strategy = {"some", 4},
                            .kind = w->kind,
                            .plan_ids = how & 2 ? 64 : 0,
                            .weight = 1 + how % 5u,
                            .max_attempts = 2,
                            .ttl_us = 2000 * MS,
                            .settle_us = how & 4 ? 0 : 200 * MS,
                            .handover_timeout_us = 700 * MS,
                            .retry_after_us = 100 * MS,
                            .retire_on_timeout = (how & 8) != 0,
                            .quarantine_always = (how & 16) != 0,
                            .seed = {number, ++n->runs, 3, 4}};
    n->latency_us = (how & 32) ? 40 * MS : MS;
    n->asleep_until_us = 0;
    n->engine = engine_new(&config);
    REQUIRE(n->engine != NULL);
    give(n, (engine_event){.kind = ENGINE_TIME});
}

static void add_foreign(world *w)
{
    uint8_t how = take(&w->in);
    if (w->foreign == FOREIGN_MOST)
        return;
    allot_uuid slot = {{0xf0, (uint8_t)++w->foreign}};
    allot_op op = {.kind = ALLOT_OP_JOIN};
    op.u.join = (allot_op_join){.name = {"name", how & 1 ? 4 : 0},
                                .ttl_us = how & 2 ? INT64_C(3600000000) : 3000 * MS,
                                .weight = 1 + how % 7u,
                                .fresh_life = {{9}}};
    apply_foreign(w, op, &slot);
}

static void kill_foreign(world *w)
{
    store_effects effects;
    allot_uuid slot = {{0xf0, (uint8_t)(1 + take(&w->in) % FOREIGN_MOST)}};
    REQUIRE(store_prove_dead(w->store, &slot, &effects) == 0);
    spread(w, &effects);
}

static void lose_data(world *w)
{
    store_free(w->store);
    w->store = store_new();
    REQUIRE(w->store != NULL);
    w->is_fair = false;
}

/* ---- What holds -------------------------------------------------------------------------------------------------- */

typedef struct held {
    uint8_t *by; /* of each id's number: who has it, from 1 */
    uint64_t count;
    uint8_t who;
} held;

static void note_held(void *user, allot_bytes id, uint64_t token, bool recalled)
{
    held *h = user;
    uint64_t number = 0;
    (void)token;
    (void)recalled;
    for (uint32_t i = 0; i < id.len; i++)
        number = number * 10 + (uint64_t)(id.data[i] - '0');
    REQUIRE(number < h->count && h->by[number] == 0); /* I3 */
    h->by[number] = h->who;
}

static void check_holds(const world *w)
{
    held h = {.by = calloc(w->ids + 1, 1), .count = w->ids};
    REQUIRE(h.by != NULL);
    for (int i = 0; i < NODES && w->is_fair; i++) {
        const node *n = &w->nodes[i];
        h.who++;
        if (n->engine != NULL && w->now_us < engine_deadline_us(n->engine))
            engine_each_owned(n->engine, note_held, &h);
    }
    free(h.by);
}

static void check_node(const node *n)
{
    uint64_t term = 0, token;
    allot_node_status status = {.size = sizeof(status)};
    if (n->engine == NULL)
        return;
    bool leads = engine_is_leader(n->engine, n->w->now_us, n->runs % 2 ? &term : NULL);
    engine_status(n->engine, n->w->now_us, &status);
    REQUIRE(status.leads == leads);
    REQUIRE(!engine_owns(n->engine, n->w->now_us, "nowhere", 7, &token));
    REQUIRE(!engine_owns(n->engine, n->w->now_us, "", 0, NULL));
}

static void check(const world *w)
{
    require_in_order(w->store);
    check_holds(w);
    for (int i = 0; i < NODES; i++)
        check_node(&w->nodes[i]);
}

/* ---- What happens ------------------------------------------------------------------------------------------------ */

static int64_t due_us(const node *n)
{
    if (n->engine == NULL)
        return INT64_MAX;
    int64_t at = n->plan != NULL ? n->w->now_us : n->next_us;
    at = n->due_count > 0 && n->dues[0].at_us < at ? n->dues[0].at_us : at;
    return at < n->asleep_until_us ? n->asleep_until_us : at;
}

/* The next of what is due; false: nothing will ever be. */
static bool go_on(world *w)
{
    node *next = NULL;
    int64_t at = INT64_MAX;
    for (int i = 0; i < NODES; i++)
        if (due_us(&w->nodes[i]) < at)
            at = due_us((next = &w->nodes[i]));
    if (next == NULL || ++w->steps > STEPS_MOST)
        return false;
    if (at > w->now_us) {
        w->now_us = at;
        w->instants = 0;
    }
    if (next->plan != NULL)
        answer_plan(next);
    else if (next->due_count > 0 && next->dues[0].at_us <= w->now_us)
        answer_first(next);
    else
        give(next, (engine_event){.kind = ENGINE_TIME});
    return true;
}

static void run_for(world *w, int64_t us)
{
    int64_t until = w->now_us + us;
    bool more = true;
    while (more) {
        more = false;
        for (int i = 0; i < NODES; i++)
            more = more || due_us(&w->nodes[i]) <= until;
        more = more && go_on(w);
    }
    w->now_us = until > w->now_us ? until : w->now_us;
}

static void touch_store(world *w)
{
    uint8_t how = take(&w->in);
    if (how % 4 == 0)
        lose_data(w);
    else if (how % 4 == 1)
        w->store_ahead_us += (how & 128 ? -1 : 1) * (int64_t)(how % 64) * 100 * MS;
    else if (how % 4 == 2)
        apply_foreign(w, (allot_op){.kind = ALLOT_OP_CLEAN}, NULL);
    w->is_fair = w->is_fair && how % 4 > 1;
}

static void happen(world *w)
{
    static const engine_request_kind reports[] = {ENGINE_ACK, ENGINE_FAIL, ENGINE_RELEASE, ENGINE_WORKING};
    uint8_t what = take(&w->in);
    node *n = &w->nodes[what % NODES];
    switch (what / NODES % 20) {
    case 0:
    case 1:
        start(n);
        break;
    case 2:
        stop(n);
        break;
    case 3:
        n->fate = (fate)(take(&w->in) % FATES);
        n->fated = take(&w->in) % 40;
        break;
    case 4:
        n->asleep_until_us = w->now_us + take(&w->in) * 20 * (int64_t)MS;
        break;
    case 5:
        n->strategy = 1 + take(&w->in) % 3;
        break;
    case 6:
        ask_add(n);
        break;
    case 7:
    case 8:
    case 9:
    case 10:
        ask_report(n, reports[what / NODES % 20 - 7]);
        break;
    case 11:
        ask_end(n, ENGINE_DRAIN);
        break;
    case 12:
        ask_end(n, ENGINE_LEAVE);
        break;
    case 13:
        ask_reload(n);
        break;
    case 14:
        add_foreign(w);
        break;
    case 15:
        kill_foreign(w);
        break;
    case 16:
        touch_store(w);
        break;
    case 17:
        go_on(w);
        break;
    case 18:
        run_for(w, take(&w->in) * (int64_t)MS);
        break;
    default:
        run_for(w, take(&w->in) * 50 * (int64_t)MS);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world *w = calloc(1, sizeof(*w));
    REQUIRE(w != NULL);
    *w = (world){.in = {data, size}, .store = store_new(), .now_us = 1000 * MS, .floor = 1, .is_fair = true};
    REQUIRE(w->store != NULL);
    w->kind = ALLOT_STRATEGY_COUNTS + take(&w->in) % 3u;
    for (int i = 0; i < NODES; i++)
        w->nodes[i].w = w;
    while (w->in.left > 0 && w->steps < STEPS_MOST) {
        happen(w);
        if (w->in.left % 8 == 0)
            check(w);
    }
    run_for(w, 3000 * MS);
    check(w);
    for (int i = 0; i < NODES; i++) {
        stop(&w->nodes[i]);
        for (int k = 0; k < ASKED; k++) {
            free(w->nodes[i].asked[k].ids);
            free(w->nodes[i].asked[k].news);
            free(w->nodes[i].asked[k].texts);
        }
    }
    store_free(w->store);
    free(w);
    return 0;
}
