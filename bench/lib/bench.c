#include "bench/lib/bench.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PROCESSORS 2

void bench_fail(const char *format, ...)
{
    int error = errno;
    va_list args;
    va_start(args, format);
    fputs("\nbench: ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, error != 0 ? " (errno: %s)\n" : "\n", strerror(error));
    exit(1);
}

void *bench_alloc(uint64_t count, uint64_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        bench_fail("no memory for %llu times %llu bytes", (unsigned long long)count, (unsigned long long)size);
    return memory;
}

/* ---- Clocks ------------------------------------------------------------------------------------------------------ */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t bench_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        continue;
}

/* ---- Where it runs ----------------------------------------------------------------------------------------------- */

static void pin(int most)
{
    cpu_set_t may, set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(may), &may) != 0)
        bench_fail("sched_getaffinity");
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&set) < most; i++)
        if (CPU_ISSET(i, &may))
            CPU_SET(i, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        bench_fail("sched_setaffinity");
}

void bench_pin_to_one(void)
{
    pin(1);
}

void bench_where(char *ret_text, unsigned bytes)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        bench_fail("sched_getaffinity");
    int count = CPU_COUNT(&set);
    bool raised = getpriority(PRIO_PROCESS, 0) < 0;
    snprintf(ret_text, bytes, "%d processor%s%s", count, count == 1 ? "" : "s", raised ? ", raised priority" : "");
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) help(const bench *b, const char *what)
{
    printf("%s: %s\n\n"
           "  --quick           small and few rounds: to see that it works\n"
           "  --rounds N        so many rounds instead of what suits each row\n"
           "  --only WORD,...   only these parts\n"
           "  -o FORMAT         table (default), json or markdown, on stdout\n"
           "  --markdown FILE   appends the tables to FILE as well\n"
           "  --progress        say what it is at (always so on a terminal)\n",
           b->name, what);
    exit(0);
}

static void read_options(bench *b, const char *what, int argc, char **argv)
{
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'},          {"rounds", required_argument, NULL, 'r'},
        {"only", required_argument, NULL, 'y'},     {"output", required_argument, NULL, 'o'},
        {"progress", no_argument, NULL, 'p'},       {"help", no_argument, NULL, 'h'},
        {"markdown", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
        if (c == 'q')
            b->quick = true;
        else if (c == 'r')
            b->rounds = atoi(optarg);
        else if (c == 'y')
            b->only = optarg;
        else if (c == 'o')
            b->output = optarg;
        else if (c == 'm')
            b->markdown = optarg;
        else if (c == 'p')
            b->progress = true;
        else if (c == 'h')
            help(b, what);
        else
            exit(2);
    }
    if (optind != argc || b->rounds < 0) {
        fprintf(stderr, "%s: see --help\n", b->name);
        exit(2);
    }
}

void bench_begin(bench *b, const char *name, const char *what, int argc, char **argv)
{
    *b = (bench){.name = name, .output = "table"};
    read_options(b, what, argc, argv);
    if (strcmp(b->output, "table") != 0 && strcmp(b->output, "json") != 0 && strcmp(b->output, "markdown") != 0) {
        fprintf(stderr, "%s: -o: table, json or markdown\n", name);
        exit(2);
    }
    b->on_terminal = isatty(STDERR_FILENO) != 0;
    b->progress = b->progress || b->on_terminal;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    if (setpriority(PRIO_PROCESS, 0, -20) != 0)
        errno = 0; /* not allowed: at the priority that it has */
    pin(PROCESSORS);
}

int bench_rounds(const bench *b, int normal, int quick)
{
    if (b->rounds > 0)
        return b->rounds;
    return b->quick ? quick : normal;
}

bool bench_wants(const bench *b, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = b->only; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, len) == 0 && (at[len] == '\0' || at[len] == ','))
            return true;
    }
    return b->only == NULL;
}

/* ---- Progress ---------------------------------------------------------------------------------------------------- */

void bench_progress(const bench *b, const char *format, ...)
{
    va_list args;
    if (!b->progress)
        return;
    va_start(args, format);
    fprintf(stderr, b->on_terminal ? "\r\033[K%s: " : "%s: ", b->name);
    vfprintf(stderr, format, args);
    if (!b->on_terminal)
        fputc('\n', stderr);
    va_end(args);
}

void bench_progress_end(const bench *b)
{
    if (b->progress && b->on_terminal)
        fputs("\r\033[K", stderr);
}
