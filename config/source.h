/* source.h - the text of a configuration file, and places in it. */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_BYTES_MAX (1024u * 1024u)

/* Zero-initialised: there is none. */
typedef struct source {
    const char *name;
    char *text; /* a byte order mark is cut off; a NUL stands behind the end */
    size_t len;
} source;

/* A part of it, in bytes. */
typedef struct span {
    size_t start, end;
} span;

/* A line without what ends it, which is LF, CR LF or CR. */
typedef struct source_line {
    const char *text;
    size_t len;
} source_line;

/* Line, column and length (in characters, at least 1, at most to the end of the line) of a part. */
void source_locate(const source *s, span part, uint32_t *ret_line, uint32_t *ret_column, uint32_t *ret_len);

/* The line with that number, from 1; an empty one past the end. */
source_line source_line_at(const source *s, uint32_t line);

/* Where the first byte stands that no configuration may contain: not UTF-8, or a control character other than TAB, LF
 * and CR. The length of the text: there is none. */
size_t source_valid_bytes(const source *s);

#endif
