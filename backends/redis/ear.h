/* ear.h - the connection that listens for hints: channel `events` (leader, version, a clean) and `events:UUID` (the
 * slot that joined through this handle: its share; and, when it leads, work). Hints only: what is lost is seen by the
 * next beat. */
#ifndef REDIS_EAR_H
#define REDIS_EAR_H

#include "backends/redis/encode.h"
#include "backends/redis/link.h"

typedef struct redis_ear {
    redis_link *link; /* NULL: nobody speaks through this handle yet */
    const redis_names *names;
    allot_clock clock;
    allot_uuid slot;       /* the one to listen for */
    allot_uuid subscribed; /* the one whose channel was asked for on this connection */
    bool joined;           /* the slot's join or beat was answered: from then on a hint may have been missed */
    unsigned hints;        /* bit (1 << hint): to be delivered */
} redis_ear;

/* Listens for this slot from now on, instead of the one before. Out of memory: it does not listen. */
void redis_ear_listen(redis_ear *ear, const redis_link_config *where, const allot_uuid *slot);
/* Works on the connection, and delivers. */
void redis_ear_process(redis_ear *ear, const allot_sink *sink);
int64_t redis_ear_deadline_us(const redis_ear *ear);
void redis_ear_done(redis_ear *ear);

#endif
