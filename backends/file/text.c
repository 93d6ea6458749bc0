#include "backends/file/text.h"

#include "base/uuid_text.h"

#include <string.h>

static const char hex[] = "0123456789ABCDEF";

void file_put_raw(file_writer *w, const char *data, size_t len)
{
    if (!w->failed && bytes_append(w->out, data, len) != 0)
        w->failed = true;
}

void file_put_gap(file_writer *w)
{
    if (w->out->len > w->start)
        file_put_raw(w, " ", 1);
}

void file_put_word(file_writer *w, const char *word)
{
    file_put_gap(w);
    file_put_raw(w, word, strlen(word));
}

void file_put_digits(file_writer *w, uint64_t value)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    file_put_raw(w, text + at, sizeof(text) - at);
}

void file_put_u64(file_writer *w, uint64_t value)
{
    file_put_gap(w);
    file_put_digits(w, value);
}

void file_put_i64(file_writer *w, int64_t value)
{
    file_put_gap(w);
    if (value < 0)
        file_put_raw(w, "-", 1);
    file_put_digits(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void file_put_uuid(file_writer *w, const allot_uuid *uuid)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    if (uuid_is_zero(uuid)) {
        file_put_word(w, "-");
        return;
    }
    uuid_to_text(uuid, text);
    file_put_word(w, text);
}

static bool is_plain(char c)
{
    return (unsigned char)c > 0x20 && c != 0x7f && c != '%';
}

static void put_escaped(file_writer *w, allot_bytes text, bool first_is_plain)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_plain((char)c) && (first_is_plain || i > 0))
            continue;
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
        file_put_raw(w, text.data + from, i - from);
        file_put_raw(w, escape, sizeof(escape));
        from = i + 1;
    }
    if (from < text.len)
        file_put_raw(w, text.data + from, text.len - from);
}

void file_put_text(file_writer *w, allot_bytes text)
{
    file_put_gap(w);
    if (text.len == 0)
        file_put_raw(w, "%", 1);
    else
        put_escaped(w, text, text.data[0] != '=');
}

void file_put_inner_text(file_writer *w, allot_bytes text)
{
    put_escaped(w, text, true);
}

void file_put_payload(file_writer *w, allot_bytes payload)
{
    file_put_gap(w);
    file_put_raw(w, "=", 1);
    put_escaped(w, payload, true);
}

file_reader file_reader_of(char *line, size_t len)
{
    return (file_reader){.at = line, .end = line + len};
}

bool file_more(const file_reader *r)
{
    return !r->bad && r->at != NULL;
}

char file_peek(const file_reader *r)
{
    return file_more(r) && r->at < r->end ? *r->at : '\0';
}

/* The next word, to be changed in place; length 0 when there is none. */
static char *take(file_reader *r, size_t *ret_len)
{
    *ret_len = 0;
    if (!file_more(r)) {
        r->bad = true;
        return NULL;
    }
    char *word = r->at;
    char *gap = memchr(word, ' ', (size_t)(r->end - word));
    char *stop = gap != NULL ? gap : r->end;
    r->at = gap != NULL ? gap + 1 : NULL;
    if (stop == word)
        r->bad = true;
    *ret_len = (size_t)(stop - word);
    return word;
}

allot_bytes file_take(file_reader *r)
{
    size_t len;
    char *word = take(r, &len);
    if (len > UINT32_MAX) {
        r->bad = true;
        len = 0;
    }
    return (allot_bytes){.data = word, .len = (uint32_t)len};
}

bool file_parse_u64(const char *text, size_t len, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (len == 0 || len > 20)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

uint64_t file_take_u64(file_reader *r)
{
    uint64_t value = 0;
    allot_bytes word = file_take(r);
    if (!file_parse_u64(word.data, word.len, &value))
        r->bad = true;
    return value;
}

uint32_t file_take_u32(file_reader *r)
{
    uint64_t value = file_take_u64(r);
    if (value > UINT32_MAX)
        r->bad = true;
    return (uint32_t)value;
}

int64_t file_take_i64(file_reader *r)
{
    bool negative = file_peek(r) == '-';
    uint64_t value = 0;
    allot_bytes word = file_take(r);
    if (r->bad || !file_parse_u64(word.data + negative, word.len - negative, &value) ||
        value > (uint64_t)INT64_MAX + negative) {
        r->bad = true;
        return 0;
    }
    return negative ? (int64_t)(0 - value) : (int64_t)value;
}

bool file_take_bool(file_reader *r)
{
    uint64_t value = file_take_u64(r);
    if (value > 1)
        r->bad = true;
    return value == 1;
}

allot_uuid file_take_uuid(file_reader *r)
{
    allot_uuid uuid = {0};
    allot_bytes word = file_take(r);
    bool zero = word.len == 1 && word.data[0] == '-';
    if (!zero && (r->bad || !uuid_from_text(word.data, word.len, &uuid)))
        r->bad = true;
    return uuid;
}

static int hex_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(hex, c);
    return at == NULL ? -1 : (int)(at - hex);
}

/* Undoes escapes in place. False when one is malformed. */
static bool unescape(char *text, size_t len, size_t *ret_len)
{
    char *first = memchr(text, '%', len);
    *ret_len = len;
    if (first == NULL)
        return true;
    size_t to = (size_t)(first - text);
    for (size_t i = to; i < len; i++) {
        if (text[i] != '%') {
            text[to++] = text[i];
            continue;
        }
        int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
        int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        text[to++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret_len = to;
    return true;
}

static allot_bytes take_escaped(file_reader *r, size_t skip)
{
    size_t len;
    char *word = take(r, &len);
    if (r->bad || len > UINT32_MAX || len < skip || !unescape(word + skip, len - skip, &len)) {
        r->bad = true;
        return (allot_bytes){0};
    }
    return (allot_bytes){.data = word + skip, .len = (uint32_t)len};
}

allot_bytes file_take_text(file_reader *r)
{
    if (file_peek(r) == '%' && (r->end - r->at == 1 || r->at[1] == ' ')) {
        size_t len;
        return (allot_bytes){.data = take(r, &len), .len = 0};
    }
    if (file_peek(r) == '=') /* that begins a payload */
        r->bad = true;
    return take_escaped(r, 0);
}

allot_bytes file_take_payload(file_reader *r)
{
    if (file_peek(r) != '=')
        r->bad = true;
    allot_bytes payload = take_escaped(r, 1);
    if (payload.len == 0) /* none is not written */
        r->bad = true;
    return payload;
}

allot_bytes file_inner_text(file_reader *r, allot_bytes text)
{
    size_t len;
    char *start = (char *)(uintptr_t)text.data; /* within the reader's line */
    if (r->bad || text.len == 0)
        return (allot_bytes){.data = text.data};
    if (!unescape(start, text.len, &len)) {
        r->bad = true;
        return (allot_bytes){0};
    }
    return (allot_bytes){.data = start, .len = (uint32_t)len};
}
