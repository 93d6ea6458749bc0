/* place.h - the directory of a group: PATH/GROUP, with slots/ and bells/, verified once, then used by descriptor.
 *
 * DESIGN §5: 0700 and ours; every name is opened relative to a verified directory and never through a symbolic link,
 * so that nobody else can put anything in its place. */
#ifndef FILE_PLACE_H
#define FILE_PLACE_H

#include <allot/error.h>

#define FILE_SHOWN_BYTES 208

typedef struct file_place {
    int group; /* descriptors of the directories; -1: not open */
    int slots;
    int bells;
    char shown[FILE_SHOWN_BYTES]; /* PATH/GROUP for messages; the end of it when it is long */
} file_place;

typedef struct file_place_wish {
    const char *path;
    const char *group;
    bool create; /* else: what is not there is ALLOT_E_NOT_FOUND */
    bool force;  /* any file system */
} file_place_wish;

/* Errors: PLACE, NOT_FOUND, INVALID (the group's name), SYSTEM. */
int file_place_open(const file_place_wish *wish, file_place *ret_place, allot_error *ret_error);
void file_place_close(file_place *place);

/* Writes "PATH/GROUP/NAME: WHAT: the system's words; a remedy" for an errno. Returns `code`. */
int file_place_error(const file_place *place, const char *name, const char *what, int number, int code,
                     allot_error *ret_error);

/* A name in the group's directory, opened with O_NOFOLLOW | O_CLOEXEC, mode 0600; a descriptor or -1 and errno. EINVAL
 * when it is not a regular file of ours. */
int file_place_file(int dir, const char *name, int flags);

/* Writes all of it, or says by errno why not. 0 or -1. */
int file_write_all(int fd, const char *data, size_t len);

/* Writes a message to an error object that may be NULL; returns `code`. */
int file_error(allot_error *ret_error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
