/* body.h - the ids of one segment as this replica got them: never changed, shared by reference.
 *
 * A reference is counted without atomics: all references to one body are taken and dropped under one lock (the node's),
 * or by one thread. */
#ifndef ENGINE_BODY_H
#define ENGINE_BODY_H

#include <allot/backend.h>

typedef struct body {
    uint32_t refs;
    uint32_t count;
    uint64_t segment;
    uint64_t token;
    allot_new_id ids[]; /* `count`; text and payloads lie behind them, in the same allocation */
} body;

/* Copies; NULL: out of memory. One reference, the caller's. */
body *body_new(const allot_segment_body *source);
body *body_ref(body *b);
/* Takes NULL. */
void body_unref(body *b);

#endif
