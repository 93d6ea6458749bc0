/* lock.h - the mutex around one transition: flock on PATH/GROUP/lock, never waited for inside the kernel.
 *
 * The file is never unlinked. Should somebody replace it all the same, whoever holds the old one is noticed: after
 * locking, the descriptor and the name must be the same file. Only the process that locked unlocks (a child of fork
 * shares the lock, and unlocking there would take it from its parent). */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include "backends/file/place.h"

typedef struct file_lock {
    int fd; /* -1: not open yet */
    bool held;
    uint64_t random; /* jitter of the retries */
    int64_t retry_at_us;
    int64_t pause_us; /* before the next retry; 0: the last try succeeded */
} file_lock;

typedef enum file_lock_result { FILE_LOCK_TAKEN, FILE_LOCK_BUSY, FILE_LOCK_FAILED } file_lock_result;

void file_lock_init(file_lock *lock, uint64_t seed);
/* Closes the descriptor; `owner` false (in a forked child): without unlocking. */
void file_lock_done(file_lock *lock, bool owner);

/* Tries once. BUSY: `retry_at_us` is set, at most `pause_max_us` away. FAILED: the error says why. */
file_lock_result file_lock_try(file_lock *lock, const file_place *place, bool read_only, int64_t now_us,
                               int64_t pause_max_us, allot_error *ret_error);
void file_lock_drop(file_lock *lock);

/* "PATH/GROUP/lock is held by pid N ...": who took the mutex last, and whether that process is stopped. */
void file_lock_describe(const file_lock *lock, const file_place *place, allot_error *ret_error);

#endif
