/* Memory that runs out in the engine, at every allocation of every step of a replica's life: the step says so, the
 * engine is fenced for good, and everything is freed. */
#include "backends/store/store.h"
#include "core/engine/engine.h"
#include "plugins/strategies.h"
#include "tests/unit/allocations.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_MOST 128
#define STEPS_MOST 2000
#define IDS_MOST 700

typedef struct stage {
    engine_request_kind kind;
    size_t count;
} stage;

/* What its application asks for, one after the other, each when the one before was replied to and all is quiet. */
static const stage stages[] = {
    {ENGINE_ADD, 600},     {ENGINE_WORKING, 2}, {ENGINE_ACK, 2},   {ENGINE_FAIL, 1},
    {ENGINE_RELEASE, 500}, {ENGINE_ADD, 3},     {ENGINE_DRAIN, 0}, {ENGINE_RELEASE, IDS_MOST},
};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

typedef struct due {
    int64_t at_us;
    const allot_op *op;
} due;

typedef struct life {
    engine *engine;
    store *store;
    int64_t now_us, next_us, latency_us;
    due dues[OPS_MOST];
    size_t due_count;
    plan *plan;
    char texts[IDS_MOST][8];
    allot_new_id news[IDS_MOST];
    allot_id ids[IDS_MOST];
    engine_request request;
    size_t stage;
    uint32_t kind;  /* of the strategy */
    uint8_t others; /* slots of nobody, which take ids and never say a word */
    bool replied, left;
    long steps, fail_step, fail_after; /* the step in which an allocation fails, and after how many of them */
    bool failed, swallowed, over;
} life;

static void take_actions(life *l, const engine_actions *actions)
{
    l->next_us = actions->next_us;
    for (size_t i = 0; i < actions->count; i++) {
        const engine_action *a = &actions->items[i];
        if (a->kind == ENGINE_SUBMIT) {
            ck_assert_uint_lt(l->due_count, OPS_MOST);
            l->dues[l->due_count++] = (due){l->now_us + l->latency_us, a->op};
        } else if (a->kind == ENGINE_PLAN) {
            ck_assert_ptr_null(l->plan);
            l->plan = a->plan;
        } else if (a->kind == ENGINE_REPLY) {
            l->replied = true;
        } else {
            l->left = l->left || a->tell.type == ALLOT_EVENT_LEFT;
        }
    }
}

static void step(life *l, engine_event event)
{
    engine_actions actions;
    event.now_us = l->now_us;
    bool here = ++l->steps == l->fail_step;
    if (here)
        allocations_fail_after(l->fail_after);
    int code = engine_step(l->engine, &event, &actions);
    bool failed = here && allocations_have_failed();
    l->swallowed = failed && code == 0 && l->kind != ALLOT_STRATEGY_COUNTS; /* qsort does without its own memory */
    l->failed = failed && !l->swallowed;
    if (here)
        allocations_fail_after(-1);
    ck_assert_int_eq(code, l->failed ? ALLOT_E_NOMEM : 0);
    if (code == 0)
        take_actions(l, &actions);
    l->over = here || l->left || l->steps == STEPS_MOST;
}

static void deliver(life *l)
{
    const allot_op *op = l->dues[0].op;
    memmove(&l->dues[0], &l->dues[1], --l->due_count * sizeof(l->dues[0]));
    store_moment moment = {.clock_us = l->now_us, .floor = 0};
    allot_answer a;
    store_effects effects;
    ck_assert_int_eq(store_apply(l->store, op, &moment, &a, &effects), 0);
    step(l, (engine_event){.kind = ENGINE_ANSWER, .answer = &a});
    if (!l->over && effects.share_count > 0)
        step(l, (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_SHARE});
    if (!l->over && effects.work)
        step(l, (engine_event){.kind = ENGINE_HINT, .hint = ALLOT_HINT_WORK});
}

static void join_another(life *l)
{
    store_moment moment = {.clock_us = l->now_us, .floor = 0};
    allot_answer a;
    store_effects effects;
    allot_op op = {.kind = ALLOT_OP_JOIN, .sequence = 1, .timeout_us = 1};
    op.slot.bytes[0] = op.session.bytes[0] = ++l->others;
    op.u.join = (allot_op_join){.ttl_us = INT64_C(3600000000), .weight = 1, .fresh_life.bytes[0] = 1};
    ck_assert_int_eq(store_apply(l->store, &op, &moment, &a, &effects), 0);
    ck_assert_int_eq(a.outcome.status, ALLOT_STATUS_OK);
}

static const allot_strategy_ops *strategy_of(uint32_t kind)
{
    return kind == ALLOT_STRATEGY_COUNTS ? &round_robin_strategy_ops
           : kind == ALLOT_STRATEGY_RUNS ? &chunked_strategy_ops
                                         : &hash_strategy_ops;
}

static void list_owned(void *user, allot_bytes id, uint64_t token, bool recalled)
{
    life *l = user;
    (void)recalled;
    size_t i = l->request.count++;
    ck_assert_uint_lt(i, IDS_MOST);
    memcpy(l->texts[i], id.data, id.len);
    l->ids[i] = (allot_id){.id = {l->texts[i], id.len}, .token = token};
}

static void ask(life *l)
{
    const stage *s = &stages[l->stage];
    l->stage += l->stage + 1 < STAGES; /* the last is for what comes late, too */
    if (l->kind != ALLOT_STRATEGY_COUNTS && s->kind == ENGINE_FAIL)
        join_another(l); /* the pool is cut anew */
    l->request = (engine_request){.kind = s->kind, .ids = l->ids, .news = l->news, .reason = {"why", 3}};
    if (s->kind == ENGINE_ADD) {
        for (size_t i = 0; i < s->count; i++)
            l->news[i].id = (allot_bytes){l->texts[i], (uint32_t)snprintf(l->texts[i], 8, "%zu-%zu", l->stage, i)};
        l->request.count = s->count;
    } else {
        engine_each_owned(l->engine, list_owned, l);
        l->request.count = l->request.count < s->count ? l->request.count : s->count;
    }
    l->replied = false;
    step(l, (engine_event){.kind = ENGINE_REQUEST, .request = &l->request});
}

static const allot_strategy_value no_seed = {.number = 0};

/* The earliest of what is to come: an answer, a timer; the next request when neither is near. */
static void go_on(life *l)
{
    if (l->plan != NULL) {
        plan *run = l->plan;
        l->plan = NULL;
        run->values = &no_seed;
        run->value_count = strategy_of(l->kind)->option_count;
        plan_run(run, strategy_of(l->kind));
        step(l, (engine_event){.kind = ENGINE_PLANNED, .planned = run});
        return;
    }
    int64_t answer_us = l->due_count > 0 ? l->dues[0].at_us : INT64_MAX;
    int64_t next_us = answer_us < l->next_us ? answer_us : l->next_us;
    if (l->due_count == 0 && l->replied && next_us > l->now_us + l->latency_us) {
        ask(l);
        return;
    }
    l->now_us = next_us > l->now_us ? next_us : l->now_us;
    if (answer_us <= l->now_us)
        deliver(l);
    else
        step(l, (engine_event){.kind = ENGINE_TIME});
}

static void end(life *l)
{
    engine_actions actions;
    const engine_event time = {.kind = ENGINE_TIME, .now_us = l->now_us};
    if (l->failed && l->plan != NULL) { /* it is the engine's again, and freed */
        const engine_event planned = {.kind = ENGINE_PLANNED, .now_us = l->now_us, .planned = l->plan};
        ck_assert_int_eq(engine_step(l->engine, &planned, &actions), ALLOT_E_NOMEM);
        l->plan = NULL;
    }
    if (l->failed) {
        ck_assert_int_eq(engine_step(l->engine, &time, &actions), ALLOT_E_NOMEM);
        ck_assert_int_eq(engine_deadline_us(l->engine), INT64_MIN);
        ck_assert(!engine_is_leader(l->engine, l->now_us, NULL));
    }
    plan_free(l->plan);
    engine_free(l->engine);
    store_free(l->store);
}

/* How many steps it took. */
static long live(life *l, uint32_t kind, int64_t latency_us, long fail_step, long fail_after)
{
    engine_config config = {.strategy = {.data = "some", .len = 4},
                            .kind = kind,
                            .plan_ids = 300,
                            .weight = 1,
                            .max_attempts = 3,
                            .ttl_us = 3000000,
                            .retry_after_us = 1000000,
                            .seed = {1, 2, 3, 4}};
    *l = (life){.kind = kind, .latency_us = latency_us, .fail_step = fail_step, .fail_after = fail_after};
    l->replied = true;
    l->engine = engine_new(&config);
    l->store = store_new();
    ck_assert(l->engine != NULL && l->store != NULL);
    if (kind != ALLOT_STRATEGY_COUNTS)
        join_another(l);
    step(l, (engine_event){.kind = ENGINE_TIME});
    while (!l->over)
        go_on(l);
    end(l);
    return l->steps;
}

#define LATENCIES 5

/* With each kind of strategy; answers that take a millisecond, and such that come together with beats and other
 * timers. */
START_TEST(each_allocation_of_the_engine_fails_once)
{
    static const int64_t latencies_us[LATENCIES] = {1000, 100000, 200000, 250000, 333333};
    int64_t latency_us = latencies_us[_i % LATENCIES];
    uint32_t kind = ALLOT_STRATEGY_COUNTS + (uint32_t)(_i / LATENCIES);
    life *l = malloc(sizeof(*l));
    ck_assert_ptr_nonnull(l);
    long steps = live(l, kind, latency_us, 0, 0);
    ck_assert(l->left);
    ck_assert_uint_eq(l->stage, STAGES - 1);
    long failures = 0;
    for (long at = 1; at <= steps; at++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            long before = allocations_live();
            live(l, kind, latency_us, at, n);
            failed = l->failed || l->swallowed;
            failures += l->failed;
            long left = allocations_live() - before;
            ck_assert_msg(left == 0, "step %ld, allocation %ld: %ld not freed", at, n, left);
        }
    }
    ck_assert_int_gt(failures, 80);
    free(l);
}
END_TEST

Suite *engine_nomem_suite(void)
{
    Suite *s = suite_create("engine: out of memory");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 120);
    if (allocations_can_fail())
        tcase_add_loop_test(c, each_allocation_of_the_engine_fails_once, 0, LATENCIES * ALLOT_STRATEGY_IDS);
    suite_add_tcase(s, c);
    return s;
}
