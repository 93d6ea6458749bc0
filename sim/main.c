/* allot-sim: runs seeds and says which of them break an invariant. */
#include "sim/jobs.h"
#include "sim/mutants.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS_DEFAULT 20000
#define SEEDS_QUICK 1000

#ifdef ALLOT_MUTANTS
#define MUTANTS_SYNOPSIS "       allot-sim --mutants [--mutant NAME] [--seeds N] [--jobs N]\n"
#define MUTANTS_USAGE                                                                                                  \
    "  --mutant NAME  with this bug planted (base/mutants.h)\n"                                                        \
    "  --mutants   looks for each of them, or that one: found within a third of the seeds?\n"
#else
#define MUTANTS_SYNOPSIS
#define MUTANTS_USAGE
#endif

static const char usage[] = "usage: allot-sim [--seeds N] [--from S] [--jobs N] [--nodes N] [--quick]\n"
                            "       allot-sim --seed S [--trace] [--nodes N]\n"
                            "       allot-sim --file FILE\n"
                            MUTANTS_SYNOPSIS
                            "  --seeds N   how many seeds (20000, or the environment's ALLOT_SIM_SEEDS)\n"
                            "  --from S    the first (1)\n"
                            "  --jobs N    processes (one for each processor)\n"
                            "  --nodes N   replicas, 1 to 7 (as the seed says)\n"
                            "  --quick     1000 seeds\n"
                            "  --seed S    this seed alone\n"
                            "  --trace     tells what happens\n"
                            "  --file FILE the seeds in FILE, one a line; what follows a # is a comment\n"
                            MUTANTS_USAGE;

typedef struct options {
    jobs_config jobs;
    uint64_t seed;
    bool one, trace, mutants;
    const char *file;
} options;

static bool number(const char *text, uint64_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *ret_number = n;
    return true;
}

static bool bounded(const char *text, uint64_t most, uint32_t *ret_number)
{
    uint64_t n;
    if (!number(text, &n) || n == 0 || n > most)
        return false;
    *ret_number = (uint32_t)n;
    return true;
}

static bool parse_option(options *o, int option)
{
    switch (option) {
    case 'n':
        return number(optarg, &o->jobs.seeds);
    case 'f':
        return number(optarg, &o->jobs.from);
    case 'j':
        return bounded(optarg, JOBS_MAX, &o->jobs.jobs);
    case 'r':
        return bounded(optarg, SIM_REPLICAS_MAX, &o->jobs.replicas);
    case 'q':
        o->jobs.seeds = SEEDS_QUICK;
        return true;
    case 's':
        o->one = true;
        return number(optarg, &o->seed);
    case 't':
        o->trace = true;
        return true;
    case 'i':
        o->file = optarg;
        return true;
#ifdef ALLOT_MUTANTS
    case 'm':
        return mutants_choose(optarg);
    case 'M':
        return o->mutants = true;
#endif
    default:
        return false;
    }
}

static bool parse(options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"seeds", required_argument, NULL, 'n'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"nodes", required_argument, NULL, 'r'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"trace", no_argument, NULL, 't'},
                                          {"file", required_argument, NULL, 'i'},
#ifdef ALLOT_MUTANTS
                                          {"mutant", required_argument, NULL, 'm'},
                                          {"mutants", no_argument, NULL, 'M'},
#endif
                                          {0}};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    o->jobs = (jobs_config){.from = 1, .seeds = SEEDS_DEFAULT};
    o->jobs.jobs = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (uint32_t)processors;
    const char *seeds = getenv("ALLOT_SIM_SEEDS");
    if (seeds != NULL && !number(seeds, &o->jobs.seeds))
        return false;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
        if (!parse_option(o, c))
            return false;
    return optind == argc;
}

static int run_one(const options *o, uint64_t seed)
{
    world_result result;
    world_run(seed, o->jobs.replicas, o->trace ? stdout : NULL, &result);
    jobs_describe(stdout, seed, o->jobs.replicas, &result);
    return result.failure[0] == '\0' ? 0 : 1;
}

static int run_file(const options *o)
{
    char line[256];
    uint64_t passed = 0, failed = 0;
    FILE *in = fopen(o->file, "r");
    if (in == NULL) {
        fprintf(stderr, "allot-sim: %s: %s\n", o->file, strerror(errno));
        return 2;
    }
    while (fgets(line, sizeof(line), in) != NULL) {
        uint64_t seed;
        line[strcspn(line, " \t#\n")] = '\0';
        if (line[0] == '\0')
            continue;
        if (!number(line, &seed)) {
            fprintf(stderr, "allot-sim: %s: '%s' is not a seed\n", o->file, line);
            fclose(in);
            return 2;
        }
        if (run_one(o, seed) == 0)
            passed++;
        else
            failed++;
    }
    fclose(in);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    options o = {0};
    setvbuf(stdout, NULL, _IOLBF, 0); /* a trace is complete up to an assert that ends it */
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
#ifdef ALLOT_MUTANTS
    if (o.mutants)
        return mutants_run(&o.jobs);
#endif
    if (o.file != NULL)
        return run_file(&o);
    return o.one ? run_one(&o, o.seed) : jobs_run(&o.jobs);
}
