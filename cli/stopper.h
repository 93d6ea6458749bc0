/* stopper.h - what signals do to a replica. The first SIGTERM or SIGINT drains it, a second one ends the process at
 * once, whatever its other threads are waiting for: hence a thread of its own. SIGHUP asks for a reload. */
#ifndef CLI_STOPPER_H
#define CLI_STOPPER_H

#include <allot/allot.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct stopper {
    pthread_t thread;
    allot_node *node;
    int signal_fd;
    int stopped_fd;    /* readable once the first signal has come: to be polled by the replica's loop */
    int reload_fd;     /* readable when a reload was asked for: to be polled, and then emptied by stopper_take_reload */
    int end_fd;        /* makes the thread end */
    bool hangup_stops; /* SIGHUP means that the terminal is gone, and stops as SIGTERM does */
    atomic_bool stopping;
} stopper;

/* Blocks these signals in this thread, and so in those that it starts from now on. Before allot_open. */
void stopper_block(void);

/* Returns an exit code, after saying why. The node must outlive the stopper. */
int stopper_start(stopper *s, allot_node *node, bool hangup_stops);
void stopper_end(stopper *s);

/* Drains the node, as a signal would. */
void stopper_stop(stopper *s);

/* However many were asked for since the last time: one. */
void stopper_take_reload(stopper *s);

bool stopper_is_stopping(const stopper *s);

#endif
