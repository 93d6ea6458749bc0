/* history_stream.h - the lines of a history that is read: from a file that may be growing, or from standard input. */
#ifndef CLI_HISTORY_STREAM_H
#define CLI_HISTORY_STREAM_H

#include "verify/merge.h"

#include <sys/types.h>

/* Zero-initialised is closed. */
typedef struct history_stream {
    bool open;
    int fd;
    dev_t device; /* with the inode: which file it is, whatever it is called */
    ino_t inode;
    bytes text; /* what was read ahead */
    size_t at;  /* of it, the next line */
    bool ended;
    int error; /* errno; 0: none */
} history_stream;

/* "-": standard input. Returns an exit code, after saying why. */
int history_stream_open(history_stream *h, const char *path);
void history_stream_close(history_stream *h);

/* The functions of a history_source; `user` is the stream. Whether it is growing is asked of the file's lock, which its
 * writer holds as long as it lives. */
int history_stream_next(void *user, raw_line *ret_line);
bool history_stream_is_growing(void *user);

#endif
