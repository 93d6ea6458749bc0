#include "sim/settings.h"

#include "base/values.h"
#include "plugins/strategies.h"

#include <allot/module.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(allot_error *ret_error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int refuse(allot_error *ret_error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ret_error->code = code;
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, args);
    va_end(args);
    return code;
}

/* ---- The strategy ------------------------------------------------------------------------------------------------ */

static const allot_strategy_ops *linked(const char *name)
{
    const allot_strategy_ops *all[] = {&round_robin_strategy_ops, &hash_strategy_ops, &chunked_strategy_ops};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

/* Where modules lie when nobody says so: the directory `allot` beside the library. */
static int default_directory(char *ret_path, size_t size, allot_error *ret_error)
{
    Dl_info info;
    void *symbol = dlsym(RTLD_DEFAULT, "allot_strategy_check");
    if (symbol == NULL || dladdr(symbol, &info) == 0)
        return refuse(ret_error, ALLOT_E_MODULE, "it cannot be found where the library lies");
    const char *slash = strrchr(info.dli_fname, '/');
    int len = slash != NULL ? (int)(slash - info.dli_fname) : 1;
    snprintf(ret_path, size, "%.*s/allot", len, slash != NULL ? info.dli_fname : ".");
    return ALLOT_OK;
}

/* The library has looked at the file, and at what it says of itself (allot_strategy_check). */
static int load(const allot_options *o, const char *name, const allot_strategy_ops **ret_ops, allot_error *ret_error)
{
    char directory[PATH_MAX], path[PATH_MAX + 100];
    int code = o->modules != NULL ? ALLOT_OK : default_directory(directory, sizeof(directory), ret_error);
    if (code != ALLOT_OK)
        return code;
    snprintf(path, sizeof(path), "%s/allot_strategy_%.64s.so", o->modules != NULL ? o->modules : directory, name);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return refuse(ret_error, ALLOT_E_MODULE, "%s cannot be loaded", path);
    const allot_module_info *(*describe)(void) = NULL;
    void *symbol = dlsym(handle, "allot_module");
    memcpy(&describe, &symbol, sizeof(describe));
    if (symbol == NULL)
        return refuse(ret_error, ALLOT_E_MODULE, "%s exports no function allot_module()", path);
    *ret_ops = describe()->ops;
    return ALLOT_OK;
}

static const char *given(const allot_options *o, const allot_strategy_option *option)
{
    for (uint32_t i = 0; i < o->strategy_option_count; i++)
        if (strcmp(o->strategy_options[i].key, option->name) == 0)
            return o->strategy_options[i].value;
    return option->fallback;
}

/* What was checked before is a value. */
static bool read_value(const allot_strategy_option *option, const char *text, allot_strategy_value *ret_value)
{
    *ret_value = (allot_strategy_value){.text = option->type == ALLOT_VALUE_TEXT ? text : NULL};
    switch (option->type) {
    case ALLOT_VALUE_INTEGER: {
        char *end;
        ret_value->number = strtoll(text, &end, 10);
        return end != text && *end == '\0';
    }
    case ALLOT_VALUE_BOOLEAN:
        return value_of_word("false|true", text, &ret_value->number);
    case ALLOT_VALUE_WORD:
        return value_of_word(option->words, text, &ret_value->number);
    default:
        return true;
    }
}

static int read_values(sim_settings *s, const allot_options *o, allot_error *ret_error)
{
    s->values = calloc(s->strategy->option_count + 1u, sizeof(s->values[0]));
    if (s->values == NULL)
        return refuse(ret_error, ALLOT_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < s->strategy->option_count; i++) {
        const allot_strategy_option *option = &s->strategy->options[i];
        const char *text = given(o, option);
        if (text == NULL || !read_value(option, text, &s->values[i]))
            return refuse(ret_error, ALLOT_E_INVALID, "the option '%s' of the strategy '%s' has no value", option->name,
                          s->strategy->name);
    }
    return ALLOT_OK;
}

static int find_strategy(sim_settings *s, const allot_options *o, allot_error *ret_error)
{
    const char *name = o->strategy != NULL ? o->strategy : round_robin_strategy_ops.name;
    int code = allot_strategy_check(o, ret_error);
    if (code != ALLOT_OK)
        return code;
    bool ours = o->modules == NULL || strcmp(name, round_robin_strategy_ops.name) == 0;
    s->strategy = ours ? linked(name) : NULL;
    if (s->strategy == NULL)
        code = load(o, name, &s->strategy, ret_error);
    return code == ALLOT_OK ? read_values(s, o, ret_error) : code;
}

int sim_settings_init(sim_settings *s, const allot_options *o, allot_error *ret_error)
{
    *s = (sim_settings){.ttl_us = o->ttl_ms * 1000,
                        .settle_us = o->settle_ms * 1000,
                        .handover_timeout_us = o->handover_timeout_ms * 1000,
                        .retry_after_us = o->retry_after_ms * 1000,
                        .max_attempts = o->max_attempts,
                        .retire_on_timeout = o->on_timeout == ALLOT_RETIRE,
                        .quarantine_always = o->quarantine_always};
    int code = find_strategy(s, o, ret_error);
    if (code != ALLOT_OK) {
        sim_settings_done(s);
        return code;
    }
    bool as_runs = s->strategy->kind == ALLOT_STRATEGY_COUNTS && o->movement == ALLOT_MOVEMENT_EXACT;
    s->kind = as_runs ? ALLOT_STRATEGY_RUNS : s->strategy->kind;
    return ALLOT_OK;
}

void sim_settings_done(sim_settings *s)
{
    free(s->values);
    s->values = NULL;
}
