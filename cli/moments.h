/* moments.h - clocks, and instants as text. */
#ifndef CLI_MOMENTS_H
#define CLI_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC, comparable between processes of one machine. */
int64_t mono_now_ns(void);

#define MOMENT_BYTES 40

/* The instant `mono_ns` as RFC 3339 in UTC, with microseconds. */
void moment_utc(int64_t mono_ns, char ret_text[MOMENT_BYTES]);

/* The same as local time of day, with milliseconds. */
void moment_local(int64_t mono_ns, char ret_text[MOMENT_BYTES]);

#endif
