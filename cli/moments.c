#include "cli/moments.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

int64_t mono_now_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t boot_now_us(void)
{
    return now_ns(CLOCK_BOOTTIME) / 1000;
}

/* What happens to this thread between two readings of a clock must not become part of the result: so of some pairs the
 * closest counts. */
int64_t boot_us_of(int64_t mono_ns)
{
    int64_t offset_ns = 0, closest_ns = INT64_MAX;
    for (int i = 0; i < 8 && closest_ns > 2000; i++) {
        int64_t before_ns = mono_now_ns(), boot_ns = now_ns(CLOCK_BOOTTIME), after_ns = mono_now_ns();
        if (after_ns - before_ns < closest_ns) {
            closest_ns = after_ns - before_ns;
            offset_ns = boot_ns - after_ns;
        }
    }
    return (mono_ns + offset_ns) / 1000;
}

/* The wall clock's reading at `mono_ns`, if it was not set since. */
static int64_t real_ns(int64_t mono_ns)
{
    return now_ns(CLOCK_REALTIME) - (mono_now_ns() - mono_ns);
}

void moment_utc(int64_t mono_ns, char ret_text[MOMENT_BYTES])
{
    int64_t ns = real_ns(mono_ns);
    time_t seconds = (time_t)(ns / SECOND_NS);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(ret_text, MOMENT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_text + n, MOMENT_BYTES - n, ".%06" PRId64 "Z", ns % SECOND_NS / 1000);
}

void moment_local(int64_t mono_ns, char ret_text[MOMENT_BYTES])
{
    int64_t ns = real_ns(mono_ns);
    time_t seconds = (time_t)(ns / SECOND_NS);
    struct tm tm;
    localtime_r(&seconds, &tm);
    size_t n = strftime(ret_text, MOMENT_BYTES, "%H:%M:%S", &tm);
    snprintf(ret_text + n, MOMENT_BYTES - n, ".%03" PRId64, ns % SECOND_NS / 1000000);
}
