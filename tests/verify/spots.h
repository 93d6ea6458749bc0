/* spots.h - places in histories: where something can be broken. */
#ifndef TESTS_VERIFY_SPOTS_H
#define TESTS_VERIFY_SPOTS_H

#include "tests/verify/records.h"

#define NONE RECORD_NONE

/* A random one of those that fit; NONE: none does. */
size_t any_record(const records *r, uint64_t *random, bool (*fits)(const records *r, size_t i));

bool share_an_id(const record *a, const record *b);
/* The latest hold before the i-th record, of one of its ids or of the leadership; NONE: there was none. */
size_t begun_before(const records *r, size_t i);
bool is_cleaned_between(const records *r, size_t first, size_t second);
/* Behind another one's hold, and no clean between, which would excuse what is broken here. */
bool held_after_another(const records *r, size_t i);
bool leads_after_another(const records *r, size_t i);
bool is_accepted_ack(const records *r, size_t i);
/* The next record of the same history; NONE: it is the last one. */
size_t next_of_source(const records *r, size_t i);
const record *joined_of(const records *r, uint32_t slot);
/* Its slot has something to say later on. */
bool lasts(const records *r, size_t i);

#endif
