#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { IDS = 60 };

/* ---- Two players, and who is to hold what ------------------------------------------------------------------------ */

static void open_two(team *t, const char *strategy)
{
    team_init(t);
    t->options.modules = MODULES;
    t->options.strategy = strategy;
    t->options.name = "b";
    team_open(t, 0);
    UNTIL(t, allot_is_leader(t->players[0].node, NULL));
    t->options.name = "a"; /* younger, and before the other by name */
    team_open(t, 1);
    UNTIL(t, t->players[1].seen[ALLOT_EVENT_JOINED] > 0);
    team_add(t, 0, "id", IDS);
}

/* What is recalled is given back. */
static void give_back(team *t)
{
    allot_id ids[IDS];
    for (int i = 0; i < 2; i++) {
        size_t n = team_stop(t, i, true, IDS, ids);
        if (n > 0)
            ck_assert_int_eq(allot_release(t->players[i].node, ids, n, TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    }
}

typedef int owner_of(int id);

static bool all_at(team *t, owner_of *owner)
{
    char text[16];
    give_back(t);
    if (team_held(t) != IDS)
        return false;
    for (int id = 0; id < IDS; id++) {
        snprintf(text, sizeof(text), "id%d", id);
        if (!team_holds(t, owner(id), text))
            return false;
    }
    return true;
}

/* chunked: contiguous in the order of adding, the older slot first. */
static int by_order(int id)
{
    return id < IDS / 2 ? 0 : 1;
}

static int by_hash(int id, uint64_t seed)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "id%d", id);
    return XXH3_64bits_withSeed(text, (size_t)len, seed) % 2 == 0 ? 1 : 0; /* 'a' is the first by name */
}

static int by_hash_0(int id)
{
    return by_hash(id, 0);
}

static int by_hash_12345(int id)
{
    return by_hash(id, 12345);
}

static bool is_even(team *t)
{
    give_back(t);
    return t->players[0].count == IDS / 2 && t->players[1].count == IDS / 2;
}

/* Pulls until nothing was split for a while. Returns the version. */
static uint64_t come_to_rest(team *t)
{
    uint64_t version = 0;
    for (int64_t until = 0; version != t->players[0].version || team_now_ms() < until; team_pull(t)) {
        if (version == t->players[0].version)
            continue;
        version = t->players[0].version;
        until = team_now_ms() + 200;
    }
    return version;
}

/* Both replicas, as an operator would; the names of the players differ. */
static void reload(team *t, const char *strategy, const allot_option *options, uint32_t count)
{
    allot_error error = {0};
    t->options.strategy = strategy;
    t->options.strategy_options = options;
    t->options.strategy_option_count = count;
    for (int i = 0; i < 2; i++) {
        t->options.name = i == 0 ? "b" : "a";
        int code = allot_reload(t->players[i].node, &t->options, &error);
        ck_assert_msg(code == ALLOT_OK, "%s", error.message);
    }
}

/* ---- The strategy ------------------------------------------------------------------------------------------------ */

START_TEST(ids_go_where_the_new_strategy_wants_them)
{
    static const allot_option seed = {"seed", "12345"};
    team t;
    open_two(&t, "round_robin");
    UNTIL(&t, is_even(&t));
    reload(&t, "chunked", NULL, 0);
    UNTIL(&t, all_at(&t, by_order));
    reload(&t, "hash", NULL, 0);
    UNTIL(&t, all_at(&t, by_hash_0));
    reload(&t, "hash", &seed, 1);
    UNTIL(&t, all_at(&t, by_hash_12345));
    reload(&t, "chunked", NULL, 0); /* ids that were dealt stand in the order of dealing */
    UNTIL(&t, is_even(&t));
    reload(&t, "round_robin", NULL, 0);
    UNTIL(&t, is_even(&t));
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_FENCED] + t.players[1].seen[ALLOT_EVENT_FENCED], 0);
    team_done(&t);
}
END_TEST

/* Counts, taken exactly: round_robin's runs in the order of adding. */
START_TEST(movement_is_reloaded)
{
    team t;
    open_two(&t, "round_robin");
    UNTIL(&t, is_even(&t));
    t.options.movement = ALLOT_MOVEMENT_EXACT;
    reload(&t, "round_robin", NULL, 0);
    UNTIL(&t, all_at(&t, by_order));
    team_done(&t);
}
END_TEST

/* I6: no move without a cause. */
START_TEST(the_same_again_splits_nothing)
{
    static const allot_option seed = {"seed", "12345"};
    team t;
    open_two(&t, "hash");
    reload(&t, "hash", &seed, 1);
    UNTIL(&t, all_at(&t, by_hash_12345));
    uint64_t version = come_to_rest(&t);
    uint32_t recalls = t.players[0].seen[ALLOT_EVENT_RECALLED] + t.players[1].seen[ALLOT_EVENT_RECALLED];
    reload(&t, "hash", &seed, 1);
    ck_assert_uint_eq(come_to_rest(&t), version);
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_RECALLED] + t.players[1].seen[ALLOT_EVENT_RECALLED], recalls);
    team_done(&t);
}
END_TEST

/* The leader's strategy counts; a replica with another one says so. */
START_TEST(a_replica_with_another_strategy_warns)
{
    team t;
    open_two(&t, "round_robin");
    UNTIL(&t, is_even(&t));
    t.options.name = "b";
    t.options.strategy = "chunked";
    ck_assert_int_eq(allot_reload(t.players[0].node, &t.options, NULL), ALLOT_OK);
    UNTIL(&t, all_at(&t, by_order) && t.players[1].seen[ALLOT_EVENT_NOTE] > 0);
    ck_assert_msg(strstr(t.players[1].message, "chunked") != NULL &&
                      strstr(t.players[1].message, "round_robin") != NULL,
                  "%s", t.players[1].message);
    team_done(&t);
}
END_TEST

static sem_t hanging;
static atomic_bool hangs;
static atomic_int at_work;

static int hang(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error;
    atomic_fetch_add(&at_work, 1);
    if (atomic_load(&hangs))
        sem_wait(&hanging);
    bool mine = view->value_count == 1 && strcmp(view->values[0].text, "mine") == 0;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = mine ? 0 : UINT32_MAX;
    atomic_fetch_sub(&at_work, 1);
    return mine ? ALLOT_OK : ALLOT_E_INVALID;
}

/* Its options outlive the reload, as long as it is at work. */
START_TEST(a_strategy_that_hangs_is_replaced)
{
    static const allot_strategy_option option = {
        .name = "whose", .type = ALLOT_VALUE_TEXT, .most = 9, .fallback = "mine", .help = "a text"};
    static const allot_strategy_ops hanger = {.abi = ALLOT_STRATEGY_ABI,
                                              .size = sizeof(hanger),
                                              .name = "hanger",
                                              .kind = ALLOT_STRATEGY_COUNTS,
                                              .option_count = 1,
                                              .options = &option,
                                              .assign = hang};
    team t;
    team_init(&t);
    sem_init(&hanging, 0, 0);
    atomic_store(&hangs, true);
    t.options.ttl_ms = 1000;
    t.hooks.strategy = &hanger;
    t.hooks.plan_budget_us = 200000;
    team_open(&t, 0);
    UNTIL(&t, allot_is_leader(t.players[0].node, NULL));
    team_add(&t, 0, "id", IDS);
    UNTIL(&t, atomic_load(&at_work) > 0);
    t.options.strategy = "round_robin";
    ck_assert_int_eq(allot_reload(t.players[0].node, &t.options, NULL), ALLOT_OK);
    UNTIL(&t, t.players[0].count == IDS);
    ck_assert_int_gt(atomic_load(&at_work), 0);
    team_done(&t);
    atomic_store(&hangs, false);
    while (atomic_load(&at_work) > 0) {
        sem_post(&hanging);
        usleep(1000);
    }
}
END_TEST

/* ---- All or nothing ---------------------------------------------------------------------------------------------- */

typedef struct wrong_reload {
    void (*spoil)(allot_options *o);
    int code;
    const char *message;
} wrong_reload;

#define SPOIL(name, statement)                                                                                         \
    static void name(allot_options *o)                                                                                 \
    {                                                                                                                  \
        statement;                                                                                                     \
    }

static const allot_option bad_seed = {"seed", "x"};
static const allot_option bad_key = {"sed", "1"};
static const allot_option path = {"path", "/tmp"};
static allot_memory *no_memory;

SPOIL(group, o->group = "other")
SPOIL(name, o->name = "c")
SPOIL(container, o->container = "c")
SPOIL(weight, o->weight = 2)
SPOIL(backend, o->backend = "file")
SPOIL(backend_options, o->backend_options = &path; o->backend_option_count = 1)
SPOIL(shared, o->shared = no_memory)
SPOIL(ttl, o->ttl_ms = 20000)
SPOIL(stall, o->stall_ms = 1)
SPOIL(quarantine, o->quarantine_always = true)
SPOIL(modules, o->modules = "/usr/lib")
SPOIL(modules_none, o->modules = NULL)
SPOIL(settle, o->settle_ms = -1)
SPOIL(movement, o->movement = (allot_movement)2)
SPOIL(no_strategy, o->strategy = "paper")
SPOIL(strategy_is_backend, o->strategy = "a/b")
SPOIL(seed, o->strategy = "hash"; o->strategy_options = &bad_seed; o->strategy_option_count = 1)
SPOIL(key, o->strategy = "hash"; o->strategy_options = &bad_key; o->strategy_option_count = 1)
SPOIL(null_options, o->strategy = "hash"; o->strategy_option_count = 1)
SPOIL(size, o->size--)

static const wrong_reload wrong_reloads[] = {
    {group, ALLOT_E_INVALID, "option group was changed, which needs a restart"},
    {name, ALLOT_E_INVALID, "option name was changed, which needs a restart"},
    {container, ALLOT_E_INVALID, "option container was changed, which needs a restart"},
    {weight, ALLOT_E_INVALID, "option weight was changed, which needs a restart"},
    {backend, ALLOT_E_INVALID, "option backend was changed, which needs a restart"},
    {backend_options, ALLOT_E_INVALID, "option backend_options was changed, which needs a restart"},
    {shared, ALLOT_E_INVALID, "option shared was changed, which needs a restart"},
    {ttl, ALLOT_E_INVALID, "option ttl_ms was changed, which needs a restart"},
    {stall, ALLOT_E_INVALID, "option stall_ms was changed, which needs a restart"},
    {quarantine, ALLOT_E_INVALID, "option quarantine_always was changed, which needs a restart"},
    {modules, ALLOT_E_INVALID, "option modules was changed, which needs a restart"},
    {modules_none, ALLOT_E_INVALID, "option modules was changed, which needs a restart"},
    {settle, ALLOT_E_INVALID, "option settle_ms is -1; it must be from 0"},
    {movement, ALLOT_E_INVALID, "option movement is 2; it must be from 0 to 1"},
    {no_strategy, ALLOT_E_MODULE, "there is no strategy 'paper'"},
    {strategy_is_backend, ALLOT_E_MODULE, "'a/b' is no name of a strategy"},
    {seed, ALLOT_E_INVALID, "the option 'seed' of the strategy 'hash' is 'x'; it must be a whole number from 0 to"},
    {key, ALLOT_E_INVALID, "the strategy 'hash' has no option 'sed'; did you mean 'seed'?"},
    {null_options, ALLOT_E_INVALID, "option strategy_options is NULL"},
    {size, ALLOT_E_INVALID, "the options have size"},
};

/* Everything else that the reload would have changed stays as it was, too. */
START_TEST(a_wrong_reload_changes_nothing)
{
    const wrong_reload *w = &wrong_reloads[_i];
    team t;
    allot_error error = {0};
    open_two(&t, "chunked");
    UNTIL(&t, all_at(&t, by_order));
    uint64_t version = come_to_rest(&t);
    allot_options wrong = t.options;
    wrong.name = "b";
    wrong.strategy = "hash";
    w->spoil(&wrong);
    ck_assert_int_eq(allot_reload(t.players[0].node, &wrong, &error), w->code);
    ck_assert_int_eq(error.code, w->code);
    ck_assert_msg(strncmp(error.message, w->message, strlen(w->message)) == 0, "%s", error.message);
    ck_assert_int_eq(allot_reload(t.players[0].node, &wrong, NULL), w->code);
    ck_assert_uint_eq(come_to_rest(&t), version);
    ck_assert(all_at(&t, by_order));
    ck_assert_uint_eq(t.players[0].seen[ALLOT_EVENT_RECALLED], 0);
    team_done(&t);
}
END_TEST

/* ---- Times ------------------------------------------------------------------------------------------------------- */

/* An hour, and then ten milliseconds: what fails after the reload comes back at once. */
START_TEST(retry_after_is_reloaded)
{
    team t;
    allot_id id;
    team_init(&t);
    t.options.retry_after_ms = 3600 * 1000;
    team_open(&t, 0);
    UNTIL(&t, t.players[0].seen[ALLOT_EVENT_SPLIT] > 0);
    team_add(&t, 0, "id", 1);
    UNTIL(&t, t.players[0].count == 1);
    t.options.retry_after_ms = 10;
    ck_assert_int_eq(allot_reload(t.players[0].node, &t.options, NULL), ALLOT_OK);
    ck_assert_uint_eq(team_stop(&t, 0, false, 1, &id), 1);
    ck_assert_int_eq(allot_fail(t.players[0].node, &id, 1, "no", TEAM_PATIENCE_MS, NULL, NULL), ALLOT_OK);
    UNTIL(&t, t.players[0].count == 1);
    team_done(&t);
}
END_TEST

/* The one that does not give back what is recalled may keep it for half a minute; then, for no time at all. */
START_TEST(handover_is_reloaded)
{
    team t;
    team_init(&t);
    team_open(&t, 0);
    UNTIL(&t, allot_is_leader(t.players[0].node, NULL));
    team_open(&t, 1);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_JOINED] > 0);
    team_add(&t, 0, "id", 30);
    UNTIL(&t, t.players[1].count > 0);
    team_open(&t, 2);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_RECALLED] > 0);
    t.options.on_timeout = ALLOT_RETIRE;
    t.options.handover_timeout_ms = 50;
    ck_assert_int_eq(allot_reload(t.players[0].node, &t.options, NULL), ALLOT_OK);
    UNTIL(&t, t.players[1].seen[ALLOT_EVENT_FENCED] > 0);
    ck_assert_int_eq(t.players[1].why, ALLOT_WHY_REFUSED);
    team_done(&t);
}
END_TEST

/* ---- Looking at strategies --------------------------------------------------------------------------------------- */

static int see_option(void *user, const allot_strategy_option *option)
{
    const allot_strategy_option **ret_option = user;
    ck_assert_ptr_null(*ret_option);
    *ret_option = option;
    return ALLOT_OK;
}

static int end_it(void *user, const allot_strategy_option *option)
{
    (void)user;
    (void)option;
    return ALLOT_E_CLOSED;
}

START_TEST(strategies_can_be_looked_at)
{
    allot_options o;
    allot_error error = {0};
    const allot_strategy_option *option = NULL;
    allot_options_init(&o);
    o.modules = MODULES;
    o.group = "/"; /* not looked at */
    ck_assert_int_eq(allot_strategy_check(&o, NULL), ALLOT_OK);
    ck_assert_int_eq(allot_strategy_options(&o, see_option, &option, NULL), ALLOT_OK);
    ck_assert_ptr_null(option);
    o.strategy = "hash";
    ck_assert_int_eq(allot_strategy_check(&o, NULL), ALLOT_OK);
    ck_assert_int_eq(allot_strategy_options(&o, see_option, &option, NULL), ALLOT_OK);
    ck_assert(option != NULL && strcmp(option->name, "seed") == 0 && strcmp(option->fallback, "0") == 0);
    ck_assert_int_eq(allot_strategy_options(&o, end_it, NULL, NULL), ALLOT_E_CLOSED);
    ck_assert_int_eq(allot_strategy_options(&o, NULL, NULL, NULL), ALLOT_E_INVALID);
    o.strategy_options = &bad_seed;
    o.strategy_option_count = 1;
    ck_assert_int_eq(allot_strategy_check(&o, &error), ALLOT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "'seed'"));
    o.strategy_options = NULL;
    ck_assert_int_eq(allot_strategy_check(&o, &error), ALLOT_E_INVALID);
    o.strategy = "paper";
    o.strategy_option_count = 0;
    ck_assert_int_eq(allot_strategy_check(&o, &error), ALLOT_E_MODULE);
    ck_assert_int_eq(allot_strategy_options(&o, see_option, &option, NULL), ALLOT_E_MODULE);
    ck_assert_int_eq(allot_strategy_check(NULL, NULL), ALLOT_E_INVALID);
    ck_assert_int_eq(allot_strategy_options(NULL, see_option, &option, NULL), ALLOT_E_INVALID);
}
END_TEST

static void make_other_memory(void)
{
    no_memory = allot_memory_new();
}

static void free_other_memory(void)
{
    allot_memory_free(no_memory);
}

TCase *reload_case(void)
{
    TCase *c = tcase_create("reload");
    tcase_set_timeout(c, 90);
    tcase_add_checked_fixture(c, make_other_memory, free_other_memory);
    tcase_add_test(c, ids_go_where_the_new_strategy_wants_them);
    tcase_add_test(c, movement_is_reloaded);
    tcase_add_test(c, the_same_again_splits_nothing);
    tcase_add_test(c, a_replica_with_another_strategy_warns);
    tcase_add_test(c, a_strategy_that_hangs_is_replaced);
    tcase_add_loop_test(c, a_wrong_reload_changes_nothing, 0, (int)(sizeof(wrong_reloads) / sizeof(wrong_reloads[0])));
    tcase_add_test(c, retry_after_is_reloaded);
    tcase_add_test(c, handover_is_reloaded);
    tcase_add_test(c, strategies_can_be_looked_at);
    return c;
}
