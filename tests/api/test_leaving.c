#include "tests/api/suites.h"
#include "tests/api/team.h"

static void two_with_twenty(team *t)
{
    team_init(t);
    team_open(t, 0);
    UNTIL(t, t->players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_open(t, 1);
    UNTIL(t, t->players[1].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(t, 0, "id", 20);
    UNTIL(t, t->players[0].count == 10 && t->players[1].count == 10);
}

static void check_closed(allot_node *node)
{
    const allot_event *event;
    const allot_new new = {.id = {"x", 1}};
    const allot_id id = {.id = {"id0", 3}};
    ck_assert_int_eq(allot_next(node, &event, 0), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_add(node, &new, 1, 0, NULL, NULL), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_ack(node, &id, 1, 0, NULL, NULL), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_fail(node, &id, 1, NULL, 0, NULL, NULL), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_release(node, &id, 1, 0, NULL, NULL), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_working(node, NULL, 0), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_drain(node), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_leave(node, 0), ALLOT_E_CLOSED);
    ck_assert(!allot_is_leader(node, NULL));
    ck_assert(!allot_owns(node, "id0", 3, NULL));
    allot_node_status status = {.size = sizeof(status)};
    ck_assert_int_eq(allot_status(node, &status), ALLOT_OK);
    ck_assert_int_eq(status.state, ALLOT_NODE_LEFT);
    ck_assert_int_eq(status.valid_for_ms, 0);
}

START_TEST(leaving_loses_all_and_others_get_it)
{
    team t;
    two_with_twenty(&t);
    ck_assert_int_eq(allot_leave(t.players[0].node, TEAM_PATIENCE_MS), ALLOT_OK);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_LEFT] == 1);
    ck_assert_int_eq(t.players[0].why, ALLOT_WHY_LEAVING);
    ck_assert_uint_ge(t.players[0].seen[ALLOT_EVENT_LOST], 1);
    check_closed(t.players[0].node);
    UNTIL(&t, t.players[1].count == 20 && allot_is_leader(t.players[1].node, NULL));
    team_done(&t);
}
END_TEST

/* The new leader may give released ids back to a slot whose draining it has not heard of yet: these are recalled too.
 * Returns false, to be called again. */
static bool release_recalled(team *t, int i)
{
    allot_id ids[20];
    size_t n = team_stop(t, i, true, 20, ids);
    if (n > 0)
        ck_assert_int_eq(allot_release(t->players[i].node, ids, n, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    return false;
}

START_TEST(draining_recalls_all_and_ends_when_it_is_done)
{
    team t;
    two_with_twenty(&t);
    allot_node *node = t.players[0].node;
    ck_assert_int_eq(allot_drain(node), ALLOT_OK);
    ck_assert_int_eq(allot_drain(node), ALLOT_OK); /* once more changes nothing */
    allot_id ids[10];
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_RECALLED] > 0);
    team_pull_one(&t, 0);
    ck_assert_uint_eq(team_stop(&t, 0, true, 10, ids), 10);
    ck_assert_int_eq(allot_ack(node, ids, 4, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_LEFT], 0);
    ck_assert_int_eq(allot_release(node, ids + 4, 6, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_LEFT] == 1 || release_recalled(&t, 0));
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_LOST], 0);
    int code = allot_leave(node, TEAM_PATIENCE_MS); /* waits for the leave that is under way by itself */
    ck_assert(code == ALLOT_OK || code == ALLOT_E_CLOSED);
    check_closed(node);
    UNTIL(&t, t.players[1].count == 16);
    team_done(&t);
}
END_TEST

START_TEST(an_application_that_takes_no_events_leaves)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    t.options.stall_ms = 100;
    allot_node *stalled = team_open(&t, 1);
    player *p = &t.players[1];
    UNTIL(&t, p->seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 10);
    UNTIL(&t, p->count > 0);
    allot_node_status status = {.size = sizeof(status)};
    team_add(&t, 0, "more", 10); /* an event for each; those of player 1 are not taken any more */
    for (int64_t until = team_patience(); status.state != ALLOT_NODE_LEFT; team_pull_one(&t, 0)) {
        ck_assert_int_lt(team_now_ms(), until);
        ck_assert_int_eq(allot_status(stalled, &status), ALLOT_OK);
    }
    UNTIL(&t, p->seen[ALLOT_EVENT_LEFT] == 1);
    ck_assert_int_eq(p->why, ALLOT_WHY_STALLED);
    UNTIL(&t, t.players[0].count == 20);
    team_done(&t);
}
END_TEST

/* Events are taken: nobody stalls, though much more time passes than stall_ms. */
START_TEST(an_application_that_takes_events_stays)
{
    team t;
    team_init(&t);
    t.options.stall_ms = 50;
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    int64_t since = team_now_ms();
    UNTIL(&t, team_now_ms() - since > 300);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_LEFT], 0);
    team_done(&t);
}
END_TEST

START_TEST(closing_is_a_crash_to_the_others)
{
    team t;
    team_init(&t);
    t.options.ttl_ms = 1000;
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_open(&t, 1);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 10);
    UNTIL(&t, t.players[0].count == 5 && t.players[1].count == 5);
    team_close(&t, 0);
    UNTIL(&t, t.players[1].count == 10);
    team_done(&t);
}
END_TEST

TCase *leaving_case(void)
{
    TCase *c = tcase_create("leaving");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, leaving_loses_all_and_others_get_it);
    tcase_add_test(c, draining_recalls_all_and_ends_when_it_is_done);
    tcase_add_test(c, an_application_that_takes_no_events_leaves);
    tcase_add_test(c, an_application_that_takes_events_stays);
    tcase_add_test(c, closing_is_a_crash_to_the_others);
    return c;
}
