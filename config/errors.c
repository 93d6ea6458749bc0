#include "config/errors.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

#define SHOWN_BYTES_MAX 60u

size_t config_error_count(const config *c)
{
    return c->inside->error_count;
}

const config_error *config_error_at(const config *c, size_t index)
{
    assert(index < c->inside->error_count);
    return &c->inside->errors[index];
}

bool config_errors_are_usage(const config *c)
{
    for (size_t i = 0; i < c->inside->error_count; i++)
        if (c->inside->errors[i].is_usage)
            return true;
    return false;
}

config_position position_in_file(const config_inside *in, span part)
{
    config_position at = {.source = CONFIG_BY_FILE, .name = in->source.name};
    source_locate(&in->source, part, &at.line, &at.column, &at.len);
    return at;
}

const char *subject_of(const config_position *at, const char *path)
{
    return at->source == CONFIG_BY_ENV || at->source == CONFIG_BY_FLAG ? at->name : path;
}

const char *quoted(char buffer[QUOTED_BYTES], const char *text, size_t len)
{
    size_t out = 0, at = 0;
    while (at < len && out < SHOWN_BYTES_MAX) {
        size_t n = text_valid_bytes((allot_bytes){text + at, (uint32_t)(len - at < 4 ? len - at : 4)});
        if (n == 0) {
            buffer[out++] = '?';
            at++;
            continue;
        }
        size_t width = 1;
        while (width < n && ((unsigned char)text[at + width] & 0xc0) == 0x80)
            width++;
        memcpy(buffer + out, text + at, width);
        out += width;
        at += width;
    }
    memcpy(buffer + out, at < len ? "..." : "", at < len ? 4 : 1);
    return buffer;
}

/* ---- Adding ------------------------------------------------------------------------------------------------------ */

/* Files, the environment, flags: the order of config_source; a default has no place at all and comes last. */
static bool is_before(const config_position *a, const config_position *b)
{
    int a_source = a->source == CONFIG_BY_DEFAULT ? CONFIG_BY_FLAG + 1 : (int)a->source;
    int b_source = b->source == CONFIG_BY_DEFAULT ? CONFIG_BY_FLAG + 1 : (int)b->source;
    if (a_source != b_source)
        return a_source < b_source;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

static int insert(config_inside *in, const config_position *at, bool is_usage, const char *format, va_list args)
{
    in->noted = SIZE_MAX;
    if (in->error_count == CONFIG_ERRORS_MAX)
        return 0;
    const char *message = inside_vprintf(in, format, args);
    if (message == NULL ||
        array_reserve((void **)&in->errors, &in->error_capacity, in->error_count + 1, sizeof(*in->errors)) != 0)
        return -1;
    size_t place = in->error_count;
    while (place > 0 && is_before(at, &in->errors[place - 1].at))
        place--;
    memmove(in->errors + place + 1, in->errors + place, (in->error_count - place) * sizeof(*in->errors));
    in->errors[place] = (config_error){.at = *at, .message = message, .is_usage = is_usage};
    in->error_count++;
    in->noted = place;
    return 0;
}

int error_add(config_inside *in, const config_position *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = insert(in, at, false, format, args);
    va_end(args);
    return rc;
}

int error_add_usage(config_inside *in, const config_position *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = insert(in, at, at->source == CONFIG_BY_FLAG, format, args);
    va_end(args);
    return rc;
}

int error_note(config_inside *in, const config_position *at, const char *format, ...)
{
    if (in->noted == SIZE_MAX)
        return 0;
    va_list args;
    va_start(args, format);
    config_error *error = &in->errors[in->noted];
    error->note = inside_vprintf(in, format, args);
    va_end(args);
    if (at != NULL)
        error->note_at = *at;
    return error->note != NULL ? 0 : -1;
}

int config_add_error(config *c, const char *path, const char *message, const char *note)
{
    config_position at = config_position_of(c, path);
    if (error_add(c->inside, &at, "%s: %s", subject_of(&at, path), message) != 0)
        return -1;
    return note != NULL ? error_note(c->inside, NULL, "%s", note) : 0;
}
