/* show.h - the parts that status, slots and leader share. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/json.h"
#include "cli/roster.h"
#include "cli/style.h"

/* One slot as an object. */
void show_slot_json(json *j, const roster_slot *slot);

/* All slots as a table. Returns an exit code. */
int show_slots_table(const roster *r, output *out, style s);

/* Seconds with one digit, for example "1.8 s". */
void show_seconds(int64_t us, char *ret_text, size_t size);

#endif
