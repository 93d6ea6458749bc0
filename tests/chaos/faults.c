/* faults.c - preloaded into a replica: its numbered failpoints. Each call by which the store is changed (a file below
 * $CHAOS_STORE, or a socket) is one; the file $CHAOS_FAULTS, which a test maps as well, says at which of them what
 * happens: an error, half of what was to be written, SIGKILL or SIGSTOP just before the call. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The bits of `calls`. Bells and the pid in the lock file are written by pwrite, journals by write. */
enum { WRITE = 1, FSYNC = 2, RENAME = 4, FLOCK = 8, OPEN = 16, TRUNCATE = 32, UNLINK = 64, SEND = 128, RECV = 256,
       PWRITE = 512 };
/* `action`: an errno, a negative signal, or one of these. */
enum { HALF = 100000, HALF_THEN_KILL };

typedef struct control {
    _Atomic int32_t calls;     /* which calls count; 0: none */
    _Atomic int32_t countdown; /* the call that brings it from 1 to 0 is struck */
    _Atomic int32_t action;
    _Atomic int32_t lasting; /* 1: later ones as well, until `calls` is 0 */
    _Atomic int32_t struck;  /* how many were */
    _Atomic int32_t seen;    /* how many of `calls` there were */
} control;

static control *faults;
static const char *store;
static size_t store_len;

static void __attribute__((constructor)) find_control(void)
{
    const char *path = getenv("CHAOS_FAULTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        abort();
    store = getenv("CHAOS_STORE");
    store_len = store == NULL ? 0 : strlen(store);
    faults = memory;
}

static int is_of_the_store(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = syscall(SYS_readlink, link, path, sizeof(path));
    return store_len > 0 && len >= (ssize_t)store_len && memcmp(path, store, store_len) == 0;
}

/* 0: the call is to be made; HALF, HALF_THEN_KILL; or an errno. */
static int struck(int call, int fd)
{
    if (faults == NULL || (atomic_load(&faults->calls) & call) == 0 || (fd >= 0 && !is_of_the_store(fd)))
        return 0;
    atomic_fetch_add(&faults->seen, 1);
    int left = atomic_fetch_sub(&faults->countdown, 1) - 1;
    if (left > 0 || (left < 0 && atomic_load(&faults->lasting) == 0))
        return 0;
    int action = atomic_load(&faults->action);
    atomic_fetch_add(&faults->struck, 1);
    if (action < 0) /* to this very thread: it does nothing more */
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), -action);
    return action > 0 ? action : 0;
}

#define OR_FAIL(call, fd)                                                                                              \
    int error = struck(call, fd);                                                                                      \
    if (error > 0 && error < HALF) {                                                                                  \
        errno = error;                                                                                                 \
        return -1;                                                                                                     \
    }

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    OR_FAIL(PWRITE, fd)
    return syscall(SYS_pwrite64, fd, data, error >= HALF ? (len + 1) / 2 : len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return pwrite64(fd, data, len, at);
}

ssize_t write(int fd, const void *data, size_t len)
{
    OR_FAIL(WRITE, fd)
    ssize_t n = syscall(SYS_write, fd, data, error >= HALF ? (len + 1) / 2 : len);
    if (error == HALF_THEN_KILL)
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL);
    return n;
}

int fdatasync(int fd)
{
    OR_FAIL(FSYNC, fd)
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    OR_FAIL(FSYNC, fd)
    return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    OR_FAIL(RENAME, from_dir)
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

/* Giving a lock back never fails. */
int flock(int fd, int how)
{
    if ((how & LOCK_UN) != 0)
        return (int)syscall(SYS_flock, fd, how);
    OR_FAIL(FLOCK, fd)
    return (int)syscall(SYS_flock, fd, how);
}

int ftruncate64(int fd, off_t len)
{
    OR_FAIL(TRUNCATE, fd)
    return (int)syscall(SYS_ftruncate, fd, len);
}

int ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

int unlinkat(int dir, const char *name, int flags)
{
    OR_FAIL(UNLINK, dir)
    return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int openat64(int dir, const char *name, int flags, ...)
{
    OR_FAIL(OPEN, dir)
    va_list more;
    va_start(more, flags);
    int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, int) : 0;
    va_end(more);
    return (int)syscall(SYS_openat, dir, name, flags, mode);
}

int openat(int dir, const char *name, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, int) : 0;
    va_end(more);
    return openat64(dir, name, flags, mode);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    OR_FAIL(SEND, -1)
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    OR_FAIL(RECV, -1)
    return syscall(SYS_recvfrom, fd, data, len, flags, NULL, NULL);
}
