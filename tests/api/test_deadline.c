#include "tests/api/faulty.h"
#include "tests/api/suites.h"
#include "tests/api/team.h"

/* Joined, and owning ten ids that it has not been told of. */
static allot_node *one_with_untaken_ids(team *t)
{
    team_init(t);
    t->hooks.backend = faulty_backend();
    allot_node *node = team_open(t, 0);
    UNTIL(t, t->players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    team_add(t, 0, "id", 10);
    allot_node_status status = {.size = sizeof(status)};
    for (int64_t until = team_patience(); status.ids < 10;) {
        ck_assert_int_lt(team_now_ms(), until);
        ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
    }
    return node;
}

static void check_fenced(team *t, allot_node *node)
{
    allot_node_status status = {.size = sizeof(status)};
    uint64_t number = 77;
    ck_assert(!allot_owns(node, "id0", 3, &number));
    ck_assert(!allot_is_leader(node, &number));
    ck_assert_uint_eq(number, 77);
    ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
    ck_assert_int_eq(status.valid_for_ms, 0);
    ck_assert_uint_eq(status.ids, 0);
    ck_assert(!status.leads);
    team_pull_one(t, 0);
    ck_assert_uint_eq(t->players[0].seen[ALLOT_EVENT_FENCED], 1);
    ck_assert_int_eq(t->players[0].why, ALLOT_WHY_DEADLINE);
}

/* Whether or not the node's thread is there to see it: the one that asks sees that the lease is over. */
START_TEST(past_the_deadline_nothing_is_owned_though_the_store_hangs)
{
    team t;
    allot_node *node = one_with_untaken_ids(&t);
    uint64_t token = 0;
    ck_assert(allot_owns(node, "id0", 3, &token));
    ck_assert_uint_gt(token, 0);
    ck_assert(allot_is_leader(node, NULL));
    faulty_stop();
    node_clock_turned(node); /* to make it call the store */
    UNTIL(&t, faulty_hangs() && t.players[0].count == 10);
    atomic_fetch_add(&t.turned_us, 11000000);
    check_fenced(&t, node);
    ck_assert_uint_ge(t.players[0].seen[ALLOT_EVENT_LOST], 1);
    allot_id id = {.id = {"id0", 3}};
    ck_assert_int_eq(allot_ack(node, &id, 1, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_E_FENCED);
    ck_assert_int_eq(allot_working(node, &id, 1), ALLOT_E_FENCED);
    faulty_go();
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 2 && t.players[0].count == 10);
    team_done(&t);
}
END_TEST

/* The team ends the test when it is told of an id that it had gained never. */
START_TEST(past_the_deadline_no_gained_is_delivered)
{
    team t;
    allot_node *node = one_with_untaken_ids(&t);
    uint32_t gained = t.players[0].seen[ALLOT_EVENT_GAINED];
    faulty_stop();
    atomic_fetch_add(&t.turned_us, 11000000);
    check_fenced(&t, node);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_GAINED], gained);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_LOST], 0);
    faulty_go();
    team_turn_clock(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 2 && t.players[0].count == 10);
    team_done(&t);
}
END_TEST

/* allot_next itself wakes at the deadline: nothing else does when the node's thread hangs. */
START_TEST(a_waiting_caller_is_told_at_the_deadline)
{
    team t;
    team_init(&t);
    t.hooks.backend = faulty_backend();
    t.options.ttl_ms = 1000;
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    faulty_stop();
    node_clock_turned(node);
    UNTIL(&t, faulty_hangs());
    const allot_event *event = NULL;
    do
        ck_assert_int_eq(allot_next(node, &event, TEAM_PATIENCE_MS), ALLOT_OK);
    while (event->type != ALLOT_EVENT_FENCED);
    ck_assert_int_eq(event->why, ALLOT_WHY_DEADLINE);
    ck_assert(faulty_hangs());
    faulty_go();
    team_done(&t);
}
END_TEST

START_TEST(a_report_under_way_at_the_deadline_is_unknown)
{
    team t;
    allot_node *node = one_with_untaken_ids(&t);
    team_pull_one(&t, 0);
    allot_id ids[10];
    ck_assert_uint_eq(team_stop(&t, 0, false, 10, ids), 10);
    faulty_stop();
    bool accepted[10];
    allot_report report;
    ck_assert_int_eq(allot_ack(node, ids, 10, 30, accepted, &report), ALLOT_E_TIMEOUT);
    ck_assert_uint_eq(report.accepted + report.refused, 0);
    for (int i = 0; i < 10; i++)
        ck_assert(!accepted[i]);
    ck_assert(!allot_owns(node, "id0", 3, NULL)); /* it is on its way out */
    faulty_go();
    UNTIL(&t, !faulty_hangs());
    ck_assert_int_eq(allot_ack(node, ids, 1, TEAM_PATIENCE_MS, NULL, NULL),
                     ALLOT_E_REFUSED); /* it happened after all */
    team_done(&t);
}
END_TEST

START_TEST(a_node_can_be_closed_while_requests_are_under_way)
{
    team t;
    allot_node *node = one_with_untaken_ids(&t);
    team_pull_one(&t, 0);
    allot_id ids[10];
    ck_assert_uint_eq(team_stop(&t, 0, false, 10, ids), 10);
    faulty_stop();
    const allot_new new = {.id = {"new", 3}};
    ck_assert_int_eq(allot_ack(node, ids, 10, 0, NULL, NULL), ALLOT_E_TIMEOUT);
    ck_assert_int_eq(allot_add(node, &new, 1, 0, NULL, NULL), ALLOT_E_TIMEOUT);
    ck_assert_int_eq(allot_leave(node, 0), ALLOT_E_TIMEOUT);
    faulty_go();
    team_done(&t);
}
END_TEST

START_TEST(a_beat_in_time_keeps_the_lease)
{
    team t;
    team_init(&t);
    t.options.ttl_ms = 1000;
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    int64_t since = team_now_ms();
    UNTIL(&t, team_now_ms() - since > 2500);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_FENCED], 0);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_AT_RISK], 0);
    ck_assert(allot_is_leader(node, NULL));
    team_done(&t);
}
END_TEST

TCase *deadline_case(void)
{
    TCase *c = tcase_create("deadline");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, past_the_deadline_nothing_is_owned_though_the_store_hangs);
    tcase_add_test(c, past_the_deadline_no_gained_is_delivered);
    tcase_add_test(c, a_waiting_caller_is_told_at_the_deadline);
    tcase_add_test(c, a_report_under_way_at_the_deadline_is_unknown);
    tcase_add_test(c, a_node_can_be_closed_while_requests_are_under_way);
    tcase_add_test(c, a_beat_in_time_keeps_the_lease);
    return c;
}
