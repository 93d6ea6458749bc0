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
    uint64_t rival_term;       /* another leads in it; 0: nobody else does */
    bool shares;               /* the slot has one id, "a" */
    bool forgets;              /* adds and acks are applied, unanswered, and later the slot is gone */
} hand;

static const allot_new_id only_id = {.id = {.data = "a", .len = 1}};

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
                        .share_rev = h->shares,
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
    if (op->kind == ALLOT_OP_BEAT && h->rival_term > 0) {
        view.leader = h->dead;
        view.term = h->rival_term;
        view.led_for_us = 1000000;
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
    allot_segment_info info = {.segment = 1, .token = 1, .live = 1};
    allot_segment_body text = {.segment = 1, .token = 1, .count = 1, .ids = &only_id};
    if (op->kind == ALLOT_OP_READ_SHARE || op->kind == ALLOT_OP_READ_SEGMENTS) {
        a.share_rev = h->shares;
        a.segment_count = op->kind == ALLOT_OP_READ_SHARE && h->shares;
        a.segments = &info;
        a.body_count = op->kind == ALLOT_OP_READ_SEGMENTS;
        a.bodies = &text;
    }
    if (h->forgets && (op->kind == ALLOT_OP_ADD || op->kind == ALLOT_OP_ACK)) {
        bool first = h->sent[op->kind] == 1;
        a.outcome = (allot_outcome){.status = first ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_REFUSED,
                                    .reason = first ? ALLOT_REFUSED_NOTHING : ALLOT_REFUSED_GONE};
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
    engine_request add = {.kind = ENGINE_ADD, .count = 1, .news = &only_id};
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

/* I1: the answer to a campaign that comes when another is known to have led since. */
START_TEST(a_win_that_is_over_is_none)
{
    hand h;
    setup_hand(&h);
    h.held = ALLOT_OP_CAMPAIGN;
    run(&h, 100);
    ck_assert_uint_eq(h.sent[ALLOT_OP_CAMPAIGN], 1);
    h.rival_term = 5;
    run(&h, 2000);
    h.held = 0;
    run(&h, 1);
    ck_assert_uint_eq(h.sent[ALLOT_OP_READ_ROSTER], 0);
    ck_assert(!engine_is_leader(h.engine, h.now_us, NULL));
    engine_free(h.engine);
}
END_TEST

/* The answer to what was sent first is lost, and with the slot goes what its session remembered: it may have been
 * applied. §2: UNKNOWN is neither success nor failure. */
static void forgotten(engine_request r)
{
    hand h;
    setup_hand(&h);
    h.shares = true;
    h.forgets = true;
    run(&h, 2000);
    ck_assert(engine_owns(h.engine, h.now_us, "a", 1, NULL));
    step(&h, (engine_event){.kind = ENGINE_REQUEST, .request = &r});
    run(&h, 2000);
    ck_assert_uint_eq(h.sent[r.kind == ENGINE_ADD ? ALLOT_OP_ADD : ALLOT_OP_ACK], 2);
    ck_assert_int_eq(r.code, ALLOT_E_UNKNOWN);
    ck_assert_uint_eq(r.refused, 0);
    engine_free(h.engine);
}

START_TEST(an_add_that_a_gone_slot_forgot_is_unknown)
{
    forgotten((engine_request){.kind = ENGINE_ADD, .count = 1, .news = &only_id});
}
END_TEST

START_TEST(an_ack_that_a_gone_slot_forgot_is_unknown)
{
    const allot_id id = {.id = {.data = "a", .len = 1}, .token = 1};
    forgotten((engine_request){.kind = ENGINE_ACK, .count = 1, .ids = &id});
}
END_TEST

Suite *pieces_suite(void)
{
    Suite *s = suite_create("engine pieces");
    TCase *t = tcase_create("pieces");
    tcase_add_test(t, a_reap_without_end_keeps_to_the_window);
    tcase_add_test(t, refused_beats_do_not_come_one_after_the_other);
    tcase_add_test(t, a_win_that_is_over_is_none);
    tcase_add_test(t, an_add_that_a_gone_slot_forgot_is_unknown);
    tcase_add_test(t, an_ack_that_a_gone_slot_forgot_is_unknown);
    suite_add_tcase(s, t);
    return s;
}
