/* footprint - memory of a replica by the number of ids that it holds, and what a store takes for each id. */
#include "bench/lib/bench.h"
#include "bench/lib/ids.h"
#include "bench/lib/place.h"
#include "bench/lib/replica.h"
#include "bench/lib/report.h"
#include "bench/lib/samples.h"
#include "core/runtime/hooks.h"
#include "tests/lib/redis_server.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_S 10u
#define LIMIT_MS 60000

typedef struct sizes {
    double resident, own; /* bytes of a replica; `own`: shared with nobody */
    double added, split;  /* bytes of the store: when ids were added, when they were split */
} sizes;

/* ---- A replica --------------------------------------------------------------------------------------------------- */

static double rollup(pid_t pid, const char *key)
{
    char path[64], line[256];
    double kib = -1;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        bench_fail("%s", path);
    while (fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtod(line + strlen(key), NULL);
    fclose(file);
    BENCH_MUST(kib >= 0);
    return kib * 1024;
}

/* ---- A store ----------------------------------------------------------------------------------------------------- */

static double size_of_file(const char *dir, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        bench_fail("%s", path);
    fseek(file, 0, SEEK_END);
    double length = (double)ftell(file);
    fclose(file);
    return length;
}

static double store_bytes(const place *p)
{
    if (p->kind == PLACE_MEMORY)
        return (double)mallinfo2().uordblks + (double)mallinfo2().hblkhd;
    if (p->kind == PLACE_REDIS)
        return (double)redis_server_info(p->server, "memory", "used_memory");
    return size_of_file(p->dir, "store/bench/journal");
}

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

static allot_group *open_group(place *p)
{
    allot_options options;
    allot_error error = {0};
    allot_group *group;
    const hooks straight = {.backend = p->ops};
    place_options(p, &options);
    if (group_open(&options, false, &straight, &group, &error) != ALLOT_OK)
        bench_fail("opening the group: %s", error.message);
    return group;
}

static void add(allot_group *group, const ids *all)
{
    allot_error error = {0};
    if (all->count > 0 && allot_group_add(group, all->added, all->count, LIMIT_MS, NULL, &error) != ALLOT_OK)
        bench_fail("adding: %s", error.message);
}

/* One replica that is given everything. */
static sizes measure(place_kind kind, ids *all)
{
    place p;
    replica r;
    sizes s = {.resident = 0};
    place_open(&p, kind);
    allot_group *group = open_group(&p);
    /* Connected, and its scripts are loaded: the answer is of no interest. */
    allot_group_view(group, LIMIT_MS, &(allot_view){.total = 0}, &(allot_error){.code = 0});
    double before = kind == PLACE_FILE ? 0 : store_bytes(&p);
    add(group, all);
    s.added = (all->count > 0 ? store_bytes(&p) : 0) - before;
    if (kind != PLACE_MEMORY) {
        replica_start(&r, &p, ALLOT_COMMAND, TTL_S);
        REPLICAS_UNTIL(&r, 1, r.gained == all->count && r.version > 0);
        bench_sleep_ms(200);
        s.split = store_bytes(&p) - before;
        s.resident = rollup(r.pid, "Rss:");
        s.own = rollup(r.pid, "Private_Clean:") + rollup(r.pid, "Private_Dirty:");
        replica_end(&r, SIGKILL);
    }
    allot_group_close(group);
    place_close(&p);
    return s;
}

static void write_replica(table *t, place_kind kind, size_t count, sizes s, sizes none)
{
    table_cell(t, "%s", place_name(kind));
    table_cell(t, "%s", figure_number((double)count).text);
    table_cell(t, "%s", figure_bytes(s.resident).text);
    table_cell(t, "%s", figure_bytes(s.own).text);
    table_cell(t, "%s", count > 0 ? figure_number((s.own - none.own) / (double)count).text : "-");
}

static void write_store(table *t, place_kind kind, size_t count, sizes s)
{
    table_cell(t, "%s", place_name(kind));
    table_cell(t, "%s", figure_number((double)count).text);
    table_cell(t, "%s", figure_number(s.added / (double)count).text);
    table_cell(t, "%s", s.split > 0 ? figure_number(s.split / (double)count).text : "-");
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {0, 10000, 1000000};
    enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };
    bench b;
    ids all;
    sizes s[PLACE_KINDS][COUNTS] = {{{.resident = 0}}};
    bench_begin(&b, "footprint", "memory of a replica, bytes of a store (--only memory,file,redis)", argc, argv);
    int count = b.quick ? 2 : COUNTS;
    report *r = report_new(&b);
    for (int i = 0; i < count; i++) {
        ids_init(&all, counts[i]);
        for (place_kind kind = 0; kind < PLACE_KINDS; kind++) {
            if (!place_is_there(kind) || !bench_wants(&b, place_name(kind)))
                continue;
            bench_progress(&b, "%s, %zu ids", place_name(kind), counts[i]);
            s[kind][i] = measure(kind, &all);
        }
        ids_done(&all);
    }
    table *t = report_table(r, "store|ids held|resident|of its own|own bytes an id",
                            "Memory of one replica (`allot run`) that holds all ids of %u bytes", ID_BYTES);
    for (place_kind kind = PLACE_FILE; kind < PLACE_KINDS; kind++)
        for (int i = 0; i < count && s[kind][0].resident > 0; i++)
            write_replica(t, kind, counts[i], s[kind][i], s[kind][0]);
    t = report_table(r, "store|ids|bytes an id, added|bytes an id, split",
                     "Size of the store for ids of %u bytes without payload", ID_BYTES);
    for (place_kind kind = 0; kind < PLACE_KINDS; kind++)
        for (int i = 1; i < count && s[kind][i].added > 0; i++)
            write_store(t, kind, counts[i], s[kind][i]);
    report_end(r);
    return 0;
}
