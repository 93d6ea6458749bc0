/* story.h - histories of a few lines. Replica 0 has slot 1, replica 1 has slot 2; instants are small numbers, a lease
 * lasts until 1000. */
#ifndef TESTS_VERIFY_STORY_H
#define TESTS_VERIFY_STORY_H

#include "tests/verify/records.h"

typedef struct story {
    records told;
    int64_t at_us;
    char first[1024];
} story;

/* Both have opened their histories, and joined. */
void open_two(story *s, bool proven);
/* A line of that replica; of one id, where its kind has ids. */
record about(uint32_t source, line_kind kind, uint64_t number);
record answered(record one, line_answer answer);
/* At its own instant, or a little later than the line before. */
void say(story *s, record one);
void say_at(story *s, int64_t at_us, int64_t since_us, record one);

/* Ends the story: exactly this often this rule, and no other. */
void expect(story *s, rule wanted, uint64_t times);
/* The same, all histories being there: what was added is lost so often. */
void expect_complete(story *s, uint64_t lost);

#endif
