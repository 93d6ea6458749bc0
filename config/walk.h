/* walk.h - from the tree of a file to settings. */
#ifndef CONFIG_WALK_H
#define CONFIG_WALK_H

#include "config/tree.h"

/* Takes over every setting of the tree; errors are added. 0 or -1. */
int walk_tree(config *c, const tree *t);

#endif
