/* open.h - from settings to the library's options and handles. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "cli/settings.h"

#include <allot/allot.h>

/* The library's options. The texts stay those of `c`. */
allot_options options_of(const config *c);
/* Those of `next` that allot_reload can take over, the others as they were at the start. */
allot_options options_reloaded(const config *started, const config *next);

/* Opens the group for reading only (nothing is created) or for changing it. Returns an exit code, after saying why. */
int open_group(const settings *s, bool read_only, allot_group **ret_group);

#endif
