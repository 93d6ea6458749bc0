/* guard.h - looks at what a server sends before hiredis does: RESP2 only, and nothing that is huge or deep. Pure.
 *
 * hiredis 1.2 overflows the stack when it frees a reply that is nested deeply, and every version allocates what a
 * length says. A reply that passes here is well formed, and small enough. */
#ifndef REDIS_GUARD_H
#define REDIS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_REPLY_BYTES_MAX ((size_t)64 << 20) /* of one reply, all told */
#define REDIS_REPLY_ELEMENTS_MAX 1000000u        /* of one reply, all told */
#define REDIS_REPLY_NESTING_MAX 8u               /* what hiredis 0.14 parses */
#define REDIS_REPLY_LINE_MAX 65536u              /* a status or an error */

/* Zero-initialised: before the first byte of a connection. */
typedef struct redis_guard {
    unsigned state;
    char type;
    bool negative;
    uint32_t digits; /* of the number, or bytes of the line */
    int64_t number;
    size_t skip;                            /* bytes of the bulk that are still to come, its CR LF included */
    size_t bytes;                           /* of this reply so far */
    uint32_t elements;                      /* announced in this reply so far */
    uint32_t depth;                         /* open arrays */
    uint32_t left[REDIS_REPLY_NESTING_MAX]; /* elements that each of them waits for */
} redis_guard;

/* NULL, or what is wrong with these next bytes of the stream (static text): nothing more may be read then. */
const char *redis_guard_look(redis_guard *guard, const char *data, size_t len);

/* True between two replies. */
bool redis_guard_is_between(const redis_guard *guard);

#endif
