#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <semaphore.h>
#include <string.h>
#include <unistd.h>

/* What the strategy of these tests does. */
typedef enum mood { SPLITS, FAILS, FAILS_SILENTLY, LIES, FORGETS, HANGS } mood;

static _Atomic mood present;
static sem_t hanging; /* posted to let it go on */
static _Atomic int at_work;

static int act(mood m, const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (m == HANGS)
        sem_wait(&hanging);
    if (m == FAILS)
        strcpy(ret_error->message, "no mood for it");
    if (m == FAILS || m == FAILS_SILENTLY)
        return ALLOT_E_LIMIT;
    for (uint64_t i = 0; i < view->id_count; i++)
        if (m != FORGETS || i > 0)
            owner[i] = m == LIES ? view->slot_count : (uint32_t)(i % view->slot_count);
    return ALLOT_OK;
}

static int moody_assign(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    atomic_fetch_add(&at_work, 1);
    int code = act(atomic_load(&present), view, owner, ret_error);
    atomic_fetch_sub(&at_work, 1);
    return code;
}

static const allot_strategy_ops moody = {
    .abi = ALLOT_STRATEGY_ABI,
    .size = sizeof(moody),
    .name = "moody",
    .kind = ALLOT_STRATEGY_COUNTS,
    .assign = moody_assign,
};

/* Ten ids are placed; then the strategy changes its mood, and ten more are added. */
static void with_mood(team *t, mood m)
{
    team_init(t);
    sem_init(&hanging, 0, 0);
    atomic_store(&present, SPLITS);
    t->hooks.strategy = &moody;
    t->hooks.plan_budget_us = 100000;
    t->options.ttl_ms = 2000; /* what has failed is tried again after a third of it */
    team_open(t, 0);
    UNTIL(t, t->players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    team_add(t, 0, "id", 10);
    UNTIL(t, t->players[0].count == 10);
    atomic_store(&present, m);
    team_add(t, 0, "more", 10);
}

/* What was split stays; and the split goes on when the strategy is well again. */
static void check_reported(team *t, const char *words)
{
    player *p = &t->players[0];
    UNTIL(t, p->seen[ALLOT_EVENT_NOTE] > 0);
    ck_assert_msg(strstr(p->message, "moody") != NULL && strstr(p->message, words) != NULL, "%s", p->message);
    ck_assert_uint_eq(p->count, 10);
    ck_assert(allot_is_leader(p->node, NULL));
    atomic_store(&present, SPLITS);
    UNTIL(t, p->count == 20);
}

START_TEST(a_strategy_that_fails_is_reported)
{
    team t;
    with_mood(&t, FAILS);
    check_reported(&t, "no mood for it");
    team_done(&t);
}
END_TEST

START_TEST(a_strategy_that_fails_silently_is_reported)
{
    team t;
    with_mood(&t, FAILS_SILENTLY);
    check_reported(&t, allot_code_text(ALLOT_E_LIMIT));
    team_done(&t);
}
END_TEST

START_TEST(a_strategy_that_names_a_slot_that_is_not_is_reported)
{
    team t;
    with_mood(&t, LIES);
    check_reported(&t, "owner");
    team_done(&t);
}
END_TEST

START_TEST(a_strategy_that_forgets_an_id_is_reported)
{
    team t;
    with_mood(&t, FORGETS);
    check_reported(&t, "owner");
    team_done(&t);
}
END_TEST

/* It keeps its thread; the next plan gets another. */
START_TEST(a_strategy_that_hangs_is_reported)
{
    team t;
    with_mood(&t, HANGS);
    check_reported(&t, "100 ms");
    team_done(&t);
    sem_post(&hanging); /* its thread outlives the node, and must still be in order */
    while (atomic_load(&at_work) > 0)
        usleep(1000);
}
END_TEST

START_TEST(a_node_whose_strategy_hangs_can_be_closed)
{
    team t;
    with_mood(&t, HANGS);
    UNTIL(&t, atomic_load(&at_work) > 0);
    int64_t since = team_now_ms();
    team_done(&t);
    ck_assert_int_lt(team_now_ms() - since, 5000);
    sem_post(&hanging);
}
END_TEST

TCase *planner_case(void)
{
    TCase *c = tcase_create("planner");
    tcase_set_timeout(c, 90);
    tcase_add_test(c, a_strategy_that_fails_is_reported);
    tcase_add_test(c, a_strategy_that_fails_silently_is_reported);
    tcase_add_test(c, a_strategy_that_names_a_slot_that_is_not_is_reported);
    tcase_add_test(c, a_strategy_that_forgets_an_id_is_reported);
    tcase_add_test(c, a_strategy_that_hangs_is_reported);
    tcase_add_test(c, a_node_whose_strategy_hangs_can_be_closed);
    return c;
}
