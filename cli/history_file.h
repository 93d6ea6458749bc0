/* history_file.h - what a replica, or whoever adds ids, writes down for `allot verify` (docs/histories.md): who held
 * what, from when, until when, under which token.
 *
 * A line is handed to the kernel before what it says is acted upon: a lease before anybody relies on it, an id before
 * whoever works on it is told, its end before the store is. So a SIGKILL loses nothing that counted; a line that it
 * tears is the last one. What cannot be written ends its writer at once: it must not do what its history does not know.
 *
 * Threads: any. A zeroed history, and one that was opened without a path, is off: its functions return 0 at once. Those
 * that return an int: 0, or -1 when this line, or one before it, could not be written; history_file_end says why. */
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
    allot_uuid slot;  /* the last that had a lease */
    int64_t until_us; /* of that lease */
    uint64_t term;    /* in which it leads; 0: it does not */
    int failed_fd;    /* readable once something could not be written: to be polled, for leases; -1: off */
} history_file;

typedef enum history_report { HISTORY_ACKED = 1, HISTORY_FAILED } history_report;
typedef enum history_answer { HISTORY_UNKNOWN = 0, HISTORY_ACCEPTED, HISTORY_REFUSED } history_answer;

/* Appends to the file: a history of this boot and this group, or nothing, to which nobody else is writing. Returns an
 * exit code, after saying why. On failure it is off. */
int history_file_open(history_file *h, const char *path, const config *c);
/* The identity of this boot, from the kernel. */
bool history_boot_id(allot_uuid *ret_boot);
/* The line with which a process begins; history_file_open writes it. */
void history_file_opened(history_file *h, const allot_uuid *boot, const config *c);
/* Returns `code`; CODE_FAILED, and says why, when something could not be written. */
int history_file_end(history_file *h, int code);

/* For allot_options.on_lease; `user` is the history, and it is on. */
void history_file_lease(void *user, const allot_lease *lease);
/* An event, before it is acted upon. */
int history_file_event(history_file *h, const allot_event *event);
/* Work on them has stopped; before they are released. */
int history_file_released(history_file *h, const allot_uuid *slot, const allot_id *ids, size_t count);
/* A report, by who works on ids: once before it goes out (UNKNOWN), and once with what the store has answered, under
 * the same instant: work on the ids has stopped at `since_us`, CLOCK_BOOTTIME. */
int history_file_reported(history_file *h, history_report report, history_answer answer, int64_t since_us,
                          const allot_uuid *slot, const allot_id *ids, size_t count);
/* Before the store is asked to add them. */
int history_file_adding(history_file *h, const allot_new *ids, size_t count);
/* The store has confirmed them; it was asked at `since_us`. */
int history_file_added(history_file *h, int64_t since_us, const allot_new *ids, size_t count);
/* The pool is emptied: once before the store is asked (UNKNOWN), and once with what it has answered, under the same
 * instant. */
int history_file_cleaned(history_file *h, history_answer answer, int64_t since_us);

#endif
