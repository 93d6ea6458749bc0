/* settings.h - everything that flags and the environment can say, after parsing. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#define BACKEND_OPTIONS_MAX 32
#define BACKEND_OPTION_KEY_BYTES_MAX 64

typedef enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL } output_format;
typedef enum log_format { LOG_AUTO, LOG_PRETTY, LOG_JSON } log_format;
typedef enum handover_release { RELEASE_AUTO, RELEASE_MANUAL } handover_release;
typedef enum demo_backend { DEMO_FILE, DEMO_REDIS } demo_backend;

/* One --backend-option KEY=VALUE. */
typedef struct backend_option {
    char key[BACKEND_OPTION_KEY_BYTES_MAX + 1];
    const char *value;
} backend_option;

/* All texts are those of the command line, of the environment, or static. */
typedef struct settings {
    /* the store */
    const char *backend;
    const char *path;
    const char *url;
    const char *modules;
    const char *group;
    backend_option backend_options[BACKEND_OPTIONS_MAX];
    uint32_t backend_option_count;
    /* the replica */
    const char *name;
    const char *container;
    const char *strategy;
    int64_t ttl_ms;
    int64_t settle_ms;
    int64_t handover_timeout_ms;
    int64_t retry_after_ms;
    int64_t stall_ms;
    int64_t weight;
    int64_t max_attempts;
    int64_t on_timeout; /* allot_on_timeout */
    int64_t quarantine_always;
    int64_t handover_release;
    /* run */
    int64_t log_format;
    int64_t generate;
    bool log_ids;
    bool once;
    /* reading, and changing the pool */
    int64_t output;
    int64_t timeout_ms; /* run: 0 is without end */
    const char *slot;
    bool yes;
    const char *pages; /* help: where to write the sources of the manual; NULL: nowhere */
    /* demo */
    int64_t demo_backend;
    int64_t replicas;
    int64_t ids;
    bool keep;
} settings;

#endif
