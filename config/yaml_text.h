/* yaml_text.h - writing YAML. */
#ifndef CONFIG_YAML_TEXT_H
#define CONFIG_YAML_TEXT_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the writing has got to: the sections that are open. Zero-initialise. */
typedef struct yaml_writer {
    bytes *to;
    char section[192]; /* "backend.redis" */
} yaml_writer;

/* Writes the lines that open the sections of `path` ("backend.redis.url"), as far as they are not open. Returns the
 * depth of the setting, or -1: out of memory. */
int yaml_open(yaml_writer *w, const char *path);

/* Appends a scalar, in quotes where it needs them; a '$' is written twice, so that it stays one. 0 or -1. */
int yaml_append_scalar(bytes *to, const char *text);

/* Appends `count` blanks. 0 or -1. */
int yaml_indent(bytes *to, int count);

#endif
