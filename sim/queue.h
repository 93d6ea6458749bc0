/* queue.h - what is to happen, by virtual time; at one instant in the order in which it was put. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct queue_entry {
    int64_t at_us;
    uint64_t order;
    uint32_t kind;
    uint32_t replica;
    uint32_t incarnation;
    uint32_t number;
    void *item;
} queue_entry;

typedef struct queue {
    queue_entry *entries;
    size_t count, capacity;
    uint64_t order;
} queue;

void queue_put(queue *q, queue_entry entry); /* gives it its order */
bool queue_take(queue *q, queue_entry *ret_entry);
void queue_done(queue *q);

#endif
