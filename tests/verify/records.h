/* records.h - histories as records that tests can break, and as the text that the checker reads. */
#ifndef TESTS_VERIFY_RECORDS_H
#define TESTS_VERIFY_RECORDS_H

#include "verify/merge.h"

#define IDS_MOST 3
#define SOURCES_MOST 6

/* A line. Slots and ids are numbers here. */
typedef struct record {
    uint32_t source;
    line_kind kind;
    line_answer answer;
    bool proven;
    bool cleaned;                      /* why */
    int64_t at_us, since_us, until_us; /* since_us 0: not said */
    uint64_t number;                   /* the token, or the term */
    uint32_t slot;
    uint32_t life, boot; /* numbers, too */
    uint32_t id_count;
    uint32_t ids[IDS_MOST];
} record;

/* All lines of all histories, in the order in which they were written. */
typedef struct records {
    record *all;
    size_t count, capacity;
    uint32_t sources;
    size_t broken; /* which one a finding must name; RECORD_NONE: it is not one of them */
} records;

#define RECORD_NONE SIZE_MAX

void records_add(records *r, record one);
/* Puts it before the one at `at`. */
void records_insert(records *r, size_t at, record one);
void records_remove(records *r, size_t at);
records records_copy(const records *r);
void records_done(records *r);

/* What the line of a record says from when on: since_us, or at_us. */
int64_t record_since(const record *one);

/* The text of each history. */
void records_texts(const records *r, bytes ret_texts[SOURCES_MOST]);
void texts_done(bytes texts[SOURCES_MOST], uint32_t count);

/* The verdict on texts, one for each history. With `ret_first`, the first finding is printed into it. */
tally verdict_on(const bytes *texts, uint32_t count, bool complete, char *ret_first, size_t size);
tally records_verdict(const records *r, bool complete, char *ret_first, size_t size);

/* Up to an instant on boot 1; the n-th history is written on by a living process where bit n of `growing` is set. */
tally records_verdict_until(const records *r, int64_t until_us, unsigned growing, char *ret_first, size_t size);

/* Whether a finding of this rule names the broken record, all histories being there. */
bool records_broken_is_named(const records *r, rule wanted);

/* What the merge itself says, for histories that cannot be compared. */
merge_result records_merge(const records *r, char *ret_obstacle, size_t size);

#endif
