/* inside.h - what the parts of the checker share. */
#ifndef VERIFY_INSIDE_H
#define VERIFY_INSIDE_H

#include "base/index.h"
#include "verify/checker.h"

#define NEVER INT64_MAX
#define NO_SLOT UINT32_MAX

/* A slot: the holder of ids and of the leadership. */
typedef struct holder {
    allot_uuid uuid;
    place joined;
    place renewed;     /* where until_us was said */
    int64_t until_us;  /* its lease, as far as it is known */
    int64_t ended_us;  /* fenced, left, or dead; NEVER: not */
    uint32_t previous; /* of the same process; NO_SLOT: none */
    bool proven;       /* its death is proven at once */
    bool crashed;      /* its process ended without a word */
} holder;

/* What writes into a source, from one `opened` to the next. */
typedef struct process {
    place opened;    /* line 0: not yet */
    int64_t at_us;   /* of its last line */
    uint32_t slots;  /* its last slot; NO_SLOT: none */
    bool unended;    /* its last line is cut off */
    place torn;      /* a line that is cut off, which only `opened` may follow; line 0: none */
    const char *why; /* and why it is none */
    size_t clean;    /* the number of the one that it asked for and has no answer to, from 1; 0: none */
} process;

/* The pool was emptied, at an instant between these two; or perhaps it was. */
typedef struct clean {
    int64_t since_us;
    int64_t until_us; /* NEVER: nobody has said yet; BEFORE_ALL: it was not */
} clean;

#define BEFORE_ALL INT64_MIN

/* Whether the pool was emptied while somebody held an id, and another one got it then. */
typedef enum clean_word { CLEAN_NOT = 0, CLEAN_ASKED, CLEAN_DONE } clean_word;

typedef struct hold hold;
struct hold {
    hold *next; /* the next larger token */
    uint64_t token;
    int64_t start_us, end_us; /* NEVER: not ended, but by its slot */
    uint32_t slot;
    place start, end;
    bool given;  /* it said that it gave it back, or that it had done it: which the store may not have taken */
    bool judged; /* found wrong beside the next one */
};

/* The store was asked for it at the one instant, and had done it at the other. */
typedef struct add {
    int64_t since_us;
    int64_t until_us; /* NEVER: nobody has said */
    uint32_t source;
} add;

/* An id, or the leadership: its text is empty then. */
typedef struct thing {
    size_t text; /* where in checker.texts */
    uint32_t len;
    uint32_t accepted; /* acks */
    uint32_t adds;     /* that brought it in anew, as far as is known: so many acks may be accepted */
    add counted;       /* the last of these */
    add waiting;       /* the latest of those that may have found it there; until_us 0: none */
    bool parked;       /* the last report was an accepted fail */
    bool reported;
    hold *holds, *last;    /* by token; those that are settled beside their successors are forgotten */
    hold *longest;         /* but the one of these that ended last; NULL: none */
    uint64_t report_token; /* of the last accepted ack or fail */
    place report;
    uint64_t ack_token; /* of the last accepted ack */
    int64_t ack_sent_us, ack_told_us;
    uint64_t doubt_token; /* of the last report of which nobody knows whether it was accepted; 0: none */
    int64_t doubt_sent_us;
    place ack, ack_before;
    place first_add; /* that is confirmed; line 0: none */
    int64_t add_us;  /* when the last such one was asked for */
} thing;

/* Who was granted something under a token. */
typedef struct grant {
    uint64_t token;
    uint32_t slot;
    place at;
} grant;

struct checker {
    const char *const *names;
    uint32_t source_count;
    bool complete;
    process *processes; /* by source */
    holder *slots;
    size_t slot_count, slot_capacity;
    index_table slot_index;
    thing *things; /* the first one is the leadership */
    size_t thing_count, thing_capacity;
    index_table thing_index;
    bytes texts;
    allot_uuid *lives;
    size_t life_count, life_capacity;
    index_table life_index;
    grant *grants;
    size_t grant_count, grant_capacity;
    index_table grant_index; /* by token */
    clean *cleans;
    size_t clean_count, clean_capacity;
    place first_opened;
    allot_uuid boot;
    char group[ALLOT_GROUP_BYTES_MAX + 1];
    int64_t last_us; /* the last instant of all */
    finding *findings;
    size_t finding_count, finding_capacity;
    tally tally;
    bool nomem;
    char obstacle[512];
};

/* ---- findings.c -------------------------------------------------------------------------------------------------- */

/* The message begins with the name of `at`; that of `other` is for the format to put where it belongs. */
void found(checker *c, rule r, place at, const char *format, ...) __attribute__((format(printf, 4, 5)));
void found_two(checker *c, rule r, place at, place other, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void findings_sort(checker *c);

#define PLACE_BYTES 320
/* "run-a.jsonl:17" */
const char *place_text(const checker *c, place at, char ret_text[PLACE_BYTES]);

#define INSTANT_BYTES 40
/* Seconds with six digits, as `at` has them in microseconds. */
const char *instant_text(int64_t us, char ret_text[INSTANT_BYTES]);

#define THING_BYTES (ALLOT_ID_BYTES_MAX + 3)
/* 'the id', in quotes. */
const char *thing_text(const checker *c, const thing *t, char ret_text[THING_BYTES]);

/* ---- slots.c ----------------------------------------------------------------------------------------------------- */

/* When this slot could hold nothing any more, as far as is known. */
int64_t slot_end_us(const holder *s);
/* LINE_JOINED. 0; -1: out of memory. */
int slot_join(checker *c, place at, const line *l);
/* The slot that a line is of; NULL, and a finding: this process has none such. */
holder *slot_of(checker *c, place at, const line *l);
void slot_renew(checker *c, place at, const line *l, holder *s);
/* What begins, begins within the lease. */
void slot_check_lease(checker *c, place at, const line *l, const holder *s);

/* ---- holds.c ----------------------------------------------------------------------------------------------------- */

/* The thing of an id, a new one if need be; NULL: out of memory. Valid until the next call. */
thing *thing_of(checker *c, allot_bytes id);
/* A grant has become known. */
void hold_begin(checker *c, thing *t, uint32_t slot, uint64_t token, int64_t start_us, place at);
/* ENDED_GIVEN: the same grant may be told anew, when the store did not take it. ENDED_FOR_GOOD: it may not. */
typedef enum hold_end_kind { ENDED_GIVEN = 1, ENDED_FOR_GOOD } hold_end_kind;

/* The slot has given it up. That it never held it is a finding, unless it may have been so long ago that it was
 * forgotten. */
void hold_end(checker *c, thing *t, uint32_t slot, uint64_t token, hold_end_kind how, int64_t end_us, place at);
/* Leadership ends without naming its term, if it was held. */
void hold_end_of_slot(checker *c, thing *t, uint32_t slot, int64_t end_us, place at);
/* A grant is of one slot. */
void token_take(checker *c, uint32_t slot, uint64_t token, place at);
/* NULL: none that is remembered. */
const hold *hold_of_token(const thing *t, uint64_t token);
/* Whatever waited for the end of a hold. */
void holds_finish(checker *c, thing *t);
/* The one with the largest token; NULL: none. */
const hold *hold_last(const thing *t);

/* ---- cleans.c ---------------------------------------------------------------------------------------------------- */

void clean_take(checker *c, place at, const line *l);
/* The process says nothing more. */
void clean_end(checker *c, process *p);
/* Between the beginnings of two grants. CLEAN_ASKED: perhaps, the answer is not told yet. */
clean_word clean_between(const checker *c, int64_t first_us, int64_t second_us);

/* ---- adds.c ------------------------------------------------------------------------------------------------------ */

/* LINE_ADDING or LINE_ADDED. */
void add_take(thing *t, place at, const line *l);
/* An accepted ack, of work that stopped at `stopped_us`: what was added behind it was added anew. */
void add_on_ack(thing *t, int64_t stopped_us);

/* ---- reports.c --------------------------------------------------------------------------------------------------- */

void report_take(checker *c, thing *t, uint32_t slot, place at, const line *l);
void report_on_hold(checker *c, thing *t, const hold *h);
void reports_finish(checker *c, thing *t);

#endif
