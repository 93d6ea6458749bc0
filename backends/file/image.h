/* image.h - a whole new journal: header and snapshot, written beside the old one and renamed over it. */
#ifndef FILE_IMAGE_H
#define FILE_IMAGE_H

#include "backends/file/journal.h"
#include "backends/store/store.h"

#define FILE_IMAGE_NAME_BYTES 48
#define FILE_IMAGE_PREFIX "journal.tmp-"

/* A new journal on its way. */
typedef struct file_image {
    int fd; /* -1: none; locked by flock as long as its writer lives */
    char name[FILE_IMAGE_NAME_BYTES];
    file_journal_header header;
    bytes text;     /* header and snapshot */
    size_t written; /* of these */
} file_image;

void file_image_init(file_image *image);
/* Forgets it, and removes what was written. */
void file_image_drop(file_image *image, const file_place *place);

/* Takes the snapshot and creates the file. `header` without records_at. 0 or NOMEM, UNAVAILABLE. */
int file_image_begin(file_image *image, const file_place *place, const store *s, const file_journal_header *header,
                     allot_error *ret_error);
/* Writes up to `len` more bytes and waits for the disk. 0 or UNAVAILABLE. */
int file_image_write(file_image *image, const file_place *place, size_t len, allot_error *ret_error);
bool file_image_is_written(const file_image *image);
/* Appends the records of the old journal from `header.from` up to its `at`, waits for the disk, and renames. Under the
 * mutex. The image has no file any more: `*ret_fd` is the journal now. */
int file_image_publish(file_image *image, const file_place *place, const file_journal *old, int *ret_fd,
                       allot_error *ret_error);

/* The header of a group's first journal. 0 or SYSTEM. */
int file_image_first_header(const allot_uuid *boot, file_journal_header *ret_header, allot_error *ret_error);

#endif
