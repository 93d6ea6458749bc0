#include "cli/options.h"

#include "base/suggest.h"
#include "base/values.h"
#include "cli/exits.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a value comes from, as errors name it: "--ttl", "ALLOT_TTL". */
typedef struct source {
    const char *name;
    int code; /* the exit code when it is wrong */
} source;

static const option *option_named(const char *name, size_t len, unsigned classes)
{
    const option *o;
    for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
        if ((o->classes & classes) != 0 && strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return o;
    }
    return NULL;
}

static const option *option_lettered(char letter, unsigned classes)
{
    const option *o;
    for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
        if ((o->classes & classes) != 0 && o->letter == letter)
            return o;
    }
    return NULL;
}

void option_env(const option *o, char ret_name[OPTION_ENV_BYTES])
{
    ret_name[0] = '\0';
    if (o->type == OPTION_PAIR || (o->classes & (FOR_CONFIRMING | FOR_HELP)) != 0)
        return; /* what deletes is confirmed where it is asked for, never by an inherited environment */
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
    size_t len = strlen(text), n;
    const char *word = words;
    for (int64_t i = 0;; i++, word += n + 1) {
        n = strcspn(word, "|");
        if (n == len && memcmp(word, text, n) == 0) {
            *ret_number = i;
            return CODE_OK;
        }
        if (word[n] == '\0')
            return fail(from.code, "%s: expected one of %s; got '%s'", from.name, words, text);
    }
}

/* A flag has no value on the command line; in the environment it is true or false. */
static int set_flag(bool *ret_flag, const char *text, source from)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return fail(from.code, "%s: expected true or false; got '%s'", from.name, text);
    *ret_flag = text[0] == 't';
    return CODE_OK;
}

static int set_pair(settings *s, const char *text, source from)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || (size_t)(equals - text) > BACKEND_OPTION_KEY_BYTES_MAX)
        return fail(from.code, "%s: expected KEY=VALUE, for example fsync=always; got '%s'", from.name, text);
    if (s->backend_option_count == BACKEND_OPTIONS_MAX)
        return fail(from.code, "%s: given more than %d times", from.name, BACKEND_OPTIONS_MAX);
    backend_option *pair = &s->backend_options[s->backend_option_count++];
    memcpy(pair->key, text, (size_t)(equals - text));
    pair->key[equals - text] = '\0';
    pair->value = equals + 1;
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
    case OPTION_FLAG:
        return set_flag(at, text, from);
    default:
        return set_pair(s, text, from);
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
    const option *o;
    for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
        if ((o->classes & call->command->options) == 0)
            continue;
        if (o->fallback != NULL)
            set_value(&call->settings, o, o->fallback, (source){o->name, CODE_FAILED});
        int wrong = read_env(&call->settings, o);
        if (wrong != CODE_OK)
            code = wrong;
    }
    return code;
}

static int unknown_option(const invocation *call, const char *written, size_t len)
{
    char name[OPTION_ENV_BYTES + 1];
    snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), written);
    if (option_named(written, len, ~0u) != NULL)
        return fail(CODE_USAGE, "'allot %s' has no option --%s; see 'allot help %s'", call->command->name, name,
                    call->command->name);
    suggestion s = {0};
    const option *o;
    for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
        if ((o->classes & call->command->options) != 0)
            suggest_offer(&s, name, o->name);
    }
    if (s.best != NULL)
        return fail(CODE_USAGE, "unknown option '--%s'; did you mean '--%s'?", name, s.best);
    return fail(CODE_USAGE, "unknown option '--%s'; see 'allot help %s'", name, call->command->name);
}

/* The arguments that are left. */
typedef struct arguments {
    int count;
    char *const *next;
} arguments;

/* `value` is what was written together with the option, or NULL: then the next argument is it. */
static int take_option(invocation *call, const option *o, const char *value, const char *name, arguments *rest)
{
    source from = {name, CODE_USAGE};
    if (o->type == OPTION_FLAG) {
        if (value != NULL)
            return fail(CODE_USAGE, "%s: takes no value; got '%s'", name, value);
        return set_flag((bool *)((char *)&call->settings + o->offset), "true", from);
    }
    if (value == NULL && rest->count == 0)
        return fail(CODE_USAGE, "%s: needs a value: %s", name, o->value);
    if (value == NULL) {
        value = *rest->next++;
        rest->count--;
    }
    return set_value(&call->settings, o, value, from);
}

static int take_long(invocation *call, const char *written, arguments *rest)
{
    size_t len = strcspn(written, "=");
    const char *value = written[len] == '=' ? written + len + 1 : NULL;
    if (len == 4 && memcmp(written, "help", 4) == 0) {
        call->help = true;
        return CODE_OK;
    }
    const option *o = option_named(written, len, call->command->options);
    if (o == NULL) {
        rest->count = 0; /* whether the next argument is its value, nobody knows */
        return unknown_option(call, written, len);
    }
    char name[OPTION_ENV_BYTES];
    snprintf(name, sizeof(name), "--%s", o->name);
    return take_option(call, o, value, name, rest);
}

static int take_short(invocation *call, const char *written, arguments *rest)
{
    if (written[0] == 'h' && written[1] == '\0') {
        call->help = true;
        return CODE_OK;
    }
    const option *o = option_lettered(written[0], call->command->options);
    if (o == NULL) {
        rest->count = 0;
        return fail(CODE_USAGE, "unknown option '-%s'; see 'allot help %s'", written, call->command->name);
    }
    return take_option(call, o, written[1] != '\0' ? written + 1 : NULL, (char[]){'-', o->letter, '\0'}, rest);
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

int options_read(invocation *call, int count, char *const *list)
{
    int env_code = read_defaults_and_env(call);
    int code = take_arguments(call, (arguments){count, list});
    if (code == CODE_OK && !call->help && call->operand_count < call->command->operands_min)
        code = fail(CODE_USAGE, "'allot %s' needs %s", call->command->name, call->command->operands);
    return code != CODE_OK ? code : call->help ? CODE_OK : env_code;
}
