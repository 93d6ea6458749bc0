/* handover - how long a group is without a leader, and ids without an owner: when the leader leaves in order, and when
 * its process is killed. Replicas are processes (`allot run`). */
#include "bench/handover_floors.h"
#include "bench/lib/bench.h"
#include "bench/lib/ids.h"
#include "bench/lib/place.h"
#include "bench/lib/replica.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"
#include "core/runtime/hooks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define IDS 1000
#define REPLICAS_MOST 10
#define TTL_S 1u
#define LIMIT_MS 20000

typedef struct stage {
    place place;
    allot_group *group;
    replica of[REPLICAS_MOST];
    unsigned count;
} stage;

/* Of one way to lose the leader. */
typedef struct times {
    samples leader_ns; /* until another one leads */
    samples beyond_ns; /* the same from the end of the dead one's lease */
    samples ids_ns;    /* until every id has an owner again */
} times;

/* Everybody knows of everybody: each has its part, and the last split has taken all into account. */
static bool is_settled(stage *s)
{
    allot_view view = {.total = 0};
    allot_error error = {0};
    if (replicas_held(s->of, s->count) != IDS || replicas_leader(s->of, s->count) == s->count)
        return false;
    for (unsigned i = 0; i < s->count; i++)
        if (s->of[i].gained - s->of[i].lost < IDS / s->count)
            return false;
    if (allot_group_view(s->group, LIMIT_MS, &view, &error) != ALLOT_OK)
        bench_fail("the group's view: %s", error.message);
    return view.slots == s->count && view.placed == IDS;
}

static void stage_open(stage *s, place_kind kind, unsigned count)
{
    ids all;
    allot_options options;
    allot_error error = {0};
    *s = (stage){.count = count};
    place_open(&s->place, kind);
    place_options(&s->place, &options);
    const hooks straight = {.backend = s->place.ops};
    if (group_open(&options, false, &straight, &s->group, &error) != ALLOT_OK)
        bench_fail("opening the group: %s", error.message);
    ids_init(&all, IDS);
    if (allot_group_add(s->group, all.added, IDS, LIMIT_MS, NULL, &error) != ALLOT_OK)
        bench_fail("adding: %s", error.message);
    ids_done(&all);
    for (unsigned i = 0; i < count; i++)
        replica_start(&s->of[i], &s->place, ALLOT_COMMAND, TTL_S);
    REPLICAS_UNTIL(s->of, s->count, is_settled(s));
}

static void stage_close(stage *s)
{
    for (unsigned i = 0; i < s->count; i++)
        replica_end(&s->of[i], SIGKILL);
    allot_group_close(s->group);
    place_close(&s->place);
}

/* CLOCK_MONOTONIC of the end of the leader's lease, as the store sees it. */
static int64_t lease_end_ns(stage *s)
{
    allot_view view = {.total = 0};
    allot_error error = {0};
    if (allot_group_view(s->group, LIMIT_MS, &view, &error) != ALLOT_OK)
        bench_fail("the group's view: %s", error.message);
    return bench_now_ns() + view.led_for_us * 1000;
}

static int64_t last_gain_ns(const stage *s)
{
    int64_t last_ns = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (s->of[i].last_gain_ns > last_ns)
            last_ns = s->of[i].last_gain_ns;
    return last_ns;
}

/* Sends the signal to the leader and waits for the next one; a new replica takes its place. */
static void one_round(stage *s, int signal, times *t)
{
    unsigned old = replicas_leader(s->of, s->count);
    bench_sleep_ms(30 + random() % 300); /* anywhere between two beats */
    int64_t lease_ns = lease_end_ns(s);
    int64_t start_ns = bench_now_ns();
    replica_end(&s->of[old], signal);
    REPLICAS_UNTIL(s->of, s->count, replicas_leader(s->of, s->count) != s->count);
    int64_t leader_ns = s->of[replicas_leader(s->of, s->count)].leader_ns;
    BENCH_MUST(leader_ns >= start_ns);
    REPLICAS_UNTIL(s->of, s->count, replicas_held(s->of, s->count) == IDS);
    samples_add(&t->leader_ns, (double)(leader_ns - start_ns));
    samples_add(&t->beyond_ns, (double)(leader_ns - lease_ns));
    samples_add(&t->ids_ns, (double)(last_gain_ns(s) - start_ns));
    replica_start(&s->of[old], &s->place, ALLOT_COMMAND, TTL_S);
    REPLICAS_UNTIL(s->of, s->count, is_settled(s));
}

static void write_row(table *t, const char *what, unsigned count, samples *s, double floor_ns)
{
    table_cell(t, "%s", what);
    table_cell(t, "%u", count);
    table_cell(t, "%s", figure_ns(samples_median(s)).text);
    table_cell(t, "%s", figure_spread_ns(s).text);
    table_cell(t, "%s", figure_ns(samples_part(s, 0.95)).text);
    table_cell(t, "%s", figure_ratio(samples_median(s), floor_ns).text);
    table_cell(t, "%zu", s->count);
}

static void write_times(table *t, const char *how, unsigned count, times *taken, bool with_lease, double floor_ns)
{
    char what[96];
    snprintf(what, sizeof(what), "%s: another leads", how);
    write_row(t, what, count, &taken->leader_ns, with_lease ? 0 : floor_ns);
    if (with_lease) {
        snprintf(what, sizeof(what), "%s: the same, from the end of its lease", how);
        write_row(t, what, count, &taken->beyond_ns, floor_ns);
    }
    snprintf(what, sizeof(what), "%s: its ids have owners", how);
    write_row(t, what, count, &taken->ids_ns, with_lease ? 0 : floor_ns);
    samples_done(&taken->leader_ns);
    samples_done(&taken->beyond_ns);
    samples_done(&taken->ids_ns);
}

static void measure(const bench *b, table *t, place_kind kind, unsigned count, double floor_ns)
{
    stage s;
    bool waits = kind == PLACE_REDIS; /* a death is only seen when the lease ends */
    int rounds = bench_rounds(b, 30, 2), kills = bench_rounds(b, waits ? 8 : 30, 2);
    times left = {.leader_ns = {.count = 0}}, killed = left;
    stage_open(&s, kind, count);
    for (int round = 0; round < rounds || round < kills; round++) {
        bench_progress(b, "%s, %u replicas, round %d of %d", place_name(kind), count, round + 1, rounds);
        if (round < rounds)
            one_round(&s, SIGTERM, &left);
        if (round < kills)
            one_round(&s, SIGKILL, &killed);
    }
    stage_close(&s);
    write_times(t, "SIGTERM", count, &left, false, floor_ns);
    write_times(t, "SIGKILL", count, &killed, waits, floor_ns);
}

static void measure_place(const bench *b, report *r, place_kind kind)
{
    place p;
    char where[64];
    place_open(&p, kind);
    place_describe(&p, where, sizeof(where));
    bench_progress(b, "%s: floors", place_name(kind));
    samples floor_ns =
        kind == PLACE_REDIS ? floor_publish(&p, bench_rounds(b, 500, 20)) : floor_lock(&p, bench_rounds(b, 100, 5));
    place_close(&p);
    table *t = report_table(r, "what|replicas|median|min .. max|95 % within|of the floor|rounds",
                            "Leadership: %s, ttl %u s, %d ids", where, TTL_S, IDS);
    double floor = samples_median(&floor_ns);
    write_row(t, kind == PLACE_REDIS ? "floor: PUBLISH until it is heard" : "floor: SIGKILL until its flock is taken",
              2, &floor_ns, floor);
    samples_done(&floor_ns);
    measure(b, t, kind, 3, floor);
    measure(b, t, kind, 10, floor);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "handover", "how long a group is without a leader (--only file,redis)", argc, argv);
    report *r = report_new(&b);
    for (place_kind kind = PLACE_FILE; kind < PLACE_KINDS; kind++)
        if (place_is_there(kind) && bench_wants(&b, place_name(kind)))
            measure_place(&b, r, kind);
    report_end(r);
    return 0;
}
