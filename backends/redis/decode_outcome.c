#include "backends/redis/decode.h"

#include <string.h>

static const char *const reasons[ALLOT_REASON_END] = {
    [ALLOT_REFUSED_GONE] = "gone",
    [ALLOT_REFUSED_EXPIRED] = "expired",
    [ALLOT_REFUSED_RETIRED] = "retired",
    [ALLOT_REFUSED_LEFT] = "left",
    [ALLOT_REFUSED_DEAD] = "dead",
    [ALLOT_REFUSED_EXISTS] = "exists",
    [ALLOT_REFUSED_LIFE] = "life",
    [ALLOT_REFUSED_LED] = "led",
    [ALLOT_REFUSED_QUARANTINE] = "quarantine",
    [ALLOT_REFUSED_NOT_LEADER] = "not-leader",
    [ALLOT_REFUSED_LIVE] = "live",
    [ALLOT_REFUSED_VERSION] = "version",
    [ALLOT_REFUSED_STALE] = "stale",
    [ALLOT_REFUSED_LIMIT] = "limit",
    [ALLOT_REFUSED_INVALID] = "invalid",
};

/* The word at the start of *text; moves *text behind it. */
static allot_bytes take_word(allot_bytes *text)
{
    const char *end = text->len == 0 ? NULL : memchr(text->data, ' ', text->len);
    allot_bytes word = {.data = text->data, .len = end == NULL ? text->len : (uint32_t)(end - text->data)};
    text->data += word.len;
    text->len -= word.len;
    return word;
}

static uint64_t take_number(allot_bytes *text, bool *bad)
{
    redis_space_in(text, bad);
    return redis_number_in(text, bad);
}

static bool is(allot_bytes word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Byte by byte, the lowest first. "-": none. */
static bool parse_bits(allot_bytes hex, uint64_t *words, size_t word_count)
{
    if (is(hex, "-"))
        return true;
    if (hex.len == 0 || hex.len % 2 != 0 || hex.len / 2 > word_count * sizeof(words[0]))
        return false;
    for (uint32_t i = 0; i < hex.len / 2; i++) {
        int high = hex_value(hex.data[2 * i]);
        int low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        words[i / 8] |= (uint64_t)(high << 4 | low) << (i % 8 * 8);
    }
    return true;
}

static bool parse_ok(allot_bytes text, allot_outcome *o)
{
    bool bad = false;
    o->status = ALLOT_STATUS_OK;
    o->count = take_number(&text, &bad);
    o->skipped = take_number(&text, &bad);
    o->more = take_number(&text, &bad);
    o->term = take_number(&text, &bad);
    redis_space_in(&text, &bad);
    return !bad && parse_bits(text, o->refused, sizeof(o->refused) / sizeof(o->refused[0]));
}

static bool parse_refused(allot_bytes text, allot_outcome *o)
{
    bool bad = false;
    redis_space_in(&text, &bad);
    allot_bytes reason = take_word(&text);
    o->status = ALLOT_STATUS_REFUSED;
    for (int i = 1; i < ALLOT_REASON_END; i++)
        if (is(reason, reasons[i]))
            o->reason = (allot_reason)i;
    o->wait_us = (int64_t)take_number(&text, &bad);
    return !bad && o->reason != ALLOT_REFUSED_NOTHING && text.len == 0;
}

bool redis_outcome_parse(allot_bytes text, allot_outcome *ret_outcome)
{
    allot_outcome o = {.status = ALLOT_STATUS_OK};
    allot_bytes word = take_word(&text);
    bool good = is(word, "ok") ? parse_ok(text, &o) : is(word, "refused") && parse_refused(text, &o);
    if (good)
        *ret_outcome = o;
    return good;
}
