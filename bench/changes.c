/* changes - adding, acking, failing and releasing ids: so many a call, one call after the other, beside a plain client
 * that gives the store the same ids. */
#include "bench/changes_floors.h"
#include "bench/lib/bench.h"
#include "bench/lib/crew.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 60000

/* How many ids a call has, and how many calls are made. */
typedef struct batch {
    size_t ids, calls;
} batch;

static const batch batches[] = {{1, 300}, {64, 60}, {512, 40}, {20000, 1}};
#define BATCHES (sizeof(batches) / sizeof(batches[0]))

enum { ADD, FLOOR_ADD, ACK, FLOOR_REMOVE, RELEASE, FAIL, WHATS };
#define REPORTS 3 /* of these, made by a replica about what it holds */

static const char *const words[WHATS] = {"allot_add", "plain", "allot_ack", "plain", "allot_release", "allot_fail"};

typedef struct run {
    const bench *bench;
    ids all;
    samples of[WHATS][BATCHES]; /* ns for all calls of a batch */
} run;

/* One call: the ids from `from` on (reports: in the list of those held). */
typedef void (*call_function)(void *user, const ids *all, size_t from, size_t count);

/* All batches, one behind the other in the ids, from the `skip`-th on. Returns where it ended. */
static size_t measure(run *r, int what, size_t skip, call_function call, void *user)
{
    size_t from = skip;
    for (size_t k = 0; k < BATCHES; k++) {
        size_t calls = r->bench->quick && batches[k].calls > 10 ? 10 : batches[k].calls;
        int64_t start_ns = bench_now_ns();
        for (size_t i = 0; i < calls; i++, from += batches[k].ids)
            call(user, &r->all, from, batches[k].ids);
        samples_add(&r->of[what][k], (double)(bench_now_ns() - start_ns) / (double)calls);
    }
    BENCH_MUST(from <= r->all.count);
    return from;
}

static size_t ids_a_pass(void)
{
    size_t sum = 0;
    for (size_t k = 0; k < BATCHES; k++)
        sum += batches[k].ids * batches[k].calls;
    return sum;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void call_add(void *user, const ids *all, size_t from, size_t count)
{
    allot_added added;
    allot_error error = {0};
    if (allot_group_add(user, all->added + from, count, LIMIT_MS, &added, &error) != ALLOT_OK || added.added != count)
        bench_fail("adding: %s", error.message);
}

static void call_floor_add(void *user, const ids *all, size_t from, size_t count)
{
    floors_add(user, all, from, count);
}

static void call_floor_remove(void *user, const ids *all, size_t from, size_t count)
{
    floors_remove(user, all, from, count);
}

typedef struct reporter {
    allot_node *node;
    allot_id *list; /* what it holds, in the order of adding; token 0: whatever it is held under */
    int what;
} reporter;

static void call_report(void *user, const ids *all, size_t from, size_t count)
{
    reporter *r = user;
    allot_report counted = {.accepted = 0};
    int code = 0;
    (void)all;
    if (r->what == ACK)
        code = allot_ack(r->node, r->list + from, count, LIMIT_MS, NULL, &counted);
    else if (r->what == RELEASE)
        code = allot_release(r->node, r->list + from, count, LIMIT_MS, NULL, &counted);
    else
        code = allot_fail(r->node, r->list + from, count, "bench", LIMIT_MS, NULL, &counted);
    if (code != ALLOT_OK || counted.accepted != count)
        bench_fail("%s: code %d, %llu of %zu accepted", words[r->what], code, (unsigned long long)counted.accepted,
                   count);
}

/* ---- Rounds ------------------------------------------------------------------------------------------------------ */

static void round_of_adds(run *r, place *p)
{
    allot_options options;
    allot_error error = {0};
    allot_group *group;
    place_renew(p);
    place_options(p, &options);
    const hooks straight = {.backend = p->ops};
    if (group_open(&options, false, &straight, &group, &error) != ALLOT_OK)
        bench_fail("opening the group: %s", error.message);
    measure(r, ADD, 0, call_add, group);
    allot_group_close(group);
}

static void round_of_floors(run *r, place *p)
{
    place_renew(p);
    floors *f = floors_open(p);
    measure(r, FLOOR_ADD, 0, call_floor_add, f);
    measure(r, FLOOR_REMOVE, 0, call_floor_remove, f);
    floors_close(f);
}

/* The ids of the node that does not lead. The other one's cycle is held back, and what comes back to the inbox stays
 * there. */
static size_t list_held(run *r, const crew *c, allot_id *list)
{
    size_t count = 0;
    for (size_t i = 0; i < r->all.count; i++)
        if (r->all.owner[i] == 1 + (1 - c->leader))
            list[count++].id = r->all.added[i].id;
    return count;
}

static void round_of_reports(run *r, place *p)
{
    crew c;
    reporter by = {.list = bench_alloc(r->all.count, sizeof(allot_id))};
    place_renew(p);
    ids_forget(&r->all);
    crew_open(&c, p, 2, (crew_options){.ttl_ms = 0}, &r->all);
    crew_fill(&c);
    crew_split(&c);
    gate_shut(&c.gate);
    by.node = c.nodes[1 - c.leader];
    size_t from = 0, held = list_held(r, &c, by.list);
    for (by.what = ACK; by.what <= FAIL; by.what++)
        if (by.what != FLOOR_REMOVE)
            from = measure(r, by.what, from, call_report, &by);
    BENCH_MUST(from <= held);
    crew_close(&c);
    free(by.list);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void write_row(run *r, table *t, int what, size_t k, double floor_ns)
{
    samples *s = &r->of[what][k];
    double n = (double)batches[k].ids, median = samples_median(s);
    table_cell(t, "%s", words[what]);
    table_cell(t, "%s", figure_number(n).text);
    table_cell(t, "%s", figure_number(n * 1e9 / median).text);
    table_cell(t, "%s", figure_ns(median).text);
    table_cell(t, "%s", figure_spread_ns(s).text);
    table_cell(t, "%s", figure_ratio(median, floor_ns).text);
}

static void write_table(run *r, report *out, const char *where, int rounds)
{
    static const int order[] = {FLOOR_ADD, ADD, FLOOR_REMOVE, ACK, FAIL, RELEASE};
    table *t = report_table(out, "what|ids a call|ids/s|a call|min .. max|of plain",
                            "Changes: %s, one call after the other, %d rounds", where, rounds);
    for (size_t k = 0; k < BATCHES; k++)
        for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
            int floor = i < 2 ? FLOOR_ADD : FLOOR_REMOVE;
            if (r->of[order[i]][k].count == 0)
                continue;
            write_row(r, t, order[i], k, samples_median(&r->of[floor][k]));
        }
    for (int what = 0; what < WHATS; what++)
        for (size_t k = 0; k < BATCHES; k++)
            samples_done(&r->of[what][k]);
    memset(r->of, 0, sizeof(r->of));
}

int main(int argc, char **argv)
{
    bench b;
    run r = {.bench = &b};
    bench_begin(&b, "changes", "adding, acking, failing, releasing ids (--only memory,file,redis)", argc, argv);
    report *out = report_new(&b);
    ids_init(&r.all, 2 * REPORTS * ids_a_pass() + 2 * ALLOT_SEGMENT_IDS_MAX);
    for (place_kind kind = 0; kind < PLACE_KINDS; kind++) {
        place p;
        char where[64];
        if (!place_is_there(kind) || !bench_wants(&b, place_name(kind)))
            continue;
        place_open(&p, kind);
        place_describe(&p, where, sizeof(where));
        int rounds = bench_rounds(&b, 7, 1);
        for (int round = 0; round < rounds; round++) {
            bench_progress(&b, "%s, round %d of %d", place_name(kind), round + 1, rounds);
            if (kind != PLACE_MEMORY)
                round_of_floors(&r, &p);
            round_of_adds(&r, &p);
            round_of_reports(&r, &p);
        }
        place_close(&p);
        write_table(&r, out, where, rounds);
    }
    ids_done(&r.all);
    report_end(out);
    return 0;
}
