/* settings.h - options, checked and copied. */
#ifndef RUNTIME_SETTINGS_H
#define RUNTIME_SETTINGS_H

#include <allot/allot.h>

typedef struct settings {
    allot_options options; /* every text set, none the caller's */
    char host[ALLOT_NAME_BYTES_MAX + 1];
    void *memory; /* where the texts and the backend's options lie */
} settings;

/* Takes over the options of a replica; those that are NULL get their default. Errors: INVALID, LIMIT, NOMEM. */
int settings_init(settings *s, const allot_options *options, allot_error *ret_error);

/* The same for a group: looks only at what a group needs. */
int settings_init_group(settings *s, const allot_options *options, allot_error *ret_error);

void settings_done(settings *s);

#endif
