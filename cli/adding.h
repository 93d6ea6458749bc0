/* adding.h - adding ids to the pool from outside, and saying how it went. */
#ifndef CLI_ADDING_H
#define CLI_ADDING_H

#include "cli/settings.h"

#include <allot/allot.h>

/* How it went, in the words of DESIGN §12. */
typedef struct added {
    uint64_t added;
    uint64_t present; /* in the pool before, or twice in the input */
    uint64_t refused; /* lines with an error; then nothing is added */
    bool begun;       /* the store was opened */
} added;

/* Adds the ids in pieces, each within the timeout. *ret_added is written also on failure. Returns an exit code, after
 * saying why and how far it got. */
int adding_ids(const settings *s, const allot_new *ids, size_t count, added *ret_added);

/* Writes the result to standard output, if there is one. Returns the exit code: `code`, or CODE_FAILED when anything
 * was refused. */
int adding_report(const settings *s, const added *a, int code);

#endif
