#include "core/engine/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- New and free ------------------------------------------------------------------------------------------------ */

static void copy_text(char **at, allot_bytes *text)
{
    if (text->len > 0)
        memcpy(*at, text->data, text->len);
    text->data = *at;
    *at += text->len;
}

static bool copy_config(engine *e, const engine_config *config)
{
    e->config = *config;
    size_t bytes = (size_t)config->name.len + config->host.len + config->container.len;
    char *at = e->texts = malloc(bytes + 1);
    if (at == NULL)
        return false;
    copy_text(&at, &e->config.name);
    copy_text(&at, &e->config.host);
    copy_text(&at, &e->config.container);
    engine_set_strategy(e, config->strategy, config->kind);
    return true;
}

void engine_set_strategy(engine *e, allot_bytes name, uint32_t kind)
{
    assert(name.len <= sizeof(e->strategy) && kind >= ALLOT_STRATEGY_COUNTS && kind <= ALLOT_STRATEGY_IDS);
    if (name.len > 0)
        memcpy(e->strategy, name.data, name.len);
    e->config.strategy = (allot_bytes){.data = e->strategy, .len = name.len};
    e->config.kind = kind;
}

engine *engine_new(const engine_config *config)
{
    assert(config->ttl_us >= ALLOT_TTL_US_MIN && config->weight >= 1);
    engine *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    share_init(&e->share);
    if (!copy_config(e, config)) {
        engine_free(e);
        return NULL;
    }
    prng_seed(&e->prng, config->seed);
    e->now_us = INT64_MIN;
    e->deadline_us = INT64_MIN;
    e->next_beat_us = NEVER;
    e->join_us = NEVER;
    e->election.campaign_us = NEVER;
    e->requests_tail = &e->requests;
    return e;
}

void engine_free(engine *e)
{
    if (e == NULL)
        return;
    actions_clear(e);
    ops_free(e);
    share_done(&e->share);
    leader_done(&e->leader);
    free(e->working);
    free(e->actions);
    free(e->texts);
    free(e);
}

/* ---- Step -------------------------------------------------------------------------------------------------------- */

static void take_event(engine *e, const engine_event *event)
{
    switch (event->kind) {
    case ENGINE_TIME:
        break;
    case ENGINE_ANSWER:
        ops_answer(e, event->answer);
        break;
    case ENGINE_HINT:
        member_hint(e, event->hint);
        break;
    case ENGINE_PLANNED:
        leader_planned(e, event->planned);
        break;
    case ENGINE_REQUEST:
        requests_take(e, event->request);
        break;
    }
}

/* Past the deadline nothing else counts: not the answer that comes now, not what the application wants (I3). */
static void fence_when_due(engine *e)
{
    if (e->state == MEMBER_LIVE && e->now_us >= e->deadline_us && !MUTANT(deadline_ignored))
        member_fence(e, ALLOT_WHY_DEADLINE);
}

static void do_what_is_due(engine *e)
{
    ops_timers(e);
    if (e->state == MEMBER_LIVE) {
        share_sync(e);
        requests_pump(e);
        election_timers(e);
        leader_run(e);
    }
    member_timers(e);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_us(const engine *e)
{
    int64_t next = earlier(ops_next_us(e), member_next_us(e));
    if (e->state != MEMBER_LIVE)
        return next;
    next = earlier(next, share_sync_next_us(e));
    if (!e->election.leads && !e->election.campaigning && !e->draining && ops_window(e, true))
        next = earlier(next, e->election.campaign_us);
    return earlier(next, leader_next_us(e));
}

int engine_step(engine *e, const engine_event *event, engine_actions *ret_actions)
{
    assert(!e->stepping);
    if (e->failed) {
        if (event->kind == ENGINE_PLANNED)
            plan_free(event->planned);
        return ALLOT_E_NOMEM;
    }
    e->stepping = true;
    actions_clear(e);
    if (event->now_us > e->now_us)
        e->now_us = event->now_us;
    if (!MUTANT(late_event_taken))
        fence_when_due(e);
    take_event(e, event);
    fence_when_due(e);
    if (!e->failed)
        do_what_is_due(e);
    e->stepping = false;
    if (e->failed) {
        actions_drop(e);
        e->deadline_us = INT64_MIN;
        e->election.leads = false;
        return ALLOT_E_NOMEM;
    }
    *ret_actions = (engine_actions){.count = e->action_count, .items = e->actions, .next_us = next_us(e)};
    return 0;
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

int64_t engine_deadline_us(const engine *e)
{
    return e->deadline_us;
}

bool engine_is_leader(const engine *e, int64_t now_us, uint64_t *ret_term)
{
    if (!e->election.leads || now_us >= e->deadline_us)
        return false;
    if (ret_term != NULL)
        *ret_term = e->election.term;
    return true;
}

bool engine_owns(const engine *e, int64_t now_us, const char *id, size_t len, uint64_t *ret_token)
{
    uint32_t index;
    uint32_t position;
    if (now_us >= e->deadline_us || len == 0 || len > ALLOT_ID_BYTES_MAX)
        return false;
    if (!share_lookup(&e->share, (allot_bytes){.data = id, .len = (uint32_t)len}, &index, &position))
        return false;
    if (ret_token != NULL)
        *ret_token = e->share.segs[index].body->token;
    return true;
}

static allot_node_state public_state(member_state state)
{
    switch (state) {
    case MEMBER_LIVE:
        return ALLOT_NODE_LIVE;
    case MEMBER_LEAVING:
        return ALLOT_NODE_LEAVING;
    case MEMBER_LEFT:
        return ALLOT_NODE_LEFT;
    default:
        return ALLOT_NODE_JOINING;
    }
}

void engine_status(const engine *e, int64_t now_us, allot_node_status *ret_status)
{
    bool valid = now_us < e->deadline_us;
    *ret_status = (allot_node_status){.size = ret_status->size,
                                      .state = public_state(e->state),
                                      .slot = e->slot,
                                      .leader = e->election.leads ? e->slot : e->election.leader,
                                      .life = e->floors.life,
                                      .term = e->election.leads ? e->election.term : e->election.told_term,
                                      .version = e->view.version,
                                      .rank = e->view.rank,
                                      .ids = valid ? e->share.live : 0,
                                      .recalled = valid ? e->share.recalled : 0,
                                      .valid_for_ms = valid ? (e->deadline_us - now_us) / 1000 : 0,
                                      .leads = valid && e->election.leads,
                                      .store_up = !e->store_down,
                                      .draining = e->draining};
}

void engine_each_owned(const engine *e, void (*visit)(void *user, allot_bytes id, uint64_t token, bool recalled),
                       void *user)
{
    for (size_t i = 0; i < e->share.count; i++) {
        const seg *s = &e->share.segs[e->share.order[i]];
        for (uint32_t k = 0; k < s->body->count; k++)
            if (!bits_test(s->done, k) && !bits_test(s->busy, k))
                visit(user, s->body->ids[k].id, s->body->token, bits_test(s->recalled, k));
    }
}
