/* event_queue.h - what waits for the application.
 *
 * Bounded: ids wait as references to bodies and bitmaps; what is lost before it was taken is dropped together with its
 * `gained`, so that ids wait at most once for each way they can go; and of each other kind of event the oldest makes
 * room when very many wait.
 *
 * Threads: all under the node's lock. */
#ifndef RUNTIME_EVENT_QUEUE_H
#define RUNTIME_EVENT_QUEUE_H

#include "core/engine/engine.h"

typedef struct event_page event_page;

typedef struct event_queue {
    int fd; /* an eventfd, readable while an event waits */
    event_page *first, *last;
    event_page *taken;  /* the one that the application looks at */
    size_t plain_count; /* events waiting that name no ids */
    size_t gained_count, recalled_count;
    bool ended; /* `left` was put: nothing comes after it */
    bool end_taken;
    int64_t taken_us;  /* when the application took one last */
    allot_event event; /* what it was given */
    allot_id ids[ALLOT_SEGMENT_IDS_MAX];
} event_queue;

/* 0, or ALLOT_E_SYSTEM. */
int event_queue_init(event_queue *q);
void event_queue_done(event_queue *q);

/* 0, or ALLOT_E_NOMEM. What is told came about at `mono_ns`, CLOCK_MONOTONIC. */
int event_queue_put(event_queue *q, const engine_tell *tell, int64_t now_us, int64_t mono_ns);
/* A note of the runtime's own, of now. */
int event_queue_note(event_queue *q, const char *message, int64_t now_us);

/* NULL when none waits. Valid until the next call. */
const allot_event *event_queue_take(event_queue *q, int64_t now_us);

/* Since when the application has taken nothing though an event waits; INT64_MAX: none waits. */
int64_t event_queue_idle_since_us(const event_queue *q);

/* Forgets what waits; the descriptor stays readable for good: the application must learn that the node is dead. */
void event_queue_give_up(event_queue *q);

#endif
