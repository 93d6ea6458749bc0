/* settings.h - everything that a file, the environment and flags can say, after parsing. What a file can say as well
 * is in `config`; the rest is the command line's own. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "config/config.h"

typedef enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL } output_format;
typedef enum demo_backend { DEMO_FILE, DEMO_REDIS } demo_backend;

/* All texts are those of the command line, of the environment, or static; those of `config` are its own. */
typedef struct settings {
    config config;
    const char *file; /* where config was read from; NULL: from no file */
    const char *history; /* run, add, generate, clean: where to write it; NULL: nowhere */
    bool complete;       /* verify */
    /* run */
    int64_t generate;
    bool once;
    /* reading, and changing the pool */
    int64_t output;
    int64_t timeout_ms; /* run: 0 is without end */
    const char *slot;
    bool yes;
    /* demo */
    int64_t demo_backend;
    int64_t demo_ttl_ms;
    int64_t replicas;
    int64_t ids;
    bool keep;
    /* sim */
    struct {
        int64_t seeds, from, seed; /* seed 0: many */
        int64_t jobs;              /* 0: one for each processor */
        const char *nodes, *ids, *until, *without, *only, *drop; /* of a case; NULL: as the seed says */
        bool trace, shrink;
    } sim;
    /* config, help */
    bool origins;
    const char *pages; /* where to write the sources of the manual; NULL: nowhere */
} settings;

#endif
