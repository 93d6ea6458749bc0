#include "backends/file/image.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define COPY_BYTES 65536

void file_image_init(file_image *image)
{
    *image = (file_image){.fd = -1};
}

void file_image_drop(file_image *image, const file_place *place)
{
    if (image->fd >= 0) {
        unlinkat(place->group, image->name, 0);
        close(image->fd);
    }
    bytes_done(&image->text);
    file_image_init(image);
}

typedef struct snapshot {
    bytes *out;
    uint64_t chain;
    uint64_t lines;
} snapshot;

static int put_line(snapshot *shot, const char *prefix, const char *text, size_t len)
{
    size_t start;
    if (file_line_begin(shot->out, &start) != 0 || bytes_append(shot->out, prefix, strlen(prefix)) != 0 ||
        bytes_append(shot->out, text, len) != 0 || file_line_seal(shot->out, start, &shot->chain) != 0)
        return ALLOT_E_NOMEM;
    return 0;
}

static int emit(void *user, const char *line, size_t len)
{
    snapshot *shot = user;
    shot->lines++;
    return put_line(shot, "= ", line, len);
}

/* Header and snapshot as text; the header is written last, because it tells where the snapshot ends. */
static int build(file_image *image, const store *s)
{
    char number[24];
    size_t header_len = file_header_len();
    bytes header = {0};
    snapshot shot = {.out = &image->text, .chain = file_header_snapshot_chain(&image->header)};
    if (bytes_reserve(&image->text, header_len) != 0)
        return ALLOT_E_NOMEM;
    image->text.len = header_len;
    int rc = s == NULL ? 0 : store_dump(s, emit, &shot);
    int len = snprintf(number, sizeof(number), "%llu", (unsigned long long)shot.lines);
    if (rc != 0 || put_line(&shot, "end ", number, (size_t)len) != 0)
        return ALLOT_E_NOMEM;
    image->header.records_at = (int64_t)image->text.len;
    rc = file_header_write(&image->header, &header);
    if (rc == 0) {
        assert(header.len == header_len);
        memcpy(image->text.data, header.data, header_len);
    }
    bytes_done(&header);
    return rc == 0 ? 0 : ALLOT_E_NOMEM;
}

static int create_file(file_image *image, const file_place *place, allot_error *ret_error)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return file_place_error(place, "", "no random numbers", errno, ALLOT_E_UNAVAILABLE, ret_error);
    snprintf(image->name, sizeof(image->name), FILE_IMAGE_PREFIX "%016llx", (unsigned long long)random);
    image->fd = file_place_file(place->group, image->name, O_RDWR | O_APPEND | O_CREAT | O_EXCL);
    if (image->fd < 0)
        return file_place_error(place, image->name, "cannot be created", errno, ALLOT_E_UNAVAILABLE, ret_error);
    /* Who sweeps leavings sees by this lock that the writer lives. */
    flock(image->fd, LOCK_EX | LOCK_NB);
    return 0;
}

int file_image_begin(file_image *image, const file_place *place, const store *s, const file_journal_header *header,
                     allot_error *ret_error)
{
    assert(image->fd < 0);
    image->header = *header;
    int rc = build(image, s);
    if (rc != 0)
        file_error(ret_error, rc, "out of memory");
    else
        rc = create_file(image, place, ret_error);
    if (rc != 0)
        file_image_drop(image, place);
    return rc;
}

bool file_image_is_written(const file_image *image)
{
    return image->fd >= 0 && image->written == image->text.len;
}

int file_image_write(file_image *image, const file_place *place, size_t len, allot_error *ret_error)
{
    size_t rest = image->text.len - image->written;
    size_t part = len < rest ? len : rest;
    if (file_write_all(image->fd, image->text.data + image->written, part) != 0 || fdatasync(image->fd) != 0)
        return file_place_error(place, image->name, "cannot be written", errno, ALLOT_E_UNAVAILABLE, ret_error);
    image->written += part;
    return 0;
}

/* The records that came after the snapshot was taken; their chain goes on from its. */
static int copy_records(const file_image *image, const file_journal *old)
{
    char block[COPY_BYTES];
    int64_t at = image->header.from;
    while (at < old->at) {
        size_t want = old->at - at < COPY_BYTES ? (size_t)(old->at - at) : COPY_BYTES;
        ssize_t n = pread(old->fd, block, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0 || file_write_all(image->fd, block, (size_t)n) != 0)
            return -1;
        at += n;
    }
    return 0;
}

int file_image_publish(file_image *image, const file_place *place, const file_journal *old, int *ret_fd,
                       allot_error *ret_error)
{
    assert(file_image_is_written(image));
    if ((old != NULL && copy_records(image, old) != 0) || fsync(image->fd) != 0 ||
        renameat(place->group, image->name, place->group, "journal") != 0) {
        file_place_error(place, image->name, "cannot be written", errno, ALLOT_E_UNAVAILABLE, ret_error);
        file_image_drop(image, place);
        return ALLOT_E_UNAVAILABLE;
    }
    /* Renamed; whether the disk knows the new name decides only which of two equal journals a power failure leaves, and
     * the old one has on disk all that was confirmed. */
    fsync(place->group);
    flock(image->fd, LOCK_UN);
    *ret_fd = image->fd;
    image->fd = -1;
    file_image_drop(image, place);
    return 0;
}

int file_image_first_header(const allot_uuid *boot, file_journal_header *ret_header, allot_error *ret_error)
{
    uint64_t random[2];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return file_error(ret_error, ALLOT_E_SYSTEM, "no random numbers: %s", strerror(errno));
    *ret_header = (file_journal_header){.name = random[0], .generation = 1, .boot = *boot, .chain = random[1]};
    return 0;
}
