#include "config/source.h"

#include "base/text.h"

#include <string.h>

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static uint32_t characters(const char *text, size_t start, size_t end)
{
    uint32_t n = 0;
    for (size_t i = start; i < end; i++)
        n += begins_character(text[i]);
    return n;
}

static size_t line_end(const source *s, size_t at)
{
    while (at < s->len && s->text[at] != '\n' && s->text[at] != '\r')
        at++;
    return at;
}

/* The start of the line after the one that ends at `end`. */
static size_t next_line(const source *s, size_t end)
{
    bool is_pair = end + 1 < s->len && s->text[end] == '\r' && s->text[end + 1] == '\n';
    return end + (is_pair ? 2 : 1);
}

void source_locate(const source *s, span part, uint32_t *ret_line, uint32_t *ret_column, uint32_t *ret_len)
{
    size_t start = 0, end = line_end(s, 0);
    size_t at = part.start < s->len ? part.start : s->len;
    uint32_t line = 1;
    while (end < at && end < s->len) {
        size_t next = next_line(s, end);
        if (next > at)
            break; /* between CR and LF */
        start = next;
        end = line_end(s, start);
        line++;
    }
    size_t last = part.end < end ? part.end : end;
    uint32_t len = last > at ? characters(s->text, at, last) : 1;
    *ret_line = line;
    *ret_column = characters(s->text, start, at) + 1;
    *ret_len = len > 0 ? len : 1;
}

source_line source_line_at(const source *s, uint32_t line)
{
    size_t start = 0, end = line_end(s, 0);
    for (uint32_t i = 1; i < line && end < s->len; i++) {
        start = next_line(s, end);
        end = line_end(s, start);
        if (i + 1 == line)
            return (source_line){s->text + start, end - start};
    }
    return line == 1 ? (source_line){s->text, end} : (source_line){"", 0};
}

size_t source_valid_bytes(const source *s)
{
    size_t at = 0;
    while (at < s->len) {
        at += text_valid_bytes((allot_bytes){s->text + at, (uint32_t)(s->len - at)});
        if (at < s->len && s->text[at] != '\t' && s->text[at] != '\n' && s->text[at] != '\r')
            break;
        at += at < s->len;
    }
    return at;
}
