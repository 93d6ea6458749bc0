/* What stories cannot show, because the store does not do it of its own accord: one engine, answered by hand. */
#include "core/engine/engine.h"
#include "tests/engine/suites.h"

#include <string.h>

#define OPS_MOST 256

typedef struct hand {
    engine *engine;
    int64_t now_us, next_us;
    const allot_op *ops[OPS_MOST]; /* not answered yet */
    size_t op_count;
    uint64_t sent[ALLOT_OP_KIND_END], sequence; /* how many of each; the largest */
    uint64_t view_number;
    allot_uuid slot, dead;
    allot_reason beat_refused; /* beats are answered so */
    allot_op_kind held;        /* ops of this kind are not answered */
} hand;

static void step(hand *h, engine_event event)
{
    engine_actions actions;
    event.now_us = h->now_us;
    ck_assert_int_eq(engine_step(h->engine, &event, &actions), 0);
    h->next_us = actions.next_us;
    for (size_t i = 0; i < actions.count; i++) {
        if (actions.items[i].kind != ENGINE_SUBMIT)
            continue;
        const allot_op *op = actions.items[i].op;
        ck_assert_uint_lt(h->op_count, OPS_MOST);
        h->ops[h->op_count++] = op;
        h->sent[op->kind]++;
        h->sequence = op->sequence > h->sequence ? op->sequence : h->sequence;
    }
}

static allot_view view_of(hand *h)
{
    return (allot_view){.life = {{1}},
                        .number = ++h->view_number,
                        .store_us = h->now_us,
                        .rank = 1,
                        .age = 1,
                        .settled_age = 1,
                        .next_due_us = INT64_MAX,
                        .next_expiry_us = INT64_MAX};
}

/* A store that knows this slot, and one that is dead and has no end of ids. */
static void answer(hand *h, const allot_op *op)
{
    allot_view view = view_of(h);
    allot_slot_info slots[2] = {
        {.slot = h->slot, .age = 1, .weight = 1, .state = ALLOT_SLOT_LIVE, .expires_in_us = 1000000},
        {.slot = h->dead, .age = 2, .weight = 1, .state = ALLOT_SLOT_DEAD, .ids = 1000000}};
    allot_answer a = {.cookie = op->cookie, .kind = op->kind, .outcome.status = ALLOT_STATUS_OK};
    if (op->kind == ALLOT_OP_JOIN)
        h->slot = op->slot;
    if (op->kind == ALLOT_OP_READ_VIEW || op->kind == ALLOT_OP_BEAT)
        a.view = &view;
    if (op->kind == ALLOT_OP_BEAT && h->sent[ALLOT_OP_CAMPAIGN] > 0) {
        view.leader = h->slot;
        view.term = 1;
    }
    if (op->kind == ALLOT_OP_BEAT && h->sent[ALLOT_OP_BEAT] > 1 && h->beat_refused != ALLOT_REFUSED_NOTHING) {
        a.outcome = (allot_outcome){.status = ALLOT_STATUS_REFUSED, .reason = h->beat_refused};
        a.view = NULL;
    }
    if (op->kind == ALLOT_OP_CAMPAIGN)
        a.outcome.term = 1;
    if (op->kind == ALLOT_OP_READ_ROSTER) {
        a.slots = slots;
        a.slot_count = 2;
    }
    if (op->kind == ALLOT_OP_REAP)
        a.outcome = (allot_outcome){.status = ALLOT_STATUS_OK, .count = 512, .more = 1000000};
    step(h, (engine_event){.kind = ENGINE_ANSWER, .answer = &a});
}

static bool answer_first(hand *h)
{
    for (size_t i = 0; i < h->op_count; i++) {
        const allot_op *op = h->ops[i];
        if (op->kind == h->held)
            continue;
        memmove(&h->ops[i], &h->ops[i + 1], (--h->op_count - i) * sizeof(h->ops[0]));
        h->now_us += 1000;
        answer(h, op);
        return true;
    }
    return false;
}

/* Each answer takes a millisecond; where none is due, time goes on to what the engine waits for. */
static void run(hand *h, int64_t ms)
{
    int64_t until_us = h->now_us + ms * 1000;
    while (h->now_us < until_us) {
        if (h->next_us > h->now_us && answer_first(h))
            continue;
        if (h->next_us > until_us)
            break;
        h->now_us = h->next_us > h->now_us ? h->next_us : h->now_us + 1;
        step(h, (engine_event){.kind = ENGINE_TIME});
    }
}

static void setup_hand(hand *h)
{
    engine_config config = {.strategy = {.data = "none", .len = 4},
                            .kind = ALLOT_STRATEGY_COUNTS,
                            .weight = 1,
                            .ttl_us = 3000000,
                            .seed = {1, 2, 3, 4}};
    *h = (hand){.now_us = 1, .dead = {{7}}, .engine = engine_new(&config)};
    ck_assert_ptr_nonnull(h->engine);
    step(h, (engine_event){.kind = ENGINE_TIME});
}

/* An op that is sent again must find its session's window (DESIGN §2, answers), whatever the leader has to do. */
START_TEST(a_reap_without_end_keeps_to_the_window)
{
    hand h;
    const allot_new_id new = {.id = {.data = "a", .len = 1}};
    engine_request add = {.kind = ENGINE_ADD, .count = 1, .news = &new};
    setup_hand(&h);
    run(&h, 20);
    ck_assert_uint_gt(h.sent[ALLOT_OP_REAP], 5);
    h.held = ALLOT_OP_ADD;
    uint64_t before = h.sequence;
    step(&h, (engine_event){.kind = ENGINE_REQUEST, .request = &add});
    ck_assert_uint_eq(h.sent[ALLOT_OP_ADD], 1);
    ck_assert_uint_eq(h.sequence, before + 1);
    run(&h, 900);
    ck_assert_uint_lt(h.sequence, before + 1 + ALLOT_OP_UNANSWERED_MAX);
    uint64_t reaps = h.sent[ALLOT_OP_REAP];
    h.held = 0;
    run(&h, 100);
    ck_assert_uint_gt(h.sent[ALLOT_OP_REAP], reaps); /* and then it goes on */
    engine_free(h.engine);
}
END_TEST

/* Also where a store refuses beats for a reason that no store of ours has. */
START_TEST(refused_beats_do_not_come_one_after_the_other)
{
    hand h;
    setup_hand(&h);
    h.beat_refused = ALLOT_REFUSED_INVALID;
    run(&h, 2000);
    ck_assert_uint_gt(h.sent[ALLOT_OP_BEAT], 3);
    ck_assert_uint_lt(h.sent[ALLOT_OP_BEAT], 30);
    engine_free(h.engine);
}
END_TEST

Suite *pieces_suite(void)
{
    Suite *s = suite_create("engine pieces");
    TCase *t = tcase_create("pieces");
    tcase_add_test(t, a_reap_without_end_keeps_to_the_window);
    tcase_add_test(t, refused_beats_do_not_come_one_after_the_other);
    suite_add_tcase(s, t);
    return s;
}
