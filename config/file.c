#include "config/errors.h"
#include "config/tree.h"
#include "config/walk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_NAME "<stdin>"

/* ---- The text ---------------------------------------------------------------------------------------------------- */

static int refuse_file(config_inside *in, const char *name, const char *why)
{
    config_position at = {.source = CONFIG_BY_FILE, .name = name};
    return error_add(in, &at, "%s", why);
}

static bool starts_with(const char *text, size_t len, const char *mark, size_t mark_len)
{
    return len >= mark_len && memcmp(text, mark, mark_len) == 0;
}

/* UTF-16 with its mark, or as it begins without one: every other byte of plain text is 0. */
static bool is_wide(const char *text, size_t len)
{
    return starts_with(text, len, "\xfe\xff", 2) || starts_with(text, len, "\xff\xfe", 2) ||
           (len >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

/* 1: the text may be parsed; 0: not, which was said; -1. */
static int check_text(config_inside *in)
{
    const source *s = &in->source;
    size_t bad = source_valid_bytes(s);
    unsigned char byte = (unsigned char)s->text[bad];
    if (bad == s->len)
        return 1;
    if (is_wide(s->text, s->len))
        return refuse_file(in, s->name, "this is UTF-16: save it as UTF-8");
    config_position at = position_in_file(in, (span){bad, bad + 1});
    if (byte < 0x20 || byte == 0x7f)
        return error_add(in, &at, "the control character 0x%02x must not stand here", byte);
    if (byte == 0xc2 && bad + 1 < s->len && ((unsigned char)s->text[bad + 1] & 0xe0) == 0x80)
        return error_add(in, &at, "the control character U+%04X must not stand here", (unsigned char)s->text[bad + 1]);
    return error_add(in, &at, "this is not UTF-8: byte 0x%02x", byte);
}

/* Takes over `text`, which is freed also on failure. */
static int parse(config *c, char *text, size_t len)
{
    config_inside *in = c->inside;
    size_t mark = starts_with(text, len, "\xef\xbb\xbf", 3) ? 3 : 0;
    memmove(text, text + mark, len - mark + 1);
    in->source.text = text;
    in->source.len = len - mark;
    int good = check_text(in);
    if (good <= 0)
        return good;
    tree t;
    int rc = tree_read(in, &t);
    if (rc == 0)
        rc = walk_tree(c, &t);
    tree_done(&t);
    return rc;
}

/* Remembers how errors and comments call the file: on one line, whatever its name. */
static int begin(config *c, const char *name)
{
    bytes shown = {0};
    assert(c->inside->source.name == NULL);
    if (bytes_append(&shown, name, strlen(name)) != 0)
        return -1;
    for (size_t i = 0; i < shown.len; i++)
        if ((unsigned char)shown.data[i] < ' ' || shown.data[i] == 0x7f)
            shown.data[i] = '?';
    c->inside->source.name = inside_copy(c->inside, shown.data, shown.len);
    bytes_done(&shown);
    return c->inside->source.name != NULL ? 0 : -1;
}

int config_read_text(config *c, const char *name, const char *text, size_t len)
{
    if (begin(c, name) != 0)
        return -1;
    if (len > SOURCE_BYTES_MAX)
        return refuse_file(c->inside, c->inside->source.name, "this is too long: a configuration has up to 1 MiB");
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return -1;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return parse(c, copy, len);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Up to `size` bytes; how many, or -1 and errno. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, buffer + len, size - len);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

static int read_open(config *c, int fd, const char *name)
{
    size_t size = SOURCE_BYTES_MAX + 1;
    char *buffer = malloc(size + 1);
    if (buffer == NULL)
        return -1;
    ssize_t len = read_all(fd, buffer, size);
    int rc = 0;
    if (len < 0 && is_directory(fd))
        rc = begin(c, name) != 0 ? -1 : refuse_file(c->inside, c->inside->source.name, "this is a directory");
    else if (len < 0)
        rc = begin(c, name) != 0 ? -1 : refuse_file(c->inside, c->inside->source.name, strerror(errno));
    else
        rc = config_read_text(c, name, buffer, (size_t)len);
    free(buffer);
    return rc;
}

int config_read_file(config *c, const char *path)
{
    if (strcmp(path, "-") == 0)
        return read_open(c, STDIN_FILENO, STDIN_NAME);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const char *why = strerror(errno);
        return begin(c, path) != 0 ? -1 : refuse_file(c->inside, c->inside->source.name, why);
    }
    int rc = read_open(c, fd, path);
    close(fd);
    return rc;
}
