/* Strategies whose exact placement matters, as stories: runs in the order of adding, and owners by the ids' texts. */
#include "plugins/strategies.h"
#include "tests/engine/cluster.h"
#include "tests/engine/suites.h"

#include <stdio.h>
#include <string.h>

static cluster *c;

static void setup(void)
{
    c = cluster_new();
}

static void teardown(void)
{
    cluster_free(c);
}

static void configure(uint32_t kind, const char *name)
{
    engine_config *config = cluster_config(c);
    config->kind = kind;
    config->strategy = (allot_bytes){.data = name, .len = (uint32_t)strlen(name)};
}

static void start(int first, int last)
{
    for (int n = first; n <= last; n++) {
        char name[2] = {(char)('a' + n - 1), '\0'};
        cluster_config(c)->name = (allot_bytes){.data = name, .len = 1};
        cluster_start(c, n);
        cluster_run(c, 5);
    }
}

/* `count` nodes with `ids` ids, all split. */
static void begin(uint32_t kind, const char *name, int count, int ids)
{
    configure(kind, name);
    start(1, count);
    cluster_release_after(c, 20);
    cluster_run(c, 1000);
    cluster_add(c, 1, "id", ids);
    cluster_run(c, 500);
}

static void holds(int n, const char *ids)
{
    ck_assert_str_eq(cluster_holds(c, n), ids);
}

static uint64_t moves(void)
{
    return cluster_ops(c, ALLOT_OP_ASSIGN) + cluster_ops(c, ALLOT_OP_DEAL) + cluster_ops(c, ALLOT_OP_RECALL);
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

START_TEST(runs_are_cut_anew)
{
    begin(ALLOT_STRATEGY_RUNS, "chunked", 2, 12);
    holds(1, "id1 id2 id3 id4 id5 id6");
    holds(2, "id7 id8 id9 id10 id11 id12");
    cluster_say(c, "a third one joins: only what lies behind the new boundaries moves");
    start(3, 3);
    cluster_run(c, 1000);
    cluster_picture_ids(c);
    holds(1, "id1 id2 id3 id4");
    holds(2, "id5 id6 id7 id8");
    holds(3, "id9 id10 id11 id12");
    cluster_compare(c, "runs_are_cut_anew");
}
END_TEST

/* §12: each plan cuts what it places; the whole pool is re-cut only after the set of slots changed. */
START_TEST(what_is_added_gets_runs_of_its_own)
{
    begin(ALLOT_STRATEGY_RUNS, "chunked", 2, 6);
    cluster_add(c, 2, "new", 4);
    cluster_run(c, 500);
    holds(1, "id1 id2 id3 new1 new2");
    holds(2, "id4 id5 id6 new3 new4");
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RECALL), 0);
    cluster_say(c, "acks move nothing");
    cluster_report(c, 1, ENGINE_ACK, (const char *const[]){"id1", "id2"}, 2);
    cluster_run(c, 4000);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RECALL), 0);
    cluster_say(c, "a third one joins");
    start(3, 3);
    cluster_run(c, 1000);
    cluster_picture_ids(c);
    holds(1, "id3 id4 id5");
    holds(2, "id6 new1 new2");
    holds(3, "new3 new4");
    cluster_compare(c, "what_is_added_gets_runs_of_its_own");
}
END_TEST

/* After a death what is left is placed at once, and put right after settle. */
START_TEST(a_death_is_put_right)
{
    begin(ALLOT_STRATEGY_RUNS, "chunked", 3, 12);
    cluster_crash(c, 1, true);
    cluster_run(c, 100);
    cluster_picture_ids(c);
    cluster_picture(c);
    cluster_run(c, 1000);
    cluster_picture_ids(c);
    holds(2, "id1 id2 id3 id4 id5 id6");
    holds(3, "id7 id8 id9 id10 id11 id12");
    cluster_compare(c, "a_death_is_put_right");
}
END_TEST

/* Nothing is remembered in the leader that the next one would need: it looks, and moves nothing. */
START_TEST(a_new_leader_knows_the_runs)
{
    begin(ALLOT_STRATEGY_RUNS, "chunked", 3, 30);
    start(4, 4);
    cluster_run(c, 1000);
    cluster_drain(c, 1);
    cluster_run(c, 1500);
    holds(2, "id1 id2 id3 id4 id5 id6 id7 id8 id9 id10");
    uint64_t before = moves();
    cluster_filter_set(c, NULL, NULL);
    cluster_crash(c, 3, false);
    start(5, 5);
    cluster_run(c, 5000);
    holds(2, "id1 id2 id3 id4 id5 id6 id7 id8 id9 id10");
    holds(4, "id11 id12 id13 id14 id15 id16 id17 id18 id19 id20");
    holds(5, "id21 id22 id23 id24 id25 id26 id27 id28 id29 id30");
    ck_assert_uint_gt(moves(), before);
    before = moves();
    cluster_say(c, "all is split once more, and nothing moves");
    for (int n = 2; n <= 5; n++)
        if (cluster_engine(c, n) != NULL)
            cluster_reload(c, n, true);
    cluster_run(c, 1000);
    ck_assert_uint_eq(moves(), before);
    cluster_picture_ids(c);
}
END_TEST

/* What is recalled in parts, and comes back whole or in pieces, finds its run. */
START_TEST(pieces_find_their_run)
{
    begin(ALLOT_STRATEGY_RUNS, "chunked", 2, 12);
    cluster_report(c, 1, ENGINE_ACK, (const char *const[]){"id2", "id4"}, 2);
    cluster_run(c, 100);
    cluster_release_after(c, -1);
    start(3, 4);
    cluster_run(c, 1000);
    cluster_say(c, "what was recalled comes back in pieces, the last first");
    cluster_report(c, 2, ENGINE_RELEASE, (const char *const[]){"id11", "id9"}, 2);
    cluster_report(c, 2, ENGINE_RELEASE, (const char *const[]){"id12", "id10"}, 2);
    cluster_run(c, 500);
    cluster_report(c, 1, ENGINE_RELEASE, (const char *const[]){"id6"}, 1);
    cluster_run(c, 500);
    cluster_picture_ids(c);
    holds(1, "id1 id3 id5");
    holds(2, "id6 id7 id8");
    holds(3, "id9 id10");
    holds(4, "id11 id12");
    cluster_compare(c, "pieces_find_their_run");
}
END_TEST

/* ---- By text ----------------------------------------------------------------------------------------------------- */

START_TEST(texts_decide)
{
    begin(ALLOT_STRATEGY_IDS, "hash", 3, 12);
    cluster_picture_ids(c);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_DEAL), 1);
    char before[3][128];
    for (int n = 1; n <= 3; n++)
        snprintf(before[n - 1], sizeof(before[0]), "%s", cluster_holds(c, n));
    cluster_say(c, "a fourth one joins, and goes again");
    start(4, 4);
    cluster_run(c, 1000);
    cluster_picture_ids(c);
    cluster_drain(c, 4);
    cluster_run(c, 1500);
    for (int n = 1; n <= 3; n++)
        holds(n, before[n - 1]);
    cluster_compare(c, "texts_decide");
}
END_TEST

/* A slot that comes and goes before the split is settled: what was placed by it is put right. */
START_TEST(a_short_visit_is_put_right)
{
    begin(ALLOT_STRATEGY_IDS, "hash", 2, 8);
    char before[2][128];
    start(3, 3);
    cluster_add(c, 1, "new", 8);
    cluster_run(c, 60);
    cluster_picture_ids(c);
    cluster_leave(c, 3);
    cluster_run(c, 1500);
    for (int n = 1; n <= 2; n++)
        snprintf(before[n - 1], sizeof(before[0]), "%s", cluster_holds(c, n));
    cluster_say(c, "all is split once more, and nothing moves");
    uint64_t moved = moves();
    cluster_reload(c, 1, true);
    cluster_run(c, 1000);
    ck_assert_uint_eq(moves(), moved);
    for (int n = 1; n <= 2; n++)
        holds(n, before[n - 1]);
    cluster_compare(c, "a_short_visit_is_put_right");
}
END_TEST

static int fail_second(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (view->id_count > 0 && view->ids[0].len > 3 && view->ids[0].data[0] == 'b') {
        snprintf(ret_error->message, sizeof(ret_error->message), "it does not like b");
        return ALLOT_E_INVALID;
    }
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = (uint32_t)(i % view->slot_count);
    return 0;
}

static const allot_strategy_ops picky = {.abi = ALLOT_STRATEGY_ABI,
                                         .size = sizeof(picky),
                                         .name = "picky",
                                         .kind = ALLOT_STRATEGY_IDS,
                                         .assign = fail_second};

/* Ids are planned portion by portion; what was placed before one fails stays, and nothing is lost. */
START_TEST(a_portion_fails)
{
    cluster_config(c)->plan_ids = 4;
    cluster_strategy_set(c, &picky);
    configure(ALLOT_STRATEGY_IDS, "picky");
    cluster_release_after(c, 20);
    start(1, 2);
    cluster_add(c, 1, "aaaa", 4);
    cluster_add(c, 1, "bbbb", 4);
    cluster_run(c, 600);
    cluster_picture(c);
    holds(1, "aaaa1 aaaa3");
    holds(2, "aaaa2 aaaa4");
    cluster_compare(c, "a_portion_fails");
}
END_TEST

typedef struct reads {
    int ops, segments; /* of node 2's own share */
} reads;

static cluster_fate watch_reads(void *user, int n, const allot_op *op)
{
    reads *r = user;
    if (n == 2 && op->kind == ALLOT_OP_READ_SEGMENTS) {
        r->ops++;
        r->segments += (int)op->u.read.segment_count;
    }
    return FATE_DELIVER;
}

/* A split in portions leaves a small segment of each to each slot. One that comes late reads all of them at once. */
START_TEST(small_segments_are_read_together)
{
    enum { ADDS = 20, IDS = 16 };
    reads seen = {0};
    cluster_config(c)->plan_ids = IDS;
    configure(ALLOT_STRATEGY_IDS, "hash");
    cluster_filter_set(c, watch_reads, &seen);
    start(1, 2);
    cluster_pause(c, 2);
    for (int i = 0; i < ADDS; i++)
        cluster_add(c, 1, (char[]){(char)('a' + i), '\0'}, IDS);
    cluster_run(c, 200);
    cluster_resume(c, 2);
    cluster_run(c, 1000);
    cluster_picture(c);
    ck_assert_int_eq(seen.segments, ADDS);
    ck_assert_int_eq(seen.ops, 1);
    cluster_compare(c, "small_segments_are_read_together");
}
END_TEST

/* ---- Reload ------------------------------------------------------------------------------------------------------ */

START_TEST(the_strategy_changes)
{
    begin(ALLOT_STRATEGY_COUNTS, "round_robin", 2, 6);
    cluster_report(c, 1, ENGINE_ACK, (const char *const[]){"id1", "id2"}, 2);
    cluster_run(c, 100);
    cluster_say(c, "slot-2 is told of the new strategy first, and says that it differs");
    configure(ALLOT_STRATEGY_RUNS, "chunked");
    cluster_reload(c, 2, true);
    cluster_run(c, 2000);
    holds(1, "id3");
    cluster_say(c, "now slot-1, which leads");
    cluster_reload(c, 1, true);
    cluster_run(c, 2000);
    cluster_picture_ids(c);
    holds(1, "id3 id4");
    holds(2, "id5 id6");
    cluster_compare(c, "the_strategy_changes");
}
END_TEST

Suite *exact_suite(void)
{
    const TTest *const tests[] = {runs_are_cut_anew,
                                  what_is_added_gets_runs_of_its_own,
                                  a_death_is_put_right,
                                  a_new_leader_knows_the_runs,
                                  pieces_find_their_run,
                                  texts_decide,
                                  a_short_visit_is_put_right,
                                  a_portion_fails,
                                  small_segments_are_read_together,
                                  the_strategy_changes};
    Suite *s = suite_create("exact strategies");
    TCase *t = tcase_create("exact");
    tcase_add_checked_fixture(t, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(t, tests[i]);
    suite_add_tcase(s, t);
    return s;
}
