/* clock.h - the clocks. */
#ifndef RUNTIME_CLOCK_H
#define RUNTIME_CLOCK_H

#include <allot/backend.h>

/* CLOCK_BOOTTIME, or what a test has put in its place. */
int64_t clock_boot_us(const allot_clock *clock);

/* CLOCK_MONOTONIC: how long a caller waits. */
int64_t clock_mono_ns(void);
/* The instant at which a call with this timeout gives up; INT64_MAX: never. */
int64_t clock_until_ns(int timeout_ms);

#endif
