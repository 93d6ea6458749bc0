#include "base/mutants.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

/* Of the session's window of 64, places that only control ops (leave, campaign, resign) may use. */
#define CONTROL_PLACES 4u

void *pending_memory(pending *p)
{
    return p + 1;
}

static void free_pending(pending *p)
{
    plan_texts_unref(p->texts);
    free(p);
}

static bool is_read(allot_op_kind kind)
{
    return kind >= ALLOT_OP_READ_VIEW;
}

static bool is_sequenced(allot_op_kind kind)
{
    return (kind != ALLOT_OP_BEAT || MUTANT(beat_sent_again)) && !is_read(kind);
}

pending *ops_new(engine *e, allot_op_kind kind, size_t memory)
{
    assert(kind >= ALLOT_OP_JOIN && kind < ALLOT_OP_KIND_END);
    pending *p = calloc(1, sizeof(*p) + memory);
    if (p == NULL) {
        engine_fail(e);
        return NULL;
    }
    p->op.kind = kind;
    p->op.cookie = ++e->cookie;
    p->op.slot = e->slot;
    p->op.session = e->slot;
    p->op.sequence = is_sequenced(kind) ? ++e->sequence : 0;
    pending **tail = &e->pendings;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = p;
    return p;
}

static pending *unlink_pending(engine *e, pending *p)
{
    pending **at = &e->pendings;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    return p;
}

void ops_drop(engine *e, pending *p)
{
    assert(!p->sent && p->op.cookie == e->cookie && p->op.sequence == e->sequence);
    e->sequence--;
    free_pending(unlink_pending(e, p));
}

void ops_send(engine *e, pending *p)
{
    assert(!p->sent && !p->abandoned);
    engine_action *a = actions_add(e, ENGINE_SUBMIT);
    if (a == NULL)
        return;
    p->sent = true;
    if (MUTANT(beat_sent_again) && p->op.kind == ALLOT_OP_BEAT)
        e->beat_t0_us = e->now_us;
    p->op.timeout_us = ttl_part(e, 4);
    a->op = &p->op;
}

bool ops_window(const engine *e, bool control)
{
    uint32_t count = 0;
    uint64_t oldest = e->sequence + 1;
    for (const pending *p = e->pendings; p != NULL; p = p->next) {
        if (p->abandoned || p->op.sequence == 0)
            continue;
        count++;
        if (p->op.sequence < oldest)
            oldest = p->op.sequence;
    }
    uint32_t window = ALLOT_OP_UNANSWERED_MAX - (control ? 0 : CONTROL_PLACES);
    return count < window && e->sequence + 1 - oldest < window;
}

typedef void (*answer_handler)(engine *e, pending *p, const allot_answer *answer);

static void on_read_share(engine *e, pending *p, const allot_answer *answer)
{
    if (p->for_leader)
        leader_on_read(e, p, answer);
    else
        share_on_listing(e, p, answer);
}

static void on_read_segments(engine *e, pending *p, const allot_answer *answer)
{
    if (p->for_leader)
        leader_on_read(e, p, answer);
    else
        share_on_bodies(e, p, answer);
}

static const answer_handler handlers[ALLOT_OP_KIND_END] = {
    [ALLOT_OP_READ_VIEW] = member_on_clock,
    [ALLOT_OP_JOIN] = member_on_join,
    [ALLOT_OP_BEAT] = member_on_beat,
    [ALLOT_OP_LEAVE] = member_on_leave,
    [ALLOT_OP_CAMPAIGN] = election_on_campaign,
    [ALLOT_OP_RESIGN] = election_on_resign,
    [ALLOT_OP_ADD] = requests_on_add,
    [ALLOT_OP_ACK] = requests_on_report,
    [ALLOT_OP_FAIL] = requests_on_report,
    [ALLOT_OP_RELEASE] = requests_on_report,
    [ALLOT_OP_READ_SHARE] = on_read_share,
    [ALLOT_OP_READ_SEGMENTS] = on_read_segments,
    [ALLOT_OP_READ_ROSTER] = leader_on_read,
    [ALLOT_OP_READ_INBOX] = leader_on_read,
    [ALLOT_OP_ASSIGN] = leader_on_change,
    [ALLOT_OP_DEAL] = leader_on_change,
    [ALLOT_OP_RECALL] = leader_on_change,
    [ALLOT_OP_RETIRE] = roster_on_retire,
    [ALLOT_OP_REAP] = leader_on_change,
    [ALLOT_OP_UNPARK] = leader_on_change,
    [ALLOT_OP_PUBLISH] = leader_on_change,
};

/* UNKNOWN is neither success nor failure (§2): a sequenced op is sent again under its sequence until it is answered or
 * its slot is over. */
static bool send_later(engine *e, pending *p, allot_op_status status)
{
    if (status != ALLOT_STATUS_UNAVAILABLE && status != ALLOT_STATUS_UNKNOWN)
        return false;
    if (MUTANT(unknown_is_failure) && status == ALLOT_STATUS_UNKNOWN)
        return false;
    if (MUTANT(unknown_is_success) && p->op.kind == ALLOT_OP_ADD && status == ALLOT_STATUS_UNKNOWN)
        return false;
    if (p->op.sequence == 0)
        return false;
    p->again_us = e->now_us + backoff_us(e, p->tries++, ttl_part(e, 4));
    if (p->op.kind == ALLOT_OP_CAMPAIGN)
        member_beat_soon(e, 0); /* the view shows sooner than the next try whether it was won */
    return true;
}

void ops_answer(engine *e, const allot_answer *answer)
{
    pending *p = e->pendings;
    assert(p != NULL);
    while (p->op.cookie != answer->cookie) {
        p = p->next;
        assert(p != NULL);
    }
    assert(p->sent && p->op.kind == answer->kind);
    p->sent = false;
    if (p->abandoned) {
        free_pending(unlink_pending(e, p));
        return;
    }
    if (p->op.kind == ALLOT_OP_JOIN || p->op.kind == ALLOT_OP_BEAT || p->op.kind == ALLOT_OP_READ_VIEW)
        member_store_seen(e, answer);
    if (send_later(e, p, answer->outcome.status))
        return;
    unlink_pending(e, p);
    answer_handler handler = handlers[p->op.kind];
    assert(handler != NULL);
    handler(e, p, answer);
    free_pending(p);
}

void ops_timers(engine *e)
{
    for (pending *p = e->pendings; p != NULL && !e->failed; p = p->next) {
        if (p->sent || e->now_us < p->again_us) /* what is abandoned is sent, or gone */
            continue;
        if (MUTANT(renumbered))
            p->op.sequence = ++e->sequence;
        ops_send(e, p);
    }
}

int64_t ops_next_us(const engine *e)
{
    int64_t next = NEVER;
    for (const pending *p = e->pendings; p != NULL; p = p->next)
        if (!p->sent && p->again_us < next)
            next = p->again_us;
    return next;
}

void ops_abandon(engine *e, bool (*match)(const pending *p))
{
    pending **at = &e->pendings;
    while (*at != NULL) {
        pending *p = *at;
        if (match != NULL && !match(p)) {
            at = &p->next;
            continue;
        }
        p->abandoned = true;
        p->request = NULL;
        if (p->sent) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        free_pending(p);
    }
}

bool ops_any(const engine *e)
{
    for (const pending *p = e->pendings; p != NULL; p = p->next)
        if (!p->abandoned)
            return true;
    return false;
}

void ops_free(engine *e)
{
    while (e->pendings != NULL)
        free_pending(unlink_pending(e, e->pendings));
}

int64_t backoff_us(engine *e, uint32_t failures, int64_t most_us)
{
    int64_t delay = INT64_C(20000) << (failures > 10 ? 10 : failures);
    if (delay > most_us)
        delay = most_us;
    return delay / 2 + prng_below(&e->prng, delay / 2 + 1);
}
