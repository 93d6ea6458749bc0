#include "config/guess.h"

#include "base/suggest.h"
#include "base/values.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_BYTES 32

/* ---- Durations --------------------------------------------------------------------------------------------------- */

typedef struct unit_word {
    const char *word;
    int64_t ms;
} unit_word;

static const unit_word units[] = {
    {"", 1000},        {"s", 1000},        {"sec", 1000},      {"secs", 1000},    {"second", 1000},   {"seconds", 1000},
    {"ms", 1},         {"msec", 1},        {"msecs", 1},       {"millis", 1},     {"m", 60000},       {"min", 60000},
    {"mins", 60000},   {"minute", 60000},  {"minutes", 60000}, {"h", 3600000},    {"hr", 3600000},    {"hrs", 3600000},
    {"hour", 3600000}, {"hours", 3600000}, {"d", 86400000},    {"day", 86400000}, {"days", 86400000},
};

static int64_t unit_ms(const char *word)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(units[i].word, word) == 0)
            return units[i].ms;
    return 0;
}

/* Thousandths of a decimal number at the front, at most a million millions; 0: none, or too large. */
static int64_t thousandths(const char **text)
{
    int64_t number = 0;
    int decimals = -1;
    const char *p = *text;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && decimals < 0); p++) {
        if (*p == '.' || decimals >= 3) {
            decimals += decimals < 0;
            continue;
        }
        number = number * 10 + (*p - '0');
        decimals += decimals >= 0;
        if (number > INT64_C(1000000000))
            return 0;
    }
    *text = p;
    for (decimals = decimals < 0 ? 0 : decimals; decimals < 3; decimals++)
        number *= 10;
    return number;
}

void guess_duration(const char *text, char *ret_guess, size_t size)
{
    const char *rest = text;
    int64_t number = thousandths(&rest);
    rest += strspn(rest, " ");
    int64_t unit = rest != text ? unit_ms(rest) : 0;
    int64_t ms = 0;
    ret_guess[0] = '\0';
    if (unit == 0 || number == 0 || __builtin_mul_overflow(number, unit, &ms) || ms % 1000 != 0)
        return;
    value_duration_text(ms / 1000, ret_guess, size);
}

/* ---- Integers ---------------------------------------------------------------------------------------------------- */

void guess_integer(const char *text, char *ret_guess, size_t size)
{
    size_t len = 0;
    ret_guess[0] = '\0';
    for (const char *p = text + (*text == '+'); *p != '\0' && len + 1 < size; p++) {
        if (*p == '_' || *p == ',' || *p == ' ' || (*p == '0' && len == 0 && p[1] != '\0'))
            continue;
        if (*p < '0' || *p > '9') {
            ret_guess[0] = '\0';
            return;
        }
        ret_guess[len++] = *p;
        ret_guess[len] = '\0';
    }
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasecmp(text, *words) == 0)
            return true;
    return false;
}

void guess_boolean(const char *text, char *ret_guess, size_t size)
{
    static const char *const yes[] = {"yes", "on", "y", "t", "true", "1", "enable", "enabled", NULL};
    static const char *const no[] = {"no", "off", "n", "f", "false", "0", "disable", "disabled", NULL};
    snprintf(ret_guess, size, "%s", is_one_of(text, yes) ? "true" : is_one_of(text, no) ? "false" : "");
}

void guess_word(const char *text, const char *words, char *ret_guess, size_t size)
{
    char word[WORD_BYTES], lower[WORD_BYTES];
    suggestion best = {0};
    size_t len = 0;
    for (; text[len] != '\0' && len + 1 < sizeof(lower); len++)
        lower[len] = text[len] >= 'A' && text[len] <= 'Z' ? (char)(text[len] | 0x20) : text[len];
    lower[len] = '\0';
    ret_guess[0] = '\0';
    const char *w;
    size_t n;
    for (size_t i = 0; (w = value_word(words, i, &n)) != NULL; i++) {
        const char *before = best.best;
        size_t distance = best.distance;
        snprintf(word, sizeof(word), "%.*s", (int)n, w);
        suggest_offer(&best, lower, word);
        if (best.best != before || best.distance != distance)
            snprintf(ret_guess, size, "%s", word);
    }
}
