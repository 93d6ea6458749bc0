/* env.h - free options from the environment. */
#ifndef CONFIG_ENV_H
#define CONFIG_ENV_H

#include "config/inside.h"

/* Takes every variable whose name begins with the prefix: the rest of it, in lower case, is an option of the section.
 * 0 or -1. */
int env_take_options(config *c, const char *section, const char *prefix);

#endif
