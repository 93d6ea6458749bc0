#include "base/text.h"
#include "config/errors.h"
#include "config/secrets.h"

#include <stdlib.h>
#include <string.h>

/* Of a line that is longer, the part around the caret is shown. */
#define SHOWN_CHARACTERS 110u
#define BEFORE_CARET 50u

typedef struct paint {
    const char *place, *error, *note, *caret, *gutter, *end;
} paint;

static const paint plain = {"", "", "", "", "", ""};
static const paint coloured = {"\x1b[1m", "\x1b[1;31m", "\x1b[1;36m", "\x1b[1;32m", "\x1b[34m", "\x1b[0m"};

/* ---- The line ---------------------------------------------------------------------------------------------------- */

/* Bytes of the character at `p`; *ret_good is false when it cannot be shown. */
static size_t character(const char *p, size_t left, bool *ret_good)
{
    uint32_t most = (uint32_t)(left < 4 ? left : 4);
    size_t len = 1;
    *ret_good = text_valid_bytes((allot_bytes){p, most}) > 0;
    while (len < most && ((unsigned char)p[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/* The characters number `from` to `until` of a line; what a terminal would obey is replaced, one for one. */
static int write_part(bytes *to, const char *line, size_t len, uint32_t from, uint32_t until)
{
    uint32_t number = 0;
    for (size_t at = 0; at < len && number < until; number++) {
        bool good;
        size_t n = character(line + at, len - at, &good);
        const char *shown = good ? line + at : line[at] == '\t' ? " " : "?";
        if (number >= from && bytes_append(to, shown, good ? n : 1) != 0)
            return -1;
        at += n;
    }
    return 0;
}

static int repeat(bytes *to, char c, uint32_t count)
{
    if (bytes_reserve(to, count) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++)
        bytes_append(to, &c, 1);
    return 0;
}

static int write_caret(bytes *to, const config_position *at, uint32_t from, const paint *p)
{
    uint32_t column = at->column - 1 - from;
    uint32_t room = SHOWN_CHARACTERS > column + 1 ? SHOWN_CHARACTERS - column - 1 : 0;
    uint32_t tail = at->len - 1 < room ? at->len - 1 : room;
    if (bytes_printf(to, "%s      |%s %s", p->gutter, p->end, from > 0 ? "    " : "") != 0 ||
        repeat(to, ' ', column) != 0 || bytes_printf(to, "%s^", p->caret) != 0 || repeat(to, '~', tail) != 0)
        return -1;
    return bytes_printf(to, "%s\n", p->end);
}

static int write_line(bytes *to, const config_inside *in, const config_position *at, const paint *p)
{
    source_line line = source_line_at(&in->source, at->line);
    uint32_t from = at->column > SHOWN_CHARACTERS ? at->column - BEFORE_CARET : 0;
    char *copy = malloc(line.len + 1);
    if (copy == NULL)
        return -1;
    memcpy(copy, line.text, line.len);
    secret_mask_line(copy, line.len);
    int rc = bytes_printf(to, "%s%5u |%s %s", p->gutter, at->line, p->end, from > 0 ? "... " : "");
    if (rc == 0)
        rc = write_part(to, copy, line.len, from, from + SHOWN_CHARACTERS);
    free(copy);
    if (rc != 0 || bytes_append(to, "\n", 1) != 0)
        return -1;
    return write_caret(to, at, from, p);
}

/* ---- The message ------------------------------------------------------------------------------------------------- */

static int write_place(bytes *to, const config_position *at, const paint *p)
{
    if (at->source != CONFIG_BY_FILE)
        return 0;
    if (at->line == 0)
        return bytes_printf(to, "%s%s:%s ", p->place, at->name, p->end);
    return bytes_printf(to, "%s%s:%u:%u:%s ", p->place, at->name, at->line, at->column, p->end);
}

static int write_note(bytes *to, const config_inside *in, const config_error *e, const paint *p)
{
    if (e->note == NULL)
        return 0;
    if (e->note_at.line == 0)
        return bytes_printf(to, "%s%snote:%s %s\n", e->at.line > 0 ? "      = " : "", p->note, p->end, e->note);
    if (write_place(to, &e->note_at, p) != 0 || bytes_printf(to, "%snote:%s %s\n", p->note, p->end, e->note) != 0)
        return -1;
    return write_line(to, in, &e->note_at, p);
}

static int write_error(bytes *to, const config_inside *in, const config_error *e, const paint *p)
{
    if (write_place(to, &e->at, p) != 0 || bytes_printf(to, "%serror:%s %s\n", p->error, p->end, e->message) != 0)
        return -1;
    if (e->at.source == CONFIG_BY_FILE && e->at.line > 0 && write_line(to, in, &e->at, p) != 0)
        return -1;
    return write_note(to, in, e, p);
}

int config_write_errors(const config *c, bool colour, bytes *to)
{
    const config_inside *in = c->inside;
    for (size_t i = 0; i < in->error_count; i++)
        if (write_error(to, in, &in->errors[i], colour ? &coloured : &plain) != 0)
            return -1;
    if (in->error_count == CONFIG_ERRORS_MAX)
        return bytes_printf(to, "These are the first %d errors; there may be more.\n", CONFIG_ERRORS_MAX);
    return 0;
}

void config_print_errors(const config *c, FILE *to, bool colour)
{
    bytes text = {0};
    if (config_write_errors(c, colour, &text) != 0)
        fputs("error: the configuration is wrong, and memory is too short to say how\n", to);
    else if (text.len > 0)
        fwrite(text.data, 1, text.len, to);
    bytes_done(&text);
}
