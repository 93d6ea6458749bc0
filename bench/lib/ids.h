/* ids.h - ids of 36 bytes (UUIDs as text), the same in every run, and the check that each comes to one slot once.
 *
 * The first digits of an id say which one it is, so that the check costs the same few nanoseconds for every contestant:
 * it is part of what is measured of all of them alike. */
#ifndef BENCH_IDS_H
#define BENCH_IDS_H

#include <allot/allot.h>

#define ID_BYTES 36u
#define LINE_BYTES (ID_BYTES + 1u) /* with the newline behind it */

typedef struct ids {
    size_t count;
    char *text;       /* the ids, one a line */
    allot_new *added; /* the same for allot_add */
    uint32_t *owner;  /* 1 + the slot that has it; 0: nobody so far */
    uint64_t owned;   /* how many have an owner */
} ids;

void ids_init(ids *all, size_t count);
void ids_done(ids *all);
/* Nobody has any. */
void ids_forget(ids *all);
/* A slot (from 0) has this id now. Ends the process when it is no id, or somebody had it before. */
void ids_got(ids *all, uint32_t slot, const char *text, size_t len);
/* The same of every line. */
void ids_got_lines(ids *all, uint32_t slot, const char *lines, size_t bytes);

#endif
