#include "core/runtime/clock.h"

#include <time.h>

static int64_t read_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_boot_us(const allot_clock *clock)
{
    if (clock->boot_us != NULL)
        return clock->boot_us(clock->user);
    return read_ns(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_until_ns(int timeout_ms)
{
    if (timeout_ms < 0)
        return INT64_MAX;
    return clock_mono_ns() + (int64_t)timeout_ms * 1000000;
}
