/* open.h - from settings to the library's options and handles. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "cli/settings.h"

#include <allot/allot.h>

/* The library's options, and the memory that they point to. Must not be moved. */
typedef struct opening {
    allot_options options;
    allot_option pairs[BACKEND_OPTIONS_MAX + 1];
} opening;

/* Fills in what concerns the store, and of the replica what the verb's options set. The texts stay those of `s`. */
void opening_init(opening *o, const settings *s);

/* Opens the group for reading only (nothing is created) or for changing it. Returns an exit code, after saying why. */
int open_group(const settings *s, bool read_only, allot_group **ret_group);

#endif
