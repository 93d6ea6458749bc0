/* watch.h - a server seen from outside: a second client that says PING in a loop, and what SLOWLOG has. */
#ifndef BENCH_REDIS_WATCH_H
#define BENCH_REDIS_WATCH_H

#include "bench/lib/samples.h"

typedef struct watch watch;

/* Connects to the server's socket and begins; `first`: before everybody else. What goes wrong ends the process. */
watch *watch_new(const char *socket_path, bool first);
void watch_free(watch *w); /* takes NULL */

/* Forgets what was seen so far. */
void watch_begin(watch *w);
/* Puts the durations in us of all scripts and reads since watch_begin into `durations`; returns the longest PING in
 * us. */
double watch_end(watch *w, samples *durations);

#endif
