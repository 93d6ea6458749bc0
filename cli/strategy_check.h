/* strategy_check.h - what the strategy itself says of its options, as errors of the settings. */
#ifndef CLI_STRATEGY_CHECK_H
#define CLI_STRATEGY_CHECK_H

#include "config/config.h"

/* Loads the strategy as a replica would, and adds what it refuses to the errors of the config, each at the place where
 * it was written. Once all else was read. 0, or -1: out of memory. */
int strategy_check(config *c);

#endif
