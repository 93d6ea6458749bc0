#include "sim/mutants.h"

#ifdef ALLOT_MUTANTS

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANGES 3u
/* The ranges begin so far from each other. */
#define RANGE_STEP UINT64_C(1000000)
#define HANG_S 30u

static const struct {
    const char *place, *name, *what;
} known[MUTANT_END] = {
#define MUTANT_WORDS(place, name, what) [MUTANT_##name] = {#place, #name, what},
    MUTANTS(MUTANT_WORDS)
#undef MUTANT_WORDS
};

/* One mutant in one range. */
typedef struct hunt {
    _Atomic uint64_t seeds; /* begun so far */
    bool found;
    char by[16]; /* the invariant */
    pid_t pid;   /* 0: not begun, or ended */
    bool ended;
} hunt;

bool mutants_choose(const char *name)
{
    for (int i = 1; i < MUTANT_END; i++) {
        if (strcmp(known[i].name, name) == 0) {
            mutant_active = (mutant)i;
            return true;
        }
    }
    fprintf(stderr, "allot-sim: there is no mutant '%s'\n", name);
    return false;
}

/* ---- One hunt ---------------------------------------------------------------------------------------------------- */

/* "I3" of "I3: replica 1 ..." */
static void keep_invariant(hunt *h, const char *failure)
{
    size_t len = strcspn(failure, ":");
    if (failure[0] != 'I' || len != 2)
        snprintf(h->by, sizeof(h->by), "%s", strncmp(failure, "strategy", 8) == 0 ? "strategy" : "no progress");
    else
        snprintf(h->by, sizeof(h->by), "%.2s", failure);
}

/* A seed that fails without any mutant finds none. */
static bool fails_anyway(const sim_case *c)
{
    world_result result;
    mutant planted = mutant_active;
    mutant_active = MUTANT_NONE;
    world_run(c, NULL, TRACE_NONE, &result);
    mutant_active = planted;
    return result.failure[0] != '\0';
}

static void seek(hunt *h, const jobs_config *config, uint64_t from)
{
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO); /* what an assert says */
    while (h->seeds < config->seeds / 3 && !h->found) {
        world_result result;
        sim_case c = config->given;
        c.seed = from + h->seeds++;
        alarm(HANG_S);
        world_run(&c, NULL, TRACE_NONE, &result);
        if (result.failure[0] == '\0' || fails_anyway(&c))
            continue;
        keep_invariant(h, result.failure);
        h->found = true;
    }
    _exit(0);
}

/* The same for one that ended its process, in a process of its own. */
static bool ends_anyway(const sim_case *c)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(HANG_S);
        _exit(fails_anyway(c));
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

/* An assert or a seed without an end is an answer, too; that somebody else has killed it is none. */
static void hunt_ended(hunt *h, int status, const sim_case *last)
{
    h->pid = 0;
    h->ended = true;
    int by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if ((by != SIGABRT && by != SIGALRM) || ends_anyway(last))
        return;
    h->found = true;
    snprintf(h->by, sizeof(h->by), "%s", by == SIGABRT ? "assert" : "no progress");
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

typedef struct hunts {
    const jobs_config *config;
    hunt *all;            /* mutant after mutant, its ranges together */
    int first, end, next; /* mutants; the next to be told about */
    uint32_t passed, failed;
} hunts;

/* The invariants that found it, each once. */
static void join_invariants(const hunt *h, char *ret_text, size_t size)
{
    ret_text[0] = '\0';
    for (uint32_t i = 0; i < RANGES; i++) {
        size_t len = strlen(ret_text);
        if (h[i].found && strstr(ret_text, h[i].by) == NULL)
            snprintf(ret_text + len, size - len, "%s%s", len > 0 ? ", " : "", h[i].by);
    }
}

static bool report(const hunt *h, int which)
{
    char by[64], seeds[RANGES][24];
    bool found = true;
    for (uint32_t i = 0; i < RANGES; i++) {
        snprintf(seeds[i], sizeof(seeds[i]), "%s%" PRIu64, h[i].found ? "" : ">", (uint64_t)h[i].seeds);
        found = found && h[i].found;
    }
    join_invariants(h, by, sizeof(by));
    printf("%-7s %-6s  %-27s %6s %6s %6s  %-16s  %s\n", found ? "ok" : "MISSED", known[which].place, known[which].name,
           seeds[0], seeds[1], seeds[2], by, known[which].what);
    return found;
}

/* In their order, as far as all ranges are done. */
static void report_ready(hunts *hs)
{
    for (; hs->next < hs->end; hs->next++) {
        const hunt *h = &hs->all[(size_t)hs->next * RANGES];
        for (uint32_t i = 0; i < RANGES; i++)
            if (!h[i].ended)
                return;
        if (report(h, hs->next))
            hs->passed++;
        else
            hs->failed++;
    }
}

static uint64_t first_seed(const jobs_config *config, size_t range)
{
    return config->from + range * RANGE_STEP;
}

static void wait_for_one(hunts *hs)
{
    int status;
    pid_t pid = wait(&status);
    sim_case last = hs->config->given;
    for (size_t i = 0; i < (size_t)MUTANT_END * RANGES; i++) {
        hunt *h = &hs->all[i];
        if (pid <= 0 || h->pid != pid)
            continue;
        last.seed = first_seed(hs->config, i % RANGES) + h->seeds - 1;
        hunt_ended(h, status, &last);
    }
    report_ready(hs);
}

static int start(hunts *hs, int which, uint32_t range)
{
    hunt *h = &hs->all[(size_t)which * RANGES + range];
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        fprintf(stderr, "allot-sim: fork: %s\n", strerror(errno));
        return -1;
    }
    if (pid == 0) {
        mutant_active = (mutant)which;
        seek(h, hs->config, first_seed(hs->config, range));
    }
    h->pid = pid;
    return 0;
}

static int run_all(hunts *hs)
{
    uint32_t running = 0;
    for (int which = hs->first; which < hs->end; which++) {
        for (uint32_t range = 0; range < RANGES; range++) {
            if (running == hs->config->jobs)
                wait_for_one(hs);
            else
                running++;
            if (start(hs, which, range) != 0)
                return -1;
        }
    }
    while (running-- > 0)
        wait_for_one(hs);
    return 0;
}

int mutants_run(const jobs_config *config)
{
    size_t size = (size_t)MUTANT_END * RANGES * sizeof(hunt);
    hunts hs = {.config = config, .first = 1, .end = MUTANT_END};
    hs.all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (hs.all == MAP_FAILED) {
        fprintf(stderr, "allot-sim: %s\n", strerror(errno));
        return 2;
    }
    if (mutant_active != MUTANT_NONE) {
        hs.first = (int)mutant_active;
        hs.end = hs.first + 1;
    }
    hs.next = hs.first;
    int rc = run_all(&hs);
    printf("%" PRIu32 " passed, %" PRIu32 " failed\n", hs.passed, hs.failed + (rc != 0));
    munmap(hs.all, size);
    return rc == 0 && hs.failed == 0 ? 0 : 1;
}

#endif
