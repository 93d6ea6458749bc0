/* settings.h - options, checked and copied. */
#ifndef RUNTIME_SETTINGS_H
#define RUNTIME_SETTINGS_H

#include <allot/allot.h>

typedef struct settings {
    allot_options options; /* every text set, none the caller's */
    char host[ALLOT_NAME_BYTES_MAX + 1];
    void *memory; /* where the texts and the pairs of options lie */
} settings;

/* Takes over the options of a replica; those that are NULL get their default. Errors: INVALID, LIMIT, NOMEM. */
int settings_init(settings *s, const allot_options *options, allot_error *ret_error);

/* The same for a group: looks only at what a group needs. */
int settings_init_group(settings *s, const allot_options *options, allot_error *ret_error);

/* What concerns the strategy, with its default filled in; the texts stay the caller's. Errors: INVALID. */
int settings_of_strategy(const allot_options *options, allot_options *ret_options, allot_error *ret_error);

/* A field that allot_reload cannot change, and in which the two differ; NULL: none. */
const char *settings_fixed_difference(const settings *a, const settings *b);

void settings_done(settings *s);

#endif
