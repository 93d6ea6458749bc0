/* tcp_proxy_parts.h - the inside of the proxy: its connections, and what is to be done to them. */
#ifndef TESTS_TCP_PROXY_PARTS_H
#define TESTS_TCP_PROXY_PARTS_H

#include "base/bytes.h"
#include "tests/lib/tcp_proxy.h"

#include <pthread.h>
#include <stdbool.h>

enum { PAIRS_MAX = 64, NEVER = -1 };

/* One direction of one connection. */
typedef struct flow {
    int from, to;
    bytes pending;    /* read, not passed on */
    int64_t due_us;   /* not before */
    size_t framed;    /* replies: bytes at the front of `pending` that were looked at, and are whole replies */
    bytes seen;       /* requests: those that are not whole yet */
    long long count;  /* requests or replies that were whole so far */
    bool at_end;      /* `from` has no more */
    bool is_reply;
    bool was_cut;
} flow;

typedef struct pair {
    int client, server;
    flow requests, replies;
    long long target; /* the reply that is to be replaced; NEVER */
} pair;

/* Set by the test's thread, under the mutex. */
typedef struct faults {
    int64_t delay_us;
    size_t bytes_per_second; /* 0: no limit */
    long long cut_requests, cut_replies; /* bytes that still pass; NEVER */
    long long replace;       /* replies that still pass before that one; NEVER */
    bytes needle;            /* or: the reply to a request with this in it, when there is any */
    bytes replacement;
    bool injects;
    bytes injection;
    bool hang_requests, hang_replies, refuse, reset;
} faults;

struct tcp_proxy {
    char path[108];
    int listener, wake, port;
    pthread_t thread;
    pthread_mutex_t mutex; /* held while the thread works, not while it waits */
    bool ends;
    faults faults;
    pair pairs[PAIRS_MAX];
    unsigned pair_count;
    unsigned connections, reply_count;
    size_t request_bytes, reply_bytes;
};

/* The test's thread: around each change of the faults. */
void tcp_proxy_lock(tcp_proxy *p);
void tcp_proxy_unlock(tcp_proxy *p);
void tcp_proxy_clear_faults(tcp_proxy *p);
/* Ends the program when there is no memory. */
void tcp_proxy_append(bytes *b, const void *data, size_t len);

#endif
