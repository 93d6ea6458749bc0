/* strategies - what a strategy's assign costs: 1,000,000 ids over 1,000 slots, beside what none can do without. */
#include "bench/lib/strategies.h"
#include "bench/lib/bench.h"
#include "bench/lib/ids.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SLOTS 1000u
#define STRATEGIES_MAX 16
#define OPTIONS_MAX 16

typedef struct question {
    allot_strategy_view view;
    allot_strategy_slot *slots;
    char (*keys)[16];
    allot_bytes *texts;
    uint32_t *owner, *previous;
    allot_strategy_value values[OPTIONS_MAX]; /* every option is 0 */
} question;

static void question_init(question *q, const ids *all)
{
    *q = (question){.slots = bench_alloc(SLOTS, sizeof(q->slots[0])),
                    .keys = bench_alloc(SLOTS, sizeof(q->keys[0])),
                    .texts = bench_alloc(all->count, sizeof(q->texts[0])),
                    .owner = bench_alloc(all->count, sizeof(q->owner[0])),
                    .previous = bench_alloc(all->count, sizeof(q->previous[0]))};
    memset(q->previous, 0xff, all->count * sizeof(q->previous[0])); /* nobody has any of them */
    for (uint32_t i = 0; i < SLOTS; i++) {
        int len = snprintf(q->keys[i], sizeof(q->keys[i]), "replica-%u", i);
        q->slots[i] = (allot_strategy_slot){.key = {q->keys[i], (uint32_t)len}, .weight = 1};
        memcpy(&q->slots[i].slot, &i, sizeof(i));
    }
    for (size_t i = 0; i < all->count; i++)
        q->texts[i] = all->added[i].id;
    q->view = (allot_strategy_view){
        .size = sizeof(q->view), .slot_count = SLOTS, .slots = q->slots, .id_count = all->count, .seed = 1};
}

static void question_done(question *q)
{
    free(q->slots);
    free(q->keys);
    free(q->texts);
    free(q->owner);
    free(q->previous);
}

static int64_t ask(question *q, const allot_strategy_ops *strategy)
{
    allot_error error = {0};
    BENCH_MUST(strategy->option_count <= OPTIONS_MAX);
    q->view.values = q->values;
    q->view.value_count = strategy->option_count;
    q->view.ids = strategy->kind == ALLOT_STRATEGY_IDS ? q->texts : NULL;
    q->view.previous = strategy->kind == ALLOT_STRATEGY_COUNTS ? NULL : q->previous;
    memset(q->owner, 0xff, q->view.id_count * sizeof(q->owner[0]));
    int64_t start_ns = bench_now_ns();
    int code = strategy->assign(&q->view, q->owner, &error);
    int64_t took_ns = bench_now_ns() - start_ns;
    if (code != 0)
        bench_fail("%s: %s", strategy->name, error.message);
    for (uint64_t i = 0; i < q->view.id_count; i++)
        BENCH_MUST(q->owner[i] < SLOTS);
    return took_ns;
}

static int64_t ask_memset(question *q)
{
    int64_t start_ns = bench_now_ns();
    memset(q->owner, 1, q->view.id_count * sizeof(q->owner[0]));
    int64_t took_ns = bench_now_ns() - start_ns;
    BENCH_MUST(q->owner[q->view.id_count / 2] == 0x01010101);
    return took_ns;
}

static int64_t ask_hash(question *q)
{
    uint64_t sum = 0;
    int64_t start_ns = bench_now_ns();
    for (uint64_t i = 0; i < q->view.id_count; i++)
        sum += XXH3_64bits(q->texts[i].data, q->texts[i].len);
    int64_t took_ns = bench_now_ns() - start_ns;
    BENCH_MUST(sum != 0); /* so that it is not left out */
    return took_ns;
}

static void write_row(table *t, const char *name, samples *s, double count, double writes, double hashes)
{
    double median = samples_median(s);
    table_cell(t, "%s", name);
    table_cell(t, "%s", figure_ns(median).text);
    table_cell(t, "%s", figure_number(median / count).text);
    table_cell(t, "%s .. %s", figure_number(samples_least(s) / count).text,
               figure_number(samples_most(s) / count).text);
    table_cell(t, "%s", figure_ratio(median, writes).text);
    table_cell(t, "%s", figure_ratio(median, hashes).text);
    samples_done(s);
}

int main(int argc, char **argv)
{
    bench b;
    ids all;
    question q;
    samples took[STRATEGIES_MAX] = {{NULL, 0, 0}}, writes = {NULL, 0, 0}, hashes = {NULL, 0, 0};
    bench_begin(&b, "strategies", "what a strategy's assign costs, in ns an id", argc, argv);
    bench_pin_to_one();
    report *r = report_new(&b);
    ids_init(&all, b.quick ? 10000 : 1000000);
    question_init(&q, &all);
    int rounds = bench_rounds(&b, 21, 3);
    for (int round = 0; round <= rounds; round++) {
        bench_progress(&b, "round %d of %d", round, rounds);
        samples dropped = {NULL, 0, 0}; /* the first round touches everything for the first time */
        samples_add(round > 0 ? &writes : &dropped, (double)ask_memset(&q));
        samples_add(round > 0 ? &hashes : &dropped, (double)ask_hash(&q));
        for (unsigned i = 0; bench_strategy(i) != NULL; i++)
            samples_add(round > 0 ? &took[i] : &dropped, (double)ask(&q, bench_strategy(i)));
        samples_done(&dropped);
    }
    double n = (double)all.count, write_ns = samples_median(&writes), hash_ns = samples_median(&hashes);
    table *t = report_table(r, "who|median|ns an id|min .. max|of memset|of XXH3",
                            "Strategies: assign of %s ids to %u slots, %d rounds, one processor", figure_number(n).text,
                            SLOTS, rounds);
    for (unsigned i = 0; bench_strategy(i) != NULL; i++)
        write_row(t, bench_strategy(i)->name, &took[i], n, write_ns, hash_ns);
    write_row(t, "floor: memset of the owners", &writes, n, write_ns, hash_ns);
    write_row(t, "floor: XXH3 of the ids", &hashes, n, write_ns, hash_ns);
    report_end(r);
    question_done(&q);
    ids_done(&all);
    return 0;
}
