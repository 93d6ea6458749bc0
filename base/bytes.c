#include "base/bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void **items, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return 0;
    size_t grown = *capacity < 8 ? 8 : *capacity;
    while (grown < need) {
        if (grown > SIZE_MAX / 2)
            return -1;
        grown *= 2;
    }
    size_t total;
    if (__builtin_mul_overflow(grown, size, &total))
        return -1;
    void *moved = realloc(*items, total);
    if (moved == NULL)
        return -1;
    *items = moved;
    *capacity = grown;
    return 0;
}

int bytes_reserve(bytes *b, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(b->len, more, &need))
        return -1;
    return array_reserve((void **)&b->data, &b->capacity, need, 1);
}

int bytes_append(bytes *b, const void *data, size_t len)
{
    if (len == 0)
        return 0;
    if (bytes_reserve(b, len) != 0)
        return -1;
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return 0;
}

int bytes_printf(bytes *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || bytes_reserve(b, (size_t)n + 1) != 0)
        return -1;
    va_start(args, format);
    vsnprintf(b->data + b->len, (size_t)n + 1, format, args);
    va_end(args);
    b->len += (size_t)n;
    return 0;
}

void bytes_clear(bytes *b)
{
    b->len = 0;
}

void bytes_done(bytes *b)
{
    free(b->data);
    *b = (bytes){0};
}
