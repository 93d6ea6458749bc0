#include "config/value.h"

#include "base/text.h"
#include "base/values.h"
#include "config/errors.h"
#include "config/guess.h"
#include "config/inside.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

void value_limit(const config_key *key, int64_t limit, char ret_text[VALUE_LIMIT_BYTES])
{
    if (key->type == CONFIG_DURATION)
        value_duration_text(limit, ret_text, VALUE_LIMIT_BYTES);
    else
        snprintf(ret_text, VALUE_LIMIT_BYTES, "%" PRId64, limit);
}

void value_wanted(const config_key *key, char *ret_text, size_t size)
{
    switch (key->type) {
    case CONFIG_DURATION:
        snprintf(ret_text, size, "a duration with a unit, for example 10s");
        break;
    case CONFIG_INTEGER:
        snprintf(ret_text, size, "a number, for example %s", key->fallback[0] != '0' ? key->fallback : "10");
        break;
    case CONFIG_BOOLEAN:
        snprintf(ret_text, size, "true or false");
        break;
    case CONFIG_WORD:
        snprintf(ret_text, size, strchr(key->words, '|') != NULL ? "one of %s" : "%s", key->words);
        break;
    case CONFIG_NAME:
        snprintf(ret_text, size, "the name of a module (1 to 64 of a-z 0-9 _ -), for example %s", key->fallback);
        break;
    case CONFIG_GROUP:
        snprintf(ret_text, size, "the name of a group (1 to %u of A-Z a-z 0-9 _ - ., not beginning with a dot)",
                 ALLOT_GROUP_BYTES_MAX);
        break;
    case CONFIG_PATH:
        snprintf(ret_text, size, "a path");
        break;
    case CONFIG_URL:
        snprintf(ret_text, size, "a url that begins with redis:// or unix://, as in redis://127.0.0.1:6379/0");
        break;
    default:
        snprintf(ret_text, size, "a text");
        break;
    }
}

/* ---- Faults ------------------------------------------------------------------------------------------------------ */

static bool fault(value_fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fault(value_fault *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->message, sizeof(f->message), format, args);
    va_end(args);
    return false;
}

static bool unexpected(const config_key *key, const char *text, size_t len, value_fault *f)
{
    char wanted[VALUE_MESSAGE_BYTES / 2], buffer[QUOTED_BYTES];
    value_wanted(key, wanted, sizeof(wanted));
    if (key->type == CONFIG_URL)
        return fault(f, "expected %s", wanted); /* what was written may hold a password */
    return fault(f, "expected %s; got '%s'", wanted, quoted(buffer, text, len));
}

/* ---- Types ------------------------------------------------------------------------------------------------------- */

static bool check_range(const config_key *key, int64_t number, const char *text, size_t len, value_fault *f)
{
    char least[VALUE_LIMIT_BYTES], most[VALUE_LIMIT_BYTES], buffer[QUOTED_BYTES];
    if (number >= key->min && number <= key->max)
        return true;
    value_limit(key, key->min, least);
    value_limit(key, key->max, most);
    return fault(f, "expected %s to %s; got '%s'", least, most, quoted(buffer, text, len));
}

static bool read_number(const config_key *key, const char *text, size_t len, int64_t *ret_number, value_fault *f)
{
    int64_t number;
    bool is_duration = key->type == CONFIG_DURATION;
    bool is_octal = !is_duration && len > 1 && text[0] == '0'; /* to some readers of YAML */
    if (!is_octal && (is_duration ? value_duration(text, &number) : value_number(text, &number))) {
        if (!check_range(key, number, text, len, f))
            return false;
        *ret_number = number;
        return true;
    }
    (is_duration ? guess_duration : guess_integer)(text, f->hint, sizeof(f->hint));
    return unexpected(key, text, len, f);
}

static bool read_boolean(const config_key *key, const char *text, size_t len, int64_t *ret_number, value_fault *f)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *ret_number = text[0] == 't';
        return true;
    }
    guess_boolean(text, f->hint, sizeof(f->hint));
    return unexpected(key, text, len, f);
}

static bool read_word(const config_key *key, const char *text, size_t len, int64_t *ret_number, value_fault *f)
{
    if (value_of_word(key->words, text, ret_number))
        return true;
    guess_word(text, key->words, f->hint, sizeof(f->hint));
    return unexpected(key, text, len, f);
}

static bool has_scheme(const char *text)
{
    return strncasecmp(text, "redis://", 8) == 0 || strncasecmp(text, "unix://", 7) == 0;
}

/* What the form of a text must be, beyond being text. */
static bool fits(const config_key *key, const char *text, size_t len)
{
    switch (key->type) {
    case CONFIG_NAME:
        return text_is_module(text);
    case CONFIG_GROUP:
        return text_is_group(text);
    case CONFIG_PATH:
        return len > 0;
    case CONFIG_URL:
        return has_scheme(text);
    default:
        return true;
    }
}

static bool read_text(const config_key *key, const char *text, size_t len, value_fault *f)
{
    uint32_t most = key->type == CONFIG_OPTIONS ? FREE_VALUE_BYTES_MAX : (uint32_t)key->max;
    if (!fits(key, text, len))
        return unexpected(key, text, len, f);
    if (len > most)
        return fault(f, "has %zu bytes; it may have %u", len, most);
    if (!text_is_valid((allot_bytes){text, (uint32_t)len}, most))
        return fault(f, "must be UTF-8 without control characters");
    return true;
}

bool value_read(const config_key *key, const char *text, size_t len, int64_t *ret_number, value_fault *ret_fault)
{
    *ret_fault = (value_fault){.is_form = true};
    if (memchr(text, '\0', len) != NULL)
        return fault(ret_fault, "must not contain a NUL");
    switch (key->type) {
    case CONFIG_DURATION:
    case CONFIG_INTEGER:
        return read_number(key, text, len, ret_number, ret_fault);
    case CONFIG_BOOLEAN:
        return read_boolean(key, text, len, ret_number, ret_fault);
    case CONFIG_WORD:
        return read_word(key, text, len, ret_number, ret_fault);
    default:
        ret_fault->is_form = false;
        return read_text(key, text, len, ret_fault);
    }
}
