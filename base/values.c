#include "base/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct unit {
    const char *word;
    int64_t ms;
} unit;

static const unit units[] = {{"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};

/* Digits at the front: how many, and their number; 0 when there are none or they are too many. */
static size_t digits(const char *text, int64_t *ret_number)
{
    int64_t number = 0;
    size_t n = 0;
    for (; text[n] >= '0' && text[n] <= '9'; n++) {
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, text[n] - '0', &number))
            return 0;
    }
    *ret_number = number;
    return n;
}

static const unit *unit_at(const char *text)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strncmp(text, units[i].word, strlen(units[i].word)) == 0)
            return &units[i];
    }
    return NULL;
}

bool value_duration(const char *text, int64_t *ret_ms)
{
    int64_t total = 0;
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t number, part;
        size_t n = digits(text, &number);
        const unit *u = n > 0 ? unit_at(text + n) : NULL;
        if (u == NULL || __builtin_mul_overflow(number, u->ms, &part) || __builtin_add_overflow(total, part, &total))
            return false;
        text += n + strlen(u->word);
    }
    *ret_ms = total;
    return true;
}

bool value_number(const char *text, int64_t *ret_number)
{
    int64_t number;
    size_t n = digits(text, &number);
    if (n == 0 || text[n] != '\0')
        return false;
    *ret_number = number;
    return true;
}

void value_duration_text(int64_t ms, char *ret_text, size_t size)
{
    if (ms != 0 && ms % 3600000 == 0)
        snprintf(ret_text, size, "%" PRId64 "h", ms / 3600000);
    else if (ms != 0 && ms % 60000 == 0)
        snprintf(ret_text, size, "%" PRId64 "m", ms / 60000);
    else if (ms % 1000 == 0)
        snprintf(ret_text, size, "%" PRId64 "s", ms / 1000);
    else
        snprintf(ret_text, size, "%" PRId64 "ms", ms);
}

const char *value_word(const char *words, size_t index, size_t *ret_len)
{
    for (; index > 0; index--) {
        words += strcspn(words, "|");
        if (*words == '\0')
            return NULL;
        words++;
    }
    *ret_len = strcspn(words, "|");
    return words;
}

bool value_of_word(const char *words, const char *text, int64_t *ret_index)
{
    const char *word;
    size_t len;
    for (size_t i = 0; (word = value_word(words, i, &len)) != NULL; i++) {
        if (strlen(text) == len && memcmp(word, text, len) == 0) {
            *ret_index = (int64_t)i;
            return true;
        }
    }
    return false;
}
