#include "cli/history_stream.h"

#include "cli/exits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (16u * 1024)

int history_stream_open(history_stream *h, const char *path)
{
    struct stat about;
    *h = (history_stream){.fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (h->fd < 0)
        return fail(errno == ENOENT ? CODE_NOT_FOUND : CODE_USAGE, "%s: %s", path, strerror(errno));
    h->open = true;
    if (fstat(h->fd, &about) != 0)
        return fail(CODE_USAGE, "%s: %s", path, strerror(errno));
    h->device = about.st_dev;
    h->inode = about.st_ino;
    return CODE_OK;
}

void history_stream_close(history_stream *h)
{
    if (h->open && h->fd != STDIN_FILENO)
        close(h->fd);
    bytes_done(&h->text);
    *h = (history_stream){.open = false};
}

/* Reads one more piece, behind what is there. 1; 0: there is no more; -1: an error. */
static int read_piece(history_stream *h)
{
    ssize_t n;
    if (h->ended)
        return 0;
    if (bytes_reserve(&h->text, PIECE_BYTES) != 0) {
        h->error = ENOMEM;
        return -1;
    }
    do
        n = read(h->fd, h->text.data + h->text.len, PIECE_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        h->error = errno;
        return -1;
    }
    h->text.len += (size_t)n;
    h->ended = n == 0;
    return n > 0;
}

/* What was taken makes room. */
static void drop_taken(history_stream *h)
{
    h->text.len -= h->at;
    memmove(h->text.data, h->text.data + h->at, h->text.len);
    h->at = 0;
}

/* To the end of the line, of which nothing is kept. Longer than it may be it has been already. */
static int skip_line(history_stream *h, raw_line *ret_line)
{
    const char *end = NULL;
    int got = 1;
    while (end == NULL && got > 0) {
        bytes_clear(&h->text);
        got = read_piece(h);
        end = got > 0 ? memchr(h->text.data, '\n', h->text.len) : NULL;
    }
    h->at = end != NULL ? (size_t)(end - h->text.data) + 1 : h->text.len;
    *ret_line = (raw_line){.longer = true, .ended = end != NULL};
    return got < 0 ? -1 : 1;
}

/* Where the line ends, of which `seen` bytes have been looked at; NULL: not in what was read. */
static const char *line_end(const history_stream *h, size_t seen)
{
    size_t from = h->at + seen;
    return from < h->text.len ? memchr(h->text.data + from, '\n', h->text.len - from) : NULL;
}

int history_stream_next(void *user, raw_line *ret_line)
{
    history_stream *h = user;
    const char *end;
    size_t seen = 0; /* of the line: no end is there */
    int got = 1;
    while ((end = line_end(h, seen)) == NULL && got > 0) {
        if (h->at > 0)
            drop_taken(h);
        seen = h->text.len;
        if (seen > LINE_BYTES_MAX)
            return skip_line(h, ret_line);
        got = read_piece(h);
    }
    if (got < 0 || (end == NULL && h->at == h->text.len))
        return got < 0 ? -1 : 0;
    const char *start = h->text.data + h->at;
    size_t len = end != NULL ? (size_t)(end - start) : h->text.len - h->at;
    *ret_line = (raw_line){.text = start, .len = len, .ended = end != NULL, .longer = len > LINE_BYTES_MAX};
    h->at += len + (end != NULL);
    return 1;
}

bool history_stream_is_growing(void *user)
{
    const history_stream *h = user;
    if (flock(h->fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    flock(h->fd, LOCK_UN);
    return false;
}
