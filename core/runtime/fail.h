/* fail.h - filling in the caller's error. */
#ifndef RUNTIME_FAIL_H
#define RUNTIME_FAIL_H

#include <allot/error.h>

/* Returns `code`; writes it and the message where the caller wants them. */
int fail(allot_error *ret_error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with the words for the code as the message. */
int fail_plainly(allot_error *ret_error, int code);

#endif
