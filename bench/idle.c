/* idle - what replicas cost that have nothing to do: for each beat, and for each of them in a second. */
#include "bench/lib/bench.h"
#include "bench/lib/crew.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"
#include "tests/lib/redis_server.h"

#include <stdio.h>
#include <sys/resource.h>

#define IDS 1000
#define TTL_MS 1000

typedef struct reading {
    double beats, ops; /* answered, all nodes */
    double commands;   /* that the server has done */
    double replica_ns, server_ns;
    double wakes; /* times that a thread of the replicas slept and went on */
} reading;

static reading read_all(const place *p, const crew *c)
{
    struct rusage u;
    reading r = {.beats = (double)c->gate.times[ALLOT_OP_BEAT].count};
    for (int kind = 0; kind < ALLOT_OP_KIND_END; kind++)
        r.ops += (double)c->gate.times[kind].count;
    if (p->kind == PLACE_REDIS) {
        r.commands = (double)redis_server_info(p->server, "stats", "total_commands_processed");
        r.server_ns = place_server_cpu_ns(p);
    }
    if (getrusage(RUSAGE_SELF, &u) != 0)
        bench_fail("getrusage");
    r.wakes = (double)u.ru_nvcsw;
    r.replica_ns = (double)bench_cpu_ns();
    return r;
}

static void write_row(table *t, const place *p, uint32_t count, reading a, reading z, double seconds)
{
    double beats = z.beats - a.beats;
    /* Three of the commands were this bench's own questions. */
    double commands = z.commands - a.commands - 3;
    BENCH_MUST(beats > 0);
    table_cell(t, "%s", place_name(p->kind));
    table_cell(t, "%u", count);
    table_cell(t, "%s", figure_number(beats / count / seconds).text);
    table_cell(t, "%s", figure_number((z.ops - a.ops) / beats).text);
    table_cell(t, "%s", p->kind == PLACE_REDIS ? figure_number(commands / beats).text : "-");
    table_cell(t, "%s", figure_ns((z.replica_ns - a.replica_ns) / beats).text);
    table_cell(t, "%s", p->kind == PLACE_REDIS ? figure_ns((z.server_ns - a.server_ns) / beats).text : "-");
    table_cell(t, "%s", figure_number((z.wakes - a.wakes) / beats).text);
}

static void measure(const bench *b, table *t, place_kind kind, uint32_t count)
{
    place p;
    crew c;
    ids all;
    int64_t span_ms = b->quick ? 500 : 5000;
    bench_progress(b, "%s, %u replicas", place_name(kind), count);
    place_open(&p, kind);
    ids_init(&all, IDS);
    crew_open(&c, &p, count, (crew_options){.ttl_ms = TTL_MS}, &all);
    crew_fill(&c);
    crew_split(&c);
    bench_sleep_ms(TTL_MS / 2);
    crew_pull(&c, 0);
    reading a = read_all(&p, &c);
    int64_t start_ns = bench_now_ns();
    bench_sleep_ms(span_ms);
    double seconds = (double)(bench_now_ns() - start_ns) / 1e9;
    reading z = read_all(&p, &c);
    write_row(t, &p, count, a, z, seconds);
    crew_close(&c);
    ids_done(&all);
    place_close(&p);
}

int main(int argc, char **argv)
{
    static const uint32_t counts[] = {10, 100};
    bench b;
    bench_begin(&b, "idle", "what idle replicas cost (--only memory,file,redis)", argc, argv);
    report *r = report_new(&b);
    table *t = report_table(r,
                            "store|replicas|beats/s each|ops a beat|commands a beat|CPU a beat|server's CPU a beat|"
                            "wake-ups a beat",
                            "Idle: ttl %d s, %d ids, nothing happens", TTL_MS / 1000, IDS);
    for (place_kind kind = 0; kind < PLACE_KINDS; kind++)
        for (int i = 0; i < (b.quick ? 1 : 2) && place_is_there(kind); i++)
            if (bench_wants(&b, place_name(kind)))
                measure(&b, t, kind, counts[i]);
    report_end(r);
    return 0;
}
