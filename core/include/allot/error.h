/* allot/error.h - error codes, and the object that carries an error's message.
 *
 * Functions return 0 or a negative code. Those that can say more take an `allot_error *ret_error` (may be NULL), which
 * belongs to the caller and is written only on failure. No last error is kept in a global or in errno. */
#ifndef ALLOT_ERROR_H
#define ALLOT_ERROR_H

#include <allot/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* code, value, what it means in words */
#define ALLOT_ERRORS(X)                                                                                                \
    X(ALLOT_OK, 0, "success")                                                                                          \
    X(ALLOT_E_INVALID, -1, "invalid argument")                                                                         \
    X(ALLOT_E_NOMEM, -2, "out of memory")                                                                              \
    X(ALLOT_E_LIMIT, -3, "over a limit")                                                                               \
    X(ALLOT_E_FENCED, -4, "the lease is over; this replica must not act")                                              \
    X(ALLOT_E_REFUSED, -5, "refused by the store")                                                                     \
    X(ALLOT_E_UNAVAILABLE, -6, "the store cannot be reached; nothing was changed")                                     \
    X(ALLOT_E_UNKNOWN, -7, "no answer; the change may or may not have been made")                                      \
    X(ALLOT_E_TIMEOUT, -8, "timed out")                                                                                \
    X(ALLOT_E_CLOSED, -9, "this handle is closed or has left the group")                                               \
    X(ALLOT_E_FORKED, -10, "this handle was opened before a fork() and is dead in the child")                          \
    X(ALLOT_E_NOT_FOUND, -11, "not found")                                                                             \
    X(ALLOT_E_PLACE, -12, "the place of the store cannot be used")                                                     \
    X(ALLOT_E_DAMAGED, -13, "the stored data is damaged")                                                              \
    X(ALLOT_E_FORMAT, -14, "the stored data has a format that this version does not know")                             \
    X(ALLOT_E_MODULE, -15, "the module was refused")                                                                   \
    X(ALLOT_E_SYSTEM, -16, "a system call failed")

typedef enum allot_code {
#define ALLOT_ERROR_ENUM(name, value, text) name = value,
    ALLOT_ERRORS(ALLOT_ERROR_ENUM)
#undef ALLOT_ERROR_ENUM
} allot_code;

/* An error of one call. `message` is one line of UTF-8, NUL-terminated; it names the place and the remedy. */
typedef struct allot_error {
    int32_t code;
    char message[508];
} allot_error;

/* The words for a code, for example "out of memory"; "unknown error" for a number that is none. Never NULL; static.
 * Threads: any. */
ALLOT_API const char *allot_code_text(int32_t code);

#ifdef __cplusplus
}
#endif
#endif
