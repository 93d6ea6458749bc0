/* bench.h - what every bench begins with: its command line, clocks, where it runs, how it ends when something fails.
 *
 * A bench is one program. It starts what it needs and ends all of it; it prints tables on stdout and, on a terminal or
 * with --progress, what it is at on stderr. Whatever goes wrong ends it with a message: a number that was measured on
 * something broken is worse than none. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

typedef struct bench {
    const char *name;
    const char *output;   /* table, json or markdown */
    const char *markdown; /* a file to which the tables are appended as well; NULL: none */
    const char *only;     /* --only: what to measure, by the bench's own words; NULL: everything */
    int rounds;           /* --rounds; 0: the bench decides */
    bool quick;           /* --quick: small, few rounds: to see that it still works */
    bool progress;
    bool on_terminal;
} bench;

/* Reads the command line (exits on --help, or with 2), takes the priority as far as allowed, and pins the process and
 * all that it starts to two processors. */
void bench_begin(bench *b, const char *name, const char *what, int argc, char **argv);

/* `normal` rounds, a quick run's, or those of the command line. */
int bench_rounds(const bench *b, int normal, int quick);
/* True when --only is absent, or one of its words (separated by commas) is `word`. */
bool bench_wants(const bench *b, const char *word);
/* From now on this thread, and what it starts, runs on one processor alone. */
void bench_pin_to_one(void);
/* How many processors it runs on, and whether at a raised priority, in words. */
void bench_where(char *ret_text, unsigned bytes);

/* What it is at, on one line. */
void bench_progress(const bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_progress_end(const bench *b);

/* Ends the process: "bench: message (errno)". */
void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Ends the process unless it is so. */
#define BENCH_MUST(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            bench_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                                           \
    } while (0)

void *bench_alloc(uint64_t count, uint64_t size); /* zeroed; never NULL */

int64_t bench_now_ns(void); /* CLOCK_MONOTONIC */
int64_t bench_cpu_ns(void); /* of this process, all threads */
void bench_sleep_ms(int64_t ms);

#endif
