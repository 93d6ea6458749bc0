#include "cli/options.h"

#include "base/suggest.h"
#include "base/values.h"
#include "cli/exits.h"
#include "cli/strategy_check.h"
#include "cli/style.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Where a value comes from, as errors name it: "--timeout", "ALLOT_TIMEOUT". */
typedef struct source {
    const char *name;
    int code; /* the exit code when it is wrong */
} source;

static bool option_named(const char *name, size_t len, unsigned classes, option *ret_option)
{
    option o;
    for (size_t i = 0; option_at(i, &o); i++) {
        if ((o.classes & classes) != 0 && strlen(o.name) == len && memcmp(o.name, name, len) == 0) {
            *ret_option = o;
            return true;
        }
    }
    return false;
}

static bool option_lettered(char letter, unsigned classes, option *ret_option)
{
    option o;
    for (size_t i = 0; option_at(i, &o); i++) {
        if ((o.classes & classes) != 0 && o.letter == letter) {
            *ret_option = o;
            return true;
        }
    }
    return false;
}

void option_env(const option *o, char ret_name[OPTION_ENV_BYTES])
{
    ret_name[0] = '\0';
    if (o->key != NULL) {
        config_key_env_short(o->key, ret_name);
        if (ret_name[0] == '\0')
            config_key_env(o->key, ret_name);
        return;
    }
    if ((o->classes & (FOR_CONFIRMING | FOR_DUMP | FOR_HELP | FOR_VERIFY | FOR_SIM)) != 0)
        return; /* these count where they are asked for, above all what deletes: never by an inherited environment */
    int n = snprintf(ret_name, OPTION_ENV_BYTES, "ALLOT_%s", o->name);
    for (int i = 0; i < n; i++)
        ret_name[i] = ret_name[i] == '-' ? '_' : (char)toupper((unsigned char)ret_name[i]);
}

option_values option_values_of(const option *o)
{
    if (o->type == OPTION_FLAG)
        return VALUES_NONE;
    if (o->words != NULL)
        return VALUES_WORDS;
    if (strcmp(o->value, "FILE") == 0)
        return VALUES_FILES;
    return strcmp(o->value, "DIR") == 0 ? VALUES_DIRECTORIES : VALUES_ANY;
}

/* ---- Values ----------------------------------------------------------------------------------------------------- */

static int check_range(const option *o, int64_t number, source from, const char *text)
{
    char least[32], most[32];
    if (number >= o->min && number <= o->max)
        return CODE_OK;
    if (o->type == OPTION_DURATION) {
        value_duration_text(o->min, least, sizeof(least));
        value_duration_text(o->max, most, sizeof(most));
    } else {
        snprintf(least, sizeof(least), "%" PRId64, o->min);
        snprintf(most, sizeof(most), "%" PRId64, o->max);
    }
    return fail(from.code, "%s: expected %s to %s; got '%s'", from.name, least, most, text);
}

static int set_number(const option *o, int64_t *ret_number, const char *text, source from)
{
    int64_t number;
    if (o->type == OPTION_DURATION && !value_duration(text, &number))
        return fail(from.code, "%s: expected a duration with a unit, for example 10s; got '%s'", from.name, text);
    if (o->type == OPTION_NUMBER && !value_number(text, &number))
        return fail(from.code, "%s: expected a number, for example %s; got '%s'", from.name,
                    o->fallback[0] != '0' ? o->fallback : "10", text);
    int code = check_range(o, number, from, text);
    if (code == CODE_OK)
        *ret_number = number;
    return code;
}

static int set_word(const char *words, int64_t *ret_number, const char *text, source from)
{
    if (value_of_word(words, text, ret_number))
        return CODE_OK;
    return fail(from.code, "%s: expected one of %s; got '%s'", from.name, words, text);
}

/* A flag has no value on the command line; in the environment it is true or false. */
static int set_flag(bool *ret_flag, const char *text, source from)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return fail(from.code, "%s: expected true or false; got '%s'", from.name, text);
    *ret_flag = text[0] == 't';
    return CODE_OK;
}

static int set_value(settings *s, const option *o, const char *text, source from)
{
    void *at = (char *)s + o->offset;
    switch (o->type) {
    case OPTION_TEXT:
        *(const char **)at = text;
        return CODE_OK;
    case OPTION_DURATION:
    case OPTION_NUMBER:
        return set_number(o, at, text, from);
    case OPTION_WORD:
        return set_word(o->words, at, text, from);
    default:
        return set_flag(at, text, from);
    }
}

/* ---- Sources ---------------------------------------------------------------------------------------------------- */

static int read_env(settings *s, const option *o)
{
    char name[OPTION_ENV_BYTES];
    option_env(o, name);
    const char *found = name, *value = name[0] != '\0' ? getenv(name) : NULL;
    if ((value == NULL || value[0] == '\0') && o->env != NULL) {
        found = o->env;
        value = getenv(o->env);
    }
    if (value == NULL || value[0] == '\0')
        return CODE_OK;
    return set_value(s, o, value, (source){found, CODE_CONFIG});
}

static int read_defaults_and_env(invocation *call)
{
    int code = CODE_OK;
    option o;
    for (size_t i = 0; option_at(i, &o); i++) {
        if ((o.classes & call->command->options) == 0 || o.key != NULL)
            continue;
        if (o.fallback != NULL)
            set_value(&call->settings, &o, o.fallback, (source){o.name, CODE_FAILED});
        int wrong = read_env(&call->settings, &o);
        if (wrong != CODE_OK)
            code = wrong;
    }
    return code;
}

static int unknown_option(const invocation *call, const char *written, size_t len)
{
    char name[OPTION_ENV_BYTES + 1];
    option o;
    snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), written);
    if (option_named(written, len, ~0u, &o))
        return fail(CODE_USAGE, "'allot %s' has no option --%s; see 'allot help %s'", call->command->name, name,
                    call->command->name);
    suggestion s = {0};
    for (size_t i = 0; option_next(call->command, &i, &o);)
        suggest_offer(&s, name, o.name);
    if (s.best != NULL)
        return fail(CODE_USAGE, "unknown option '--%s'; did you mean '--%s'?", name, s.best);
    return fail(CODE_USAGE, "unknown option '--%s'; see 'allot help %s'", name, call->command->name);
}

/* The arguments that are left. */
typedef struct arguments {
    int count;
    char *const *next;
} arguments;

static int out_of_memory(void)
{
    return fail(CODE_FAILED, "out of memory");
}

/* A setting of config collects its errors there. */
static int take_value(invocation *call, const option *o, const char *value, const char *name)
{
    if (o->key != NULL)
        return config_set_flag(&call->settings.config, o->name, value, name) == 0 ? CODE_OK : out_of_memory();
    call->file_is_flag = call->file_is_flag || strcmp(o->name, "config") == 0;
    return set_value(&call->settings, o, value != NULL ? value : "true", (source){name, CODE_USAGE});
}

/* `value` is what was written together with the option, or NULL: then the next argument is it. */
static int take_option(invocation *call, const option *o, const char *value, const char *name, arguments *rest)
{
    if (o->type == OPTION_FLAG) {
        if (value != NULL)
            return fail(CODE_USAGE, "%s: takes no value; got '%s'", name, value);
        return take_value(call, o, NULL, name);
    }
    if (value == NULL && rest->count == 0)
        return fail(CODE_USAGE, "%s: needs a value: %s", name, o->value);
    if (value == NULL) {
        value = *rest->next++;
        rest->count--;
    }
    return take_value(call, o, value, name);
}

static int take_long(invocation *call, const char *written, arguments *rest)
{
    size_t len = strcspn(written, "=");
    const char *value = written[len] == '=' ? written + len + 1 : NULL;
    if (len == 4 && memcmp(written, "help", 4) == 0) {
        call->help = true;
        return CODE_OK;
    }
    option o;
    if (!option_named(written, len, call->command->options, &o)) {
        rest->count = 0; /* whether the next argument is its value, nobody knows */
        return unknown_option(call, written, len);
    }
    char name[OPTION_ENV_BYTES];
    snprintf(name, sizeof(name), "--%s", o.name);
    return take_option(call, &o, value, name, rest);
}

static int take_short(invocation *call, const char *written, arguments *rest)
{
    if (written[0] == 'h' && written[1] == '\0') {
        call->help = true;
        return CODE_OK;
    }
    option o;
    if (!option_lettered(written[0], call->command->options, &o)) {
        rest->count = 0;
        return fail(CODE_USAGE, "unknown option '-%s'; see 'allot help %s'", written, call->command->name);
    }
    return take_option(call, &o, written[1] != '\0' ? written + 1 : NULL, (char[]){'-', o.letter, '\0'}, rest);
}

static int take_operand(invocation *call, const char *written)
{
    int64_t which;
    if (call->operand_count == call->command->operands_max)
        return fail(CODE_USAGE, "unexpected argument '%s'; see 'allot help %s'", written, call->command->name);
    call->operands[call->operand_count++] = written;
    if (call->command->operand == OPERAND_WORD)
        return set_word(call->command->operands, &which, written, (source){call->command->name, CODE_USAGE});
    return CODE_OK;
}

static int take_arguments(invocation *call, arguments rest)
{
    bool operands_only = false;
    int code = CODE_OK;
    while (rest.count > 0) {
        const char *written = *rest.next++;
        rest.count--;
        int wrong = CODE_OK;
        if (operands_only || written[0] != '-' || written[1] == '\0')
            wrong = take_operand(call, written);
        else if (strcmp(written, "--") == 0)
            operands_only = true;
        else if (written[1] == '-')
            wrong = take_long(call, written + 2, &rest);
        else
            wrong = take_short(call, written + 1, &rest);
        if (wrong != CODE_OK)
            code = wrong;
    }
    return code;
}

/* ---- All of it -------------------------------------------------------------------------------------------------- */

/* The worse of two codes: a wrong flag is told before a wrong file. */
static int worse(int a, int b)
{
    if (a == CODE_FAILED || b == CODE_FAILED)
        return CODE_FAILED;
    return a == CODE_USAGE || b == CODE_OK ? a : b;
}

static int finish_config(const command *about, settings *s)
{
    config *c = &s->config;
    if (s->file != NULL && config_read_file(c, s->file) != 0)
        return out_of_memory();
    if (config_finish(c) != 0)
        return out_of_memory();
    if ((about->options & (FOR_CHECK | FOR_RUN | FOR_DEMO)) != 0 && strategy_check(c) != 0)
        return out_of_memory();
    if (config_error_count(c) == 0)
        return CODE_OK;
    config_print_errors(c, stderr, style_of(STDERR_FILENO).on);
    return config_errors_are_usage(c) ? CODE_USAGE : CODE_CONFIG;
}

static int begin_config(settings *s)
{
    if (config_init(&s->config) != 0)
        return out_of_memory();
    return config_read_env(&s->config, environ) == 0 ? CODE_OK : out_of_memory();
}

/* check-config FILE: the same as -c FILE, and not beside it. */
static int take_file_operand(invocation *call)
{
    if ((call->command->options & FOR_CHECK) == 0 || call->operand_count == 0)
        return CODE_OK;
    if (call->file_is_flag)
        return fail(CODE_USAGE, "'allot %s' takes one file: '%s', or the one of -c", call->command->name,
                    call->operands[0]);
    call->settings.file = call->operands[0];
    return CODE_OK;
}

int options_read(invocation *call, int count, char *const *list)
{
    bool configured = (call->command->options & FOR_CONFIG) != 0;
    call->argument_count = count;
    call->arguments = list;
    call->operands = calloc((size_t)count + 1, sizeof(*call->operands));
    if (call->operands == NULL)
        return out_of_memory();
    if (configured && begin_config(&call->settings) != CODE_OK)
        return CODE_FAILED;
    int env_code = read_defaults_and_env(call);
    int code = take_arguments(call, (arguments){count, list});
    if (call->help && code == CODE_OK)
        return CODE_OK;
    if (code == CODE_OK && call->operand_count < call->command->operands_min)
        code = fail(CODE_USAGE, "'allot %s' needs %s", call->command->name, call->command->operands);
    code = worse(worse(code, env_code), take_file_operand(call));
    return configured ? worse(code, finish_config(call->command, &call->settings)) : code;
}

int options_read_again(const invocation *call, invocation *ret_call)
{
    *ret_call = (invocation){.command = call->command};
    return options_read(ret_call, call->argument_count, call->arguments);
}

void invocation_done(invocation *call)
{
    config_done(&call->settings.config);
    free(call->operands);
    call->operands = NULL;
}
