#include "tests/lib/tcp_proxy_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PENDING_MAX = 1 << 18 };

static void __attribute__((noreturn)) give_up(const char *what)
{
    fprintf(stderr, "tcp_proxy: %s: %s\n", what, strerror(errno));
    abort();
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void tcp_proxy_append(bytes *b, const void *data, size_t len)
{
    if (bytes_append(b, data, len) != 0)
        give_up("memory");
}

static void drop_front(bytes *b, size_t len)
{
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
}

void tcp_proxy_clear_faults(tcp_proxy *p)
{
    bytes_done(&p->faults.replacement);
    bytes_done(&p->faults.injection);
    bytes_done(&p->faults.needle);
    p->faults = (faults){.cut_requests = NEVER, .cut_replies = NEVER, .replace = NEVER};
    for (unsigned i = 0; i < p->pair_count; i++)
        p->pairs[i].target = NEVER;
}

/* ---- Replies ---------------------------------------------------------------------------------------------------- */

/* The length that a line of the protocol says; -1: nil. */
static long number_in(const char *text)
{
    long number = 0;
    if (*text == '-')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (*text - '0');
    return number;
}

/* The length of the whole reply at the front, 0: not all of it is there. A server is trusted to be well-formed. */
static size_t reply_len(const char *data, size_t len)
{
    const char *stop = len > 0 ? memchr(data, '\n', len) : NULL;
    if (stop == NULL)
        return 0;
    size_t at = (size_t)(stop - data) + 1;
    long count = data[0] == '$' || data[0] == '*' ? number_in(data + 1) : 0;
    if (data[0] == '$' && count >= 0)
        return at + (size_t)count + 2 <= len ? at + (size_t)count + 2 : 0;
    for (long i = 0; data[0] == '*' && i < count; i++) {
        size_t part = reply_len(data + at, len - at);
        if (part == 0)
            return 0;
        at += part;
    }
    return at;
}

static void splice(bytes *b, size_t at, size_t old_len, const bytes *with)
{
    bytes out = {0};
    tcp_proxy_append(&out, b->data, at);
    tcp_proxy_append(&out, with->data, with->len);
    tcp_proxy_append(&out, b->data + at + old_len, b->len - at - old_len);
    bytes_done(b);
    *b = out;
}

/* Looks at the requests that have become whole. */
static void frame_requests(tcp_proxy *p, pair *c)
{
    bytes *seen = &c->requests.seen, *needle = &p->faults.needle;
    for (size_t len; (len = reply_len(seen->data, seen->len)) > 0; drop_front(seen, len)) {
        if (needle->len > 0 && memmem(seen->data, len, needle->data, needle->len) != NULL) {
            c->target = c->requests.count;
            bytes_clear(needle);
        }
        c->requests.count++;
    }
}

/* Counts the replies that have become whole, and changes the one that is to be changed. */
static void frame_replies(tcp_proxy *p, pair *c)
{
    flow *f = &c->replies;
    size_t len = 0;
    while ((len = reply_len(f->pending.data + f->framed, f->pending.len - f->framed)) > 0) {
        size_t at = f->framed;
        if (p->faults.injects) {
            splice(&f->pending, at, 0, &p->faults.injection);
            at += p->faults.injection.len;
            p->faults.injects = false;
        }
        if (p->faults.replace == 0 || c->target == f->count) {
            splice(&f->pending, at, len, &p->faults.replacement);
            len = p->faults.replacement.len;
        }
        p->faults.replace -= p->faults.replace >= 0;
        f->framed = at + len;
        f->count++;
        p->reply_count++;
    }
}

/* ---- Passing on ------------------------------------------------------------------------------------------------- */

static void close_pair(pair *c, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(c->client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    if (c->client >= 0)
        close(c->client);
    if (c->server >= 0)
        close(c->server);
    bytes_done(&c->requests.pending);
    bytes_done(&c->requests.seen);
    bytes_done(&c->replies.pending);
    *c = (pair){.client = -1, .server = -1};
}

/* Replies are passed on whole, so as to be counted: there is room for any. */
static bool has_room(const flow *f)
{
    return !f->at_end && (f->is_reply || f->pending.len < PENDING_MAX);
}

static bool read_flow(tcp_proxy *p, flow *f)
{
    char data[65536];
    if (!has_room(f))
        return true;
    ssize_t n = recv(f->from, data, sizeof(data), MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN;
    if (n == 0)
        f->at_end = true;
    else if (f->pending.len == 0)
        f->due_us = now_us() + p->faults.delay_us;
    tcp_proxy_append(&f->pending, data, (size_t)n);
    if (!f->is_reply)
        tcp_proxy_append(&f->seen, data, (size_t)n);
    return true;
}

/* How many of the pending bytes may pass, were they due. */
static size_t passable(const tcp_proxy *p, const flow *f)
{
    if (f->is_reply ? p->faults.hang_replies : p->faults.hang_requests)
        return 0;
    return f->is_reply && !f->at_end ? f->framed : f->pending.len;
}

/* How many of the pending bytes may pass now. */
static size_t allowance(const tcp_proxy *p, const flow *f, long long cut)
{
    size_t may = now_us() >= f->due_us ? passable(p, f) : 0;
    if (cut != NEVER && (size_t)cut < may)
        may = (size_t)cut;
    if (p->faults.bytes_per_second > 0 && may > p->faults.bytes_per_second / 100 + 1)
        may = p->faults.bytes_per_second / 100 + 1; /* in each hundredth of a second */
    return may;
}

/* False: the connection is at its end. */
static bool pass(tcp_proxy *p, flow *f)
{
    long long *cut = f->is_reply ? &p->faults.cut_replies : &p->faults.cut_requests;
    size_t may = allowance(p, f, *cut);
    ssize_t n = may > 0 ? send(f->to, f->pending.data, may, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (n < 0 && errno != EAGAIN)
        return false;
    if (n > 0) {
        drop_front(&f->pending, (size_t)n);
        f->framed -= (size_t)n < f->framed ? (size_t)n : f->framed;
        *(f->is_reply ? &p->reply_bytes : &p->request_bytes) += (size_t)n;
        *cut -= *cut != NEVER ? n : 0;
        if (p->faults.bytes_per_second > 0)
            f->due_us = now_us() + 10000;
    }
    if (*cut == 0 && f->pending.len > 0) {
        *cut = NEVER;
        f->was_cut = true;
        return false;
    }
    return !(f->at_end && f->pending.len == 0);
}

/* False: to be closed. */
static bool work_pair(tcp_proxy *p, pair *c)
{
    if (!read_flow(p, &c->requests) || !read_flow(p, &c->replies))
        return false;
    frame_requests(p, c);
    frame_replies(p, c);
    return pass(p, &c->requests) && pass(p, &c->replies);
}

static void accept_one(tcp_proxy *p)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int on = 1;
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
        return;
    if (p->pair_count == PAIRS_MAX)
        give_up("too many connections");
    pair *c = &p->pairs[p->pair_count];
    *c = (pair){.client = client, .server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                .target = NEVER};
    memcpy(address.sun_path, p->path, sizeof(address.sun_path));
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    p->connections++;
    if (p->faults.refuse || connect(c->server, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close_pair(c, true);
        return;
    }
    c->requests = (flow){.from = c->client, .to = c->server};
    c->replies = (flow){.from = c->server, .to = c->client, .is_reply = true};
    p->pair_count++;
}

static void work(tcp_proxy *p)
{
    accept_one(p);
    for (unsigned i = 0; i < p->pair_count;) {
        pair *c = &p->pairs[i];
        if (!p->faults.reset && work_pair(p, c)) {
            i++;
            continue;
        }
        close_pair(c, p->faults.reset || c->requests.was_cut || c->replies.was_cut);
        p->pairs[i] = p->pairs[--p->pair_count];
    }
    p->faults.reset = false;
}

/* ---- The thread ------------------------------------------------------------------------------------------------- */

/* What one socket is to be watched for. Nothing: it is left out, or its hang-up would wake us all the time. */
static struct pollfd watched(const tcp_proxy *p, int fd, const flow *in, const flow *out)
{
    bool wants_out = passable(p, out) > 0 && now_us() >= out->due_us;
    short events = (short)((has_room(in) ? POLLIN : 0) | (wants_out ? POLLOUT : 0));
    return (struct pollfd){.fd = events != 0 ? fd : -1, .events = events};
}

static int collect(const tcp_proxy *p, struct pollfd *fds, int *ret_timeout_ms)
{
    int count = 0;
    *ret_timeout_ms = -1;
    fds[count++] = (struct pollfd){.fd = p->wake, .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = p->listener, .events = POLLIN};
    for (unsigned i = 0; i < p->pair_count; i++) {
        const pair *c = &p->pairs[i];
        fds[count++] = watched(p, c->client, &c->requests, &c->replies);
        fds[count++] = watched(p, c->server, &c->replies, &c->requests);
        if (c->requests.due_us > now_us() || c->replies.due_us > now_us())
            *ret_timeout_ms = 1;
    }
    return count;
}

static void *run(void *arg)
{
    tcp_proxy *p = arg;
    pthread_mutex_lock(&p->mutex);
    while (!p->ends) {
        struct pollfd fds[2 + 2 * PAIRS_MAX];
        int timeout_ms, count = collect(p, fds, &timeout_ms);
        eventfd_t woken;
        pthread_mutex_unlock(&p->mutex);
        if (poll(fds, (nfds_t)count, timeout_ms) < 0 && errno != EINTR)
            give_up("poll");
        eventfd_read(p->wake, &woken);
        pthread_mutex_lock(&p->mutex);
        work(p);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

tcp_proxy *tcp_proxy_start(const char *unix_path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    tcp_proxy *p = calloc(1, sizeof(*p));
    if (p == NULL)
        give_up("memory");
    snprintf(p->path, sizeof(p->path), "%s", unix_path);
    tcp_proxy_clear_faults(p);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->wake < 0 || p->listener < 0 || bind(p->listener, (const struct sockaddr *)&address, len) != 0 ||
        listen(p->listener, PAIRS_MAX) != 0 || getsockname(p->listener, (struct sockaddr *)&address, &len) != 0)
        give_up("listen");
    p->port = ntohs(address.sin_port);
    pthread_mutex_init(&p->mutex, NULL);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        give_up("thread");
    return p;
}

void tcp_proxy_lock(tcp_proxy *p)
{
    pthread_mutex_lock(&p->mutex);
}

void tcp_proxy_unlock(tcp_proxy *p)
{
    eventfd_write(p->wake, 1);
    pthread_mutex_unlock(&p->mutex);
}

void tcp_proxy_free(tcp_proxy *p)
{
    if (p == NULL)
        return;
    tcp_proxy_lock(p);
    p->ends = true;
    tcp_proxy_unlock(p);
    pthread_join(p->thread, NULL);
    while (p->pair_count > 0)
        close_pair(&p->pairs[--p->pair_count], false);
    tcp_proxy_clear_faults(p);
    close(p->listener);
    close(p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
