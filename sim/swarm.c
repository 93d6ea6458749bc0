#include "sim/swarm.h"

#include <string.h>

const char *swarm_word(swarm_option option)
{
    static const char *const words[] = {
#define SWARM_WORD(name, word) word,
        SWARM_OPTIONS(SWARM_WORD)
#undef SWARM_WORD
    };
    return words[option];
}

/* How often each option is on, per mille. What ends all (a loss of the data) or changes much is rarer. */
static uint32_t likelihood(swarm_option option)
{
    switch (option) {
    case SWARM_LOSE_ALL:
    case SWARM_LOSE_SOME:
    case SWARM_CLEAN:
    case SWARM_MIXED_TTL:
        return 80;
    case SWARM_STUBBORN:
    case SWARM_WEIGHTS:
    case SWARM_SLOW_PLAN:
    case SWARM_DRAIN:
    case SWARM_QUARANTINE:
    case SWARM_BAD_PLAN:
    case SWARM_RELOAD:
        return 250;
    case SWARM_WORK:
        return 700;
    default:
        return 400;
    }
}

static void choose_options(swarm *s, random_source *r)
{
    if (random_chance(r, 50))
        return; /* no fault at all */
    for (uint32_t i = 0; i < SWARM_OLD_VIEW; i++)
        if (random_chance(r, likelihood((swarm_option)i)))
            s->options |= UINT64_C(1) << i;
}

static void choose_more_options(swarm *s, random_source *r)
{
    if (s->options == 0 || random_chance(r, 500))
        return;
    for (uint32_t i = SWARM_OLD_VIEW; i < SWARM_OPTION_COUNT; i++)
        if (random_chance(r, 400))
            s->options |= UINT64_C(1) << i;
    /* What is parked is due by that clock: so much later. */
    if (swarm_has(s, SWARM_FAIL))
        s->options &= ~(UINT64_C(1) << SWARM_CLOCK_BACK);
    if (swarm_has(s, SWARM_CLOCK_BACK))
        s->options &= ~(UINT64_C(1) << SWARM_CLOCK_AHEAD);
    s->options &= ~(UINT64_C(1) << SWARM_BACK_PAST_END);
}

static uint32_t rate(const swarm *s, random_source *r, swarm_option option)
{
    static const uint32_t rates[] = {3, 10, 30, 100, 250};
    uint32_t chosen = rates[random_below(r, 5)];
    return swarm_has(s, option) ? chosen : 0;
}

static void choose_network(swarm *s, random_source *r)
{
    static const int64_t latencies_us[] = {50, 300, 2000, 10000};
    s->latency_us = latencies_us[random_below(r, 4)];
    s->lost_request = rate(s, r, SWARM_LOST_REQUEST);
    s->lost_reply = rate(s, r, SWARM_LOST_REPLY);
    s->slow = rate(s, r, SWARM_SLOW);
    s->zombie = swarm_has(s, SWARM_ZOMBIE) ? 500 : 0;
    s->duplicate = rate(s, r, SWARM_DUPLICATE);
    s->unavailable = rate(s, r, SWARM_UNAVAILABLE);
    s->hint_loss = swarm_has(s, SWARM_HINT_LOSS) ? (random_chance(r, 300) ? 1000 : 200) : 0;
}

static uint32_t choose_ids(random_source *r)
{
    if (random_chance(r, 30))
        return (uint32_t)random_between(r, 500, 3000);
    return (uint32_t)random_between(r, 0, random_chance(r, 500) ? 16 : 96);
}

static void choose_replicas(swarm *s, random_source *r)
{
    static const int64_t ttls_us[] = {1000000, 1000000, 2000000, 3000000, 10000000};
    int64_t ttl_us = ttls_us[random_below(r, 5)];
    for (uint32_t i = 0; i < SIM_REPLICAS_MAX; i++) {
        int64_t own_us = swarm_has(s, SWARM_MIXED_TTL) ? ttls_us[random_below(r, 5)] : ttl_us;
        s->ttl_us[i] = own_us;
        if (i < s->replicas && own_us > s->longest_ttl_us)
            s->longest_ttl_us = own_us;
        if (i == 0 || (i < s->replicas && own_us < s->shortest_ttl_us))
            s->shortest_ttl_us = own_us;
        s->weight[i] = swarm_has(s, SWARM_WEIGHTS) ? (uint32_t)random_between(r, 1, 4) : 1;
        s->drift_ppm[i] = swarm_has(s, SWARM_DRIFT) ? (int32_t)random_between(r, -5000, 5000) : 0;
        s->clock_offset_us[i] = random_below(r, INT64_C(1000000000000));
    }
}

void swarm_choose(swarm *s, random_source *r, random_source *more, uint32_t replicas)
{
    memset(s, 0, sizeof(*s));
    choose_options(s, r);
    choose_more_options(s, more);
    s->replicas = (uint32_t)random_between(r, 1, random_chance(r, 700) ? 4 : SIM_REPLICAS_MAX);
    if (replicas != 0)
        s->replicas = replicas;
    s->ids = choose_ids(r);
    choose_replicas(s, r);
    choose_network(s, r);
    int64_t ttl_us = s->longest_ttl_us;
    s->settle_us = random_chance(r, 200) ? 0 : random_between(r, 1000, 600000);
    s->handover_timeout_us = random_between(r, ttl_us / 4, 2 * ttl_us);
    s->retry_after_us = random_between(r, 10000, ttl_us);
    s->max_attempts = (uint32_t)random_below(r, 4);
    s->partition_every_us = random_between(r, 2 * ttl_us, 8 * ttl_us);
    s->pause_every_us = random_between(r, ttl_us, 8 * ttl_us);
    s->crash_every_us = random_between(r, ttl_us, 8 * ttl_us);
    s->leave_every_us = random_between(r, 2 * ttl_us, 10 * ttl_us);
    s->add_every_us = random_between(r, ttl_us, 6 * ttl_us);
    s->work_us = random_between(r, ttl_us / 100, 4 * ttl_us);
    s->calm_us = random_between(r, 4 * ttl_us, 14 * ttl_us);
    static const uint32_t plan_ids[] = {0, 1, 8, 40};
    s->split = (swarm_split)random_below(r, SPLIT_END);
    s->plan_ids = plan_ids[random_below(r, 4)] * (s->ids > 96 ? 40 : s->ids > 16 ? 5 : 1); /* each takes a round trip */
    s->reload_every_us = random_between(r, ttl_us, 6 * ttl_us);
}
