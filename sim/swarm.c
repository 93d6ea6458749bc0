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
    for (uint32_t i = SWARM_OLD_VIEW; i <= SWARM_CLOCK_AHEAD; i++)
        if (random_chance(r, 400))
            s->options |= UINT64_C(1) << i;
    random_next(r); /* there was one more: seeds keep their schedules */
    /* What is parked is due by that clock: so much later. */
    if (swarm_has(s, SWARM_FAIL))
        s->options &= ~(UINT64_C(1) << SWARM_CLOCK_BACK);
    if (swarm_has(s, SWARM_CLOCK_BACK))
        s->options &= ~(UINT64_C(1) << SWARM_CLOCK_AHEAD);
}

static void set_option(swarm *s, swarm_option option, bool on)
{
    uint64_t bit = UINT64_C(1) << option;
    s->options = on ? s->options | bit : s->options & ~bit;
}

/* What is drawn from it takes nothing from the other. */
static random_source aside(const random_source *r)
{
    random_source own = *r;
    own.s[1] ^= UINT64_C(0x9e3779b97f4a7c15);
    random_next(&own);
    return own;
}

/* Two clocks at once would be hard to tell apart in what follows. */
static void choose_later_options(swarm *s, random_source *r)
{
    if (s->options == 0)
        return;
    int64_t size = random_below(r, 400); /* one of 200 is large, this way or the other */
    set_option(s, SWARM_WIDE, size == 0);
    set_option(s, SWARM_MANY_IDS, size == 1);
    set_option(s, SWARM_MORE_NODES, random_chance(r, 30));
    random_source own = aside(r);
    set_option(s, SWARM_MORE_IDS, random_chance(&own, 600));
    if (random_chance(r, 500))
        return;
    for (uint32_t i = SWARM_STOP_AT_SEND; i <= SWARM_CHURN; i++)
        set_option(s, (swarm_option)i, random_chance(r, i == SWARM_LOSE_LAST ? 100 : 300));
    if (swarm_has(s, SWARM_CLOCK_BACK) || swarm_has(s, SWARM_CLOCK_AHEAD))
        set_option(s, SWARM_CLOCK_FROZEN, false);
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

/* How many replicas the first source knows of; those beyond are the third one's. */
#define FIRST_REPLICAS 7u

static void choose_replicas(swarm *s, const swarm_sources *from)
{
    static const int64_t ttls_us[] = {1000000, 1000000, 2000000, 3000000, 10000000};
    int64_t ttl_us = ttls_us[random_below(from->random, 5)];
    for (uint32_t i = 0; i < FIRST_REPLICAS || i < s->replicas; i++) {
        random_source *r = i < FIRST_REPLICAS ? from->random : from->later;
        int64_t own_us = swarm_has(s, SWARM_MIXED_TTL) ? ttls_us[random_below(r, 5)] : ttl_us;
        if (s->settings != NULL)
            own_us = s->settings->ttl_us;
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

static void choose_many(swarm *s, random_source *r)
{
    if (swarm_has(s, SWARM_MORE_NODES))
        s->replicas = (uint32_t)random_between(r, 8, 9);
    if (swarm_has(s, SWARM_WIDE))
        s->replicas = random_chance(r, 100) ? SIM_REPLICAS_MAX : (uint32_t)random_between(r, 50, 200);
}

static void choose_times(swarm *s, random_source *r)
{
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
}

static void choose_later_times(swarm *s, random_source *r)
{
    int64_t ttl_us = s->longest_ttl_us;
    s->members_every_us = random_between(r, 2 * ttl_us, 6 * ttl_us);
    s->errors_every_us = random_between(r, ttl_us, 6 * ttl_us);
    s->churn_every_us = random_between(r, ttl_us / 50, ttl_us / 4);
    if (swarm_has(s, SWARM_WIDE)) /* so many beat all the time */
        s->calm_us = random_between(r, 2 * ttl_us, 5 * ttl_us);
}

static void choose_split(swarm *s, random_source *r)
{
    static const uint32_t plan_ids[] = {0, 1, 8, 40};
    s->split = (swarm_split)random_below(r, SPLIT_END);
    s->plan_ids = plan_ids[random_below(r, 4)]; /* each takes a round trip */
    bool many = s->ids > 96 || swarm_has(s, SWARM_CHURN);
    s->plan_ids *= s->ids > 3000 ? 200 : many ? 40 : s->ids > 16 ? 5 : 1;
}

/* What they decide, and what would be somebody else's settings. And their store keeps what it has confirmed, and has a
 * clock: what is lost without is no matter of settings. */
static const swarm_option not_with_settings[] = {
    SWARM_LOSE_ALL,   SWARM_LOSE_SOME,  SWARM_LOSE_LAST, SWARM_CLOCK_BACK, SWARM_CLOCK_AHEAD, SWARM_CLOCK_FROZEN,
    SWARM_QUARANTINE, SWARM_RETIRE,     SWARM_MIXED_TTL, SWARM_WEIGHTS,    SWARM_BAD_PLAN,    SWARM_RELOAD,
    SWARM_HUNG_PLAN,  SWARM_LYING_PLAN, SWARM_FAIL,      SWARM_CLEAN,      SWARM_WIDE,        SWARM_MANY_IDS};

static void take_settings(swarm *s)
{
    const sim_settings *own = s->settings;
    s->retire_on_timeout = swarm_has(s, SWARM_RETIRE);
    s->quarantine_always = swarm_has(s, SWARM_QUARANTINE);
    if (own == NULL)
        return;
    s->settle_us = own->settle_us;
    s->handover_timeout_us = own->handover_timeout_us;
    s->retry_after_us = own->retry_after_us;
    s->max_attempts = own->max_attempts;
    s->retire_on_timeout = own->retire_on_timeout;
    s->quarantine_always = own->quarantine_always;
    s->split = own->kind == ALLOT_STRATEGY_IDS    ? SPLIT_IDS
               : own->kind == ALLOT_STRATEGY_RUNS ? SPLIT_RUNS
                                                  : SPLIT_COUNTS;
}

static void limit(swarm *s, const swarm_limits *limits)
{
    if (limits->replicas != 0)
        s->replicas = limits->replicas;
    if (limits->ids != 0)
        s->ids = limits->ids == SIM_NO_IDS ? 0 : limits->ids;
}

void swarm_choose(swarm *s, swarm_sources from, const swarm_limits *limits)
{
    memset(s, 0, sizeof(*s));
    choose_options(s, from.random);
    choose_more_options(s, from.more);
    choose_later_options(s, from.later);
    s->options &= ~limits->without;
    s->settings = limits->settings;
    for (size_t i = 0; s->settings != NULL && i < sizeof(not_with_settings) / sizeof(not_with_settings[0]); i++)
        set_option(s, not_with_settings[i], false);
    s->replicas = (uint32_t)random_between(from.random, 1, random_chance(from.random, 700) ? 4 : FIRST_REPLICAS);
    choose_many(s, from.later);
    s->ids = choose_ids(from.random);
    random_source own = aside(from.later);
    if (swarm_has(s, SWARM_MORE_IDS))
        s->ids = (uint32_t)random_between(&own, 40, 200);
    if (swarm_has(s, SWARM_MANY_IDS))
        s->ids = (uint32_t)random_between(from.later, 3000, SIM_IDS_MAX);
    if (s->settings != NULL) /* enough for shares to be compared */
        s->ids = (uint32_t)random_between(from.later, 60, 400);
    limit(s, limits);
    choose_replicas(s, &from);
    choose_network(s, from.random);
    choose_times(s, from.random);
    choose_split(s, from.random);
    s->reload_every_us = random_between(from.random, s->longest_ttl_us, 6 * s->longest_ttl_us);
    choose_later_times(s, from.later);
    take_settings(s);
    if (limits->calm_us != 0)
        s->calm_us = limits->calm_us;
}
