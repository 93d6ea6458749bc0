/* story.h - histories of a few lines. Replica i has slot i + 1; instants are small numbers, a lease lasts until
 * 1000. */
#ifndef TESTS_VERIFY_STORY_H
#define TESTS_VERIFY_STORY_H

#include "tests/verify/records.h"

typedef struct story {
    records told;
    int64_t at_us;
    char first[1024];
} story;

/* All have opened their histories at 1, and joined at 2. */
void open_some(story *s, uint32_t count, bool proven);
void open_two(story *s, bool proven);
/* A line of that replica; of one id, where its kind has ids. */
record about(uint32_t source, line_kind kind, uint64_t number);
record answered(record one, line_answer answer);
record renewed(uint32_t source, int64_t until_us);
/* At its own instant, or a little later than what was said last; the lines come in the order of their instants. */
void say(story *s, record one);
void say_at(story *s, int64_t at_us, int64_t since_us, record one);
/* It holds the id from one instant until another one, when it gives it back or loses it, or its report is accepted:
 * `end`. Nothing is written late. */
void say_hold(story *s, uint32_t source, uint64_t token, int64_t from_us, int64_t to_us, line_kind end);

/* Ends the story: exactly this often this rule, and no other. */
void expect(story *s, rule wanted, uint64_t times);
/* The same, all histories being there: what was added is lost so often. */
void expect_complete(story *s, uint64_t lost);

#endif
