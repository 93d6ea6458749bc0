#include "backends/redis/guard.h"

/* What the next byte has to be. */
enum { AT_TYPE, IN_LINE, AT_LINE_LF, IN_NUMBER, AT_NUMBER_LF, IN_BULK };

bool redis_guard_is_between(const redis_guard *g)
{
    return g->state == AT_TYPE && g->depth == 0;
}

/* A value is whole: so may be the arrays that it ends. */
static void end_value(redis_guard *g)
{
    g->state = AT_TYPE;
    while (g->depth > 0 && --g->left[g->depth - 1] == 0)
        g->depth--;
    if (g->depth == 0)
        g->bytes = g->elements = 0;
}

static const char *begin_value(redis_guard *g, char type)
{
    g->type = type;
    g->digits = 0;
    g->number = 0;
    g->negative = false;
    if (type == '+' || type == '-')
        g->state = IN_LINE;
    else if (type == ':' || type == '$' || type == '*')
        g->state = IN_NUMBER;
    else
        return "not a reply of the Redis protocol (RESP2)";
    return NULL;
}

static const char *begin_bulk(redis_guard *g)
{
    if (g->number > (int64_t)REDIS_REPLY_BYTES_MAX)
        return "a string of the reply is too long";
    g->skip = (size_t)g->number + 2;
    g->state = IN_BULK;
    return NULL;
}

static const char *begin_array(redis_guard *g)
{
    if (g->number > REDIS_REPLY_ELEMENTS_MAX - g->elements)
        return "the reply has too many elements";
    if (g->depth == REDIS_REPLY_NESTING_MAX)
        return "the reply is nested too deeply";
    g->elements += (uint32_t)g->number;
    g->left[g->depth++] = (uint32_t)g->number;
    g->state = AT_TYPE;
    return NULL;
}

static const char *end_number(redis_guard *g)
{
    bool is_length = g->type != ':';
    if (g->digits == 0)
        return "a number of the reply has no digits";
    if (is_length && g->negative && g->number != 1)
        return "a length in the reply is negative";
    if (!is_length || g->negative || (g->type == '*' && g->number == 0)) {
        end_value(g);
        return NULL;
    }
    return g->type == '$' ? begin_bulk(g) : begin_array(g);
}

static const char *look_number(redis_guard *g, char c)
{
    if (c == '\r') {
        g->state = AT_NUMBER_LF;
    } else if (c == '-' && g->digits == 0 && !g->negative) {
        g->negative = true;
    } else if (c >= '0' && c <= '9' && g->digits < 19) { /* 20 digits are more than any number that Redis has */
        g->digits++;
        if (__builtin_mul_overflow(g->number, INT64_C(10), &g->number) ||
            __builtin_add_overflow(g->number, (int64_t)(c - '0'), &g->number))
            return "a number of the reply is too large";
    } else {
        return "a number of the reply is malformed";
    }
    return NULL;
}

static const char *look_line(redis_guard *g, char c)
{
    if (g->state == AT_LINE_LF && c == '\n') {
        end_value(g);
        return NULL;
    }
    g->state = c == '\r' ? AT_LINE_LF : IN_LINE;
    return ++g->digits > REDIS_REPLY_LINE_MAX ? "a line of the reply is too long" : NULL;
}

/* Takes what is there of the bulk's bytes; only its end is looked at. */
static const char *look_bulk(redis_guard *g, const char *data, size_t len, size_t *ret_taken)
{
    size_t taken = g->skip < len ? g->skip : len;
    if (taken > 1 && g->skip > 2)
        taken = g->skip - 2 < taken ? g->skip - 2 : taken;
    else
        taken = 1;
    if (g->skip <= 2 && *data != (g->skip == 2 ? '\r' : '\n'))
        return "a string of the reply does not end where it should";
    g->skip -= taken;
    *ret_taken = taken;
    if (g->skip == 0)
        end_value(g);
    return NULL;
}

static const char *look_byte(redis_guard *g, char c)
{
    switch (g->state) {
    case AT_TYPE:
        return begin_value(g, c);
    case IN_NUMBER:
        return look_number(g, c);
    case AT_NUMBER_LF:
        return c == '\n' ? end_number(g) : "a number of the reply is malformed";
    default:
        return look_line(g, c);
    }
}

const char *redis_guard_look(redis_guard *g, const char *data, size_t len)
{
    for (size_t at = 0, taken = 1; at < len; at += taken) {
        taken = 1;
        const char *why = g->state == IN_BULK ? look_bulk(g, data + at, len - at, &taken) : look_byte(g, data[at]);
        if (why != NULL)
            return why;
        if (!redis_guard_is_between(g) && (g->bytes += taken) > REDIS_REPLY_BYTES_MAX)
            return "the reply is too long";
    }
    return NULL;
}
