/* checker.h - proves from histories alone that a group kept its promises (docs/protocol.md: I1, I3, I4, I5, I7), or
 * names the lines that show where it did not.
 *
 *   line.c      one line of a history
 *   merge.c     the lines of all histories, in the order of their instants
 *   checker.c   lines and processes: who may say what
 *   slots.c     slots, lives, leases
 *   holds.c     who held what: ids, and the leadership, which is held like an id
 *   cleans.c    when the pool was emptied
 *   adds.c      which adds brought an id in
 *   reports.c   acks, fails, and what is left in the end
 *   findings.c  what is wrong, in words
 *
 * Pure: whoever has the files reads them. Memory grows with the ids, slots and findings, not with the lines. */
#ifndef VERIFY_CHECKER_H
#define VERIFY_CHECKER_H

#include "verify/line.h"

/* The rules, in the order in which they are told. */
typedef enum rule {
    RULE_FORM,         /* every line is one of a history */
    RULE_TIME,         /* the instants of a history grow; nothing comes about after it was written */
    RULE_STORY,        /* what is said fits what was said before: no hold without a slot, no end without a hold */
    RULE_LEASE,        /* nothing is begun or renewed when the lease is over */
    RULE_HOLDERS,      /* I3: no two hold an id at once */
    RULE_TOKENS,       /* I7: every grant of an id has a larger token */
    RULE_LEADERS,      /* I1: no two lead at once */
    RULE_TERMS,        /* I1, I7: every leadership has a larger term */
    RULE_ACKS,         /* I4: one accepted ack for each add */
    RULE_STALE,        /* I4: none under an old token, none by somebody else */
    RULE_NOTHING_LOST, /* I5: what was added is acked, parked or held in the end */
    RULE_COUNT
} rule;

/* A word for programs, "holders"; a line for people. Static. */
const char *rule_word(rule r);
const char *rule_text(rule r);

typedef struct place {
    uint32_t source;
    uint32_t line; /* from 1; 0: the whole history */
} place;

#define FINDINGS_SHOWN_MAX 20u /* of each rule; the rest is counted */

/* Something that is wrong, and up to two lines that show it. */
typedef struct finding {
    rule rule;
    uint32_t place_count;
    place places[2]; /* the later one first */
    char *text;      /* begins with the name of places[0], and names both */
} finding;

typedef struct tally {
    uint64_t lines, processes, slots, terms, ids, grants, acks, fails, adds;
    uint64_t found[RULE_COUNT];
    uint64_t wrong;   /* sum of found */
    uint64_t torn;    /* lines that are cut off: their processes were killed while they wrote */
    uint64_t growing; /* histories that somebody still writes: the verdict is on what is there */
} tally;

typedef struct checker checker;

/* `names` (of the histories, for messages) belongs to the caller. NULL: out of memory. */
checker *checker_new(const char *const *names, uint32_t source_count, bool complete);
void checker_free(checker *c);

/* Takes the next line. In one source in its order; over all sources in the order of at_us. 0; -1: out of memory; 1: the
 * histories cannot be compared, and checker_obstacle says why. */
int checker_take(checker *c, place at, const line *l);
/* A line that is none, because of `why` (static). `cut`: its text ends where a line would go on; `ended`: by a newline.
 * 0 or -1. */
int checker_take_wrong(checker *c, place at, const char *why, bool cut, bool ended);
/* Nothing more comes from this source. `growing`: but its process is alive. */
void checker_source_end(checker *c, uint32_t source, bool growing);
/* All sources are at their ends. 0 or -1. */
int checker_finish(checker *c);

const tally *checker_tally(const checker *c);
size_t checker_finding_count(const checker *c);
/* Sorted by rule, within a rule in the order in which they were found. After checker_finish. */
const finding *checker_finding_at(const checker *c, size_t index);
const char *checker_obstacle(const checker *c);

#endif
