#include "backends/redis/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct redis_resolve {
    atomic_int owners; /* the link and the thread */
    atomic_bool done;  /* what follows is written, and stays */
    pid_t pid;         /* in a child of fork() there is no such thread */
    int event;
    int error; /* of getaddrinfo */
    redis_endpoints endpoints;
    char port[8];
    char host[];
};

static int look_up(const char *host, const char *port, int flags, redis_endpoints *ret_endpoints)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    redis_endpoints out = {.count = 0};
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return error;
    for (struct addrinfo *a = found; a != NULL && out.count < REDIS_ENDPOINTS_MAX; a = a->ai_next) {
        memcpy(&out.at[out.count].address, a->ai_addr, a->ai_addrlen);
        out.at[out.count++].len = a->ai_addrlen;
    }
    freeaddrinfo(found);
    *ret_endpoints = out;
    return 0;
}

bool redis_resolve_number(const char *host, int port, redis_endpoints *ret_endpoints)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", port);
    return look_up(host, text, AI_NUMERICHOST, ret_endpoints) == 0;
}

static void destroy(redis_resolve *r)
{
    close(r->event);
    free(r);
}

static void *run(void *arg)
{
    redis_resolve *r = arg;
    r->error = look_up(r->host, r->port, AI_ADDRCONFIG, &r->endpoints);
    atomic_store(&r->done, true);
    eventfd_write(r->event, 1);
    if (atomic_fetch_sub(&r->owners, 1) == 1)
        destroy(r);
    return NULL;
}

/* The application's signals are not for this thread. */
static int start(redis_resolve *r)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return -1;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0 ? 0 : -1;
}

redis_resolve *redis_resolve_begin(const char *host, int port)
{
    size_t len = strlen(host) + 1;
    redis_resolve *r = calloc(1, sizeof(*r) + len);
    if (r == NULL)
        return NULL;
    memcpy(r->host, host, len);
    snprintf(r->port, sizeof(r->port), "%d", port);
    r->pid = getpid();
    atomic_init(&r->owners, 2);
    r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->event < 0) {
        free(r);
        return NULL;
    }
    if (start(r) != 0) {
        destroy(r);
        return NULL;
    }
    return r;
}

int redis_resolve_fd(const redis_resolve *r)
{
    return r->event;
}

bool redis_resolve_outcome(redis_resolve *r, redis_endpoints *ret_endpoints, const char **ret_why)
{
    if (!atomic_load(&r->done))
        return false;
    *ret_why = NULL;
    if (r->error != 0)
        *ret_why = gai_strerror(r->error);
    else if (r->endpoints.count == 0)
        *ret_why = "the name has no address";
    else
        *ret_endpoints = r->endpoints;
    return true;
}

void redis_resolve_forget(redis_resolve *r)
{
    if (r == NULL)
        return;
    if (r->pid != getpid() || atomic_fetch_sub(&r->owners, 1) == 1)
        destroy(r);
}
