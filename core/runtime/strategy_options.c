#include "core/runtime/strategy_options.h"

#include "base/suggest.h"
#include "base/text.h"
#include "base/values.h"
#include "core/runtime/fail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64, WORDS_BYTES_MAX = 1024, WHY_BYTES = 200 };

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Digits alone, perhaps behind a minus; no 0 before others, which to some readers of YAML is octal. */
static bool read_integer(const char *text, int64_t *ret_number)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return false;
    if (digits[0] == '0' && digits[1] != '\0')
        return false;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *ret_number = number;
    return true;
}

/* What a value must be, in words. */
static void say_wanted(const allot_strategy_option *o, char *ret_why, size_t bytes)
{
    switch (o->type) {
    case ALLOT_VALUE_INTEGER:
        snprintf(ret_why, bytes, "a whole number from %" PRId64 " to %" PRId64, o->least, o->most);
        break;
    case ALLOT_VALUE_BOOLEAN:
        snprintf(ret_why, bytes, "true or false");
        break;
    case ALLOT_VALUE_WORD:
        snprintf(ret_why, bytes, "one of %.150s", o->words);
        break;
    default:
        snprintf(ret_why, bytes, "UTF-8 without control characters, of at most %" PRId64 " bytes", o->most);
    }
}

static bool read_value(const allot_strategy_option *o, const char *text, allot_strategy_value *ret_value)
{
    int64_t number = 0;
    switch (o->type) {
    case ALLOT_VALUE_INTEGER:
        if (!read_integer(text, &number) || number < o->least || number > o->most)
            return false;
        break;
    case ALLOT_VALUE_BOOLEAN:
        if (!value_of_word("false|true", text, &number))
            return false;
        break;
    case ALLOT_VALUE_WORD:
        if (!value_of_word(o->words, text, &number))
            return false;
        break;
    default: {
        size_t len = strlen(text);
        if (len > (uint64_t)o->most || !text_is_valid((allot_bytes){text, (uint32_t)len}, (uint32_t)o->most))
            return false;
    }
    }
    *ret_value = (allot_strategy_value){.number = number, .text = o->type == ALLOT_VALUE_TEXT ? text : NULL};
    return true;
}

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

static bool name_is_valid(const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    return len >= 1 && len <= NAME_BYTES_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool words_are_valid(const char *words)
{
    const char *word;
    size_t len;
    if (words == NULL || strlen(words) > WORDS_BYTES_MAX ||
        !text_is_valid((allot_bytes){words, (uint32_t)strlen(words)}, WORDS_BYTES_MAX))
        return false;
    for (size_t i = 0; (word = value_word(words, i, &len)) != NULL; i++) {
        char text[WORDS_BYTES_MAX + 1];
        int64_t first;
        snprintf(text, sizeof(text), "%.*s", (int)len, word);
        if (len == 0 || !value_of_word(words, text, &first) || first != (int64_t)i)
            return false;
    }
    return true;
}

static bool line_is_valid(const char *line)
{
    size_t len = line == NULL ? 0 : strlen(line);
    return len > 0 && len <= 255 && text_is_valid((allot_bytes){line, (uint32_t)len}, 255);
}

/* What is wrong with it; NULL: nothing. Not: its name. */
static const char *fault_of(const allot_strategy_option *o)
{
    allot_strategy_value value;
    if (o->type < ALLOT_VALUE_INTEGER || o->type > ALLOT_VALUE_TEXT)
        return "its type is none";
    if (o->type == ALLOT_VALUE_INTEGER && o->least > o->most)
        return "its range is empty";
    if (o->type == ALLOT_VALUE_TEXT && (o->most < 1 || o->most > UINT16_MAX))
        return "its length is not from 1 to 65535";
    if (o->type == ALLOT_VALUE_WORD && !words_are_valid(o->words))
        return "its words are not words, each once, separated by '|'";
    if (!line_is_valid(o->help))
        return "its help is not one line";
    if (o->fallback != NULL && !read_value(o, o->fallback, &value))
        return "its default is no value that it may have";
    return NULL;
}

int strategy_options_check(const char *path, const allot_strategy_ops *ops, allot_error *ret_error)
{
    if (ops->option_count > STRATEGY_OPTIONS_MAX)
        return fail(ret_error, ALLOT_E_MODULE, "%s: it declares %" PRIu32 " options, at most %d may be", path,
                    ops->option_count, STRATEGY_OPTIONS_MAX);
    if (ops->option_count > 0 && ops->options == NULL)
        return fail(ret_error, ALLOT_E_MODULE, "%s: it has %" PRIu32 " options, and no table of them", path,
                    ops->option_count);
    for (uint32_t i = 0; i < ops->option_count; i++) {
        const allot_strategy_option *o = &ops->options[i];
        if (!name_is_valid(o->name))
            return fail(ret_error, ALLOT_E_MODULE,
                        "%s: the name of its option %" PRIu32 " is not 1 to %d characters out of a-z 0-9 _", path,
                        i + 1, NAME_BYTES_MAX);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(ops->options[k].name, o->name) == 0)
                return fail(ret_error, ALLOT_E_MODULE, "%s: it declares the option '%s' twice", path, o->name);
        const char *fault = fault_of(o);
        if (fault != NULL)
            return fail(ret_error, ALLOT_E_MODULE, "%s: its option '%s': %s", path, o->name, fault);
    }
    return ALLOT_OK;
}

/* ---- What was given ---------------------------------------------------------------------------------------------- */

static void list_names(const allot_strategy_ops *ops, char *ret_names, size_t bytes)
{
    size_t used = 0;
    ret_names[0] = '\0';
    for (uint32_t i = 0; i < ops->option_count && used < bytes; i++)
        used += (size_t)snprintf(ret_names + used, bytes - used, "%s%s", i > 0 ? ", " : "", ops->options[i].name);
}

static int unknown_option(const allot_strategy_ops *ops, const char *key, allot_error *ret_error)
{
    char names[256];
    suggestion s = {0};
    if (ops->option_count == 0)
        return fail(ret_error, ALLOT_E_INVALID, "the strategy '%s' has no options, and so no '%.64s'", ops->name, key);
    for (uint32_t i = 0; i < ops->option_count; i++)
        suggest_offer(&s, key, ops->options[i].name);
    list_names(ops, names, sizeof(names));
    if (s.best != NULL)
        return fail(ret_error, ALLOT_E_INVALID,
                    "the strategy '%s' has no option '%.64s'; did you mean '%s'? It has: %s", ops->name, key, s.best,
                    names);
    return fail(ret_error, ALLOT_E_INVALID, "the strategy '%s' has no option '%.64s'; it has: %s", ops->name, key,
                names);
}

static int check_keys(const allot_strategy_ops *ops, const allot_option *options, uint32_t count,
                      allot_error *ret_error)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t known = 0;
        while (known < ops->option_count && strcmp(ops->options[known].name, options[i].key) != 0)
            known++;
        if (known == ops->option_count)
            return unknown_option(ops, options[i].key, ret_error);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(options[k].key, options[i].key) == 0)
                return fail(ret_error, ALLOT_E_INVALID, "the option '%s' of the strategy '%s' is given twice",
                            options[i].key, ops->name);
    }
    return ALLOT_OK;
}

static int read_option(const allot_strategy_ops *ops, const allot_strategy_option *o, const char *text,
                       allot_strategy_value *ret_value, allot_error *ret_error)
{
    char wanted[WHY_BYTES];
    if (text == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "the strategy '%s' needs the option '%s': %s", ops->name, o->name,
                    o->help);
    if (read_value(o, text, ret_value))
        return ALLOT_OK;
    say_wanted(o, wanted, sizeof(wanted));
    return fail(ret_error, ALLOT_E_INVALID, "the option '%s' of the strategy '%s' is '%.64s'; it must be %s", o->name,
                ops->name, text, wanted);
}

int strategy_options_read(const allot_strategy_ops *ops, const allot_option *options, uint32_t count,
                          allot_strategy_value *ret_values, allot_error *ret_error)
{
    int code = check_keys(ops, options, count, ret_error);
    for (uint32_t i = 0; i < ops->option_count && code == ALLOT_OK; i++) {
        const allot_strategy_option *o = &ops->options[i];
        const char *text = o->fallback;
        for (uint32_t k = 0; k < count; k++)
            if (strcmp(options[k].key, o->name) == 0)
                text = options[k].value;
        code = read_option(ops, o, text, &ret_values[i], ret_error);
    }
    return code;
}
