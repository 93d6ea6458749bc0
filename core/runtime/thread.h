/* thread.h - threads and conditions as the runtime uses them. */
#ifndef RUNTIME_THREAD_H
#define RUNTIME_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Starts a thread that takes no signals: those are the application's. 0, or the error number. */
int thread_start(pthread_t *ret_thread, const char *name, void *(*main)(void *), void *user);

/* A condition whose waits end by CLOCK_MONOTONIC. */
void thread_cond_init(pthread_cond_t *cond);

/* False when the instant (CLOCK_MONOTONIC; INT64_MAX: never) has come. True does not say that anything changed. */
bool thread_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns);

#endif
