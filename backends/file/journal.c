#include "backends/file/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)1 << 20)
#define ROOM_BYTES 4096

void file_journal_init(file_journal *j)
{
    *j = (file_journal){.fd = -1};
}

void file_journal_done(file_journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    bytes_done(&j->chunk);
    file_journal_init(j);
}

int file_journal_damaged(const file_journal *j, const file_place *place, const char *what, allot_error *ret_error)
{
    char remedy[64] = "remove it to begin anew";
    if (j->at >= j->header.records_at)
        snprintf(remedy, sizeof(remedy), "give up what follows: truncate -s %lld journal", (long long)j->at);
    return file_error(ret_error, ALLOT_E_DAMAGED,
                      "%s/journal: damaged at byte %lld: %s. Stop every replica, then restore the file from a copy, or "
                      "%s", place->shown, (long long)j->at, what, remedy);
}

static ssize_t read_at(int fd, char *data, size_t len, int64_t at)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, data + done, len - done, (off_t)(at + (int64_t)done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

void file_journal_rewind(file_journal *j)
{
    j->at = j->snapshot_at;
    j->chain = file_header_snapshot_chain(&j->header);
    j->lines = 0;
}

static int read_header(file_journal *j, const file_place *place, allot_error *ret_error)
{
    char text[512];
    allot_error why;
    ssize_t n = read_at(j->fd, text, sizeof(text), 0);
    if (n < 0)
        return file_place_error(place, "journal", "cannot be read", errno, ALLOT_E_SYSTEM, ret_error);
    int rc = file_header_read(text, (size_t)n, &j->header, &why);
    if (rc == ALLOT_E_FORMAT)
        return file_error(ret_error, rc, "%s/journal: %s", place->shown, why.message);
    if (rc != 0)
        return file_error(ret_error, rc, "%s/journal: damaged at byte 0: %s. Stop every replica, then restore the file "
                          "from a copy, or remove it to begin anew", place->shown, why.message);
    j->snapshot_at = (const char *)memchr(text, '\n', (size_t)n) - text + 1;
    file_journal_rewind(j);
    return 0;
}

int file_journal_open(file_journal *j, const file_place *place, bool read_only, allot_error *ret_error)
{
    struct stat st;
    assert(j->fd < 0);
    int fd = file_place_file(place->group, "journal", read_only ? O_RDONLY : O_RDWR | O_APPEND);
    if (fd < 0)
        return file_place_error(place, "journal", "cannot be opened", errno, ALLOT_E_PLACE, ret_error);
    if (fstat(fd, &st) != 0) {
        int number = errno;
        close(fd);
        return file_place_error(place, "journal", "cannot be looked at", number, ALLOT_E_SYSTEM, ret_error);
    }
    j->fd = fd;
    j->dev = st.st_dev;
    j->ino = st.st_ino;
    int rc = read_header(j, place, ret_error);
    if (rc != 0) {
        close(fd);
        j->fd = -1;
    }
    return rc;
}

int file_journal_tail(const file_journal *j, const file_place *place, int64_t size, int64_t *ret_good,
                      allot_error *ret_error)
{
    char block[4096];
    int64_t end = size;
    while (end > j->at) {
        int64_t begin = end - (int64_t)sizeof(block) > j->at ? end - (int64_t)sizeof(block) : j->at;
        if (end == size && end - begin > 1)
            begin = end - 1; /* as a rule the last byte is a newline, and that is all that has to be read */
        ssize_t n = read_at(j->fd, block, (size_t)(end - begin), begin);
        if (n < end - begin)
            return file_place_error(place, "journal", "cannot be read", n < 0 ? errno : EIO, ALLOT_E_SYSTEM, ret_error);
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline != NULL) {
            *ret_good = begin + (newline - block) + 1;
            return 0;
        }
        end = begin;
    }
    *ret_good = j->at;
    return 0;
}

/* Checks one line and hands its content on. */
static int take_line(file_journal *j, const file_place *place, char *line, size_t len, file_line_visit visit,
                     void *user, allot_error *ret_error)
{
    bool in_snapshot = j->at < j->header.records_at;
    uint64_t chain = j->chain;
    if (!file_line_check(line, len, &chain))
        return file_journal_damaged(j, place, "the line does not match its checksum", ret_error);
    if (in_snapshot && j->at + (int64_t)len + 1 > j->header.records_at)
        return file_journal_damaged(j, place, "the snapshot does not end where the header says", ret_error);
    int rc = visit(user, line + FILE_SEAL_BYTES, len - FILE_SEAL_BYTES, in_snapshot, ret_error);
    if (rc != 0)
        return rc;
    j->at += (int64_t)len + 1;
    j->chain = chain;
    if (in_snapshot && j->at == j->header.records_at)
        j->chain = j->header.chain;
    return 0;
}

/* Takes the whole lines of the chunk; *ret_used: their bytes. */
static int take_lines(file_journal *j, const file_place *place, file_line_visit visit, void *user, size_t *ret_used,
                      allot_error *ret_error)
{
    size_t used = 0;
    char *newline;
    while (used < j->chunk.len && (newline = memchr(j->chunk.data + used, '\n', j->chunk.len - used)) != NULL) {
        size_t len = (size_t)(newline - (j->chunk.data + used));
        int rc = take_line(j, place, j->chunk.data + used, len, visit, user, ret_error);
        if (rc != 0)
            return rc;
        used += len + 1;
    }
    *ret_used = used;
    return 0;
}

int file_journal_read(file_journal *j, const file_place *place, int64_t end, file_line_visit visit, void *user,
                      allot_error *ret_error)
{
    int64_t read_to = j->at;
    j->chunk.len = 0;
    while (j->at < end) {
        size_t want = end - read_to < (int64_t)CHUNK_BYTES ? (size_t)(end - read_to) : CHUNK_BYTES;
        if (want == 0)
            return file_journal_damaged(j, place, "a line without an end", ret_error);
        if (bytes_reserve(&j->chunk, want) != 0)
            return file_error(ret_error, ALLOT_E_NOMEM, "out of memory");
        ssize_t n = read_at(j->fd, j->chunk.data + j->chunk.len, want, read_to);
        if (n <= 0)
            return file_place_error(place, "journal", "cannot be read", n < 0 ? errno : EIO, ALLOT_E_SYSTEM, ret_error);
        j->chunk.len += (size_t)n;
        read_to += n;
        size_t used;
        int rc = take_lines(j, place, visit, user, &used, ret_error);
        if (rc != 0)
            return rc;
        memmove(j->chunk.data, j->chunk.data + used, j->chunk.len - used);
        j->chunk.len -= used;
    }
    return 0;
}

int file_journal_append(file_journal *j, const file_place *place, const bytes *lines, uint64_t chain,
                        allot_error *ret_error)
{
    struct stat st;
    int64_t end = j->at + (int64_t)lines->len;
    if (lines->len == 0)
        return 0;
    int rc = file_write_all(j->fd, lines->data, lines->len);
    int number = rc == 0 ? EIO : errno;
    if (rc == 0 && fstat(j->fd, &st) == 0 && st.st_size == end) {
        j->at = end;
        j->chain = chain;
        j->starved = false;
        return 0;
    }
    j->starved = true;
    bool cut = rc != 0 && ftruncate(j->fd, (off_t)j->at) == 0 && fstat(j->fd, &st) == 0 && st.st_size == j->at;
    return file_place_error(place, "journal", "cannot be written", number, cut ? ALLOT_E_UNAVAILABLE : ALLOT_E_UNKNOWN,
                            ret_error);
}

int file_journal_has_room(const file_journal *j, const file_place *place, allot_error *ret_error)
{
    if (!j->starved || fallocate(j->fd, FALLOC_FL_KEEP_SIZE, (off_t)j->at, ROOM_BYTES) == 0)
        return 0;
    if (errno != ENOSPC && errno != EDQUOT && errno != EROFS)
        return 0;
    return file_place_error(place, "journal", "cannot be written", errno, ALLOT_E_UNAVAILABLE, ret_error);
}
