/* output.h - what goes to a descriptor: collected, written in large pieces, and its errors kept until the end. After
 * the first error everything further is dropped. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/bytes.h"

#include <allot/types.h>

typedef struct output {
    bytes text;
    int fd;
    int error; /* errno of the first failure, or 0 */
} output;

void output_put(output *out, const void *data, size_t len);
void output_text(output *out, const char *text);
void output_printf(output *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes what is collected. */
void output_flush(output *out);

/* Flushes and frees. Returns `code`; CODE_FAILED, and says why, when something could not be written. A reader that went
 * away (EPIPE) has seen what it wanted: no failure. */
int output_end(output *out, int code);

/* True when the reader of the descriptor went away. */
bool output_is_broken(const output *out);

#endif
