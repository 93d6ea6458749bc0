/* stopper.h - what SIGTERM and SIGINT do to a replica: the first drains it, a second one ends the process at once,
 * whatever its other threads are waiting for. Hence a thread of its own. */
#ifndef CLI_STOPPER_H
#define CLI_STOPPER_H

#include <allot/allot.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct stopper {
    pthread_t thread;
    allot_node *node;
    int signal_fd;
    int stopped_fd; /* readable once the first signal has come: to be polled by the replica's loop */
    int end_fd;     /* makes the thread end */
    atomic_bool stopping;
} stopper;

/* Blocks the two signals in this thread, and so in those that it starts from now on. Before allot_open. */
void stopper_block(void);

/* Returns an exit code, after saying why. The node must outlive the stopper. */
int stopper_start(stopper *s, allot_node *node);
void stopper_end(stopper *s);

/* Drains the node, as a signal would. */
void stopper_stop(stopper *s);

bool stopper_is_stopping(const stopper *s);

#endif
