/* allot-sim: runs seeds and says which of them break an invariant. */
#include "sim/jobs.h"
#include "sim/mutants.h"
#include "sim/shrink.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEEDS_DEFAULT 200000
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

static const char usage[] = "usage: allot-sim [--seeds N] [--from S] [--jobs N] [CASE] [--quick]\n"
                            "       allot-sim --seed S [CASE] [--trace[=all] | --shrink]\n"
                            "       allot-sim --file FILE [--trace[=all]]\n" MUTANTS_SYNOPSIS
                            "  --seeds N   how many seeds (200000, or the environment's ALLOT_SIM_SEEDS)\n"
                            "  --from S    the first (1)\n"
                            "  --jobs N    processes (one for each processor)\n"
                            "  --quick     1000 seeds\n"
                            "  --failures FILE  adds the cases that fail to FILE, for --file\n"
                            "  --seed S    this seed alone\n"
                            "  --trace     tells what happens; =all: each op and answer too\n"
                            "  --shrink    leaves out whatever it fails without, as long as anything can go\n"
                            "  --file FILE the cases in FILE, one a line (docs/simulator.md)\n" MUTANTS_USAGE
                            "CASE is what of the seed counts:\n"
                            "  --nodes N   replicas, up to 1000\n"
                            "  --ids N     ids at the start, up to 10000\n"
                            "  --until MS  faults end by then, in virtual time\n"
                            "  --without FAULT,...  these do not happen; --faults lists them all\n"
                            "  --only FAULT,...     no others than these happen; none: none\n"
                            "  --drop N,N-N,...     these do not happen, in the order in which they would\n";

typedef struct options {
    jobs_config jobs;
    uint64_t seed;
    bool one, mutants, shrink;
    trace_depth trace;
    const char *file;
} options;

static bool bounded(const char *text, uint64_t most, uint32_t *ret_number)
{
    uint64_t n;
    if (!case_number(text, &n) || n == 0 || n > most)
        return false;
    *ret_number = (uint32_t)n;
    return true;
}

static bool list_faults(void)
{
    for (uint32_t i = 0; i < SWARM_OPTION_COUNT; i++)
        puts(swarm_word((swarm_option)i));
    exit(0);
}

static bool help(void)
{
    fputs(usage, stdout);
    exit(0);
}

static bool parse_option(options *o, int option, const char *name)
{
    switch (option) {
    case 'n':
        return case_number(optarg, &o->jobs.seeds);
    case 'f':
        return case_number(optarg, &o->jobs.from);
    case 'j':
        return bounded(optarg, JOBS_MAX, &o->jobs.jobs);
    case 'c':
        return case_set(&o->jobs.given, name, optarg);
    case 'w':
        o->jobs.failures = optarg;
        return true;
    case 'q':
        o->jobs.seeds = SEEDS_QUICK;
        return true;
    case 's':
        o->one = true;
        return case_number(optarg, &o->seed);
    case 't':
        o->trace = optarg == NULL ? TRACE_STORY : TRACE_ALL;
        return optarg == NULL || strcmp(optarg, "all") == 0;
    case 'k':
        return o->shrink = true;
    case 'l':
        return list_faults();
    case 'h':
        return help();
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
                                          {"nodes", required_argument, NULL, 'c'},
                                          {"ids", required_argument, NULL, 'c'},
                                          {"until", required_argument, NULL, 'c'},
                                          {"without", required_argument, NULL, 'c'},
                                          {"only", required_argument, NULL, 'c'},
                                          {"drop", required_argument, NULL, 'c'},
                                          {"failures", required_argument, NULL, 'w'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"trace", optional_argument, NULL, 't'},
                                          {"shrink", no_argument, NULL, 'k'},
                                          {"faults", no_argument, NULL, 'l'},
                                          {"file", required_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
#ifdef ALLOT_MUTANTS
                                          {"mutant", required_argument, NULL, 'm'},
                                          {"mutants", no_argument, NULL, 'M'},
#endif
                                          {0}};
    int at = 0;
    o->jobs = (jobs_config){.from = 1, .seeds = SEEDS_DEFAULT, .jobs = jobs_by_default()};
    const char *seeds = getenv("ALLOT_SIM_SEEDS");
    if (seeds != NULL && !case_number(seeds, &o->jobs.seeds))
        return false;
    for (int c; (c = getopt_long(argc, argv, "", longs, &at)) != -1;)
        if (!parse_option(o, c, longs[at].name))
            return false;
    if (o->trace != TRACE_NONE && !o->one && o->file == NULL)
        return false;
    return optind == argc && !(o->shrink && (!o->one || o->trace != TRACE_NONE));
}

static int run_file(const options *o)
{
    char line[CASE_TEXT_BYTES];
    uint64_t passed = 0, failed = 0;
    FILE *in = fopen(o->file, "r");
    if (in == NULL) {
        fprintf(stderr, "allot-sim: %s: %s\n", o->file, strerror(errno));
        return 2;
    }
    for (int number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
        sim_case c;
        int found = case_read(line, &c);
        if (found < 0) {
            fprintf(stderr, "allot-sim: %s:%d: this is no case\n", o->file, number);
            fclose(in);
            return 2;
        }
        if (found == 0)
            continue;
        if (jobs_run_one(&c, o->trace))
            passed++;
        else
            failed++;
    }
    fclose(in);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

static int run_many(const options *o)
{
    jobs_totals totals;
    if (jobs_run(&o->jobs, &totals) != 0)
        return 2;
    jobs_report(&totals);
    return jobs_all_passed(&o->jobs, &totals) ? 0 : 1;
}

static int run_given(const options *o)
{
    sim_case c = o->jobs.given;
    c.seed = o->seed;
    return o->shrink ? shrink_run(&c) : !jobs_run_one(&c, o->trace);
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
    return o.one ? run_given(&o) : run_many(&o);
}
