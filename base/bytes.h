/* bytes.h - a buffer that grows. Zero-initialised is empty. Functions that grow return 0 or -1 (out of memory), and
 * leave the buffer as it was when they fail. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>

typedef struct bytes {
    char *data;
    size_t len;
    size_t capacity;
} bytes;

int bytes_reserve(bytes *b, size_t more);
int bytes_append(bytes *b, const void *data, size_t len);
int bytes_printf(bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the content, keeps the memory. */
void bytes_clear(bytes *b);
/* Frees the memory; the buffer is empty and may be used again. */
void bytes_done(bytes *b);

/* Grows the array *items of *capacity elements of `size` bytes to hold at least `need`. 0 or -1 (out of memory, or an
 * overflow of the size). */
int array_reserve(void **items, size_t *capacity, size_t need, size_t size);

#endif
