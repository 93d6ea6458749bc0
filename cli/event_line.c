#include "cli/event_line.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 1024 /* an id of 255 bytes, a message of 508 */

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool take(cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static int hex(cursor *c)
{
    char digits[5] = {0}, *rest;
    if (c->end - c->at < 4)
        return -1;
    memcpy(digits, c->at, 4);
    c->at += 4;
    long n = strtol(digits, &rest, 16);
    return *rest == '\0' && n < 0x80 ? (int)n : -1; /* the writer escapes nothing else in this way */
}

static int escape(cursor *c)
{
    static const char forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (c->at == c->end)
        return -1;
    char letter = *c->at++;
    if (letter == 'u')
        return hex(c);
    for (const char *p = forms; *p != '\0'; p += 2) {
        if (p[0] == letter)
            return p[1];
    }
    return -1;
}

/* Returns the text's length, or -1. */
static int read_string(cursor *c, char ret_text[TEXT_BYTES])
{
    int len = 0;
    if (!take(c, '"'))
        return -1;
    while (c->at != c->end && *c->at != '"') {
        int byte = (unsigned char)*c->at++;
        if (byte == '\\')
            byte = escape(c);
        if (byte < 0 || len == TEXT_BYTES - 1)
            return -1;
        ret_text[len++] = (char)byte;
    }
    ret_text[len] = '\0';
    return take(c, '"') ? len : -1;
}

static int read_number(cursor *c, uint64_t *ret_number)
{
    uint64_t n = 0;
    const char *start = c->at;
    for (; c->at != c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*c->at - '0'), &n))
            return -1;
    }
    *ret_number = n;
    return c->at != start ? 0 : -1;
}

/* {"id":"...","token":N} */
static int read_id(cursor *c, id_list *ids)
{
    char key[TEXT_BYTES], text[TEXT_BYTES];
    uint64_t token;
    if (!take(c, '{') || read_string(c, key) < 0 || strcmp(key, "id") != 0 || !take(c, ':'))
        return -1;
    int len = read_string(c, text);
    if (len < 0 || !take(c, ',') || read_string(c, key) < 0 || strcmp(key, "token") != 0 || !take(c, ':'))
        return -1;
    if (read_number(c, &token) != 0 || !take(c, '}'))
        return -1;
    return id_list_add(ids, &(allot_id){.id = {text, (uint32_t)len}, .token = token}, 1);
}

static int read_ids(cursor *c, id_list *ids)
{
    if (!take(c, '['))
        return -1;
    while (!take(c, ']')) {
        if (ids->count > 0 && !take(c, ','))
            return -1;
        if (read_id(c, ids) != 0)
            return -1;
    }
    return 0;
}

static int read_text(cursor *c, const char *key, event_line *line)
{
    char text[TEXT_BYTES];
    int len = read_string(c, text);
    if (len < 0)
        return -1;
    if (strcmp(key, "event") == 0 && len < EVENT_WORD_BYTES)
        memcpy(line->event, text, (size_t)len + 1);
    if (strcmp(key, "slot") == 0 && len < (int)ALLOT_UUID_TEXT_BYTES)
        memcpy(line->slot, text, (size_t)len + 1);
    return 0;
}

static int read_numeric(cursor *c, const char *key, event_line *line)
{
    uint64_t n;
    take(c, '-');
    if (read_number(c, &n) != 0)
        return -1;
    if (strcmp(key, "mono_ns") == 0)
        line->mono_ns = (int64_t)n;
    if (strcmp(key, "term") == 0)
        line->term = n;
    if (strcmp(key, "version") == 0)
        line->version = n;
    return 0;
}

static int read_member(cursor *c, event_line *line)
{
    char key[TEXT_BYTES];
    if (read_string(c, key) < 0 || !take(c, ':') || c->at == c->end)
        return -1;
    if (*c->at == '"')
        return read_text(c, key, line);
    if (*c->at == '[')
        return read_ids(c, &line->ids);
    if (c->end - c->at >= 4 && memcmp(c->at, "null", 4) == 0) {
        c->at += 4;
        return 0;
    }
    return read_numeric(c, key, line);
}

static int read_object(cursor *c, event_line *line)
{
    if (!take(c, '{'))
        return -1;
    do {
        if (read_member(c, line) != 0)
            return -1;
    } while (take(c, ','));
    return take(c, '}') && c->at == c->end ? 0 : -1;
}

int event_line_read(const char *line, size_t len, event_line *ret_line)
{
    event_line read = {0};
    cursor c = {line, line + len};
    if (read_object(&c, &read) != 0 || read.event[0] == '\0' || read.mono_ns == 0) {
        id_list_done(&read.ids);
        return -1;
    }
    *ret_line = read;
    return 0;
}
