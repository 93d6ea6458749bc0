/* unknown.h - keys that are in no table: what may have been meant. */
#ifndef CONFIG_UNKNOWN_H
#define CONFIG_UNKNOWN_H

#include "config/inside.h"

/* Adds the error about a key that the section ("" for the file itself) does not have. 0 or -1. */
int unknown_key(config_inside *in, const char *section, const char *name, size_t len, const config_position *at);

/* Adds an error about each section "backend.NAME" of the file that is nearly a backend that there is, unless NAME is
 * selected. 0 or -1. */
int unknown_backends(config_inside *in, const char *selected);

#endif
