/* merge.h - the lines of several histories, in the order of their instants, to the checker. */
#ifndef VERIFY_MERGE_H
#define VERIFY_MERGE_H

#include "verify/checker.h"

/* A line as it stands in a history. */
typedef struct raw_line {
    const char *text; /* valid until the next one of the same history */
    size_t len;       /* without its end */
    bool ended;       /* by a newline; false: the last one may have been torn */
    bool longer;      /* than LINE_BYTES_MAX: the text is not there */
} raw_line;

/* Where a history comes from. `next` returns 1 and a line, 0 at the end, or -1: it cannot be read. */
typedef struct history_source {
    int (*next)(void *user, raw_line *ret_line);
    bool (*growing)(void *user); /* at the end: whether a process still writes it; NULL: none does */
    void *user;
} history_source;

/* Histories that grow are read one after the other: what was written on this boot, but later than the reading began, is
 * left out, because what it rests on may stand in another history that was read before. */
typedef struct horizon {
    allot_uuid boot;
    int64_t until_us;
} horizon;

typedef enum merge_result { MERGE_DONE = 0, MERGE_NOMEM, MERGE_OBSTACLE, MERGE_UNREADABLE } merge_result;

/* Everything, to the end or to the horizon (NULL: there is none); then checker_finish. MERGE_OBSTACLE: see
 * checker_obstacle. MERGE_UNREADABLE: `next` of *ret_source failed. */
merge_result merge_histories(checker *c, const history_source *sources, uint32_t count, const horizon *until,
                             uint32_t *ret_source);

#endif
