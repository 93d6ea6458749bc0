/* merge.h - the lines of several histories, in the order of their instants, to the checker. */
#ifndef VERIFY_MERGE_H
#define VERIFY_MERGE_H

#include "verify/checker.h"

/* A line as it stands in a history. */
typedef struct raw_line {
    const char *text; /* valid until the next one of the same history */
    size_t len;       /* without its end */
    bool ended;       /* by a newline; false: the last one may have been torn */
} raw_line;

/* Where a history comes from. `next` returns 1 and a line, 0 at the end, or -1: it cannot be read. */
typedef struct history_source {
    int (*next)(void *user, raw_line *ret_line);
    void *user;
} history_source;

typedef enum merge_result { MERGE_DONE = 0, MERGE_NOMEM, MERGE_OBSTACLE, MERGE_UNREADABLE } merge_result;

/* Everything, to the end; then checker_finish. MERGE_OBSTACLE: see checker_obstacle. MERGE_UNREADABLE: `next` of
 * *ret_source failed. */
merge_result merge_histories(checker *c, const history_source *sources, uint32_t count, uint32_t *ret_source);

#endif
