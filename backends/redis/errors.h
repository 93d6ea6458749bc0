/* errors.h - what an error reply of the server means. Pure. */
#ifndef REDIS_ERRORS_H
#define REDIS_ERRORS_H

#include <stdbool.h>

typedef enum redis_error_kind {
    REDIS_ERROR_RETRY = 1, /* the server cannot now (LOADING, BUSY, OOM ...): later */
    REDIS_ERROR_RECONNECT, /* not, or no longer, the server for us (READONLY ...): the link connects anew */
    REDIS_ERROR_CONFIG,    /* will not get better by itself (NOAUTH, NOPERM, WRONGTYPE, MOVED ...) */
    REDIS_ERROR_NOSCRIPT,  /* EVALSHA of a script that the server does not have */
    REDIS_ERROR_OTHER      /* a script that failed, or an error that we do not know */
} redis_error_kind;

/* By the text of a REDIS_REPLY_ERROR, NUL-terminated. */
redis_error_kind redis_error_kind_of(const char *text);

/* A transaction of which nothing was done, whatever the reason. */
bool redis_error_is_abort(const char *text);

/* True when a command (a script) that was answered with this error may have changed something: UNKNOWN. False: it was
 * refused before it ran, or at its first write: UNAVAILABLE. */
bool redis_error_maybe_applied(const char *text);

#endif
