#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 3
#define IDS_OF_EACH 400
#define ALL ((uint64_t)NODES * IDS_OF_EACH)

/* One node, and three threads that use it at once. */
typedef struct busy_node {
    team *team;
    allot_node *node;
    int number;
    pthread_t puller, adder, asker;
} busy_node;

static bool is_over(const busy_node *b)
{
    return ledger_acks(b->team->ledger) == ALL;
}

/* Every third id is released once before it is done: it comes again, to whomever. */
static void work(busy_node *b, const allot_event *event)
{
    allot_id done[ALLOT_SEGMENT_IDS_MAX] = {{.token = 0}};
    bool accepted[ALLOT_SEGMENT_IDS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < event->count; i++) {
        ledger_gained(b->team->ledger, b->node, &event->ids[i]);
        ledger_stopped(b->team->ledger, b->node, event->ids[i].id);
        bool first_time = event->ids[i].payload.len == 1 && event->ids[i].token % 3 == 0;
        if (first_time)
            allot_release(b->node, &event->ids[i], 1, TEAM_PATIENCE_MS, NULL, NULL);
        else
            done[count++] = event->ids[i];
    }
    allot_ack(b->node, done, count, TEAM_PATIENCE_MS, accepted, NULL);
    for (size_t i = 0; i < count; i++)
        if (accepted[i])
            ledger_acked(b->team->ledger, done[i].id);
}

static void *pull(void *user)
{
    busy_node *b = user;
    const allot_event *event;
    while (!is_over(b)) {
        if (allot_next(b->node, &event, 20) != ALLOT_OK)
            continue;
        ck_assert_int_ne(event->type, ALLOT_EVENT_FENCED);
        if (event->type == ALLOT_EVENT_GAINED)
            work(b, event);
    }
    return NULL;
}

static void *add(void *user)
{
    busy_node *b = user;
    for (int i = 0; i < IDS_OF_EACH; i += 4) {
        char texts[4][32];
        allot_new ids[4] = {0};
        allot_added added;
        for (int k = 0; k < 4; k++) {
            int len = snprintf(texts[k], sizeof(texts[k]), "id%d-%d", b->number, i + k);
            ids[k] = (allot_new){.id = {texts[k], (uint32_t)len}, .payload = {"p", k % 2}};
        }
        ck_assert_int_eq(allot_add(b->node, ids, 4, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
        ck_assert_uint_eq(added.added, 4);
    }
    return NULL;
}

static void *ask(void *user)
{
    busy_node *b = user;
    allot_node_status status = {.size = sizeof(status)};
    while (!is_over(b)) {
        uint64_t number;
        allot_owns(b->node, "id0-0", 5, &number);
        allot_is_leader(b->node, &number);
        ck_assert_int_eq(allot_status(b->node, &status), ALLOT_OK);
        allot_id id = {.id = {"id0-1", 5}};
        ck_assert_int_eq(allot_working(b->node, &id, 1), ALLOT_OK);
        sched_yield();
    }
    return NULL;
}

START_TEST(many_threads_share_a_node)
{
    team t;
    busy_node busy[NODES];
    team_init(&t);
    t.options.handover_timeout_ms = 1000;
    for (int i = 0; i < NODES; i++) {
        team_open(&t, i);
        UNTIL(&t, t.players[i].seen[ALLOT_EVENT_JOINED] == 1);
    }
    for (int i = 0; i < NODES; i++) {
        busy[i] = (busy_node){.team = &t, .node = t.players[i].node, .number = i};
        pthread_create(&busy[i].puller, NULL, pull, &busy[i]);
        pthread_create(&busy[i].adder, NULL, add, &busy[i]);
        pthread_create(&busy[i].asker, NULL, ask, &busy[i]);
    }
    for (int i = 0; i < NODES; i++) {
        pthread_join(busy[i].adder, NULL);
        pthread_join(busy[i].puller, NULL);
        pthread_join(busy[i].asker, NULL);
    }
    ck_assert_uint_eq(ledger_acks(t.ledger), ALL);
    team_done(&t);
}
END_TEST

static void *leave_soon(void *user)
{
    ck_assert_int_eq(allot_leave(user, TEAM_PATIENCE_MS), ALLOT_OK);
    return NULL;
}

/* A caller that waits without end is woken by what another thread does. */
START_TEST(a_waiting_caller_sees_the_end)
{
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    pthread_t leaver;
    pthread_create(&leaver, NULL, leave_soon, node);
    const allot_event *event = NULL;
    do
        ck_assert_int_eq(allot_next(node, &event, -1), ALLOT_OK);
    while (event->type != ALLOT_EVENT_LEFT);
    ck_assert_int_eq(allot_next(node, &event, -1), ALLOT_E_CLOSED);
    pthread_join(leaver, NULL);
    team_done(&t);
}
END_TEST

TCase *threads_case(void)
{
    TCase *c = tcase_create("threads");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, many_threads_share_a_node);
    tcase_add_test(c, a_waiting_caller_sees_the_end);
    return c;
}
