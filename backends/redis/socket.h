/* socket.h - the socket under a link: non-blocking, closed on exec. What carries the bytes later (TLS) goes between
 * redis_socket_read, redis_socket_write and their callers. */
#ifndef REDIS_SOCKET_H
#define REDIS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define REDIS_ENDPOINTS_MAX 8u

typedef struct redis_endpoint {
    struct sockaddr_storage address;
    socklen_t len;
} redis_endpoint;

/* What a name stands for, in the order in which it is to be tried. */
typedef struct redis_endpoints {
    redis_endpoint at[REDIS_ENDPOINTS_MAX];
    unsigned count;
} redis_endpoints;

/* False: the path is too long for a Unix socket. */
bool redis_endpoint_unix(const char *path, redis_endpoint *ret_endpoint);

/* Begins to connect. The descriptor, or -1 and errno. */
int redis_socket_connect(const redis_endpoint *endpoint);
/* What came of it, once the descriptor is writable: 0, or an errno; EINPROGRESS: nothing yet. */
int redis_socket_outcome(int fd);

/* Bytes; 0: at its end; -1 and errno, EAGAIN: nothing now. */
ssize_t redis_socket_read(int fd, void *data, size_t size);
/* Bytes taken; -1 and errno, EAGAIN: nothing now. Never a SIGPIPE. */
ssize_t redis_socket_write(int fd, const struct iovec *parts, size_t count);

#endif
