/* moments.h - clocks, and instants as text. */
#ifndef CLI_MOMENTS_H
#define CLI_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC, comparable between processes of one machine. */
int64_t mono_now_ns(void);

/* CLOCK_BOOTTIME, which goes on while the machine is suspended; comparable between processes of one boot. */
int64_t boot_now_us(void);
/* The instant `mono_ns` on CLOCK_BOOTTIME, if the machine was not suspended since. */
int64_t boot_us_of(int64_t mono_ns);

#define MOMENT_BYTES 40

/* The instant `mono_ns` as RFC 3339 in UTC, with microseconds. */
void moment_utc(int64_t mono_ns, char ret_text[MOMENT_BYTES]);

/* The same as local time of day, with milliseconds. */
void moment_local(int64_t mono_ns, char ret_text[MOMENT_BYTES]);

#endif
