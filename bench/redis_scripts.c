/* redis_scripts.c - no script may keep the server for more than 5 ms: measured, and judged by the exit code. */
#include "bench/redis_scripts_scenes.h"

#include <stdio.h>
#include <string.h>

/* The promise of docs/redis.md. */
#define BOUND_US 5000.0
/* The server waited no longer than this for a processor, all in all: its scripts were not interrupted. */
#define QUIET_US 300.0

enum { EXIT_BOUND = 4 };

typedef struct memory {
    samples db, rest;
} memory;

static void one_round(rig *r, size_t ids, memory *m)
{
    double db, rest;
    cast c;
    rig_begin(r);
    scene_pool(&c, r, ids);
    scene_items(&c);
    scene_apart(&c);
    scene_reaps(&c);
    rig_end(r);
    rig_begin(r);
    scene_slots(r, ALLOT_SLOTS_MAX - 1);
    rig_end(r);
    rig_begin(r);
    scene_splinters(r, 20000);
    rig_end(r);
    rig_begin(r);
    scene_memory(r, ids, &db, &rest);
    samples_add(&m->db, db);
    samples_add(&m->rest, rest);
    rig_end(r);
}

/* Of the rounds in which the server had its processor: the median of the longest script. Without such a round, the
 * least of all: one in which something else ran proves nothing. Before anything sorts the samples. */
static double quiet_longest(row *one)
{
    samples quiet = {.values = NULL};
    for (size_t i = 0; i < one->longest.count; i++)
        if (one->waits.values[i] <= QUIET_US)
            samples_add(&quiet, one->longest.values[i]);
    double longest = quiet.count > 0 ? samples_median(&quiet) : samples_least(&one->longest);
    samples_done(&quiet);
    return longest;
}

static void put_row(table *t, row *one, double longest)
{
    table_cell(t, "%s", one->name);
    table_cell(t, "%llu", (unsigned long long)one->ops);
    table_cell(t, "%.0f", samples_median(&one->counts));
    table_cell(t, "%s", figure_ns(samples_median(&one->times) * 1e3).text);
    table_cell(t, "%.2f", samples_median(&one->scripts) / 1e3);
    table_cell(t, "%.2f", longest / 1e3);
    table_cell(t, "%.2f", samples_least(&one->longest) / 1e3);
    table_cell(t, "%.2f", samples_most(&one->longest) / 1e3);
    table_cell(t, "%.2f", samples_median(&one->pings) / 1e3);
    table_cell(t, "%.2f", samples_most(&one->pings) / 1e3);
    table_cell(t, "%.2f", samples_most(&one->waits) / 1e3);
}

/* The bound is promised for 100 slots. A deal costs 18 us for each slot that gets any of it, and whole segments are
 * dealt: over hundreds of slots there is no shorter one. */
static bool is_promised(const char *name)
{
    return strcmp(name, DEAL_TO_MANY) != 0;
}

static bool is_kept(rig *r, table *t, const double *longest)
{
    bool kept = true;
    for (size_t i = 0; i < r->row_count; i++) {
        if (longest[i] <= BOUND_US)
            continue;
        if (!is_promised(r->rows[i].name)) {
            table_note(t, "not bound: %s", r->rows[i].name);
            continue;
        }
        table_note(t, "over the bound of %.0f ms: %s", BOUND_US / 1e3, r->rows[i].name);
        kept = false;
    }
    return kept;
}

int main(int argc, char **argv)
{
    bench b;
    rig r = {.bench = &b};
    memory m = {.db = {.values = NULL}};
    char where[80];
    bench_begin(&b, "bench_redis_scripts", "how long each script of the Redis backend keeps its server", argc, argv);
    if (!redis_server_is_installed())
        bench_fail("redis-server is missing");
    bench_where(where, sizeof(where));
    size_t ids = b.quick ? 600000 : 1000000;
    int rounds = bench_rounds(&b, 5, 1);
    for (int i = 0; i < rounds; i++)
        one_round(&r, ids, &m);
    report *all = report_new(&b);
    table *t = report_table(all, "operation|ops|scripts|time|median ms|longest|least|most|PING|most|waited",
                            "Scripts of the Redis backend: %zu ids, %u slots, %d rounds, %s, server %s", ids, SLOTS,
                            rounds, where, r.is_first ? "first (SCHED_FIFO)" : "like everybody else");
    double longest[ROWS_MAX];
    for (size_t i = 0; i < r.row_count; i++)
        put_row(t, &r.rows[i], longest[i] = quiet_longest(&r.rows[i]));
    table_note(
        t, "time: of all ops, until the last answer. median, longest: of its scripts, by SLOWLOG, in ms; the longest "
           "of a round: median, least");
    table_note(t, "and most of the rounds. PING: the longest of a round, from outside. waited: the server, for a "
                  "processor, at most.");
    table_note(t, "Memory: db %.1f bytes an id, everything else %.1f.", samples_median(&m.db), samples_median(&m.rest));
    bool kept = is_kept(&r, t, longest);
    report_end(all);
    rig_done(&r);
    samples_done(&m.db);
    samples_done(&m.rest);
    return kept ? 0 : EXIT_BOUND;
}
