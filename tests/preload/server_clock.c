/* server_clock.c - preloaded into a server: it sees the time that a test writes. The file $ALLOT_TEST_CLOCK holds
 * two int64_t: CLOCK_REALTIME in microseconds, which then stands still; as long as it is 0, the real time, and what is
 * added to it (0 where the file is shorter). Without the file, time is the real one.
 * CLOCK_MONOTONIC is left alone: a server's event loop has to go on. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *server_clock;

static void __attribute__((constructor)) find_clock(void)
{
    const char *path = getenv("ALLOT_TEST_CLOCK");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, 2 * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        server_clock = memory;
    close(fd);
}

static int64_t now_us(void)
{
    struct timespec t;
    if (server_clock != NULL && server_clock[0] != 0)
        return server_clock[0];
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + (server_clock != NULL ? server_clock[1] : 0);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, ret_time);
    int64_t us = now_us();
    *ret_time = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    return 0;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    int64_t us = now_us();
    (void)zone;
    *ret_time = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    return 0;
}

time_t time(time_t *ret_time)
{
    time_t seconds = now_us() / 1000000;
    if (ret_time != NULL)
        *ret_time = seconds;
    return seconds;
}
