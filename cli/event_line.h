/* event_line.h - reading back a line that `allot run --log-format json --log-ids` wrote. */
#ifndef CLI_EVENT_LINE_H
#define CLI_EVENT_LINE_H

#include "cli/id_list.h"

#define EVENT_WORD_BYTES 32

typedef struct event_line {
    char event[EVENT_WORD_BYTES];
    char slot[ALLOT_UUID_TEXT_BYTES]; /* "": null */
    int64_t mono_ns;
    uint64_t term;
    uint64_t version;
    id_list ids;
} event_line;

/* 0, or -1 when the line is none (or there is no memory). The caller frees ->ids with id_list_done. */
int event_line_read(const char *line, size_t len, event_line *ret_line);

#endif
