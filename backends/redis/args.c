#include "backends/redis/args.h"

#include "base/uuid_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void redis_args_done(redis_args *a)
{
    bytes_done(&a->text);
    free(a->ends);
    *a = (redis_args){0};
}

void redis_args_clear(redis_args *a)
{
    bytes_clear(&a->text);
    a->count = 0;
    a->failed = false;
}

void redis_args_bytes(redis_args *a, const void *data, size_t len)
{
    if (array_reserve((void **)&a->ends, &a->capacity, a->count + 1, sizeof(a->ends[0])) != 0 ||
        (len > 0 && bytes_append(&a->text, data, len) != 0)) {
        a->failed = true;
        return;
    }
    a->ends[a->count++] = a->text.len;
}

void redis_args_text(redis_args *a, const char *text)
{
    redis_args_bytes(a, text, strlen(text));
}

void redis_args_number(redis_args *a, uint64_t number)
{
    redis_args_format(a, "%" PRIu64, number);
}

void redis_args_signed(redis_args *a, int64_t number)
{
    redis_args_format(a, "%" PRId64, number);
}

void redis_args_uuid(redis_args *a, const allot_uuid *uuid)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(uuid, text);
    redis_args_bytes(a, text, sizeof(text) - 1);
}

void redis_args_uuid_or_none(redis_args *a, const allot_uuid *uuid)
{
    if (uuid_is_zero(uuid))
        redis_args_bytes(a, NULL, 0);
    else
        redis_args_uuid(a, uuid);
}

void redis_args_format(redis_args *a, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (len < 0 || (size_t)len >= sizeof(text))
        a->failed = true;
    else
        redis_args_bytes(a, text, (size_t)len);
}

void redis_args_list(const redis_args *a, const char **ret_argv, size_t *ret_lens)
{
    size_t start = 0;
    for (size_t i = 0; i < a->count; i++) {
        ret_argv[i] = a->text.data == NULL ? "" : a->text.data + start; /* NULL: every argument is empty */
        ret_lens[i] = a->ends[i] - start;
        start = a->ends[i];
    }
}
