/* history_file.h - what a replica, or whoever adds ids, writes down for `allot verify` (docs/histories.md): who held
 * what, from when, until when, under which token.
 *
 * A line is handed to the kernel before what it says is acted upon: a lease before anybody relies on it, an id before
 * whoever works on it is told, its end before the store is. So a SIGKILL loses nothing that counted; a line that it
 * tears is the last one. What cannot be written ends the replica: it must not do what its history does not know.
 *
 * Threads: any. A zeroed history, and one that was opened without a path, is off: its functions return at once. */
#ifndef CLI_HISTORY_FILE_H
#define CLI_HISTORY_FILE_H

#include "cli/output.h"
#include "config/config.h"

#include <allot/allot.h>
#include <pthread.h>

typedef struct history_file {
    const char *path; /* the caller's; NULL: off */
    pthread_mutex_t lock;
    output out;
    allot_uuid slot; /* the last that had a lease */
    int failed_fd;   /* readable once something could not be written: to be polled; -1: off */
} history_file;

typedef enum history_report { HISTORY_ACKED = 1, HISTORY_FAILED } history_report;
typedef enum history_answer { HISTORY_UNKNOWN = 0, HISTORY_ACCEPTED, HISTORY_REFUSED } history_answer;

/* Appends to the file, which nobody else may be writing to. Returns an exit code, after saying why. On failure it is
 * off. */
int history_file_open(history_file *h, const char *path, const config *c);
/* Returns `code`; CODE_FAILED, and says why, when something could not be written. */
int history_file_end(history_file *h, int code);

/* Something could not be written: nothing must be done any more that others would build on. */
bool history_file_failed(history_file *h);

/* For allot_options.on_lease; `user` is the history. */
void history_file_lease(void *user, const allot_lease *lease);
/* An event, before it is acted upon. */
void history_file_event(history_file *h, const allot_event *event);
/* Work on them has stopped; before they are released. */
void history_file_released(history_file *h, const allot_uuid *slot, const allot_id *ids, size_t count);
/* A report, by who works on ids: once before it goes out (UNKNOWN), and once with what the store has answered, under
 * the same instant: work on the ids has stopped at `since_us`, CLOCK_BOOTTIME. */
void history_file_reported(history_file *h, history_report report, history_answer answer, int64_t since_us,
                           const allot_uuid *slot, const allot_id *ids, size_t count);
/* The store has confirmed them. */
void history_file_added(history_file *h, const allot_new *ids, size_t count);

#endif
