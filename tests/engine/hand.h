/* hand.h - one engine, answered by hand: for what a well-behaved store at a small scale does not show. */
#ifndef TESTS_ENGINE_HAND_H
#define TESTS_ENGINE_HAND_H

#include "core/engine/engine.h"

enum { HAND_OPS_MOST = 256, HAND_SLOTS_MOST = 24, HAND_SEGMENTS_MOST = 12, TTL_US = 3000000 };

typedef struct hand hand;

/* The test's own answer to an op; false: the usual one. */
typedef bool (*own_answer)(hand *h, const allot_op *op, allot_answer *ret_answer);

struct hand {
    engine *engine;
    int64_t now_us, next_us;
    const allot_op *ops[HAND_OPS_MOST]; /* not answered yet */
    size_t op_count;
    plan *plan;
    uint64_t most_planned, most_sources; /* of one plan: ids, segments */
    uint64_t sequence; /* the highest sent */
    uint64_t sent[ALLOT_OP_KIND_END], told[ALLOT_EVENT_NOTE + 64];
    const engine_request *replied;
    char note[200];
    allot_why why; /* of the last event */
    allot_uuid slot;
    allot_view view; /* that the store shows; its number grows by itself */
    allot_slot_info slots[HAND_SLOTS_MOST];
    uint32_t slot_count;
    allot_segment_info segments[HAND_SEGMENTS_MOST]; /* of the share */
    allot_segment_body bodies[HAND_SEGMENTS_MOST];
    uint32_t segment_count, body_count;
    allot_segment_info inbox;
    uint32_t inbox_count;
    own_answer own;
    allot_op_kind held; /* ops of this kind are not answered */
    uint64_t step; /* the test's */
};

hand *hand_new(uint32_t kind, const char *strategy);
void hand_free(hand *h);
/* One that has joined; `own` may be NULL. */
hand *hand_live(uint32_t kind, const char *strategy, own_answer own);

void hand_step(hand *h, engine_event event);
/* Answers one of the ops that are not held; false: there is none. */
bool hand_answer_one(hand *h);
/* Answers all, runs plans, lets time pass. */
void hand_run(hand *h, int64_t us);
/* A request of the application. */
void hand_ask(hand *h, engine_request *r);
/* The share has one more segment, with these ids; the view does not show it yet. */
void hand_give_segment(hand *h, uint64_t segment, const allot_new_id *ids, uint32_t count);
/* Makes it a refusal; true. */
bool hand_refuse(allot_answer *a, allot_reason reason);
/* An own_answer: campaigns are refused, and nothing else. */
bool hand_never_leads(hand *h, const allot_op *op, allot_answer *a);

#endif
