#include "tests/api/faulty.h"
#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <poll.h>
#include <string.h>

static bool even(const team *t, int players, size_t each)
{
    for (int i = 0; i < players; i++)
        if (t->players[i].count != each)
            return false;
    return true;
}

START_TEST(three_share_thirty)
{
    team t;
    team_init(&t);
    for (int i = 0; i < 3; i++)
        team_open(&t, i);
    for (int i = 0; i < 3; i++)
        UNTIL(&t, t.players[i].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 1, "id", 30);
    UNTIL(&t, team_held(&t) == 30 && even(&t, 3, 10));
    ck_assert_int_eq(team_leaders(&t), 1);
    int leader = 0;
    while (!allot_is_leader(t.players[leader].node, NULL))
        leader++;
    UNTIL(&t, t.players[leader].seen[ALLOT_EVENT_SPLIT] > 0);
    uint64_t term;
    ck_assert(allot_is_leader(t.players[leader].node, &term));
    ck_assert_uint_eq(t.players[leader].term, term);
    for (int i = 0; i < 3; i++) {
        UNTIL(&t, i == leader || t.players[i].seen[ALLOT_EVENT_FOLLOWER] > 0);
        UNTIL(&t, t.players[i].seen[ALLOT_EVENT_SPLIT] > 0);
        allot_node_status status = {.size = sizeof(status)};
        allot_node_status led = {.size = sizeof(led)};
        ck_assert_int_eq(allot_status(t.players[i].node, &status), ALLOT_OK);
        ck_assert_int_eq(allot_status(t.players[leader].node, &led), ALLOT_OK);
        ck_assert_uint_eq(status.ids, 10);
        ck_assert_uint_eq(status.recalled, 0);
        ck_assert_int_eq(status.state, ALLOT_NODE_LIVE);
        ck_assert_int_eq(status.leads, i == leader);
        ck_assert(memcmp(&status.leader, &led.slot, sizeof(led.slot)) == 0);
        ck_assert_int_gt(status.valid_for_ms, 0);
        ck_assert_int_le(status.valid_for_ms, 10000);
        ck_assert(status.store_up && !status.draining);
    }
    team_done(&t);
}
END_TEST

START_TEST(weights_count)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    t.options.weight = 3;
    team_open(&t, 1);
    for (int i = 0; i < 2; i++)
        UNTIL(&t, t.players[i].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 40);
    UNTIL(&t, t.players[0].count == 10 && t.players[1].count == 30);
    team_done(&t);
}
END_TEST

/* What one holds already, another is given only after it was recalled and released; what does not move stays. */
START_TEST(a_joiner_gets_what_is_released)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 20);
    UNTIL(&t, t.players[0].count == 20);
    team_open(&t, 1);
    allot_node_status status = {.size = sizeof(status)};
    UNTIL(&t, allot_status(t.players[0].node, &status) == ALLOT_OK && status.recalled == 10);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_RECALLED] > 0);
    ck_assert_uint_eq(t.players[1].count, 0);
    uint64_t tokens[20];
    for (size_t k = 0; k < 20; k++)
        tokens[k] = team_id(&t, 0, k).token;
    allot_id ids[20];
    size_t n = team_stop(&t, 0, true, 20, ids);
    ck_assert_uint_eq(n, 10);
    allot_report report;
    ck_assert_int_eq(allot_release(t.players[0].node, ids, n, TEAM_PATIENCE_MS, NULL, &report), ALLOT_OK);
    ck_assert_uint_eq(report.accepted, 10);
    UNTIL(&t, t.players[1].count == 10);
    ck_assert_uint_eq(t.players[0].count, 10);
    for (size_t k = 0; k < 10; k++) {
        uint64_t token = 0;
        allot_id kept = team_id(&t, 0, k);
        ck_assert(allot_owns(t.players[0].node, kept.id.data, kept.id.len, &token));
        ck_assert_uint_eq(token, kept.token);
        ck_assert_uint_eq(token, tokens[0]); /* one grant, untouched */
    }
    team_done(&t);
}
END_TEST

/* A large gain comes in pages of at most 1024 ids; the team checks each. */
START_TEST(many_ids_come_in_pages)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 5000);
    UNTIL(&t, t.players[0].count == 5000);
    ck_assert_uint_ge(t.players[0].seen[ALLOT_EVENT_GAINED], 5);
    team_done(&t);
}
END_TEST

START_TEST(payloads_reach_the_owner)
{
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    const allot_new ids[] = {{.id = {"with", 4}, .payload = {"a\0b", 3}}, {.id = {"without", 7}}};
    allot_added added;
    const allot_event *event = NULL;
    ck_assert_int_eq(allot_add(node, ids, 2, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
    do
        ck_assert_int_eq(allot_next(node, &event, TEAM_PATIENCE_MS), ALLOT_OK);
    while (event->type != ALLOT_EVENT_GAINED);
    ck_assert_uint_eq(event->count, 2);
    ck_assert_uint_eq(event->ids[0].payload.len, 3);
    ck_assert(memcmp(event->ids[0].payload.data, "a\0b", 3) == 0);
    ck_assert_uint_eq(event->ids[1].payload.len, 0);
    team_done(&t);
}
END_TEST

static bool readable(allot_node *node)
{
    struct pollfd fd = {.fd = allot_event_fd(node), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

START_TEST(the_descriptor_tells_of_events)
{
    team t;
    team_init(&t);
    t.hooks.backend = faulty_backend();
    allot_node *node = team_open(&t, 0);
    struct pollfd fd = {.fd = allot_event_fd(node), .events = POLLIN};
    const allot_event *event;
    ck_assert_int_eq(poll(&fd, 1, TEAM_PATIENCE_MS), 1);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    faulty_stop();
    node_clock_turned(node);
    UNTIL(&t, faulty_hangs()); /* no event comes about while the store hangs, until the lease is over */
    team_pull_one(&t, 0);
    ck_assert(!readable(node));
    ck_assert_int_eq(allot_next(node, &event, 0), ALLOT_E_TIMEOUT);
    ck_assert_int_eq(allot_next(node, &event, 20), ALLOT_E_TIMEOUT);
    faulty_go();
    team_add(&t, 0, "id", 1);
    ck_assert_int_eq(poll(&fd, 1, TEAM_PATIENCE_MS), 1);
    ck_assert_int_eq(allot_leave(node, TEAM_PATIENCE_MS), ALLOT_OK);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_LEFT] == 1);
    ck_assert(!readable(node));
    team_done(&t);
}
END_TEST

TCase *split_case(void)
{
    TCase *c = tcase_create("split");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, three_share_thirty);
    tcase_add_test(c, weights_count);
    tcase_add_test(c, a_joiner_gets_what_is_released);
    tcase_add_test(c, many_ids_come_in_pages);
    tcase_add_test(c, payloads_reach_the_owner);
    tcase_add_test(c, the_descriptor_tells_of_events);
    return c;
}
