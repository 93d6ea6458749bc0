#include "backends/redis/address.h"

#include "backends/redis/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DEFAULT_PORT 6379
#define PASSWORD_BYTES_MAX 4096
/* Messages show no part of the URL: what looks like a port may be a piece of a password. */
#define HINT " (in a user or password, '/' is written as %%2F, '?' as %%3F, '#' as %%23, '%%' as %%25)"

/* Part of a URL. */
typedef struct span {
    const char *at;
    size_t len;
} span;

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX undone, as a new text. 0, INVALID or NOMEM. */
static int decode(span in, char **ret_text, allot_error *ret_error)
{
    char *text = malloc(in.len + 1);
    size_t len = 0;
    if (text == NULL)
        return redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    for (size_t i = 0; i < in.len; i++) {
        int high = in.at[i] == '%' && i + 2 < in.len ? hex_value(in.at[i + 1]) : -1;
        int low = high >= 0 ? hex_value(in.at[i + 2]) : -1;
        char c = low >= 0 ? (char)(high << 4 | low) : in.at[i];
        if ((in.at[i] == '%' && low < 0) || (unsigned char)c < 0x20 || c == 0x7f) {
            free(text);
            return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: a malformed %%XX, or a control character");
        }
        i += low >= 0 ? 2 : 0;
        text[len++] = c;
    }
    text[len] = '\0';
    *ret_text = text;
    return 0;
}

static bool parse_number(span in, int max, int *ret_number)
{
    int64_t number = 0;
    if (in.len == 0 || in.len > 9)
        return false;
    for (size_t i = 0; i < in.len; i++) {
        if (in.at[i] < '0' || in.at[i] > '9')
            return false;
        number = number * 10 + (in.at[i] - '0');
    }
    if (number > max)
        return false;
    *ret_number = (int)number;
    return true;
}

static int parse_database(span in, redis_address *a, allot_error *ret_error)
{
    if (!parse_number(in, INT32_MAX, &a->database))
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: the database is not a number" HINT);
    return 0;
}

static int parse_query(span in, redis_address *a, allot_error *ret_error)
{
    if (in.len > 3 && strncmp(in.at, "db=", 3) == 0)
        return parse_database((span){in.at + 3, in.len - 3}, a, ret_error);
    return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: only '?db=NUMBER' may follow a '?'" HINT);
}

static int parse_user(span in, redis_address *a, allot_error *ret_error)
{
    const char *colon = memchr(in.at, ':', in.len);
    size_t user_len = colon != NULL ? (size_t)(colon - in.at) : in.len;
    int code = user_len == 0 ? 0 : decode((span){in.at, user_len}, &a->user, ret_error);
    if (code == 0 && colon != NULL)
        code = decode((span){colon + 1, in.len - user_len - 1}, &a->password, ret_error);
    return code;
}

static int parse_host(span in, redis_address *a, allot_error *ret_error)
{
    const char *end = in.at + in.len;
    const char *host_end = end;
    span host = in;
    if (in.len > 0 && in.at[0] == '[') {
        const char *bracket = memchr(in.at, ']', in.len);
        if (bracket == NULL)
            return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: '[' without ']'");
        host = (span){in.at + 1, (size_t)(bracket - in.at) - 1};
        host_end = bracket + 1;
    } else {
        const char *colon = memchr(in.at, ':', in.len);
        host_end = colon != NULL ? colon : end;
        host.len = (size_t)(host_end - in.at);
    }
    a->port = DEFAULT_PORT;
    if (host_end < end && (*host_end != ':' || !parse_number((span){host_end + 1, (size_t)(end - host_end) - 1}, 65535,
                                                               &a->port) || a->port == 0))
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: the port is not a number from 1 to 65535" HINT);
    if (host.len == 0)
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: no host");
    a->host = strndup(host.at, host.len);
    return a->host != NULL ? 0 : redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
}

/* What follows the authority: a database, or the path of a socket. */
static int parse_path(span path, bool is_unix, redis_address *a, allot_error *ret_error)
{
    if (is_unix && path.len <= 1)
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: no path; write unix:///path/to/socket?db=0");
    if (is_unix)
        return decode(path, &a->unix_path, ret_error);
    if (path.len <= 1)
        return 0;
    return parse_database((span){path.at + 1, path.len - 1}, a, ret_error);
}

static int parse_rest(const char *rest, bool is_unix, redis_address *a, allot_error *ret_error)
{
    size_t authority_len = strcspn(rest, "/?#");
    const char *path = rest + authority_len;
    size_t path_len = strcspn(path, "?#");
    const char *query = path + path_len;
    const char *at = memrchr(rest, '@', authority_len);
    span user = {rest, at != NULL ? (size_t)(at - rest) : 0};
    span host = {at != NULL ? at + 1 : rest, authority_len - (at != NULL ? user.len + 1 : 0)};
    int code = parse_user(user, a, ret_error);
    if (code == 0 && is_unix && host.len > 0)
        code = redis_fail(ret_error, ALLOT_E_INVALID, "redis url: a host before the path of a Unix socket");
    if (code == 0 && !is_unix)
        code = parse_host(host, a, ret_error);
    if (code == 0)
        code = parse_path((span){path, path_len}, is_unix, a, ret_error);
    if (code == 0 && *query == '?')
        code = parse_query((span){query + 1, strlen(query + 1)}, a, ret_error);
    else if (code == 0 && *query == '#')
        code = redis_fail(ret_error, ALLOT_E_INVALID, "redis url: there is a '#'" HINT);
    return code;
}

static bool skip_scheme(const char **url, const char *scheme)
{
    size_t len = strlen(scheme);
    if (strncasecmp(*url, scheme, len) != 0)
        return false;
    *url += len;
    return true;
}

int redis_address_parse(const char *url, redis_address *ret_address, allot_error *ret_error)
{
    redis_address a = {0};
    bool is_unix = skip_scheme(&url, "unix://");
    if (!is_unix && skip_scheme(&url, "rediss://"))
        return redis_fail(ret_error, ALLOT_E_INVALID, "redis url: rediss:// (TLS) is not supported by this version");
    if (!is_unix && !skip_scheme(&url, "redis://"))
        return redis_fail(ret_error, ALLOT_E_INVALID,
                          "redis url: it has to begin with redis:// or unix://, as in redis://127.0.0.1:6379/0");
    int code = parse_rest(url, is_unix, &a, ret_error);
    if (code != 0) {
        redis_address_done(&a);
        return code;
    }
    *ret_address = a;
    return 0;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Up to `size` bytes; the number of them, or -1 and errno. */
static ssize_t read_file(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t len = 0;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && len < size) {
        n = read(fd, buffer + len, size - len);
        len += n > 0 ? (size_t)n : 0;
    }
    int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return n < 0 ? -1 : (ssize_t)len;
}

int redis_address_read_password(redis_address *address, const char *path, allot_error *ret_error)
{
    char text[PASSWORD_BYTES_MAX + 1];
    ssize_t len = read_file(path, text, PASSWORD_BYTES_MAX);
    if (len < 0)
        return redis_fail(ret_error, ALLOT_E_PLACE, "password file %s: %s", path, strerror(errno));
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    char *password = text[0] != '\0' && len < PASSWORD_BYTES_MAX ? strdup(text) : NULL;
    bool is_bad = text[0] == '\0' || len == PASSWORD_BYTES_MAX;
    explicit_bzero(text, sizeof(text));
    if (is_bad)
        return redis_fail(ret_error, ALLOT_E_INVALID, "password file %s: its first line is no password", path);
    if (password == NULL)
        return redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    wipe(address->password);
    address->password = password;
    return 0;
}

void redis_address_done(redis_address *a)
{
    free(a->host);
    free(a->unix_path);
    free(a->user);
    wipe(a->password);
    *a = (redis_address){0};
}
