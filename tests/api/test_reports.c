#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <string.h>

static void two_with_ids(team *t, int ids)
{
    team_init(t);
    team_open(t, 0);
    team_open(t, 1);
    for (int i = 0; i < 2; i++)
        UNTIL(t, t->players[i].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(t, 0, "id", ids);
    UNTIL(t, team_held(t) == (size_t)ids && t->players[0].count > 0 && t->players[1].count > 0);
}

START_TEST(an_ack_is_accepted_once)
{
    team t;
    two_with_ids(&t, 4);
    allot_id mine[2];
    bool accepted[3] = {true, true, true};
    allot_report report;
    ck_assert_uint_eq(team_stop(&t, 0, false, 2, mine), 2);
    allot_id others = team_id(&t, 1, 0);
    const allot_id ids[] = {mine[0], others, mine[1]};
    ck_assert_int_eq(allot_ack(t.players[0].node, ids, 3, TEAM_PATIENCE_MS, accepted, &report), ALLOT_E_REFUSED);
    ck_assert(accepted[0] && !accepted[1] && accepted[2]);
    ck_assert_uint_eq(report.accepted, 2);
    ck_assert_uint_eq(report.refused, 1);
    ck_assert(!allot_owns(t.players[0].node, mine[0].id.data, mine[0].id.len, NULL));
    ck_assert_int_eq(allot_ack(t.players[0].node, mine, 2, TEAM_PATIENCE_MS, accepted, &report), ALLOT_E_REFUSED);
    ck_assert_uint_eq(report.accepted, 0);
    ck_assert_uint_eq(report.refused, 2);
    ck_assert(!accepted[0] && !accepted[1]);
    allot_id its[2];
    ck_assert_uint_eq(team_stop(&t, 1, false, 2, its), 2);
    ck_assert_int_eq(allot_ack(t.players[1].node, its, 2, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    team_done(&t);
}
END_TEST

START_TEST(a_stale_token_is_refused)
{
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 1);
    UNTIL(&t, t.players[0].count == 1);
    allot_id id;
    team_stop(&t, 0, false, 1, &id);
    allot_id old = {.id = {"id0", 3}, .token = id.token};
    ck_assert_int_eq(allot_release(node, &old, 1, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    UNTIL(&t, t.players[0].count == 1); /* under a new token */
    allot_id new = team_id(&t, 0, 0);
    ck_assert_uint_gt(new.token, old.token);
    ck_assert_int_eq(allot_ack(node, &old, 1, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_E_REFUSED);
    ck_assert(allot_owns(node, "id0", 3, NULL));
    old.token = 0; /* whatever it is held under */
    ck_assert_int_eq(allot_ack(node, &old, 1, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    team_done(&t);
}
END_TEST

static allot_view view_of(team *t)
{
    allot_group *group;
    allot_view view;
    ck_assert_int_eq(allot_group_open(&t->options, true, &group, NULL), ALLOT_OK);
    ck_assert_int_eq(allot_group_view(group, TEAM_PATIENCE_MS, &view, NULL), ALLOT_OK);
    allot_group_close(group);
    return view;
}

START_TEST(a_failed_id_comes_back_until_it_is_parked_for_good)
{
    team t;
    team_init(&t);
    t.options.max_attempts = 3;
    t.options.retry_after_ms = 50;
    allot_node *node = team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 1);
    for (int attempt = 1; attempt <= 3; attempt++) {
        allot_id id;
        UNTIL(&t, t.players[0].count == 1);
        team_stop(&t, 0, false, 1, &id);
        int64_t failed_ms = team_now_ms();
        ck_assert_int_eq(allot_fail(node, &id, 1, "it broke", TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
        if (attempt == 3)
            break;
        UNTIL(&t, t.players[0].count == 1);
        ck_assert_int_ge(team_now_ms() - failed_ms, 49);
    }
    allot_view view = view_of(&t);
    ck_assert_uint_eq(view.parked, 1);
    ck_assert_int_eq(view.next_due_us, INT64_MAX); /* for good */
    team_done(&t);
}
END_TEST

/* A failed attempt is counted for what a replica named as at work on when it died. */
START_TEST(working_ids_are_counted_when_their_owner_dies)
{
    team t;
    team_init(&t);
    t.options.max_attempts = 1;
    t.options.ttl_ms = 1000;
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_JOINED] == 1);
    team_open(&t, 1);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_JOINED] == 1);
    team_add(&t, 0, "id", 4);
    UNTIL(&t, t.players[0].count == 2 && t.players[1].count == 2);
    allot_id id = team_id(&t, 1, 0);
    ck_assert_int_eq(allot_working(t.players[1].node, &id, 1), ALLOT_OK);
    allot_node_status before = {.size = sizeof(before)};
    ck_assert_int_eq(allot_status(t.players[1].node, &before), ALLOT_OK);
    UNTIL(&t, allot_status(t.players[1].node, &before) == ALLOT_OK && before.valid_for_ms < 800);
    UNTIL(&t, allot_status(t.players[1].node, &before) == ALLOT_OK && before.valid_for_ms > 800); /* it has beat */
    team_close(&t, 1); /* without leaving: a crash */
    UNTIL(&t, t.players[0].count == 3);
    ck_assert_uint_eq(view_of(&t).parked, 1);
    team_done(&t);
}
END_TEST

START_TEST(adding_again_counts_as_present)
{
    team t;
    team_init(&t);
    allot_node *node = team_open(&t, 0);
    const allot_new ids[] = {{.id = {"a", 1}}, {.id = {"b", 1}}, {.id = {"a", 1}}};
    allot_added added;
    ck_assert_int_eq(allot_add(node, ids, 3, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
    ck_assert_uint_eq(added.done, 3);
    ck_assert_uint_eq(added.added, 2);
    ck_assert_uint_eq(added.present, 1);
    ck_assert_int_eq(allot_add(node, ids, 2, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
    ck_assert_uint_eq(added.present, 2);
    ck_assert_int_eq(allot_add(node, NULL, 0, TEAM_PATIENCE_MS, &added, NULL), ALLOT_OK);
    ck_assert_uint_eq(added.done, 0);
    team_done(&t);
}
END_TEST

TCase *reports_case(void)
{
    TCase *c = tcase_create("reports");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, an_ack_is_accepted_once);
    tcase_add_test(c, a_stale_token_is_refused);
    tcase_add_test(c, a_failed_id_comes_back_until_it_is_parked_for_good);
    tcase_add_test(c, working_ids_are_counted_when_their_owner_dies);
    tcase_add_test(c, adding_again_counts_as_present);
    return c;
}
