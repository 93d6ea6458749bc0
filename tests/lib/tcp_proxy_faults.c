/* tcp_proxy_faults.c - what a test sets, and asks. */
#include "tests/lib/tcp_proxy_parts.h"

#include <string.h>

int tcp_proxy_port(const tcp_proxy *p)
{
    return p->port;
}

void tcp_proxy_heal(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    tcp_proxy_clear_faults(p);
    tcp_proxy_unlock(p);
}

void tcp_proxy_delay(tcp_proxy *p, int64_t delay_us)
{
    tcp_proxy_lock(p);
    p->faults.delay_us = delay_us;
    tcp_proxy_unlock(p);
}

void tcp_proxy_limit(tcp_proxy *p, size_t bytes_per_second)
{
    tcp_proxy_lock(p);
    p->faults.bytes_per_second = bytes_per_second;
    tcp_proxy_unlock(p);
}

void tcp_proxy_cut_requests(tcp_proxy *p, size_t after_bytes)
{
    tcp_proxy_lock(p);
    p->faults.cut_requests = (long long)after_bytes;
    tcp_proxy_unlock(p);
}

void tcp_proxy_cut_replies(tcp_proxy *p, size_t after_bytes)
{
    tcp_proxy_lock(p);
    p->faults.cut_replies = (long long)after_bytes;
    tcp_proxy_unlock(p);
}

void tcp_proxy_replace_reply(tcp_proxy *p, unsigned n, const void *data, size_t len)
{
    tcp_proxy_lock(p);
    bytes_clear(&p->faults.replacement);
    tcp_proxy_append(&p->faults.replacement, data, len);
    p->faults.replace = n;
    tcp_proxy_unlock(p);
}

void tcp_proxy_replace_reply_to(tcp_proxy *p, const char *needle, const void *data, size_t len)
{
    tcp_proxy_lock(p);
    bytes_clear(&p->faults.replacement);
    tcp_proxy_append(&p->faults.replacement, data, len);
    bytes_clear(&p->faults.needle);
    tcp_proxy_append(&p->faults.needle, needle, strlen(needle));
    tcp_proxy_unlock(p);
}

void tcp_proxy_inject(tcp_proxy *p, const void *data, size_t len)
{
    tcp_proxy_lock(p);
    bytes_clear(&p->faults.injection);
    tcp_proxy_append(&p->faults.injection, data, len);
    p->faults.injects = true;
    tcp_proxy_unlock(p);
}

void tcp_proxy_hang(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    p->faults.hang_requests = p->faults.hang_replies = true;
    tcp_proxy_unlock(p);
}

void tcp_proxy_hang_replies(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    p->faults.hang_replies = true;
    tcp_proxy_unlock(p);
}

void tcp_proxy_reset(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    p->faults.reset = true;
    tcp_proxy_unlock(p);
}

void tcp_proxy_refuse(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    p->faults.refuse = true;
    tcp_proxy_unlock(p);
}

unsigned tcp_proxy_connections(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    unsigned count = p->connections;
    tcp_proxy_unlock(p);
    return count;
}

size_t tcp_proxy_request_bytes(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    size_t count = p->request_bytes;
    tcp_proxy_unlock(p);
    return count;
}

size_t tcp_proxy_reply_bytes(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    size_t count = p->reply_bytes;
    tcp_proxy_unlock(p);
    return count;
}

unsigned tcp_proxy_replies(tcp_proxy *p)
{
    tcp_proxy_lock(p);
    unsigned count = p->reply_count;
    tcp_proxy_unlock(p);
    return count;
}
