/* config.h - what a YAML file, the environment and flags say about one replica or one verb, as a plain struct
 * (DESIGN §7).
 *
 *     config c;
 *     if (config_init(&c) != 0 || config_read_env(&c, environ) != 0 || config_read_file(&c, path) != 0 ||
 *         config_set_flag(&c, "ttl", "5s") != 0 || config_finish(&c) != 0)
 *         out of memory;
 *     else if (config_error_count(&c) > 0)
 *         config_print_errors(&c, stderr, colour);   and exit with 2 or 78: see config_errors_are_usage()
 *     else
 *         use c.lease.ttl_ms, c.backend.options, ...
 *     config_done(&c);
 *
 * Flags beat the environment, the environment beats the file, the file beats the defaults, in whatever order they are
 * read. What is wrong is collected, all of it, and is no failure of these functions: they return 0, or -1 when memory
 * is short (then only config_done may follow). A value that is wrong leaves the setting as it was.
 *
 * One table, schema.c, names all settings. Files, the environment, flags, the JSON Schema, the dump, the samples and
 * docs/configuration.md follow it. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/bytes.h"

#include <allot/allot.h>

#include <stdio.h>

/* ---- The schema -------------------------------------------------------------------------------------------------- */

typedef enum config_type {
    CONFIG_TEXT,     /* const char *: UTF-8 without control characters, up to `max` bytes */
    CONFIG_NAME,     /* const char *: of a module: [a-z0-9_-]{1,64} */
    CONFIG_GROUP,    /* const char *: of a group */
    CONFIG_PATH,     /* const char *: as it was written; relative to the working directory, wherever that was */
    CONFIG_URL,      /* const char *: a password in it is never shown */
    CONFIG_DURATION, /* int64_t, ms: 10s, 300ms, 1m30s */
    CONFIG_INTEGER,  /* int64_t: decimal digits */
    CONFIG_BOOLEAN,  /* bool: true, false */
    CONFIG_WORD,     /* int: which of `words` */
    CONFIG_OPTIONS   /* config_options: a mapping of free names to scalars. As a flag: KEY=VALUE, repeatable */
} config_type;

/* Which of the command's verbs a setting concerns. */
typedef enum config_use {
    CONFIG_FOR_STORE,   /* whoever opens the group */
    CONFIG_FOR_REPLICA, /* who joins it */
    CONFIG_FOR_LOG      /* `run`: what it writes */
} config_use;

/* One setting. */
typedef struct config_key {
    const char *path; /* "lease.ttl". "backend.*": the options of whichever backend is selected */
    config_type type;
    config_use use;
    const char *fallback; /* the default, as it would be written; NULL: none */
    int64_t min, max;     /* CONFIG_DURATION (ms), CONFIG_INTEGER; CONFIG_TEXT: max is bytes */
    const char *words;    /* CONFIG_WORD: separated by '|'. CONFIG_NAME: some that are known */
    const char *flag;     /* "ttl"; NULL: there is no flag */
    const char *label;    /* what help calls the value: "DURATION"; NULL: a flag without value (CONFIG_BOOLEAN) */
    bool reloadable;      /* SIGHUP: taken over without a restart */
    size_t offset;        /* in config; CONFIG_NOWHERE: an option of a backend, in config.backend.options */
    const char *help;     /* one sentence, in lower case, without a full stop */
    const char *example;  /* CONFIG_OPTIONS and settings without a default: a value as it would be written; else NULL */
} config_key;

#define CONFIG_NOWHERE SIZE_MAX

/* All settings, in the order of the documentation; NULL past the end. */
const config_key *config_key_at(size_t index);
/* NULL: no such setting. */
const config_key *config_key_named(const char *path);
const config_key *config_key_of_flag(const char *flag);

#define CONFIG_ENV_BYTES 64

/* The setting's name in the environment: ALLOT_LEASE_TTL for lease.ttl. "" for CONFIG_OPTIONS, which have one for each
 * option: ALLOT_SPLIT_OPTIONS_SEED, ALLOT_BACKEND_ETCD_PREFIX, the name in upper case. */
void config_key_env(const config_key *key, char ret_name[CONFIG_ENV_BYTES]);
/* Its other name, which is that of the flag: ALLOT_TTL; "" when there is none. Where both are set, this one counts. */
void config_key_env_short(const config_key *key, char ret_name[CONFIG_ENV_BYTES]);

/* ---- The settings ------------------------------------------------------------------------------------------------ */

/* Names and values of free options, in the order of reading. `items` is NULL when there are none. */
typedef struct config_options {
    const allot_option *items;
    uint32_t count;
} config_options;

typedef enum config_quarantine { CONFIG_QUARANTINE_AUTO, CONFIG_QUARANTINE_ALWAYS } config_quarantine;
typedef enum config_movement { CONFIG_MOVEMENT_MINIMAL, CONFIG_MOVEMENT_EXACT } config_movement;
typedef enum config_release { CONFIG_RELEASE_AUTO, CONFIG_RELEASE_MANUAL } config_release;
typedef enum config_log_level { CONFIG_LOG_ERROR, CONFIG_LOG_WARN, CONFIG_LOG_INFO, CONFIG_LOG_DEBUG } config_log_level;
typedef enum config_log_format { CONFIG_LOG_AUTO, CONFIG_LOG_PRETTY, CONFIG_LOG_JSON } config_log_format;

typedef struct config_inside config_inside;

/* All texts belong to the config. None is NULL, except where it says so. The `int`s are the enums named beside. */
typedef struct config {
    const char *group;
    struct {
        int64_t ttl_ms;
        int quarantine; /* config_quarantine */
    } lease;
    struct {
        const char *name;
        const char *container;
        int64_t weight;
        int64_t stall_ms; /* 0: never */
    } slot;
    struct {
        const char *strategy;
        config_options options;
        int movement; /* config_movement */
        int64_t settle_ms;
    } split;
    struct {
        int64_t timeout_ms;
        int on_timeout; /* allot_on_timeout */
        int release;    /* config_release */
    } handover;
    struct {
        int64_t max_attempts; /* 0: never */
        int64_t retry_after_ms;
    } work;
    struct {
        const char *type;
        config_options options; /* of that type, defaults included; set by config_finish */
    } backend;
    struct {
        const char *path; /* NULL: the directory `allot` beside the library */
    } modules;
    struct {
        int level;  /* config_log_level */
        int format; /* config_log_format */
        bool ids;
    } log;
    config_inside *inside;
} config;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The defaults. On failure there is nothing to free. */
int config_init(config *ret_config);
/* Takes NULL, and a zero-initialised config. */
void config_done(config *c);

/* Reads a file, "-" for standard input; at most one per config. A file that cannot be read is an error in the list. */
int config_read_file(config *c, const char *path);
/* The same for a text, which is copied; `name` is what errors call it. */
int config_read_text(config *c, const char *name, const char *text, size_t len);

/* `variables` is what environ is: NAME=VALUE, ending with NULL. An empty value counts as unset. Also what ${NAME} in a
 * file refers to: call it before config_read_file, else all variables are unset there. They are copied. */
int config_read_env(config *c, char *const *variables);

/* A flag, by its name without dashes. `value` NULL stands for true. `written` is how errors call it ("--ttl", "-n");
 * NULL: "--" and the name. A flag that is given again replaces its first value; CONFIG_OPTIONS collect. `flag` must be
 * one of the table's. */
int config_set_flag(config *c, const char *flag, const char *value, const char *written);

/* After everything was read: chooses the backend's options and checks what settings mean together. Once per config. */
int config_finish(config *c);

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

typedef enum config_source { CONFIG_BY_DEFAULT, CONFIG_BY_FILE, CONFIG_BY_ENV, CONFIG_BY_FLAG } config_source;

/* Where something was written. Lines and columns count from 1, columns in characters; 0: the file as a whole. */
typedef struct config_position {
    config_source source;
    const char *name; /* of the file, of the variable, or the flag with its dashes; "": a default */
    uint32_t line, column;
    uint32_t len; /* characters, at least 1 */
} config_position;

/* A message says what is wrong and where, except for file, line and column. */
typedef struct config_error {
    config_position at;
    const char *message;
    const char *note;        /* NULL: none. A remedy, or what else it has to do with */
    config_position note_at; /* a place that the note points to; line 0: none */
    bool is_usage;           /* a flag whose value cannot be read: exit code 2, not 78 */
} config_error;

/* Sorted: the file first, by line; then the environment; then flags, in their order. */
#define CONFIG_ERRORS_MAX 100 /* as many are kept */
size_t config_error_count(const config *c);
const config_error *config_error_at(const config *c, size_t index);
/* True when there are errors and one of them is_usage. */
bool config_errors_are_usage(const config *c);

/* Adds an error that somebody else found, for example a strategy about one of its options, at the place where the
 * setting with that path ("split.options.seed") was written; without a place when it was not. `note` may be NULL. Texts
 * are copied. The message does not name the setting: that is put before it. */
int config_add_error(config *c, const char *path, const char *message, const char *note);

/* Where the setting that counts was written. CONFIG_BY_DEFAULT when it was not. */
config_position config_position_of(const config *c, const char *path);

/* All errors, as a compiler would show them: with the line of the file and a caret. No secret is shown. */
int config_write_errors(const config *c, bool colour, bytes *to);
void config_print_errors(const config *c, FILE *to, bool colour);

/* ---- Looking at it ----------------------------------------------------------------------------------------------- */

typedef struct config_setting {
    const config_key *key; /* of a free option: of its section */
    const char *path;      /* "lease.ttl", "split.options.seed", "backend.etcd.prefix" */
    const char *value;     /* as it may be shown: what is secret is ***; NULL: not set */
    config_position at;
} config_setting;

/* Every setting that counts, in the order of the table, those of backends that are not selected included if they were
 * written. `visit` returns 0, or another number, which ends this and is returned; -1: out of memory. The setting is
 * valid during the call. */
int config_each(const config *c, int (*visit)(void *user, const config_setting *setting), void *user);

/* The effective settings as YAML, which read again gives the same (except for secrets); with where each comes from, as
 * comments. */
int config_dump(const config *c, bool with_origins, bytes *to);

/* Calls `visit` for each setting that differs; key->reloadable says whether it can be taken over. For SIGHUP. */
int config_changes(const config *old, const config *new, int (*visit)(void *user, const config_setting *setting),
                   void *user);

/* ---- Generated --------------------------------------------------------------------------------------------------- */

/* JSON Schema, draft 7: config/allot.schema.json. */
int config_write_schema(bytes *to);
/* A file with every setting, its help and its default: config/allot.full.yaml. */
int config_write_sample(bytes *to);
/* The tables of docs/configuration.md. */
int config_write_reference(bytes *to);

#endif
