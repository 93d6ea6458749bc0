/* resolve.h - from a host's name to addresses, without ever blocking the caller. */
#ifndef REDIS_RESOLVE_H
#define REDIS_RESOLVE_H

#include "backends/redis/socket.h"

/* A look-up that is on its way, on a thread of its own; it goes on, and ends, also when nobody waits any more. */
typedef struct redis_resolve redis_resolve;

/* An address that is written as a number needs no look-up. False: it is a name. */
bool redis_resolve_number(const char *host, int port, redis_endpoints *ret_endpoints);

/* NULL: out of memory, threads or descriptors. */
redis_resolve *redis_resolve_begin(const char *host, int port);
/* Readable once there is an outcome. */
int redis_resolve_fd(const redis_resolve *r);
/* False: not yet. Else *ret_why is NULL and there are addresses, or it says what went wrong (static text). */
bool redis_resolve_outcome(redis_resolve *r, redis_endpoints *ret_endpoints, const char **ret_why);
/* Does not wait for the thread. Takes NULL. */
void redis_resolve_forget(redis_resolve *r);

#endif
