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
