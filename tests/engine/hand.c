#include "tests/engine/hand.h"

#include "plugins/strategies.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

hand *hand_new(uint32_t kind, const char *strategy)
{
    static const engine_config base = {
        .weight = 1, .max_attempts = 3, .ttl_us = TTL_US, .retry_after_us = 1000000, .seed = {1, 2, 3, 4}};
    engine_config config = base;
    hand *h = calloc(1, sizeof(*h));
    ck_assert_ptr_nonnull(h);
    config.kind = kind;
    config.strategy = (allot_bytes){strategy, (uint32_t)strlen(strategy)};
    config.retire_on_timeout = true;
    config.handover_timeout_us = 500000;
    h->now_us = 1000000;
    h->view = (allot_view){.life = {{1}}, .rank = 1, .age = 1, .settled_age = 1};
    h->view.next_due_us = h->view.next_expiry_us = INT64_MAX;
    h->engine = engine_new(&config);
    ck_assert_ptr_nonnull(h->engine);
    return h;
}

void hand_free(hand *h)
{
    plan_free(h->plan);
    engine_free(h->engine);
    free(h);
}

static void take(hand *h, const engine_action *a)
{
    if (a->kind == ENGINE_SUBMIT) {
        ck_assert_uint_lt(h->op_count, HAND_OPS_MOST);
        h->ops[h->op_count++] = a->op;
        h->sent[a->op->kind]++;
        h->sequence = a->op->sequence > h->sequence ? a->op->sequence : h->sequence;
    } else if (a->kind == ENGINE_PLAN) {
        h->plan = a->plan;
    } else if (a->kind == ENGINE_REPLY) {
        h->replied = a->request;
    } else {
        h->told[a->tell.type]++;
        h->why = a->tell.why;
        if (a->tell.message != NULL)
            strncpy(h->note, a->tell.message, sizeof(h->note) - 1);
    }
}

void hand_step(hand *h, engine_event event)
{
    engine_actions actions;
    event.now_us = h->now_us;
    ck_assert_int_eq(engine_step(h->engine, &event, &actions), 0);
    h->next_us = actions.next_us;
    for (size_t i = 0; i < actions.count; i++)
        take(h, &actions.items[i]);
}

static void usual_answer(hand *h, const allot_op *op, allot_answer *a)
{
    switch (op->kind) {
    case ALLOT_OP_CAMPAIGN:
        a->outcome.term = h->view.term = h->view.term + 1;
        h->view.leader = h->slot;
        break;
    case ALLOT_OP_RESIGN:
        h->view.leader = (allot_uuid){{0}};
        break;
    case ALLOT_OP_READ_ROSTER:
        a->slots = h->slots;
        a->slot_count = h->slot_count;
        break;
    case ALLOT_OP_READ_INBOX:
        a->segments = &h->inbox;
        a->segment_count = h->inbox_count;
        break;
    case ALLOT_OP_READ_SHARE:
        a->share_rev = h->view.share_rev;
        a->segments = h->segments;
        a->segment_count = h->segment_count;
        break;
    case ALLOT_OP_READ_SEGMENTS:
        a->bodies = h->bodies;
        a->body_count = h->body_count;
        break;
    case ALLOT_OP_PUBLISH:
        h->view.version++;
        break;
    default:
        break;
    }
}

static void answer(hand *h, const allot_op *op)
{
    allot_answer a = {.cookie = op->cookie, .kind = op->kind, .outcome.status = ALLOT_STATUS_OK};
    if (op->kind == ALLOT_OP_JOIN) {
        h->slot = op->slot;
        h->slots[0] = (allot_slot_info){
            .slot = h->slot, .age = 1, .weight = 1, .state = ALLOT_SLOT_LIVE, .expires_in_us = 100000000};
        h->slot_count = h->slot_count == 0 ? 1 : h->slot_count;
    }
    bool own = h->own != NULL && h->own(h, op, &a);
    if (!own)
        usual_answer(h, op, &a);
    h->view.number++;
    h->view.store_us = h->now_us;
    bool shows = op->kind == ALLOT_OP_READ_VIEW || op->kind == ALLOT_OP_BEAT;
    if (shows && a.outcome.status == ALLOT_STATUS_OK)
        a.view = &h->view;
    hand_step(h, (engine_event){.kind = ENGINE_ANSWER, .answer = &a});
}

bool hand_answer_one(hand *h)
{
    for (size_t i = 0; i < h->op_count; i++) {
        const allot_op *op = h->ops[i];
        if (op->kind == h->held)
            continue;
        memmove(&h->ops[i], &h->ops[i + 1], (--h->op_count - i) * sizeof(h->ops[0]));
        answer(h, op);
        return true;
    }
    return false;
}

static const allot_strategy_value no_seed = {.number = 0};

static void run_plan(hand *h)
{
    plan *p = h->plan;
    const allot_strategy_ops *ops = p->kind == ALLOT_STRATEGY_COUNTS ? &round_robin_strategy_ops
                                    : p->kind == ALLOT_STRATEGY_RUNS ? &chunked_strategy_ops
                                                                     : &hash_strategy_ops;
    h->plan = NULL;
    p->values = &no_seed;
    p->value_count = ops->option_count;
    h->most_planned = p->id_count > h->most_planned ? p->id_count : h->most_planned;
    h->most_sources = p->source_count > h->most_sources ? p->source_count : h->most_sources;
    plan_run(p, ops);
    hand_step(h, (engine_event){.kind = ENGINE_PLANNED, .planned = p});
}

void hand_run(hand *h, int64_t us)
{
    int64_t until = h->now_us + us;
    for (int i = 0; i < 5000; i++) {
        if (h->plan != NULL) {
            run_plan(h);
        } else if (!hand_answer_one(h)) {
            if (h->next_us > until)
                break;
            h->now_us = h->next_us > h->now_us ? h->next_us : h->now_us + 1;
            hand_step(h, (engine_event){.kind = ENGINE_TIME});
        }
    }
    h->now_us = until > h->now_us ? until : h->now_us;
}

hand *hand_live(uint32_t kind, const char *strategy, own_answer own)
{
    hand *h = hand_new(kind, strategy);
    h->own = own;
    hand_step(h, (engine_event){.kind = ENGINE_TIME});
    hand_run(h, 100000);
    return h;
}

bool hand_refuse(allot_answer *a, allot_reason reason)
{
    a->outcome = (allot_outcome){.status = ALLOT_STATUS_REFUSED, .reason = reason};
    return true;
}

bool hand_never_leads(hand *h, const allot_op *op, allot_answer *a)
{
    (void)h;
    return op->kind == ALLOT_OP_CAMPAIGN && hand_refuse(a, ALLOT_REFUSED_LED);
}

void hand_ask(hand *h, engine_request *r)
{
    hand_step(h, (engine_event){.kind = ENGINE_REQUEST, .request = r});
}

void hand_give_segment(hand *h, uint64_t segment, const allot_new_id *ids, uint32_t count)
{
    ck_assert(h->segment_count < HAND_SEGMENTS_MOST && h->body_count < HAND_SEGMENTS_MOST);
    h->segments[h->segment_count++] =
        (allot_segment_info){.segment = segment, .token = segment, .order = segment * 1024, .live = count};
    h->bodies[h->body_count++] = (allot_segment_body){.segment = segment, .token = segment, .count = count, .ids = ids};
}
