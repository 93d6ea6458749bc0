/* split - from "all ids lie in the inbox" to "every slot holds its share, id by id": allot with each strategy, and
 * plain clients that know nothing of allot, in turns. */
#include "bench/lib/crew.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"
#include "bench/lib/strategies.h"
#include "bench/split_plain.h"

#include <stdio.h>
#include <string.h>

#define CONTESTANTS_MAX 8

/* Long: hundreds of replicas that replay a journal one after the other on two processors wait for each other. */
#define TTL_MS 120000

/* A replica on files has a copy of the whole pool: so many ids, all copies together, are still measured. */
#define COPIES_MOST 2e7

/* `strategy` NULL: plain. */
typedef struct contestant {
    const char *name;
    const allot_strategy_ops *strategy;
    int64_t (*plain)(place *p, uint32_t slots, ids *all);
    samples took_ns;
} contestant;

typedef struct lists {
    contestant of[CONTESTANTS_MAX];
    unsigned count, blobs, intervals; /* `blobs`, `intervals`: which */
} lists;

/* What a split of allot consists of. */
typedef struct op_row {
    int64_t count, sum_ns, first_ns, last_ns;
} op_row;

typedef struct anatomy {
    int64_t took_ns;
    double replicas_ns, server_ns; /* CPU */
    op_row ops[ALLOT_OP_KIND_END];
} anatomy;

static lists list_all(void)
{
    lists l = {.count = 0};
    for (; bench_strategy(l.count) != NULL; l.count++)
        l.of[l.count] = (contestant){.name = bench_strategy(l.count)->name, .strategy = bench_strategy(l.count)};
    l.blobs = l.count++;
    l.of[l.blobs] = (contestant){.name = "plain: blobs", .plain = plain_blobs};
    l.intervals = l.count++;
    l.of[l.intervals] = (contestant){.name = "plain: intervals", .plain = plain_intervals};
    BENCH_MUST(l.count <= CONTESTANTS_MAX);
    return l;
}

static anatomy allot_round(place *p, uint32_t slots, const allot_strategy_ops *strategy, ids *all)
{
    crew c;
    crew_open(&c, p, slots, (crew_options){.strategy = strategy, .ttl_ms = TTL_MS}, all);
    crew_fill(&c);
    anatomy a = {.replicas_ns = -(double)bench_cpu_ns(), .server_ns = -place_server_cpu_ns(p)};
    int64_t start_ns = bench_now_ns();
    a.took_ns = crew_split(&c);
    a.replicas_ns += (double)bench_cpu_ns();
    a.server_ns += place_server_cpu_ns(p);
    for (int kind = 0; kind < ALLOT_OP_KIND_END; kind++) {
        const gate_times *t = &c.gate.times[kind];
        a.ops[kind] = (op_row){.count = t->count,
                               .sum_ns = t->sum_ns,
                               .first_ns = t->first_ns - start_ns,
                               .last_ns = t->last_ns - start_ns};
    }
    crew_close(&c);
    return a;
}

static void one_round(place *p, uint32_t slots, contestant *c, ids *all, anatomy *ret_anatomy)
{
    anatomy a = {.took_ns = 0};
    place_renew(p);
    ids_forget(all);
    if (c->plain != NULL)
        a.took_ns = c->plain(p, slots, all);
    else
        a = allot_round(p, slots, c->strategy, all);
    BENCH_MUST(all->owned == all->count);
    samples_add(&c->took_ns, (double)a.took_ns);
    if (ret_anatomy != NULL)
        *ret_anatomy = a;
}

static void write_rows(table *t, lists *l, size_t count, uint32_t slots)
{
    double blobs = samples_median(&l->of[l->blobs].took_ns);
    double intervals = samples_median(&l->of[l->intervals].took_ns);
    for (unsigned i = 0; i < l->count; i++) {
        contestant *c = &l->of[i];
        table_cell(t, "%s", c->name);
        table_cell(t, "%s", figure_number((double)count).text);
        table_cell(t, "%u", slots);
        table_cell(t, "%s", figure_ns(samples_median(&c->took_ns)).text);
        table_cell(t, "%s", figure_spread_ns(&c->took_ns).text);
        table_cell(t, "%s", figure_ratio(samples_median(&c->took_ns), intervals).text);
        table_cell(t, "%s", figure_ratio(samples_median(&c->took_ns), blobs).text);
        table_cell(t, "%zu", c->took_ns.count);
        samples_done(&c->took_ns);
    }
}

static double copies_of(place_kind kind, size_t count, uint32_t slots)
{
    return kind == PLACE_FILE ? (double)count * slots : 0;
}

static void cell(const bench *b, place *p, table *t, ids *all, uint32_t slots)
{
    lists l = list_all();
    int rounds = bench_rounds(b, 5, 1);
    for (int round = 0; round < rounds; round++)
        for (unsigned i = 0; i < l.count; i++) {
            bench_progress(b, "%s, %zu ids, %u slots, round %d of %d: %s", place_name(p->kind), all->count, slots,
                           round + 1, rounds, l.of[i].name);
            one_round(p, slots, &l.of[i], all, NULL);
        }
    write_rows(t, &l, all->count, slots);
}

static double check_alone_ns(ids *all)
{
    samples s = {.count = 0};
    for (int i = 0; i < 5; i++) {
        ids_forget(all);
        int64_t start_ns = bench_now_ns();
        ids_got_lines(all, 0, all->text, all->count * LINE_BYTES);
        samples_add(&s, (double)(bench_now_ns() - start_ns));
    }
    double median = samples_median(&s);
    samples_done(&s);
    return median;
}

static void measure_place(const bench *b, report *r, place_kind kind)
{
    static const size_t counts[] = {10000, 100000, 1000000};
    static const uint32_t slots[] = {3, 10, 100};
    place p;
    ids all;
    char where[64];
    place_open(&p, kind);
    place_describe(&p, where, sizeof(where));
    table *t = report_table(r, "who|ids|slots|median|min .. max|of intervals|of blobs|rounds", "Split: %s", where);
    for (int i = 0; i < (b->quick ? 1 : 3); i++) {
        ids_init(&all, counts[i]);
        for (int k = 0; k < (b->quick ? 2 : 3); k++)
            if (copies_of(kind, counts[i], slots[k]) <= COPIES_MOST)
                cell(b, &p, t, &all, slots[k]);
        table_note(t, "Looking at each of %s ids once, which is part of every row: %s.",
                   figure_number((double)all.count).text, figure_ns(check_alone_ns(&all)).text);
        ids_done(&all);
    }
    place_close(&p);
}

/* ---- Where the time goes ----------------------------------------------------------------------------------------- */

static const char *word_of(int kind)
{
    static const char *const words[ALLOT_OP_KIND_END] = {
        [ALLOT_OP_BEAT] = "beat",
        [ALLOT_OP_ASSIGN] = "assign",
        [ALLOT_OP_RECALL] = "recall",
        [ALLOT_OP_PUBLISH] = "publish",
        [ALLOT_OP_READ_ROSTER] = "read roster",
        [ALLOT_OP_READ_INBOX] = "read inbox",
        [ALLOT_OP_READ_SHARE] = "read share",
        [ALLOT_OP_READ_SEGMENTS] = "read segments",
    };
    return words[kind] != NULL ? words[kind] : "other";
}

static void write_ops(table *t, const op_row *ops)
{
    for (int kind = 0; kind < ALLOT_OP_KIND_END; kind++) {
        const op_row *o = &ops[kind];
        if (o->count == 0)
            continue;
        table_cell(t, "%s", word_of(kind));
        table_cell(t, "%lld", (long long)o->count);
        table_cell(t, "%s", figure_ns((double)o->sum_ns / (double)o->count).text);
        table_cell(t, "%s", figure_ns((double)o->first_ns).text);
        table_cell(t, "%s", figure_ns((double)o->last_ns).text);
    }
}

/* Of several rounds the quickest: the one that was disturbed least. */
static anatomy quickest(const bench *b, place *p, uint32_t slots, contestant *c, ids *all)
{
    anatomy best = {.took_ns = INT64_MAX};
    int rounds = bench_rounds(b, 5, 1);
    for (int round = 0; round < rounds; round++) {
        anatomy a;
        bench_progress(b, "ops of one split, %s, round %d of %d", c->name, round + 1, rounds);
        one_round(p, slots, c, all, &a);
        if (a.took_ns < best.took_ns)
            best = a;
    }
    return best;
}

static void where_time_goes(const bench *b, report *r, place_kind kind)
{
    size_t count = b->quick ? 10000 : 1000000;
    uint32_t slots = b->quick ? 10 : 100;
    place p;
    ids all;
    place_open(&p, kind);
    ids_init(&all, count);
    for (unsigned i = 0; bench_strategy(i) != NULL; i++) {
        contestant c = {.name = bench_strategy(i)->name, .strategy = bench_strategy(i)};
        anatomy a = quickest(b, &p, slots, &c, &all);
        table *t = report_table(r, "op|how many|each, from submit to answer|first submit|last answer",
                                "Ops of one split: %s, %s, %s ids over %u slots", place_name(kind), c.name,
                                figure_number((double)count).text, slots);
        write_ops(t, a.ops);
        table_note(t, "%s in all; CPU of the replicas %s, of the server %s.", figure_ns((double)a.took_ns).text,
                   figure_ns(a.replicas_ns).text, figure_ns(a.server_ns).text);
        samples_done(&c.took_ns);
    }
    ids_done(&all);
    place_close(&p);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "split", "from ids in the inbox to every slot holding its share (--only memory,file,redis,ops)",
                argc, argv);
    report *r = report_new(&b);
    for (place_kind kind = 0; kind < PLACE_KINDS; kind++)
        if (place_is_there(kind) && bench_wants(&b, place_name(kind)))
            measure_place(&b, r, kind);
    if (bench_wants(&b, "ops") && place_is_there(PLACE_REDIS))
        where_time_goes(&b, r, PLACE_REDIS);
    report_end(r);
    return 0;
}
