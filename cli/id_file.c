#include "cli/id_file.h"

#include "cli/exits.h"
#include "cli/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRORS_SHOWN_MAX 20
#define READ_BYTES ((size_t)1 << 16)

static int read_all(int fd, bytes *text)
{
    for (;;) {
        if (bytes_reserve(text, READ_BYTES) != 0)
            return ENOMEM;
        ssize_t n = read(fd, text->data + text->len, READ_BYTES);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            text->len += (size_t)n;
    }
}

static int read_file(const char *path, bytes *text)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, text);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = read_all(fd, text);
    close(fd);
    return error;
}

/* Where a line is wrong. */
typedef struct place {
    const char *path;
    size_t line;
    const char *start; /* of the line */
} place;

static void refuse(id_file *f, place at, const char *where, const char *what)
{
    if (f->refused++ < ERRORS_SHOWN_MAX)
        dprintf(STDERR_FILENO, "%s:%zu:%zu: error: %s\n", at.path, at.line,
                utf8_count(at.start, (size_t)(where - at.start)) + 1, what);
}

/* What is wrong with an id, and where; NULL: nothing. */
static const char *wrong_id(allot_bytes id, const char **ret_where)
{
    if (id.len == 0) {
        *ret_where = id.data;
        return "an id of at least one byte is expected before the TAB";
    }
    for (size_t i = 0; i < id.len;) {
        uint32_t point;
        size_t n = utf8_next(id.data + i, id.len - i, &point);
        *ret_where = id.data + i;
        if (n == 0)
            return "an id must be UTF-8; this byte is not";
        if (point < 0x20 || (point >= 0x7F && point <= 0x9F))
            return "an id must not contain control characters";
        if (i + n > ALLOT_ID_BYTES_MAX)
            return "an id must not be longer than 255 bytes";
        i += n;
    }
    *ret_where = id.data;
    return allot_id_valid(id) ? NULL : "this is not a valid id";
}

static int keep(id_file *f, allot_new line)
{
    if (array_reserve((void **)&f->ids, &f->capacity, f->count + 1, sizeof(*f->ids)) != 0)
        return -1;
    f->ids[f->count++] = line;
    return 0;
}

static int take_line(id_file *f, place at, size_t len)
{
    const char *tab = memchr(at.start, '\t', len), *where;
    size_t id_len = tab != NULL ? (size_t)(tab - at.start) : len;
    size_t payload_len = tab != NULL ? len - id_len - 1 : 0;
    allot_bytes id = {at.start, id_len <= UINT32_MAX ? (uint32_t)id_len : UINT32_MAX};
    const char *what = wrong_id(id, &where);
    if (what == NULL && payload_len > ALLOT_PAYLOAD_BYTES_MAX) {
        what = "a payload must not be longer than 64 KiB";
        where = tab + 1;
    }
    if (what != NULL) {
        refuse(f, at, where, what);
        return 0;
    }
    return keep(f, (allot_new){id, {payload_len > 0 ? tab + 1 : NULL, (uint32_t)payload_len}});
}

static int take_lines(id_file *f, const char *path)
{
    const char *next = f->text.data, *end = next + f->text.len;
    for (size_t line = 1; next != end; line++) {
        const char *newline = memchr(next, '\n', (size_t)(end - next));
        const char *stop = newline != NULL ? newline : end;
        size_t len = (size_t)(stop - next);
        if (len > 0 && next[len - 1] == '\r')
            len--;
        if (len > 0 && take_line(f, (place){path, line, next}, len) != 0)
            return -1;
        next = newline != NULL ? newline + 1 : end;
    }
    return 0;
}

int id_file_read(const char *path, id_file *ret_file)
{
    id_file f = {0};
    int error = read_file(path, &f.text);
    if (error == 0 && f.text.len > 0 && take_lines(&f, path) != 0)
        error = ENOMEM;
    if (error != 0) {
        id_file_done(&f);
        return fail(error == ENOENT ? CODE_NOT_FOUND : CODE_FAILED, "%s: %s", path, strerror(error));
    }
    if (f.refused > ERRORS_SHOWN_MAX)
        dprintf(STDERR_FILENO, "%s: and %zu errors more\n", path, f.refused - ERRORS_SHOWN_MAX);
    *ret_file = f;
    return CODE_OK;
}

void id_file_done(id_file *f)
{
    bytes_done(&f->text);
    free(f->ids);
    *f = (id_file){0};
}
