#include "tests/verify/world.h"

#include "tests/unit/random.h"

#include <check.h>
#include <string.h>

#define REPLICAS 4
#define ADDER REPLICAS /* its history is the last one */
#define IDS 12
#define STEPS 220
#define TTL_US 1000000
#define LOCAL_US 840000 /* the deadline: the ttl less its margin */
#define NOBODY UINT32_MAX

typedef enum state { DOWN, RUNNING, STOPPED } state;

typedef struct replica {
    state state;
    uint32_t slot; /* NOBODY: none */
    int64_t beat_us;
    bool leads;
} replica;

typedef enum whereabouts { ABSENT, INBOX, OWNED, PARKED, DONE } whereabouts;

typedef struct item {
    whereabouts where;
    uint32_t owner; /* a replica; it may be down */
    uint64_t token;
    int64_t free_us; /* INBOX: since when it can be granted */
} item;

typedef struct world {
    uint64_t random;
    int64_t now_us;
    bool proven;
    records told;
    replica replicas[REPLICAS];
    item items[IDS];
    uint32_t slots;
    uint64_t token, term;
    int64_t unled_us; /* since when nobody leads; INT64_MAX: somebody does */
} world;

static uint32_t below(world *w, uint32_t n)
{
    return random_below(&w->random, n);
}

/* A moment later than everything that was told. */
static void tick(world *w)
{
    w->now_us += 100 + below(w, 4000);
}

static record *tell(world *w, uint32_t source, line_kind kind)
{
    tick(w);
    records_add(&w->told, (record){.source = source, .kind = kind, .at_us = w->now_us});
    record *one = &w->told.all[w->told.count - 1];
    if (source < REPLICAS)
        one->slot = w->replicas[source].slot;
    return one;
}

/* It came about a little before it was written, or long before, and not before `least_us`. */
static void since(world *w, record *one, int64_t least_us)
{
    int64_t us = one->at_us - below(w, below(w, 4) == 0 ? 200000 : 300);
    if (us > least_us && us < one->at_us)
        one->since_us = us;
}

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

static void tell_lost(world *w, uint32_t who, uint32_t id, uint64_t token, bool cleaned)
{
    record *one = tell(w, who, LINE_LOST);
    one->number = token;
    one->id_count = 1;
    one->ids[0] = id;
    one->cleaned = cleaned;
}

/* Whether its history says that this id, told by the record `i`, is held still. */
static bool is_told_held(const world *w, size_t i, uint32_t id)
{
    const record *held = &w->told.all[i];
    for (size_t n = i + 1; n < w->told.count; n++) {
        const record *later = &w->told.all[n];
        for (uint32_t m = 0; m < later->id_count; m++) {
            if (later->number == held->number && later->ids[m] == id && later->kind > LINE_HELD &&
                later->kind < LINE_ADDED)
                return false;
        }
    }
    return true;
}

/* Which ids it held, its own history knows. `cleaned`: only those that it has no more. */
static void tell_some_lost(world *w, uint32_t who, bool cleaned)
{
    size_t count = w->told.count;
    for (size_t i = 0; i < count; i++) {
        const record held = w->told.all[i];
        if (held.kind != LINE_HELD || held.slot != w->replicas[who].slot)
            continue;
        for (uint32_t k = 0; k < held.id_count; k++) {
            const item *one = &w->items[held.ids[k]];
            bool owned = one->where == OWNED && one->owner == who && one->token == held.number;
            if (!(cleaned && owned) && is_told_held(w, i, held.ids[k]))
                tell_lost(w, who, held.ids[k], held.number, cleaned);
        }
    }
}

/* Whose ids were taken by a clean: it learns of that at its next beat. */
static void tell_cleaned_lost(world *w, uint32_t who)
{
    tell_some_lost(w, who, true);
}

static void renew(world *w, uint32_t who)
{
    replica *r = &w->replicas[who];
    tell_cleaned_lost(w, who);
    record *one = tell(w, who, LINE_RENEWED);
    since(w, one, r->beat_us);
    r->beat_us = record_since(one);
    one->until_us = r->beat_us + LOCAL_US;
}

static void join(world *w, uint32_t who)
{
    replica *r = &w->replicas[who];
    r->slot = ++w->slots;
    record *one = tell(w, who, LINE_JOINED);
    r->beat_us = one->at_us;
    one->until_us = r->beat_us + LOCAL_US;
    one->life = 1;
    one->proven = w->proven;
    r->state = RUNNING;
}

static void start(world *w, uint32_t who)
{
    w->replicas[who] = (replica){.state = RUNNING, .slot = NOBODY};
    tell(w, who, LINE_OPENED)->boot = 1;
    join(w, who);
}

/* What it held comes into the inbox when the store has seen the end of its slot. */
static void reap(world *w, uint32_t who, int64_t free_us)
{
    for (uint32_t i = 0; i < IDS; i++) {
        item *one = &w->items[i];
        if (one->where == OWNED && one->owner == who)
            *one = (item){.where = INBOX, .token = one->token, .free_us = free_us};
    }
    if (w->replicas[who].leads)
        w->unled_us = free_us;
    w->replicas[who].leads = false;
}

static void kill_one(world *w, uint32_t who)
{
    replica *r = &w->replicas[who];
    r->state = DOWN;
    reap(w, who, w->proven ? w->now_us : r->beat_us + TTL_US);
}

/* Stopped past its lease: continued, it first tells that everything is lost. */
static void stop(world *w, uint32_t who)
{
    w->replicas[who].state = STOPPED;
    reap(w, who, w->replicas[who].beat_us + TTL_US);
}

static void go_on(world *w, uint32_t who)
{
    if (w->now_us <= w->replicas[who].beat_us + LOCAL_US)
        return; /* not yet past its lease */
    tell_some_lost(w, who, false);
    tell(w, who, LINE_FENCED);
    join(w, who);
}

/* ---- Ids --------------------------------------------------------------------------------------------------------- */

static void grant(world *w, uint32_t who)
{
    record one = {.id_count = 0};
    int64_t free_us = 0;
    tell_cleaned_lost(w, who); /* or it would have some of them twice */
    tick(w);
    for (uint32_t n = 0, i = below(w, IDS); n < IDS && one.id_count < IDS_MOST; n++, i = (i + 1) % IDS) {
        if (w->items[i].where != INBOX || w->items[i].free_us > w->now_us)
            continue;
        one.ids[one.id_count++] = i;
        if (w->items[i].free_us > free_us)
            free_us = w->items[i].free_us;
    }
    if (one.id_count == 0)
        return;
    w->token += 10 + below(w, 30);
    record *told = tell(w, who, LINE_HELD);
    told->number = w->token;
    told->id_count = one.id_count;
    memcpy(told->ids, one.ids, sizeof(one.ids));
    int64_t joined_us = w->replicas[who].beat_us;
    since(w, told, free_us > joined_us ? free_us : joined_us);
    for (uint32_t k = 0; k < one.id_count; k++)
        w->items[one.ids[k]] = (item){.where = OWNED, .owner = who, .token = w->token};
}

/* An end that the replica itself tells, of one id that it holds. */
static record *end_one(world *w, uint32_t who, line_kind kind)
{
    for (uint32_t n = 0, i = below(w, IDS); n < IDS; n++, i = (i + 1) % IDS) {
        item *held = &w->items[i];
        if (held->where != OWNED || held->owner != who)
            continue;
        record *one = tell(w, who, kind);
        one->number = held->token;
        one->id_count = 1;
        one->ids[0] = i;
        held->where = INBOX;
        held->free_us = w->now_us + 1;
        return one;
    }
    return NULL;
}

/* Refused, though the id is its own: the store could not do it just now. The same grant goes on. */
static void hold_on(world *w, uint32_t who, const record *refused, item held)
{
    const record was = *refused;
    w->items[was.ids[0]] = held;
    record *one = tell(w, who, LINE_HELD);
    one->number = was.number;
    one->id_count = 1;
    one->ids[0] = was.ids[0];
}

static void report(world *w, uint32_t who)
{
    bool ack = below(w, 2) == 0;
    uint32_t dice = below(w, 10);
    record *one = end_one(w, who, ack ? LINE_ACKED : LINE_FAILED);
    if (one == NULL)
        return;
    since(w, one, one->at_us - 100);
    record sent = *one;
    one->answer = LINE_UNKNOWN;
    item held = {.where = OWNED, .owner = who, .token = sent.number};
    w->items[sent.ids[0]].where = ack ? DONE : PARKED;
    if (dice == 0) /* no answer came, and it was done */
        return;
    one = tell(w, who, sent.kind);
    sent.since_us = record_since(&sent);
    sent.at_us = one->at_us;
    *one = sent;
    one->answer = dice == 1 ? LINE_REFUSED : LINE_ACCEPTED;
    if (dice == 1)
        hold_on(w, who, one, held);
}

static void add(world *w)
{
    record *one = tell(w, ADDER, below(w, 5) == 0 ? LINE_ADDED : LINE_ADDING);
    for (uint32_t i = 0; i < IDS && one->id_count < IDS_MOST; i++) {
        if (w->items[i].where != ABSENT && w->items[i].where != DONE)
            continue;
        w->items[i] = (item){.where = INBOX, .token = w->items[i].token, .free_us = one->at_us};
        one->ids[one->id_count++] = i;
    }
    if (one->id_count == 0) {
        w->told.count--;
        return;
    }
    record asked = *one;
    if (asked.kind == LINE_ADDED || below(w, 10) == 0) /* or it was killed before the answer came */
        return;
    one = tell(w, ADDER, LINE_ADDED);
    asked.kind = LINE_ADDED;
    asked.since_us = asked.at_us;
    asked.at_us = one->at_us;
    *one = asked;
}

/* The owners learn of it when they beat, or never. */
static void clean_all(world *w)
{
    record *one = tell(w, ADDER, LINE_CLEANED);
    int64_t asked_us = one->at_us;
    for (uint32_t i = 0; i < IDS; i++) {
        if (w->items[i].where != DONE)
            w->items[i] = (item){.where = ABSENT, .token = w->items[i].token};
    }
    one = tell(w, ADDER, LINE_CLEANED);
    one->since_us = asked_us;
    one->answer = below(w, 4) == 0 ? LINE_UNKNOWN : LINE_ACCEPTED;
}

static void unpark(world *w)
{
    for (uint32_t i = 0; i < IDS; i++) {
        if (w->items[i].where == PARKED) {
            w->items[i].where = INBOX;
            w->items[i].free_us = w->now_us;
        }
    }
}

/* ---- Leadership -------------------------------------------------------------------------------------------------- */

static void lead(world *w, uint32_t who)
{
    if (w->unled_us > w->now_us)
        return;
    int64_t unled_us = w->unled_us;
    record *one = tell(w, who, LINE_LEADS);
    one->number = ++w->term;
    since(w, one, unled_us > w->replicas[who].beat_us ? unled_us : w->replicas[who].beat_us);
    w->replicas[who].leads = true;
    w->unled_us = INT64_MAX;
}

static void resign(world *w, uint32_t who)
{
    if (!w->replicas[who].leads)
        return;
    tell(w, who, LINE_FOLLOWS);
    w->replicas[who].leads = false;
    w->unled_us = w->now_us + 1;
}

static void leave(world *w, uint32_t who)
{
    while (end_one(w, who, LINE_RELEASED) != NULL)
        continue;
    resign(w, who);
    tell(w, who, LINE_LEFT);
    w->replicas[who].state = DOWN;
}

/* ---- The story --------------------------------------------------------------------------------------------------- */

static void beat_all(world *w)
{
    for (uint32_t i = 0; i < REPLICAS; i++) {
        if (w->replicas[i].state == RUNNING && w->now_us > w->replicas[i].beat_us + TTL_US / 3)
            renew(w, i);
    }
}

static void act(world *w, uint32_t who)
{
    replica *r = &w->replicas[who];
    uint32_t dice = below(w, 100);
    if (r->state == DOWN && dice < 30)
        start(w, who);
    else if (r->state == STOPPED && dice < 20)
        go_on(w, who);
    if (r->state != RUNNING)
        return;
    if (dice < 35)
        grant(w, who);
    else if (dice < 50)
        end_one(w, who, LINE_RELEASED);
    else if (dice < 65)
        report(w, who);
    else if (dice < 80)
        lead(w, who);
    else if (dice < 84)
        resign(w, who);
    else if (dice < 87)
        kill_one(w, who);
    else if (dice < 90)
        stop(w, who);
    else if (dice < 92)
        leave(w, who);
}

/* Everything that is anywhere comes to the last one, which lives. */
static void come_to_rest(world *w)
{
    uint32_t last = REPLICAS - 1;
    for (int i = 0; i < 8; i++) {
        w->now_us += TTL_US / 4;
        beat_all(w);
    }
    if (w->replicas[last].state == STOPPED)
        go_on(w, last);
    if (w->replicas[last].state == DOWN)
        start(w, last);
    unpark(w);
    for (int i = 0; i < IDS; i++) {
        beat_all(w);
        grant(w, last);
    }
    lead(w, last);
    for (uint32_t i = 0; i < REPLICAS; i++) {
        if (w->replicas[i].state == RUNNING)
            renew(w, i);
    }
}

records world_histories(uint64_t seed)
{
    world w = {.random = seed, .now_us = 1000000000, .told = {.sources = REPLICAS + 1}};
    w.proven = below(&w, 2) == 0;
    tell(&w, ADDER, LINE_OPENED)->boot = 1;
    for (uint32_t i = 0; i < REPLICAS; i++)
        start(&w, i);
    add(&w);
    for (int i = 0; i < STEPS; i++) {
        w.now_us += below(&w, 20000);
        beat_all(&w);
        act(&w, below(&w, REPLICAS));
        if (below(&w, 8) == 0)
            add(&w);
        if (below(&w, 12) == 0)
            unpark(&w);
        if (below(&w, 150) == 0)
            clean_all(&w);
    }
    come_to_rest(&w);
    return w.told;
}
