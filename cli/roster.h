/* roster.h - a group as status, slots and leader show it: its view and its slots, copied. */
#ifndef CLI_ROSTER_H
#define CLI_ROSTER_H

#include "cli/settings.h"

#include <allot/allot.h>

typedef struct roster_slot {
    allot_slot_info info; /* its texts are empty: see below */
    char name[ALLOT_NAME_BYTES_MAX + 1];
    char host[ALLOT_NAME_BYTES_MAX + 1];
    char container[ALLOT_NAME_BYTES_MAX + 1];
} roster_slot;

typedef struct roster {
    allot_view view;
    char strategy[ALLOT_NAME_BYTES_MAX + 1];
    roster_slot *slots; /* oldest first */
    size_t count;
    size_t capacity;
} roster;

/* Reads it without joining or creating anything. Returns an exit code, after saying why. */
int roster_read(const settings *s, roster *ret_roster);
void roster_done(roster *r);

/* NULL when the slot is not there. */
const roster_slot *roster_find(const roster *r, const allot_uuid *slot);

/* live, expired, retired, left, dead; draining for a live slot that wants no more ids. */
const char *roster_state_word(const roster_slot *slot);

/* Milliseconds, never negative. */
int64_t remaining_ms(int64_t us);

#endif
