/* tcp_proxy.h - a proxy on 127.0.0.1 in front of a Unix socket, on a thread of its own, that does to connections
 * what networks do. What is set holds from then on, for connections that are there and for new ones, until
 * tcp_proxy_heal. */
#ifndef TESTS_TCP_PROXY_H
#define TESTS_TCP_PROXY_H

#include <stddef.h>
#include <stdint.h>

typedef struct tcp_proxy tcp_proxy;

/* To the server that listens on `unix_path`. What goes wrong here ends the process with a message. */
tcp_proxy *tcp_proxy_start(const char *unix_path);
/* Takes NULL. */
void tcp_proxy_free(tcp_proxy *p);

int tcp_proxy_port(const tcp_proxy *p);

/* Undoes all that was set; connections that hang go on. */
void tcp_proxy_heal(tcp_proxy *p);
/* Every piece, in both directions, comes this much later. */
void tcp_proxy_delay(tcp_proxy *p, int64_t delay_us);
/* At most so many bytes per second in each direction. */
void tcp_proxy_limit(tcp_proxy *p, size_t bytes_per_second);
/* Once so many further bytes of requests (of replies) have passed, the connection that brings the next one is reset.
 * Once. */
void tcp_proxy_cut_requests(tcp_proxy *p, size_t after_bytes);
void tcp_proxy_cut_replies(tcp_proxy *p, size_t after_bytes);
/* In place of the n-th reply from now on (0: the next one) these bytes come. Once. */
void tcp_proxy_replace_reply(tcp_proxy *p, unsigned n, const void *data, size_t len);
/* In place of the reply to the next request that has `needle` in it. Once. */
void tcp_proxy_replace_reply_to(tcp_proxy *p, const char *needle, const void *data, size_t len);
/* These bytes come before the next reply, on the connection that brings it. Once. */
void tcp_proxy_inject(tcp_proxy *p, const void *data, size_t len);
/* Nothing passes any more, in either direction, and nobody is told. New connections are accepted and hang as well. */
void tcp_proxy_hang(tcp_proxy *p);
/* Requests pass, replies do not. */
void tcp_proxy_hang_replies(tcp_proxy *p);
/* Resets all connections. */
void tcp_proxy_reset(tcp_proxy *p);
/* New connections are reset at once. */
void tcp_proxy_refuse(tcp_proxy *p);

/* So far: accepted connections, bytes and replies that were passed on. */
unsigned tcp_proxy_connections(tcp_proxy *p);
size_t tcp_proxy_request_bytes(tcp_proxy *p);
size_t tcp_proxy_reply_bytes(tcp_proxy *p);
unsigned tcp_proxy_replies(tcp_proxy *p);

#endif
