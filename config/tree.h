/* tree.h - a YAML text as a tree of nodes that know their places.
 *
 * What allot does not take is an error with its place, and reading goes on behind it: anchors, aliases, tags, further
 * documents. A syntax error ends the reading; what came before is in the tree. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/inside.h"

#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX 4096

typedef enum node_kind {
    NODE_SCALAR,
    NODE_MAPPING,
    NODE_SEQUENCE,
    NODE_ALIAS /* an error already */
} node_kind;

/* Children of a mapping: key, value, key, value, ...; after a syntax error the last value may be missing. */
typedef struct node {
    node_kind kind;
    bool is_plain; /* a scalar without quotes */
    span part;
    const char *text; /* NODE_SCALAR; a NUL stands behind it */
    size_t len;
    size_t first, last, next; /* children; the next sibling; 0: none */
} node;

/* nodes[0] stands for "none". Zero-initialised: empty. */
typedef struct tree {
    node *nodes;
    size_t count, capacity;
    size_t root; /* 0: an empty file */
} tree;

/* Parses in->source. Errors are added. 0 or -1. Either way the caller frees it with tree_done. */
int tree_read(config_inside *in, tree *ret_tree);
void tree_done(tree *t);

/* NULL for 0. */
const node *tree_node(const tree *t, size_t index);

#endif
