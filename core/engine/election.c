#include "core/engine/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>

/* The second in rank campaigns so much later than the first, the third twice that after the second, and so on: the more
 * slots wait, the longer it takes until all of them have heard of the new leader, and none should try before it has. */
#define RANK_STEP_US 2000

/* A leader has just resigned: it lets the others go first. */
#define STAND_BACK_MOST_US 1000000

/* §2, election: the first in rank at once, each further one a little later; from a quarter of the ttl on, spread at
 * random, so that the loss of many slots in front costs a bounded time. The last leader's own place does not count. */
static int64_t rank_delay_us(engine *e)
{
    uint64_t rank = e->view.rank > 0 ? e->view.rank - 1 : 0;
    if (rank > 0 && e->view.leader_rank > 0 && e->view.leader_rank < e->view.rank)
        rank--;
    int64_t most = ttl_part(e, 4);
    uint64_t steps = rank * (rank + 1) / 2;
    if (steps < (uint64_t)(most / RANK_STEP_US))
        return (int64_t)steps * RANK_STEP_US;
    return most + prng_below(&e->prng, most);
}

static void campaign_at(engine *e, int64_t free_us)
{
    int64_t at = free_us + rank_delay_us(e);
    if (at < e->election.stand_back_us)
        at = e->election.stand_back_us;
    e->election.campaign_us = at;
}

static void lead(engine *e, uint64_t term)
{
    election *el = &e->election;
    assert(term > 0);
    if (el->leads && el->term == term)
        return;
    if (el->leads)
        leader_stop(e);
    el->leads = true;
    el->term = term;
    el->leader = e->slot;
    el->told_term = term;
    el->campaign_us = NEVER;
    if (term > e->floors.term)
        e->floors.term = term;
    actions_tell(e, ALLOT_EVENT_LEADER);
    leader_start(e);
}

/* `who` may be zero: nobody that is known. */
static void follow(engine *e, const allot_uuid *who, uint64_t term)
{
    election *el = &e->election;
    bool led = el->leads;
    if (led) {
        el->leads = false;
        leader_stop(e);
    }
    if (!led && (uuid_is_zero(who) || (uuid_equal(who, &el->leader) && term == el->told_term)))
        return;
    el->leader = *who;
    el->told_term = uuid_is_zero(who) ? 0 : term;
    actions_tell(e, ALLOT_EVENT_FOLLOWER);
}

void election_view(engine *e)
{
    const allot_view *v = &e->view;
    if (uuid_equal(&v->leader, &e->slot)) {
        if (v->term <= e->election.resigned && !MUTANT(resigned_leads_again))
            return;
        if (e->draining)
            election_resign(e);
        else
            lead(e, v->term); /* also one whose campaign's answer was lost (§2) */
        return;
    }
    follow(e, &v->leader, v->term);
    if (!e->election.campaigning)
        campaign_at(e, e->now_us + v->led_for_us);
}

void election_free(engine *e)
{
    if (e->state != MEMBER_LIVE || e->election.leads)
        return;
    int64_t before = e->election.campaign_us;
    campaign_at(e, e->now_us);
    if (before < e->election.campaign_us)
        e->election.campaign_us = before;
}

/* Something has changed, perhaps who leads: ask before trying. The beat that is due now sets the time anew. */
void election_wait_for_view(engine *e)
{
    int64_t at = e->now_us + ttl_part(e, 3);
    if (e->election.campaign_us != NEVER && e->election.campaign_us < at)
        e->election.campaign_us = at;
}

void election_timers(engine *e)
{
    election *el = &e->election;
    assert(e->state == MEMBER_LIVE);
    if (e->draining || el->leads || el->campaigning || e->now_us < el->campaign_us)
        return;
    pending *p = ops_window(e, true) ? ops_new(e, ALLOT_OP_CAMPAIGN, 0) : NULL;
    if (p == NULL)
        return;
    el->campaigning = true;
    el->campaign_us = NEVER;
    ops_send(e, p);
}

void election_on_campaign(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    e->election.campaigning = false;
    const allot_outcome *o = &answer->outcome;
    if (o->status == ALLOT_STATUS_OK) {
        /* The leadership ends with the slot's own lease, so the local deadline covers it. One that was given up
         * meanwhile is not taken up again, though the store may not know that yet (I1); nor one that is over. */
        if (e->draining || o->term <= e->election.resigned || o->term < e->floors.term)
            member_beat_soon(e, 0);
        else
            lead(e, o->term);
        return;
    }
    if (o->reason == ALLOT_REFUSED_LED || o->reason == ALLOT_REFUSED_QUARANTINE) {
        campaign_at(e, e->now_us + (o->wait_us > 0 ? o->wait_us : ttl_part(e, 3)));
        return;
    }
    e->election.campaign_us = e->now_us + ttl_part(e, 3);
    member_refused(e, o->reason);
}

void election_resign(engine *e)
{
    uint64_t term = e->election.leads ? e->election.term : e->view.term;
    int64_t stand_back = ttl_part(e, 3);
    e->election.resigned = term;
    e->election.stand_back_us = e->now_us + (stand_back < STAND_BACK_MOST_US ? stand_back : STAND_BACK_MOST_US);
    follow(e, &(allot_uuid){0}, 0);
    pending *p = ops_window(e, true) ? ops_new(e, ALLOT_OP_RESIGN, 0) : NULL;
    if (p == NULL)
        return;
    p->op.term = term;
    ops_send(e, p);
}

void election_on_resign(engine *e, pending *p, const allot_answer *answer)
{
    (void)p;
    if (answer->outcome.status == ALLOT_STATUS_REFUSED)
        member_refused(e, answer->outcome.reason);
}

void election_step_down(engine *e)
{
    e->election.resigned = e->election.term;
    follow(e, &(allot_uuid){0}, 0);
}

void election_lost(engine *e)
{
    assert(e->election.leads); /* a leader's ops are abandoned with the leadership */
    follow(e, &(allot_uuid){0}, 0);
    member_beat_soon(e, 0);
}

void election_reset(engine *e)
{
    if (e->election.leads)
        leader_stop(e);
    e->election = (election){.campaign_us = NEVER};
}
