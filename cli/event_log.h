/* event_log.h - a replica's events, one a line: as JSON for programs, or in words for people. */
#ifndef CLI_EVENT_LOG_H
#define CLI_EVENT_LOG_H

#include "cli/output.h"
#include "cli/style.h"
#include "config/config.h"

#include <allot/allot.h>

typedef struct event_log {
    output out;
    style style;
    bool as_json;
    bool with_ids;
    int level; /* config_log_level: what is above it is not written in words. As JSON, events are data: all of them */
} event_log;

/* Writes one event, at once. `word` is its name; `released` is none of the library's. */
void event_log_write(event_log *log, const char *word, const allot_event *event);

#endif
