/* address.h - where a Redis server is, out of a URL. Pure, but for reading the file of a password. */
#ifndef REDIS_ADDRESS_H
#define REDIS_ADDRESS_H

#include <allot/error.h>

/* All texts are its own. */
typedef struct redis_address {
    char *host; /* NULL: a Unix socket */
    int port;
    char *unix_path;
    char *user, *password; /* NULL: none */
    int database;
} redis_address;

/* redis://[[user]:password@]host[:port][/database], redis://:password@[::1]:6379, unix:///path?db=n (and
 * unix://user:password@/path). User, password and path may have %XX in them. Returns 0, or INVALID or NOMEM with a
 * message that shows neither user nor password. rediss:// (TLS) is refused. */
int redis_address_parse(const char *url, redis_address *ret_address, allot_error *ret_error);

/* The password is the first line of this file. 0, or PLACE, INVALID, NOMEM with a message. */
int redis_address_read_password(redis_address *address, const char *path, allot_error *ret_error);

/* Wipes the password, frees. */
void redis_address_done(redis_address *address);

#endif
