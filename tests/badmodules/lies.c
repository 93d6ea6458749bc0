#include "tests/api/team.h"
#include "tests/badmodules/place.h"
#include "tests/badmodules/suites.h"

#include <string.h>

/* A strategy that splits well as long as nobody has anything, and what is told of it when it does not any more. */
typedef struct lie {
    const char *strategy;
    const char *words;
} lie;

static const lie lies[] = {
    {"out_of_range", "got owner 2; there are 2 slots"},
    {"leaves_out", "got owner 4294967295; there are 2 slots"},
    {"hangs", "not finished after 100 ms"},
    {"silent", "over a limit"},
    {"positive", "invalid argument"},
    {"outspoken", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
};

/* The first player leads with the strategy; the second has a good one. Ten ids are split. */
static void split_ten(team *t, const place *modules, const char *strategy)
{
    team_init(t);
    t->options.modules = modules->path;
    t->options.strategy = strategy;
    t->options.ttl_ms = 2000; /* what has failed is tried again after a third of it */
    if (strcmp(strategy, "hangs") == 0) /* the others end at once, on a busy machine too */
        t->hooks.plan_budget_us = 100000;
    team_open(t, 0);
    UNTIL(t, allot_is_leader(t->players[0].node, NULL));
    t->options.strategy = "round_robin";
    team_open(t, 1);
    UNTIL(t, t->players[1].seen[ALLOT_EVENT_JOINED] > 0);
    UNTIL(t, t->players[0].version >= 2);
    uint64_t before = t->players[0].version;
    team_add(t, 0, "id", 10);
    UNTIL(t, t->players[0].count == 5 && t->players[1].count == 5);
    UNTIL(t, t->players[0].version > before); /* told a little after the ids */
}

/* The last good split stays, leader and all; what is done is done; and another leader goes on with what lies there. */
START_TEST(it_is_reported_and_the_group_goes_on)
{
    const lie *l = &lies[_i];
    team t;
    place modules;
    place_init(&modules);
    place_copy(&modules, "strategy", l->strategy, l->strategy, SIZE_MAX);
    split_ten(&t, &modules, l->strategy);
    player *leader = &t.players[0], *other = &t.players[1];
    uint64_t version = leader->version;
    team_add(&t, 1, "more", 10);
    UNTIL(&t, leader->seen[ALLOT_EVENT_NOTE] > 0);
    ck_assert_msg(strstr(leader->message, l->strategy) != NULL && strstr(leader->message, l->words) != NULL, "%s",
                  leader->message);
    for (int64_t until = team_now_ms() + 2500; team_now_ms() < until;) /* longer than the lease */
        team_pull(&t);
    ck_assert(allot_is_leader(leader->node, NULL));
    ck_assert_uint_eq(leader->version, version);
    ck_assert_uint_eq(leader->count, 5);
    ck_assert_uint_eq(other->count, 5);
    allot_id done;
    ck_assert_uint_eq(team_stop(&t, 1, false, 1, &done), 1);
    ck_assert_int_eq(allot_ack(other->node, &done, 1, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    team_close(&t, 0);
    team_turn_clock(&t, 2500);
    UNTIL(&t, other->count == 19 || team_held(&t) == 19);
    team_done(&t);
    place_done(&modules);
}
END_TEST

TCase *lies_case(void)
{
    TCase *c = tcase_create("lies");
    tcase_set_timeout(c, 90);
    tcase_add_loop_test(c, it_is_reported_and_the_group_goes_on, 0, (int)(sizeof(lies) / sizeof(lies[0])));
    return c;
}
