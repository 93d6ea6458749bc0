/* apply.c - the way of an op through the store: well formed? sent before? allowed? then its transition. */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>

/* ---- gates: who may ------------------------------------------------------------------------------------------- */

static allot_reason anyone(const store_turn *t)
{
    (void)t;
    return ALLOT_REFUSED_NOTHING;
}

/* Rule 7 for leave, campaign, resign. (A beat looks at the life first, and asks the same itself.) */
static allot_reason valid_slot(const store_turn *t)
{
    return store_slot_refusal(t->slot, t->now_us);
}

/* Rule 7 for release, ack, fail: an expired slot still owns what nobody has taken from it. */
static allot_reason owner(const store_turn *t)
{
    if (MUTANT(ack_without_fence) || MUTANT(ack_of_the_dead))
        return ALLOT_REFUSED_NOTHING;
    return t->slot->state == ALLOT_SLOT_DEAD ? ALLOT_REFUSED_DEAD : ALLOT_REFUSED_NOTHING;
}

static allot_reason leader(const store_turn *t)
{
    bool assigns = t->op->kind == ALLOT_OP_ASSIGN || t->op->kind == ALLOT_OP_DEAL;
    if ((MUTANT(publish_without_fence) && t->op->kind == ALLOT_OP_PUBLISH) || (MUTANT(assign_without_fence) && assigns))
        return ALLOT_REFUSED_NOTHING;
    return store_leads_in_term(t) ? ALLOT_REFUSED_NOTHING : ALLOT_REFUSED_NOT_LEADER;
}

static allot_reason leader_or_operator(const store_turn *t)
{
    return t->op->term != 0 ? leader(t) : ALLOT_REFUSED_NOTHING;
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

typedef struct transition {
    int (*act)(store_turn *t);
    allot_reason (*gate)(const store_turn *t); /* NULL: a read */
    bool remembered;                           /* carries (session, sequence) */
    bool shows_view;                           /* an answer OK carries the view */
} transition;

static const transition transitions[ALLOT_OP_KIND_END] = {
    [ALLOT_OP_JOIN] = {store_join, anyone, true, true},
    [ALLOT_OP_BEAT] = {store_beat, anyone, false, true},
    [ALLOT_OP_LEAVE] = {store_leave, valid_slot, true, false},
    [ALLOT_OP_CAMPAIGN] = {store_campaign, valid_slot, true, false},
    [ALLOT_OP_RESIGN] = {store_resign, valid_slot, true, false},
    [ALLOT_OP_ADD] = {store_add, anyone, true, false},
    [ALLOT_OP_ASSIGN] = {store_assign, leader, true, false},
    [ALLOT_OP_DEAL] = {store_deal, leader, true, false},
    [ALLOT_OP_RECALL] = {store_recall, leader, true, false},
    [ALLOT_OP_RETIRE] = {store_retire, leader, true, false},
    [ALLOT_OP_REAP] = {store_reap, leader, true, false},
    [ALLOT_OP_PUBLISH] = {store_publish, leader, true, false},
    [ALLOT_OP_RELEASE] = {store_release, owner, true, false},
    [ALLOT_OP_ACK] = {store_ack, owner, true, false},
    [ALLOT_OP_FAIL] = {store_fail_items, owner, true, false},
    [ALLOT_OP_UNPARK] = {store_unpark, leader_or_operator, true, false},
    [ALLOT_OP_CLEAN] = {store_clean, anyone, true, false},
    [ALLOT_OP_READ_VIEW] = {store_read_view, NULL, false, false},
    [ALLOT_OP_READ_ROSTER] = {store_read_roster, NULL, false, false},
    [ALLOT_OP_READ_INBOX] = {store_read_inbox, NULL, false, false},
    [ALLOT_OP_READ_SHARE] = {store_read_share, NULL, false, false},
    [ALLOT_OP_READ_SEGMENTS] = {store_read_segments, NULL, false, false},
    [ALLOT_OP_READ_POOL] = {store_read_pool, NULL, false, false},
};

void store_refuse(store_turn *t, allot_reason reason)
{
    assert(reason > ALLOT_REFUSED_NOTHING && reason < ALLOT_REASON_END);
    t->outcome = (allot_outcome){.status = ALLOT_STATUS_REFUSED, .reason = reason};
}

/* What is over a limit was refused before the state was looked at; the session remembers it like any other outcome. */
static int change(store_turn *t, const transition *rule, allot_reason malformed)
{
    t->slot = store_slot_find(t->s, &t->op->slot);
    store_slots_clamp(t);
    bool remembered = rule->remembered || (MUTANT(beat_sent_again) && t->op->kind == ALLOT_OP_BEAT);
    if (remembered && store_session_decides(t))
        return 0;
    allot_reason reason = malformed != ALLOT_REFUSED_NOTHING ? malformed : rule->gate(t);
    int rc = 0;
    if (reason != ALLOT_REFUSED_NOTHING)
        store_refuse(t, reason);
    else
        rc = rule->act(t);
    if (rc != 0)
        return rc;
    if (remembered)
        return store_session_remembers(t);
    if (t->outcome.status == ALLOT_STATUS_OK)
        t->effects->changed = true;
    return 0;
}

static int take_turn(store_turn *t)
{
    allot_reason malformed = store_validate(t->op);
    if (malformed == ALLOT_REFUSED_INVALID) {
        store_refuse(t, malformed);
        return 0;
    }
    const transition *rule = &transitions[t->op->kind];
    if (rule->gate != NULL) {
        int rc = change(t, rule, malformed);
        if (rc == 0 && rule->shows_view && t->outcome.status == ALLOT_STATUS_OK)
            store_fill_view(t, t->slot);
        return rc;
    }
    if (malformed != ALLOT_REFUSED_NOTHING) {
        store_refuse(t, malformed);
        return 0;
    }
    return rule->act(t);
}

/* A clock that is far ahead must not use up the numbers: what is issued stays below 2^53, and has room to grow. */
static uint64_t floor_of(const store_moment *moment)
{
    static const uint64_t most = STORE_NUMBER_END / 2; /* as microseconds, the year 2112 */
    if (MUTANT(numbers_reused))
        return 0;
    return moment->floor < most ? moment->floor : most;
}

int store_apply(store *s, const allot_op *op, const store_moment *moment, allot_answer *ret_answer,
                store_effects *ret_effects)
{
    allot_answer answer = {.cookie = op->cookie, .kind = op->kind};
    store_effects effects = {0};
    store_turn t = {
        .s = s,
        .op = op,
        .now_us = moment->clock_us,
        .floor = floor_of(moment),
        .outcome = {.status = ALLOT_STATUS_OK},
        .answer = &answer,
        .effects = &effects,
    };
    s->turn++;
    s->scratch.touched_count = 0;
    int rc = take_turn(&t);
    if (rc != 0)
        return rc;
    answer.outcome = t.outcome;
    *ret_answer = answer;
    *ret_effects = effects;
    return 0;
}
