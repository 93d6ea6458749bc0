#include "core/engine/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Beats that hints ask for are at least this far apart: a flood of hints costs one beat after another, no more. */
#define BEAT_GAP_US 2000

#define BEATS_A_TTL (MUTANT(beats_too_often) ? 12 : 3)

#define GROUP_SPREAD_US 50
#define GROUP_SPREAD_MOST_US 100000

/* ---- Join -------------------------------------------------------------------------------------------------------- */

static void join_later(engine *e)
{
    e->state = MEMBER_JOINING;
    e->join_us = e->now_us + backoff_us(e, e->join_failures++, e->config.ttl_us);
}

/* The next slot comes at once; when slots end before they ever lived, slower and slower. */
static void join_again(engine *e)
{
    bool at_once = e->join_failures == 0;
    join_later(e);
    if (at_once)
        e->join_us = e->now_us;
}

/* A slot that is over never comes back (§1): the replica joins again under a new UUID. First it asks for the store's
 * clock, so that the join can say until when it counts: one that is under way for longer makes no slot. */
static void begin_join(engine *e)
{
    assert(e->state == MEMBER_NEW || e->state == MEMBER_JOINING);
    if (!MUTANT(same_slot_again) || uuid_is_zero(&e->slot))
        e->slot = prng_uuid(&e->prng);
    e->sequence = 0;
    e->join_us = NEVER;
    e->state = MEMBER_JOINING;
    pending *p = ops_new(e, ALLOT_OP_READ_VIEW, 0);
    if (p != NULL)
        ops_send(e, p);
}

/* It says what the replica knew of an earlier life. The slot cannot expire before the join's not-after. */
static void join(engine *e, int64_t store_us)
{
    pending *p = ops_new(e, ALLOT_OP_JOIN, 0);
    if (p == NULL)
        return;
    p->op.not_after_us = store_us + e->config.ttl_us;
    p->op.u.join = (allot_op_join){.name = e->config.name,
                                   .host = e->config.host,
                                   .container = e->config.container,
                                   .pid = e->config.pid,
                                   .ttl_us = e->config.ttl_us,
                                   .weight = e->config.weight,
                                   .quarantine_always = e->config.quarantine_always,
                                   .floors = e->floors,
                                   .fresh_life = prng_uuid(&e->prng)};
    ops_send(e, p);
}

void member_on_clock(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    assert(e->state == MEMBER_JOINING);
    if (answer->outcome.status == ALLOT_STATUS_OK) {
        join(e, answer->view->store_us);
        return;
    }
    join_later(e);
}

void member_on_join(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    if (answer->outcome.status == ALLOT_STATUS_OK) {
        e->state = MEMBER_JOINED;
        member_beat_soon(e, 0);
        return;
    }
    if (answer->outcome.reason == ALLOT_REFUSED_STALE) {
        join_again(e); /* it was under way for too long */
        return;
    }
    engine_tell *tell = actions_tell(e, ALLOT_EVENT_NOTE);
    if (tell == NULL)
        return;
    tell->message = answer->outcome.reason == ALLOT_REFUSED_LIMIT
                        ? "the store refused to let this replica join: the group has as many slots as it can have"
                        : "the store refused to let this replica join; trying again";
    ops_abandon(e, NULL);
    join_again(e);
}

/* ---- Beat -------------------------------------------------------------------------------------------------------- */

static void beat(engine *e)
{
    uint32_t working = requests_working(e);
    pending *p = ops_new(e, ALLOT_OP_BEAT, working * sizeof(allot_ref));
    if (p == NULL)
        return;
    allot_ref *refs = pending_memory(p);
    for (uint32_t i = 0; i < working; i++)
        refs[i] = e->working[i];
    p->op.term = e->election.leads ? e->election.term : 0;
    p->op.u.beat = (allot_op_beat){.floors = e->floors,
                                   .fresh_life = prng_uuid(&e->prng),
                                   .ttl_us = e->config.ttl_us,
                                   .draining = e->draining,
                                   .working_count = working,
                                   .working = refs};
    if (e->state == MEMBER_JOINED) {
        /* This slot has not been told its life yet; what it knows of an earlier one, the join has reported. */
        p->op.u.beat.floors.life = (allot_uuid){0};
        p->op.u.beat.floors.view = 0;
    }
    if (MUTANT(floors_not_reported))
        p->op.u.beat.floors.view = p->op.u.beat.floors.term = p->op.u.beat.floors.token = 0;
    e->beating = true;
    e->beat_again = false;
    e->beat_draining = e->draining;
    e->beat_t0_us = e->now_us;
    ops_send(e, p);
}

void member_beat_soon(engine *e, int64_t delay_us)
{
    if (e->state != MEMBER_JOINED && e->state != MEMBER_LIVE)
        return;
    if (e->beating) {
        e->beat_again = true;
        return;
    }
    int64_t at = e->now_us + delay_us;
    if (at < e->beat_t0_us + BEAT_GAP_US && e->state == MEMBER_LIVE)
        at = e->beat_t0_us + BEAT_GAP_US;
    if (at < e->next_beat_us)
        e->next_beat_us = at;
}

/* A follower's early beat after a group hint is spread over the slots by rank. While it reads its share there is no
 * hurry: in a split over many slots each would beat once more, for what it is reading already. (What changes a share
 * has a hint of its own, but for quiet deals: what they brought since the reading began comes that much later.) */
static int64_t spread_us(const engine *e)
{
    if (e->election.leads)
        return 0;
    int64_t spread = (int64_t)(e->view.rank % ALLOT_SLOTS_MAX) * GROUP_SPREAD_US;
    if (spread > GROUP_SPREAD_MOST_US)
        spread = GROUP_SPREAD_MOST_US;
    return e->share.reading ? spread + GROUP_SPREAD_MOST_US : spread;
}

/* Hints make the next beat come early, and nothing more; except that free leadership need not be asked about. */
void member_hint(engine *e, allot_hint hint)
{
    switch (hint) {
    case ALLOT_HINT_SHARE:
        member_beat_soon(e, 0);
        break;
    case ALLOT_HINT_GROUP:
        election_wait_for_view(e);
        member_beat_soon(e, spread_us(e));
        break;
    case ALLOT_HINT_WORK:
        if (e->election.leads)
            member_beat_soon(e, 0);
        break;
    case ALLOT_HINT_LEADERLESS:
        election_free(e);
        break;
    }
}

/* §2: trusted until t0 + ttl - 1 % - max(5 % of ttl, 100 ms), t0 taken before the beat was sent. */
static int64_t deadline_of(const engine *e, int64_t t0_us)
{
    if (MUTANT(deadline_from_reply))
        t0_us = e->now_us;
    int64_t margin = ttl_part(e, 20);
    if (margin < 100000)
        margin = 100000;
    return t0_us + e->config.ttl_us - ttl_part(e, 100) - margin;
}

static void take_floors(engine *e, const allot_view *view)
{
    if (!uuid_equal(&e->floors.life, &view->life))
        e->version_told = 0;
    e->floors.life = view->life;
    e->floors.view = view->number;
    if (view->term > e->floors.term)
        e->floors.term = view->term;
    if (view->token > e->floors.token)
        e->floors.token = view->token;
}

/* Whoever leads publishes the name of its strategy: one note for each other name, as long as that lasts. */
static void compare_strategy(engine *e, allot_bytes theirs)
{
    allot_bytes own = e->config.strategy;
    bool noted = theirs.len == e->noted_len && theirs.len > 0 && memcmp(theirs.data, e->noted, theirs.len) == 0;
    if (e->election.leads || theirs.len == 0 || theirs.len > sizeof(e->noted) || noted)
        return;
    e->noted_len = 0;
    if (theirs.len == own.len && memcmp(theirs.data, own.data, own.len) == 0)
        return;
    memcpy(e->noted, theirs.data, theirs.len);
    e->noted_len = theirs.len;
    snprintf(e->strategy_note, sizeof(e->strategy_note),
             "this replica would split by '%.*s', the leader splits by '%.*s': a change of leader will move ids",
             (int)own.len, own.data, (int)theirs.len, theirs.data);
    engine_tell *tell = actions_tell(e, ALLOT_EVENT_NOTE);
    if (tell != NULL)
        tell->message = e->strategy_note;
}

/* Not younger than one of the same life that was taken (§2). */
static bool is_old(const engine *e, const allot_view *view)
{
    return view->number <= e->floors.view && !MUTANT(stale_view_accepted);
}

static void take_view(engine *e, const allot_view *view)
{
    bool first = e->state == MEMBER_JOINED;
    if (!first && !uuid_equal(&view->life, &e->floors.life) && !MUTANT(lost_life_view_taken)) {
        member_fence(e, ALLOT_WHY_STORE_LOST);
        return;
    }
    if (!first && is_old(e, view))
        return;
    take_floors(e, view);
    e->deadline_us = deadline_of(e, e->beat_t0_us);
    e->next_beat_us = e->beat_t0_us + ttl_part(e, BEATS_A_TTL);
    e->risk_told = false;
    e->view = *view;
    e->view.strategy = (allot_bytes){0};
    if (e->beat_draining && !e->drained_seen) {
        e->drained_seen = true;
        share_recall_all(e);
    }
    if (first) {
        e->state = MEMBER_LIVE;
        e->join_failures = 0;
        e->share.synced_rev = 0;
        if (view->settled_age < view->age)
            e->version_told = view->version; /* that split did not know this slot */
        actions_tell(e, ALLOT_EVENT_JOINED);
    }
    if (e->now_us >= e->deadline_us)
        return; /* answered too late to be of use: the next step fences */
    election_view(e);
    compare_strategy(e, view->strategy);
    leader_clock(e, view->store_us);
    leader_view(e);
}

void member_on_beat(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    e->beating = false;
    assert(e->state == MEMBER_JOINED || e->state == MEMBER_LIVE); /* else it was abandoned */
    switch (answer->outcome.status) {
    case ALLOT_STATUS_OK:
        assert(answer->view != NULL);
        e->beat_failures = 0;
        take_view(e, answer->view);
        break;
    case ALLOT_STATUS_REFUSED: /* also for a reason that says nothing about the slot: then a new beat follows, too */
        e->next_beat_us = e->now_us + backoff_us(e, e->beat_failures++, ttl_part(e, 6));
        member_refused(e, answer->outcome.reason);
        break;
    default: /* only a positive answer extends a deadline; a new beat with its own t0 follows */
        e->next_beat_us = e->now_us + backoff_us(e, e->beat_failures++, ttl_part(e, 6));
        break;
    }
    if (e->beat_again)
        member_beat_soon(e, 0);
}

/* ---- The end of a slot ------------------------------------------------------------------------------------------- */

static void leave_done(engine *e, int32_t code)
{
    e->state = MEMBER_LEFT;
    e->deadline_us = INT64_MIN;
    ops_abandon(e, NULL);
    requests_close(e);
    if (e->leave_request != NULL)
        actions_reply(e, e->leave_request, code);
    e->leave_request = NULL;
}

static void slot_is_over(engine *e)
{
    election_reset(e);
    requests_fence(e);
    ops_abandon(e, NULL);
    e->deadline_us = INT64_MIN;
    e->beating = e->beat_again = e->drained_seen = false;
    e->beat_failures = 0;
    e->next_beat_us = NEVER;
    e->working_count = 0;
    e->view = (allot_view){0};
}

void member_fence(engine *e, allot_why why)
{
    if (e->state == MEMBER_LEAVING) {
        leave_done(e, ALLOT_E_UNKNOWN);
        return;
    }
    assert(e->state == MEMBER_JOINED || e->state == MEMBER_LIVE); /* only those are told that they are over */
    if (!MUTANT(fenced_keeps_ids))
        share_lose(e, why);
    if (e->state == MEMBER_LIVE) {
        engine_tell *tell = actions_tell(e, ALLOT_EVENT_FENCED);
        if (tell != NULL)
            tell->why = why;
    }
    slot_is_over(e);
    if (e->draining)
        member_leave(e, NULL, ALLOT_WHY_LEAVING);
    else
        join_again(e);
}

void member_refused(engine *e, allot_reason reason)
{
    switch (reason) {
    case ALLOT_REFUSED_GONE:
    case ALLOT_REFUSED_EXPIRED:
    case ALLOT_REFUSED_RETIRED:
    case ALLOT_REFUSED_LEFT:
    case ALLOT_REFUSED_DEAD:
        member_fence(e, ALLOT_WHY_REFUSED);
        break;
    case ALLOT_REFUSED_LIFE:
        member_fence(e, ALLOT_WHY_STORE_LOST);
        break;
    default:
        break;
    }
}

/* ---- Drain and leave --------------------------------------------------------------------------------------------- */

void member_drain(engine *e)
{
    assert(e->state > MEMBER_NEW && e->state < MEMBER_LEAVING);
    if (e->draining)
        return;
    e->draining = true;
    if (e->state == MEMBER_JOINING) {
        member_leave(e, NULL, ALLOT_WHY_LEAVING);
        return;
    }
    if (e->election.leads)
        election_resign(e);
    member_beat_soon(e, 0); /* once the store knows, and grants nothing more, everything is recalled */
}

/* Drained: the store knows that this slot wants nothing, and there is nothing. */
static bool is_drained(const engine *e)
{
    return e->draining && e->state == MEMBER_LIVE && e->drained_seen && e->share.count == 0 && share_is_synced(e) &&
           !requests_any_reports(e);
}

static bool is_report(const pending *p)
{
    return p->op.kind == ALLOT_OP_ACK || p->op.kind == ALLOT_OP_FAIL || p->op.kind == ALLOT_OP_RELEASE ||
           p->op.kind == ALLOT_OP_ADD;
}

static bool is_no_report(const pending *p)
{
    return !is_report(p);
}

void member_leave(engine *e, engine_request *request, allot_why why)
{
    assert(e->leave_request == NULL);
    e->leave_request = request;
    bool has_slot = e->state == MEMBER_JOINED || e->state == MEMBER_LIVE;
    share_lose(e, why);
    election_reset(e);
    ops_abandon(e, is_no_report);
    engine_tell *tell = actions_tell(e, ALLOT_EVENT_LEFT);
    if (tell != NULL)
        tell->why = why;
    e->state = MEMBER_LEAVING;
    e->leave_sent = false;
    e->leave_us = e->deadline_us != INT64_MIN ? e->deadline_us : e->now_us + e->config.ttl_us;
    if (!has_slot)
        leave_done(e, ALLOT_OK); /* a join that may still be under way makes a slot that nobody renews */
}

/* Leave overtakes bulk ops, and a reaped slot's acks are refused: so it waits for those under way. */
static void leave_when_quiet(engine *e)
{
    if (e->leave_sent || ops_any(e)) /* of those that it waits for; all others were abandoned */
        return;
    pending *p = ops_new(e, ALLOT_OP_LEAVE, 0);
    if (p == NULL)
        return;
    e->leave_sent = true;
    ops_send(e, p);
}

void member_on_leave(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    assert(e->state == MEMBER_LEAVING);
    leave_done(e, answer->outcome.status == ALLOT_STATUS_OK ? ALLOT_OK : ALLOT_E_REFUSED);
}

/* ---- The store, up or down --------------------------------------------------------------------------------------- */

void member_store_seen(engine *e, const allot_answer *answer)
{
    bool down = answer->outcome.status == ALLOT_STATUS_UNAVAILABLE || answer->outcome.status == ALLOT_STATUS_UNKNOWN;
    if (down == e->store_down)
        return;
    e->store_down = down;
    engine_tell *tell = actions_tell(e, down ? ALLOT_EVENT_STORE_DOWN : ALLOT_EVENT_STORE_UP);
    if (tell == NULL)
        return;
    snprintf(e->store_message, sizeof(e->store_message), "%s", answer->message != NULL ? answer->message : "no answer");
    tell->message = down ? e->store_message : NULL;
    if (e->deadline_us > e->now_us)
        tell->valid_for_us = e->deadline_us - e->now_us;
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

static int64_t risk_us(const engine *e)
{
    return e->deadline_us - ttl_part(e, 3);
}

static void tell_risk(engine *e)
{
    e->risk_told = true;
    engine_tell *tell = actions_tell(e, ALLOT_EVENT_AT_RISK);
    if (tell != NULL)
        tell->valid_for_us = e->deadline_us - e->now_us;
}

void member_timers(engine *e)
{
    if (e->state == MEMBER_NEW || (e->state == MEMBER_JOINING && e->now_us >= e->join_us))
        begin_join(e);
    if (e->state == MEMBER_JOINED || e->state == MEMBER_LIVE) {
        if (!e->beating && e->now_us >= e->next_beat_us)
            beat(e);
    }
    if (e->state == MEMBER_LIVE && !e->risk_told && e->now_us >= risk_us(e))
        tell_risk(e);
    if (is_drained(e))
        member_leave(e, NULL, ALLOT_WHY_LEAVING);
    if (e->state == MEMBER_LEAVING) {
        if (e->now_us >= e->leave_us)
            leave_done(e, ALLOT_E_UNKNOWN);
        else
            leave_when_quiet(e);
    }
}

int64_t member_next_us(const engine *e)
{
    int64_t next = NEVER;
    switch (e->state) {
    case MEMBER_JOINING:
        return e->join_us;
    case MEMBER_JOINED:
        return e->beating ? NEVER : e->next_beat_us;
    case MEMBER_LIVE:
        next = e->risk_told ? e->deadline_us : risk_us(e);
        if (!e->beating && e->next_beat_us < next)
            next = e->next_beat_us;
        return next;
    case MEMBER_LEAVING:
        return e->leave_us;
    case MEMBER_NEW: /* no step ends so */
    case MEMBER_LEFT:
        return NEVER;
    }
    return next;
}
