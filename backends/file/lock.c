#include "backends/file/lock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAUSE_FIRST_US 200
#define REOPENS_MAX 8
#define PID_WIDTH 10

void file_lock_init(file_lock *lock, uint64_t seed)
{
    *lock = (file_lock){.fd = -1, .random = seed};
}

static void close_file(file_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
    lock->held = false;
}

void file_lock_done(file_lock *lock, bool owner)
{
    if (owner && lock->held)
        file_lock_drop(lock);
    close_file(lock);
}

static int open_file(file_lock *lock, const file_place *place, bool read_only, allot_error *ret_error)
{
    if (lock->fd >= 0)
        return 0;
    lock->fd = file_place_file(place->group, "lock", read_only ? O_RDWR : O_RDWR | O_CREAT);
    if (lock->fd < 0 && read_only && (errno == EROFS || errno == EACCES))
        lock->fd = file_place_file(place->group, "lock", O_RDONLY);
    if (lock->fd >= 0)
        return 0;
    return file_place_error(place, "lock", "cannot be opened", errno, ALLOT_E_PLACE, ret_error);
}

/* Whether the descriptor is still the file of that name. */
static bool is_current(int fd, const file_place *place)
{
    struct stat own, named;
    return fstat(fd, &own) == 0 && own.st_nlink > 0 &&
           fstatat(place->group, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

/* xorshift64*: enough to keep waiters from marching in step. */
static uint64_t next_random(file_lock *lock)
{
    uint64_t x = lock->random == 0 ? UINT64_C(0x9e3779b97f4a7c15) : lock->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    lock->random = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

static void plan_retry(file_lock *lock, int64_t now_us, int64_t pause_max_us)
{
    int64_t pause = lock->pause_us == 0 ? PAUSE_FIRST_US : lock->pause_us * 2;
    if (pause > pause_max_us)
        pause = pause_max_us;
    lock->pause_us = pause;
    lock->retry_at_us = now_us + pause / 2 + (int64_t)(next_random(lock) % (uint64_t)(pause / 2 + 1));
}

/* For the message that others give when this process is stopped inside the mutex. Failing to write it harms nothing. */
static void write_pid(const file_lock *lock)
{
    char text[PID_WIDTH + 2];
    int len = snprintf(text, sizeof(text), "%-*ld\n", PID_WIDTH, (long)getpid());
    if (pwrite(lock->fd, text, (size_t)len, 0) != len)
        return;
}

file_lock_result file_lock_try(file_lock *lock, const file_place *place, bool read_only, int64_t now_us,
                               int64_t pause_max_us, allot_error *ret_error)
{
    assert(!lock->held);
    for (int i = 0; i < REOPENS_MAX; i++) {
        if (open_file(lock, place, read_only, ret_error) != 0)
            return FILE_LOCK_FAILED;
        int rc;
        do
            rc = flock(lock->fd, LOCK_EX | LOCK_NB);
        while (rc != 0 && errno == EINTR);
        int number = errno;
        if (!is_current(lock->fd, place)) {
            close_file(lock); /* releases it as well: the holders of the new file do not know of this one */
            continue;
        }
        if (rc == 0) {
            lock->held = true;
            lock->pause_us = 0;
            write_pid(lock);
            return FILE_LOCK_TAKEN;
        }
        if (number != EWOULDBLOCK) {
            file_place_error(place, "lock", "cannot be locked", number, ALLOT_E_SYSTEM, ret_error);
            return FILE_LOCK_FAILED;
        }
        plan_retry(lock, now_us, pause_max_us);
        return FILE_LOCK_BUSY;
    }
    file_error(ret_error, ALLOT_E_PLACE, "%s/lock: keeps being replaced; nothing may unlink or replace it",
               place->shown);
    return FILE_LOCK_FAILED;
}

void file_lock_drop(file_lock *lock)
{
    assert(lock->held);
    flock(lock->fd, LOCK_UN);
    lock->held = false;
}

/* The state letter of a process in /proc, or NUL when there is none. */
static char process_state(long pid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return '\0';
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n <= 0)
        return '\0';
    text[n] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '\0';
}

void file_lock_describe(const file_lock *lock, const file_place *place, allot_error *ret_error)
{
    char text[PID_WIDTH + 2] = "";
    long pid = 0;
    if (lock->fd >= 0 && pread(lock->fd, text, sizeof(text) - 1, 0) > 0)
        pid = strtol(text, NULL, 10);
    if (pid <= 0) {
        file_error(ret_error, ALLOT_E_UNAVAILABLE, "%s/lock: the store's lock is held by another process",
                   place->shown);
        return;
    }
    char state = process_state(pid);
    if (state == 'T' || state == 't')
        file_error(ret_error, ALLOT_E_UNAVAILABLE,
                   "%s/lock: the store's lock is held by pid %ld, which is stopped; continue it (kill -CONT %ld) or "
                   "end it", place->shown, pid, pid);
    else
        file_error(ret_error, ALLOT_E_UNAVAILABLE, "%s/lock: the store's lock is held by pid %ld (a stopped process?)",
                   place->shown, pid);
}
