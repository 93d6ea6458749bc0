/* handover_floors.h - the least that a hand-over can cost. */
#ifndef BENCH_HANDOVER_FLOORS_H
#define BENCH_HANDOVER_FLOORS_H

#include "bench/lib/place.h"
#include "bench/lib/samples.h"

/* From SIGKILL of a process that holds a flock until a process that waits in flock() has it. */
samples floor_lock(const place *p, int rounds);
/* From PUBLISH until another process, which waits for it, has the message. */
samples floor_publish(const place *p, int rounds);

#endif
