#include "sim/shrink.h"

#include "sim/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_SEEDS 400u
#define HANG_S 30u
#define ALL_S 120.0     /* then it ends with what it has */
#define CANDIDATE_S 4.0 /* for the seeds of one candidate */
#define KEY_BYTES 160

/* What the process that tries seeds and its parent share. */
typedef struct trial {
    sim_case tried;
    world_result result;
    bool found;
} trial;

typedef struct shrinker {
    sim_case best;
    world_result result; /* of it */
    char key[KEY_BYTES]; /* what has to be broken */
    trial *shared;
    double begun_s;
    uint64_t tries;
} shrinker;

/* The words that say what is broken: the name of the invariant, and those in which there is no number. */
static void key_of(const char *failure, char *ret_key)
{
    size_t len = 0;
    for (const char *at = failure; *at != '\0' && len < KEY_BYTES - 2;) {
        size_t word = strcspn(at, " ");
        bool counts = at == failure || strcspn(at, "0123456789 ") == word;
        for (size_t i = 0; counts && i <= word && at[i] != '\0' && len < KEY_BYTES - 2; i++)
            ret_key[len++] = at[i];
        at += word + (at[word] == ' ');
    }
    ret_key[len] = '\0';
}

/* ---- Trying ------------------------------------------------------------------------------------------------------ */

static void try_seeds(trial *t, const char *key, uint32_t count)
{
    double end_s = jobs_seconds() + CANDIDATE_S;
    for (uint32_t i = 0; i < count && (i == 0 || jobs_seconds() < end_s); i++) {
        char found[KEY_BYTES];
        if (i > 0)
            t->tried.seed++;
        alarm(HANG_S);
        world_run(&t->tried, NULL, TRACE_NONE, &t->result);
        key_of(t->result.failure, found);
        t->found = t->result.failure[0] != '\0' && (key[0] == '\0' || strcmp(found, key) == 0);
        if (t->found)
            break;
    }
    _exit(0);
}

/* Whether one of so many seeds fails, from this one on. A crash of the process is a failure too: an assert. */
static bool any_fails(shrinker *s, const sim_case *c, uint32_t count)
{
    int status;
    trial *t = s->shared;
    *t = (trial){.tried = *c};
    s->tries++;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        fclose(stderr); /* what asserts say, again and again */
        try_seeds(t, s->key, count);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    if (status != 0 && (s->key[0] == '\0' || strcmp(s->key, "ended") == 0)) {
        jobs_say_end(status, t->result.failure, sizeof(t->result.failure));
        t->found = true;
    }
    if (t->found && s->key[0] == '\0' && status != 0)
        snprintf(s->key, sizeof(s->key), "ended");
    else if (t->found && s->key[0] == '\0')
        key_of(t->result.failure, s->key);
    return t->found;
}

static bool out_of_time(const shrinker *s)
{
    return jobs_seconds() - s->begun_s > ALL_S;
}

static bool keep(shrinker *s)
{
    s->best = s->shared->tried;
    s->result = s->shared->result;
    int kinds = __builtin_popcountll(s->result.options);
    fprintf(stderr,
            "%6.1f s: seed %" PRIu64 ", %" PRIu32 " replicas, %" PRIu32 " ids, %d kinds of faults, %" PRIu64
            " faults\n",
            jobs_seconds() - s->begun_s, s->best.seed, s->result.replicas, s->result.ids, kinds, s->result.faults);
    return true;
}

static void set_replicas(sim_case *c, uint32_t n)
{
    c->limits.replicas = n;
}

static void set_ids(sim_case *c, uint32_t n)
{
    c->limits.ids = n == 0 ? SIM_NO_IDS : n;
}

/* With this seed, or else with others, which may have nothing that this one does not have. */
static bool take_if_fails(shrinker *s, const sim_case *c)
{
    if (out_of_time(s))
        return false;
    if (any_fails(s, c, 1))
        return keep(s);
    sim_case other = *c;
    other.seed = 1;
    other.limits.without |= ~s->result.options & SWARM_ALL;
    if (other.limits.replicas == 0)
        set_replicas(&other, s->result.replicas);
    if (other.limits.ids == 0)
        set_ids(&other, s->result.ids);
    return any_fails(s, &other, OTHER_SEEDS) && keep(s);
}

/* ---- What can go ------------------------------------------------------------------------------------------------- */

/* All but one kind of fault at a time; first, many at once. */
static bool less_kinds(shrinker *s)
{
    bool any = false;
    for (uint32_t width = SWARM_OPTION_COUNT / 2; width > 0; width /= 2) {
        for (uint32_t first = 0; first < SWARM_OPTION_COUNT; first += width) {
            uint64_t mask = ((UINT64_C(1) << width) - 1) << first & s->result.options & SWARM_ALL;
            sim_case c = s->best;
            c.limits.without |= mask;
            if (mask != 0 && take_if_fails(s, &c))
                any = true;
        }
    }
    return any;
}

/* The smallest number first: it doubles until it fails. */
static bool fewer(shrinker *s, uint32_t least, uint32_t now, void (*set)(sim_case *c, uint32_t n))
{
    for (uint32_t n = least; n < now; n = n < 4 ? n + 1 : n + n / 2) {
        sim_case c = s->best;
        set(&c, n);
        if (take_if_fails(s, &c))
            return true;
    }
    return false;
}

static bool shorter(shrinker *s)
{
    for (int64_t eighths = 1; eighths < 8; eighths++) {
        sim_case c = s->best;
        c.limits.calm_us = s->result.calm_us * eighths / 8 / 1000 * 1000;
        if (c.limits.calm_us > 0 && take_if_fails(s, &c))
            return true;
    }
    return false;
}

static uint64_t fault_count(const shrinker *s)
{
    return s->result.faults < CASE_FAULTS_MAX ? s->result.faults : CASE_FAULTS_MAX;
}

static uint64_t faults_left(const shrinker *s)
{
    uint64_t left = 0;
    for (uint64_t i = 0; i < fault_count(s); i++)
        left += !case_leaves_out(&s->best, i);
    return left;
}

/* One fault at a time, at last; first, many at once. From the end, for what comes later hangs on what was before. */
static bool less_faults(shrinker *s)
{
    bool any = false;
    for (uint64_t width = fault_count(s); width > 0; width /= 2) {
        for (uint64_t end = fault_count(s); end > 0 && !out_of_time(s); end = end > width ? end - width : 0) {
            sim_case c = s->best;
            for (uint64_t i = end > width ? end - width : 0; i < end; i++)
                case_leave_out(&c, i);
            if (memcmp(&c, &s->best, sizeof(c)) != 0 && any_fails(s, &c, 1))
                any = keep(s);
        }
    }
    return any;
}

static void shrink(shrinker *s)
{
    bool again = true;
    while (again && !out_of_time(s)) {
        again = less_kinds(s);
        again |= fewer(s, 1, s->result.replicas, set_replicas);
        again |= fewer(s, 0, s->result.ids, set_ids);
        again |= shorter(s);
    }
    while (less_faults(s) && !out_of_time(s))
        continue;
}

static void tell(const shrinker *s)
{
    jobs_describe(stdout, &s->best, &s->result);
    printf("  %" PRIu64 " faults are left; %" PRIu64 " cases were tried in %.1f s\n", faults_left(s), s->tries,
           jobs_seconds() - s->begun_s);
    if (s->best.limits.settings != NULL)
        return; /* a file of cases has no settings */
    puts("  as a line for tests/sim/seeds.txt:");
    printf("%" PRIu64, s->best.seed);
    case_write(&s->best, stdout);
    putchar('\n');
}

int shrink_run(const sim_case *c)
{
    shrinker s = {.best = *c, .begun_s = jobs_seconds()};
    s.shared = mmap(NULL, sizeof(*s.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s.shared == MAP_FAILED) {
        fprintf(stderr, "allot-sim: %s\n", strerror(errno));
        return 2;
    }
    bool fails = any_fails(&s, c, 1);
    if (fails) {
        keep(&s);
        shrink(&s);
        tell(&s);
    } else {
        printf("seed %" PRIu64 " passes: there is nothing to make small\n", c->seed);
    }
    munmap(s.shared, sizeof(*s.shared));
    return fails ? 0 : 1;
}
