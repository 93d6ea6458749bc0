/* expand.h - ${NAME} in the values of a file. */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "config/inside.h"

/* Writes the text of a scalar to `to`, with its variables replaced:
 *   ${NAME}           its value; an error when it is not set
 *   ${NAME:-default}  the default when it is not set or empty; variables in it are replaced, too
 *   ${NAME:?message}  an error with that message when it is not set or empty
 *   $$                a dollar
 * Errors are added at their place in `part`, which is where the scalar stands in the source. 0; 1: there were errors;
 * -1: out of memory. */
int expand(config_inside *in, const char *text, size_t len, span part, bytes *to);

#endif
