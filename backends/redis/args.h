/* args.h - the arguments of a command, one after the other. Zero-initialised is empty. Running out of memory is
 * remembered, and told at the end by redis_args_failed. */
#ifndef REDIS_ARGS_H
#define REDIS_ARGS_H

#include "base/bytes.h"

#include <allot/types.h>

typedef struct redis_args {
    bytes text;
    size_t *ends;
    size_t count, capacity;
    bool failed;
} redis_args;

void redis_args_done(redis_args *a);
void redis_args_clear(redis_args *a);

void redis_args_bytes(redis_args *a, const void *data, size_t len);
void redis_args_text(redis_args *a, const char *text);
void redis_args_number(redis_args *a, uint64_t number);
void redis_args_signed(redis_args *a, int64_t number);
void redis_args_uuid(redis_args *a, const allot_uuid *uuid);
/* "" for no UUID. */
void redis_args_uuid_or_none(redis_args *a, const allot_uuid *uuid);
void redis_args_format(redis_args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes pointers and lengths of all arguments; they are valid until the next change. */
void redis_args_list(const redis_args *a, const char **ret_argv, size_t *ret_lens);

#endif
