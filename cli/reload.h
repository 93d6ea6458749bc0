/* reload.h - SIGHUP: settings that are read again while a replica runs. */
#ifndef CLI_RELOAD_H
#define CLI_RELOAD_H

#include "cli/commands.h"

/* Reads the file and the environment again, below the flags of `started`. When all of it is right, what can be taken
 * over without a restart is: by the node; and, what concerns the log and handover.release, by the caller, out of
 * *current, which was zero or the last one reloaded. Else node and *current stay as they were. Says what has changed,
 * or what is wrong. True when it was taken over. */
bool reload(allot_node *node, const invocation *started, invocation *current);

#endif
