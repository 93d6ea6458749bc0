/* inside.h - what a config keeps beside its plain struct: where each value was written, and what is wrong. */
#ifndef CONFIG_INSIDE_H
#define CONFIG_INSIDE_H

#include "config/schema.h"
#include "config/source.h"

#include <stdarg.h>

/* Of all free options together, and of one name. */
#define FREE_OPTIONS_MAX 256
#define FREE_NAME_BYTES_MAX 64
#define FREE_VALUE_BYTES_MAX 4095

/* A setting of the table. */
typedef struct stored {
    const char *text; /* NULL: not set */
    int64_t number;   /* CONFIG_DURATION, _INTEGER, _BOOLEAN, _WORD */
    config_position at;
} stored;

/* An option whose name is not in the table. */
typedef struct free_option {
    const char *section; /* "split.options", "backend.etcd" */
    const char *name;
    const char *value;
    config_position at;
} free_option;

/* A section "backend.NAME" of a file, NAME being no backend of the table. */
typedef struct module_section {
    const char *path;
    config_position at;
} module_section;

typedef struct text_block text_block;

struct config_inside {
    text_block *texts;
    stored settings[CONFIG_KEY_COUNT];
    free_option *options;
    size_t option_count, option_capacity;
    bool is_full; /* there were more than FREE_OPTIONS_MAX, which was said */
    module_section *modules;
    size_t module_count, module_capacity;
    const char *file_type; /* what the file says of backend.type; NULL: nothing */
    allot_option *split_items, *backend_items;
    const char **variables; /* NAME=VALUE; NULL at the end, or NULL */
    source source;
    config_error *errors;
    size_t error_count, error_capacity;
    size_t noted; /* the error that a note belongs to; SIZE_MAX: none */
};

/* ---- memory.c: texts that live as long as the config ------------------------------------------------------------- */

/* A copy with a NUL behind it; NULL: out of memory. */
const char *inside_copy(config_inside *in, const char *text, size_t len);
const char *inside_printf(config_inside *in, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *inside_vprintf(config_inside *in, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void inside_free_texts(config_inside *in);

/* ---- settings.c -------------------------------------------------------------------------------------------------- */

/* Takes over a value, unless something stronger has set it. `text` is copied. What is wrong with it becomes an error.
 * 0 or -1. */
int settings_take(config *c, const config_key *key, const char *text, size_t len, const config_position *at);

/* The same for a free option; NAME and VALUE are copied. */
int settings_take_free(config *c, const char *section, allot_bytes name, allot_bytes value, const config_position *at);

/* NULL: there is none. */
const free_option *settings_free(const config_inside *in, const char *section, const char *name);

/* NULL: not set in any way. */
const char *variable_value(const config_inside *in, const char *name, size_t len);

/* ---- rules.c ----------------------------------------------------------------------------------------------------- */

/* What settings mean together. 0 or -1. */
int rules_check(config *c);

#endif
