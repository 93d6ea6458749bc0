#include "backends/redis/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* A peer that is gone without a word is noticed after two to three seconds, whether or not something is on its way. */
#define USER_TIMEOUT_MS 2000u

bool redis_endpoint_unix(const char *path, redis_endpoint *ret_endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, len + 1);
    memcpy(&ret_endpoint->address, &address, sizeof(address));
    ret_endpoint->len = (socklen_t)sizeof(address);
    return true;
}

/* Each of them only makes a link better: a kernel that lacks one does not keep us from connecting. */
static void set_options(int fd)
{
    int on = 1, idle_s = 1, interval_s = 1, probes = 2;
    unsigned user_timeout_ms = USER_TIMEOUT_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(user_timeout_ms));
}

int redis_socket_connect(const redis_endpoint *endpoint)
{
    int family = endpoint->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (family != AF_UNIX)
        set_options(fd);
    if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->len) != 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

int redis_socket_outcome(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int number = 0;
    socklen_t len = sizeof(number);
    if (poll(&p, 1, 0) == 0)
        return EINPROGRESS;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0)
        return errno;
    return number;
}

ssize_t redis_socket_read(int fd, void *data, size_t size)
{
    ssize_t n;
    do
        n = recv(fd, data, size, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t redis_socket_write(int fd, const struct iovec *parts, size_t count)
{
    struct iovec *iov = (struct iovec *)parts; /* sendmsg only reads them */
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
    ssize_t n;
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}
