#include "tests/api/team.h"
#include "base/bytes.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t turned_boot_us(void *user)
{
    team *t = user;
    return clock_us(CLOCK_BOOTTIME) + atomic_load(&t->turned_us);
}

int64_t team_now_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t team_patience(void)
{
    return team_now_ms() + TEAM_PATIENCE_MS;
}

void team_init(team *t)
{
    memset(t, 0, sizeof(*t));
    t->memory = allot_memory_new();
    t->ledger = ledger_new();
    ck_assert_ptr_nonnull(t->memory);
    allot_options_init(&t->options);
    t->options.backend = "memory";
    t->options.shared = t->memory;
    t->options.settle_ms = 30;
    t->hooks.clock = (allot_clock){.boot_us = turned_boot_us, .user = t};
}

allot_node *team_open(team *t, int i)
{
    player *p = &t->players[i];
    allot_error error = {0};
    ck_assert_ptr_null(p->node);
    int code = node_open(&t->options, &t->hooks, &p->node, &error);
    ck_assert_msg(code == ALLOT_OK, "open: %s", error.message);
    return p->node;
}

void team_close(team *t, int i)
{
    player *p = &t->players[i];
    allot_node *node = p->node;
    for (size_t k = 0; k < p->count; k++)
        ledger_stopped(t->ledger, node, (allot_bytes){p->held[k].text, p->held[k].len});
    allot_close(node);
    free(p->held);
    *p = (player){.node = NULL};
}

void team_done(team *t)
{
    for (int i = 0; i < TEAM_MOST; i++)
        team_close(t, i);
    allot_memory_free(t->memory);
    ledger_free(t->ledger);
}

void team_turn_clock(team *t, int64_t by_ms)
{
    atomic_fetch_add(&t->turned_us, by_ms * 1000);
    for (int i = 0; i < TEAM_MOST; i++)
        if (t->players[i].node != NULL)
            node_clock_turned(t->players[i].node);
}

/* ---- What is told ------------------------------------------------------------------------------------------------ */

static size_t find_held(const player *p, allot_bytes id)
{
    size_t k = 0;
    while (k < p->count && (p->held[k].len != id.len || memcmp(p->held[k].text, id.data, id.len) != 0))
        k++;
    return k;
}

static void gain(team *t, player *p, const allot_id *id)
{
    ledger_gained(t->ledger, p->node, id);
    ck_assert_uint_eq(find_held(p, id->id), p->count);
    ck_assert_int_eq(array_reserve((void **)&p->held, &p->capacity, p->count + 1, sizeof(holding)), 0);
    holding *h = &p->held[p->count++];
    *h = (holding){.len = id->id.len, .token = id->token};
    memcpy(h->text, id->id.data, id->id.len);
}

static void forget(team *t, player *p, size_t k)
{
    ledger_stopped(t->ledger, p->node, (allot_bytes){p->held[k].text, p->held[k].len});
    p->held[k] = p->held[--p->count];
}

static void take_ids(team *t, player *p, const allot_event *event)
{
    ck_assert_uint_gt(event->count, 0);
    ck_assert_uint_le(event->count, ALLOT_SEGMENT_IDS_MAX);
    for (uint32_t n = 0; n < event->count; n++) {
        const allot_id *id = &event->ids[n];
        if (event->type == ALLOT_EVENT_GAINED) {
            gain(t, p, id);
            continue;
        }
        size_t k = find_held(p, id->id);
        ck_assert_msg(k < p->count, "%s of %.*s, which was not held", allot_event_word(event->type), (int)id->id.len,
                      id->id.data);
        ck_assert_uint_eq(p->held[k].token, id->token);
        if (event->type == ALLOT_EVENT_RECALLED)
            p->held[k].recalled = true;
        else
            forget(t, p, k);
    }
}

static void take(team *t, player *p, const allot_event *event)
{
    ck_assert_uint_eq(event->size, sizeof(*event));
    ck_assert_uint_le(event->type, ALLOT_EVENT_NOTE);
    ck_assert_uint_eq(p->seen[ALLOT_EVENT_LEFT], 0);
    p->seen[event->type]++;
    bool about_ids =
        event->type == ALLOT_EVENT_GAINED || event->type == ALLOT_EVENT_RECALLED || event->type == ALLOT_EVENT_LOST;
    if (about_ids)
        take_ids(t, p, event);
    if (event->type == ALLOT_EVENT_LEADER)
        p->term = event->term;
    if (event->type == ALLOT_EVENT_SPLIT)
        p->version = event->version;
    if (event->why != ALLOT_WHY_NONE)
        p->why = event->why;
    if (event->message != NULL)
        snprintf(p->message, sizeof(p->message), "%s", event->message);
    if (event->type == ALLOT_EVENT_FENCED || event->type == ALLOT_EVENT_LEFT)
        ck_assert_uint_eq(p->count, 0); /* everything held was told lost before */
}

void team_pull_one(team *t, int i)
{
    const allot_event *event;
    player *p = &t->players[i];
    while (p->node != NULL && allot_next(p->node, &event, 0) == ALLOT_OK)
        take(t, p, event);
}

void team_pull(team *t)
{
    struct pollfd fds[TEAM_MOST];
    for (int i = 0; i < TEAM_MOST; i++) {
        allot_node *node = t->players[i].node;
        fds[i] = (struct pollfd){.fd = node != NULL ? allot_event_fd(node) : -1, .events = POLLIN};
    }
    poll(fds, TEAM_MOST, 5);
    for (int i = 0; i < TEAM_MOST; i++)
        team_pull_one(t, i);
}

/* ---- What is held ------------------------------------------------------------------------------------------------ */

void team_add(team *t, int i, const char *prefix, int n)
{
    allot_new *ids = calloc((size_t)n, sizeof(*ids));
    char(*texts)[32] = calloc((size_t)n, sizeof(*texts));
    allot_added added;
    allot_error error = {0};
    ck_assert(ids != NULL && texts != NULL);
    for (int k = 0; k < n; k++) {
        int len = snprintf(texts[k], sizeof(texts[k]), "%s%d", prefix, k);
        ids[k].id = (allot_bytes){texts[k], (uint32_t)len};
    }
    int code = allot_add(t->players[i].node, ids, (size_t)n, TEAM_PATIENCE_MS, &added, &error);
    ck_assert_msg(code == ALLOT_OK, "add: %s", error.message);
    ck_assert_uint_eq(added.done, (uint64_t)n);
    ck_assert_uint_eq(added.added, (uint64_t)n);
    free(ids);
    free(texts);
}

size_t team_held(const team *t)
{
    size_t count = 0;
    for (int i = 0; i < TEAM_MOST; i++)
        count += t->players[i].count;
    return count;
}

allot_id team_id(const team *t, int i, size_t k)
{
    const player *p = &t->players[i];
    ck_assert_uint_lt(k, p->count);
    return (allot_id){.id = {p->held[k].text, p->held[k].len}, .token = p->held[k].token};
}

size_t team_stop(team *t, int i, bool recalled_only, size_t most, allot_id *ret_ids)
{
    player *p = &t->players[i];
    size_t n = 0;
    for (size_t k = p->count; k-- > 0 && n < most;) {
        if (recalled_only && !p->held[k].recalled)
            continue;
        holding stopped = p->held[k];
        forget(t, p, k);
        p->held[p->count] = stopped; /* behind the end: there until the next gain */
        ret_ids[n++] = (allot_id){.id = {p->held[p->count].text, stopped.len}, .token = stopped.token};
    }
    return n;
}

bool team_holds(const team *t, int i, const char *text)
{
    const player *p = &t->players[i];
    return find_held(p, (allot_bytes){text, (uint32_t)strlen(text)}) < p->count;
}

int team_leaders(team *t)
{
    int leaders = 0;
    for (int i = 0; i < TEAM_MOST; i++)
        leaders += t->players[i].node != NULL && allot_is_leader(t->players[i].node, NULL);
    return leaders;
}
