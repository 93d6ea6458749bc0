/* utf8.h - reading UTF-8. */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The character at the front of `len` > 0 bytes: its length, and its code point in *ret_point. 0 when there is none:
 * not UTF-8, not in its shortest form, a surrogate, or cut off. */
size_t utf8_next(const char *data, size_t len, uint32_t *ret_point);

/* How many characters there are, counting each byte that begins none as one. */
size_t utf8_count(const char *data, size_t len);

#endif
