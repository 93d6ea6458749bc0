/* fail.h - filling in the caller's error. */
#ifndef REDIS_FAIL_H
#define REDIS_FAIL_H

#include <allot/error.h>

/* Returns `code`; writes it and the message where the caller wants them. */
int redis_fail(allot_error *ret_error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
