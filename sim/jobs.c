#include "sim/jobs.h"

#include "sim_commit.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Every so many seeds, one is run twice: the same seed must give the same trace. */
#define TWICE_EVERY 100u
#define FAILURES_SHOWN 10u
/* A seed takes no longer; with somebody's own strategy, which may be what hangs, less. */
#define HANG_S 120.0
#define HANG_OWN_S 20.0

/* What a job and its parent share. */
typedef struct board {
    _Atomic uint64_t next; /* the seed after `seed` that this job is to run */
    _Atomic uint64_t seed; /* being run */
    _Atomic uint64_t passed, failed;
    uint64_t events;
    int64_t virtual_us;
    uint64_t covered[COVERAGE_COUNT];
    pid_t pid;
    uint64_t watched_seed;
    double watched_s;
} board;

static const char *coverage_word(uint32_t c)
{
    static const char *const words[] = {
#define COVERAGE_WORD(name, word) word,
        COVERAGE(COVERAGE_WORD)
#undef COVERAGE_WORD
    };
    return words[c];
}

double jobs_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_replay(FILE *out, const sim_case *c)
{
    const char *command = c->command != NULL ? c->command : "allot-sim";
    fprintf(out, "  at commit %s\n  replay: %s --seed %" PRIu64, SIM_COMMIT, command, c->seed);
    case_write_options(c, out);
    fputs(" --trace\n  make it small: --shrink instead of --trace\n", out);
}

void jobs_describe(FILE *out, const sim_case *c, const world_result *result)
{
    fprintf(out, "seed %" PRIu64 ": %s\n", c->seed, result->failure[0] == '\0' ? "passed" : result->failure);
    fprintf(out, "  %" PRIu32 " replicas, %" PRIu32 " ids, faults %#" PRIx64 ":", result->replicas, result->ids,
            result->options);
    for (uint32_t i = 0; i < SWARM_OPTION_COUNT; i++)
        if ((result->options >> i) & 1u)
            fprintf(out, " %s", swarm_word((swarm_option)i));
    fprintf(out, "\n  %" PRIu64 " faults, %" PRIu64 " events, %.1f s of virtual time, trace %016" PRIx64 "\n",
            result->faults, result->events, (double)result->virtual_us / 1e6, result->hash);
    if (result->failure[0] != '\0')
        print_replay(out, c);
}

bool jobs_run_one(const sim_case *c, trace_depth depth)
{
    world_result result;
    world_run(c, depth != TRACE_NONE ? stdout : NULL, depth, &result);
    jobs_describe(stdout, c, &result);
    return result.failure[0] == '\0';
}

/* Each line in one write: several processes add to it. */
static void keep_case(const jobs_config *config, const sim_case *c, const char *why)
{
    FILE *out = config->failures != NULL ? fopen(config->failures, "ae") : NULL;
    if (out == NULL)
        return;
    fprintf(out, "%" PRIu64, c->seed);
    case_write(c, out);
    fprintf(out, "  # %s: %.200s\n", SIM_COMMIT, why);
    fclose(out);
}

static void run_seed(board *b, const jobs_config *config, uint64_t seed)
{
    world_result result, again;
    sim_case c = config->given;
    c.seed = seed;
    world_run(&c, NULL, TRACE_NONE, &result);
    if (result.failure[0] == '\0' && seed % TWICE_EVERY == 0) {
        world_run(&c, NULL, TRACE_NONE, &again);
        if (again.hash != result.hash || again.events != result.events)
            snprintf(result.failure, sizeof(result.failure),
                     "the same seed gave two traces: %016" PRIx64 ", %016" PRIx64, result.hash, again.hash);
    }
    b->events += result.events;
    b->virtual_us += result.virtual_us;
    for (uint32_t i = 0; i < COVERAGE_COUNT; i++)
        b->covered[i] += (result.covered[i / 64] >> (i % 64)) & 1u;
    if (config->measures != NULL)
        config->measures[seed - config->from] = result.measures;
    if (result.failure[0] == '\0') {
        b->passed++;
        return;
    }
    keep_case(config, &c, result.failure);
    if (b->failed++ < FAILURES_SHOWN) {
        jobs_describe(stderr, &c, &result);
        fflush(stderr);
    }
}

static void job(board *b, const jobs_config *config)
{
    uint64_t end = config->from + config->seeds;
    for (uint64_t seed; (seed = b->next) < end;) {
        b->seed = seed;
        b->next = seed + config->jobs;
        run_seed(b, config, seed);
    }
    _exit(0);
}

static int start_job(board *b, const jobs_config *config)
{
    b->watched_s = jobs_seconds();
    pid_t pid = fork();
    if (pid == 0)
        job(b, config);
    b->pid = pid > 0 ? pid : 0;
    return pid > 0 ? 0 : -1;
}

void jobs_say_end(int status, char *ret_text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(ret_text, size, "ended by signal %d", WTERMSIG(status));
    else /* as sanitizers end it */
        snprintf(ret_text, size, "ended with code %d", WEXITSTATUS(status));
}

/* A job that ended before its time was killed by the seed that it was running: the next one goes on. */
static void job_ended(board *b, const jobs_config *config, int status)
{
    b->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    char why[64];
    jobs_say_end(status, why, sizeof(why));
    fprintf(stderr, "seed %" PRIu64 ": %s\n", (uint64_t)b->seed, why);
    sim_case c = config->given;
    c.seed = b->seed;
    keep_case(config, &c, why);
    print_replay(stderr, &c);
    b->failed++;
    if (start_job(b, config) != 0)
        fprintf(stderr, "allot-sim: fork: %s\n", strerror(errno));
}

static double hang_s(const jobs_config *config)
{
    return config->given.limits.settings != NULL && config->given.limits.replicas < 50 ? HANG_OWN_S : HANG_S;
}

static void watch(board *b, double most_s)
{
    if (b->pid == 0)
        return;
    if (b->watched_seed != b->seed) {
        b->watched_seed = b->seed;
        b->watched_s = jobs_seconds();
    }
    if (jobs_seconds() - b->watched_s > most_s) {
        fprintf(stderr, "seed %" PRIu64 ": has taken %.0f s: something hangs\n", (uint64_t)b->seed, most_s);
        kill(b->pid, SIGKILL);
        b->watched_s = jobs_seconds();
    }
}

static bool running(const board *boards, uint32_t jobs)
{
    for (uint32_t i = 0; i < jobs; i++)
        if (boards[i].pid != 0)
            return true;
    return false;
}

static uint64_t finished(const board *boards, uint32_t jobs, uint64_t *ret_failed)
{
    uint64_t passed = 0;
    *ret_failed = 0;
    for (uint32_t i = 0; i < jobs; i++) {
        passed += boards[i].passed;
        *ret_failed += boards[i].failed;
    }
    return passed;
}

/* On a terminal, one line that is written over; else a line each minute. */
static void show_progress(const board *boards, const jobs_config *config, double begun_s, bool terminal)
{
    uint64_t failed;
    uint64_t passed = finished(boards, config->jobs, &failed);
    fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed, %.0f a second %s", terminal ? "\r" : "",
            passed + failed, config->seeds, failed, (double)(passed + failed) / (jobs_seconds() - begun_s + 0.001),
            terminal ? "" : "\n");
}

static void supervise(board *boards, const jobs_config *config)
{
    double begun_s = jobs_seconds();
    bool terminal = isatty(STDERR_FILENO);
    double shown_s = begun_s;
    while (running(boards, config->jobs)) {
        for (uint32_t i = 0; i < config->jobs; i++) {
            int status;
            watch(&boards[i], hang_s(config));
            if (boards[i].pid != 0 && waitpid(boards[i].pid, &status, WNOHANG) == boards[i].pid)
                job_ended(&boards[i], config, status);
        }
        if (terminal || jobs_seconds() - shown_s > 60) {
            shown_s = jobs_seconds();
            show_progress(boards, config, begun_s, terminal);
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    if (terminal)
        fputc('\n', stderr);
}

static void sum_up(const board *boards, const jobs_config *config, double took_s, jobs_totals *ret_totals)
{
    *ret_totals = (jobs_totals){.took_s = took_s};
    ret_totals->passed = finished(boards, config->jobs, &ret_totals->failed);
    for (uint32_t i = 0; i < config->jobs; i++) {
        ret_totals->events += boards[i].events;
        ret_totals->virtual_us += boards[i].virtual_us;
        for (uint32_t c = 0; c < COVERAGE_COUNT; c++)
            ret_totals->covered[c] += boards[i].covered[c];
    }
}

bool jobs_all_passed(const jobs_config *config, const jobs_totals *totals)
{
    return totals->failed == 0 && totals->passed == config->seeds;
}

void jobs_report(const jobs_totals *t)
{
    uint64_t seeds = t->passed + t->failed;
    puts("seeds that had:");
    for (uint32_t c = 0; c < COVERAGE_COUNT; c++)
        printf("  %8" PRIu64 "  %s%s\n", t->covered[c], coverage_word(c), t->covered[c] == 0 ? "  (never!)" : "");
    printf("%.1f s, %.0f seeds a second, %" PRIu64 " events, %.1f hours of virtual time\n", t->took_s,
           (double)seeds / t->took_s, t->events, (double)t->virtual_us / 3.6e9);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t->passed, t->failed);
}

uint32_t jobs_by_default(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > (long)JOBS_MAX ? JOBS_MAX : (uint32_t)processors;
}

int jobs_run(const jobs_config *config, jobs_totals *ret_totals)
{
    size_t size = config->jobs * sizeof(board);
    board *boards = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (boards == MAP_FAILED) {
        fprintf(stderr, "allot-sim: %s\n", strerror(errno));
        return -1;
    }
    double begun_s = jobs_seconds();
    fflush(NULL);
    for (uint32_t i = 0; i < config->jobs; i++) {
        boards[i].next = config->from + i;
        if (start_job(&boards[i], config) != 0)
            fprintf(stderr, "allot-sim: fork: %s\n", strerror(errno));
    }
    supervise(boards, config);
    sum_up(boards, config, jobs_seconds() - begun_s, ret_totals);
    munmap(boards, size);
    return 0;
}
