/* line.h - a line of a history: what a replica, or whoever adds ids, has written down (docs/histories.md).
 *
 * One flat JSON object a line, as `allot run --history` writes it; nothing else is taken: no blanks, no key that a
 * line of its kind does not have, none twice. What is for people alone (name, pid, why) is read, and not kept. */
#ifndef VERIFY_LINE_H
#define VERIFY_LINE_H

#include "base/bytes.h"

#include <allot/types.h>

#define LINE_BYTES_MAX (600u * 1024) /* no line is longer: 1,024 ids of 255 bytes, each of them escaped */
#define LINE_FORMAT 1u               /* what `opened` says; a reader refuses any other */

typedef enum line_kind {
    LINE_OPENED = 1, /* a process begins to write here */
    LINE_JOINED,     /* it has a slot, and a lease until `until_us` */
    LINE_RENEWED,    /* the lease of the slot lasts until `until_us` now */
    LINE_LEADS,      /* the slot leads, in `term` */
    LINE_FOLLOWS,    /* it does not lead any more, if it did */
    LINE_HELD,       /* `ids` are the slot's, under `token` */
    LINE_RELEASED,   /* it has stopped working on them, and gives them back */
    LINE_LOST,       /* they are not its own any more */
    LINE_ACKED,      /* it has stopped working on them, and reported them done */
    LINE_FAILED,     /* the same, not done */
    LINE_ADDED,      /* the store has confirmed that these are in the pool */
    LINE_FENCED,     /* the slot is over, by its lease or by the store's word */
    LINE_LEFT,       /* the slot has left */
    LINE_ADDING,     /* somebody asks the store to add these now: it may, also if no answer is told */
    LINE_CLEANED     /* somebody asked the store to empty the pool, at `since`: `answer` says what is known of it */
} line_kind;

/* What the store said of an ack, a fail or a clean. */
typedef enum line_answer { LINE_UNKNOWN = 0, LINE_ACCEPTED, LINE_REFUSED } line_answer;

/* Instants are microseconds on CLOCK_BOOTTIME. What a line of its kind does not have is zero. */
typedef struct line {
    line_kind kind;
    line_answer answer;
    bool proven;      /* joined: the store proves a death at once */
    int64_t at_us;    /* when it was written */
    int64_t since_us; /* when it came about; at_us where the line does not say */
    int64_t until_us;
    uint64_t term;
    uint64_t token;
    allot_uuid slot, boot, life;
    char group[ALLOT_GROUP_BYTES_MAX + 1];
    uint32_t id_count;
    allot_bytes *ids; /* valid until the next reading into the same line */
    size_t id_capacity;
    bytes text; /* the ids, without escapes */
    bool cut;   /* line_read found none, because the text ends where a line would go on */
} line;

/* Reads a line, without its end. The line must be zero-initialised or read into before. 0; -1: it is none, and
 * *ret_wrong (static) says why; -2: out of memory. */
int line_read(line *l, const char *text, size_t len, const char **ret_wrong);
void line_done(line *l);

/* "held"; static. */
const char *line_word(line_kind kind);
const char *line_answer_word(line_answer answer);

#endif
