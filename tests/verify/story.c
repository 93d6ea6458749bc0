#include "tests/verify/story.h"

#include <check.h>

void say(story *s, record one)
{
    size_t at = s->told.count;
    one.at_us = one.at_us != 0 ? one.at_us : s->at_us + 1;
    s->at_us = one.at_us;
    while (at > 0 && s->told.all[at - 1].at_us > one.at_us)
        at--;
    records_insert(&s->told, at, one);
}

void open_some(story *s, uint32_t count, bool proven)
{
    *s = (story){.told = {.sources = count}};
    for (uint32_t i = 0; i < count; i++)
        say_at(s, 1, 0, (record){.source = i, .kind = LINE_OPENED, .boot = 1});
    for (uint32_t i = 0; i < count; i++) {
        record joined = {.source = i, .kind = LINE_JOINED, .slot = i + 1, .until_us = 1000, .life = 1};
        joined.proven = proven;
        say_at(s, 2, 0, joined);
    }
}

void open_two(story *s, bool proven)
{
    open_some(s, 2, proven);
}

record about(uint32_t source, line_kind kind, uint64_t number)
{
    record one = {.source = source, .kind = kind, .slot = source + 1, .number = number};
    one.id_count = (kind >= LINE_HELD && kind <= LINE_ADDED) || kind == LINE_ADDING ? 1 : 0;
    return one;
}

record renewed(uint32_t source, int64_t until_us)
{
    record one = about(source, LINE_RENEWED, 0);
    one.until_us = until_us;
    return one;
}

void say_at(story *s, int64_t at_us, int64_t since_us, record one)
{
    one.at_us = at_us;
    one.since_us = since_us;
    say(s, one);
}

record answered(record one, line_answer answer)
{
    one.answer = answer;
    return one;
}

void say_hold(story *s, uint32_t source, uint64_t token, int64_t from_us, int64_t to_us, line_kind end)
{
    say_at(s, from_us, 0, about(source, LINE_HELD, token));
    say_at(s, to_us, 0, answered(about(source, end, token), LINE_ACCEPTED));
}

void expect(story *s, rule wanted, uint64_t times)
{
    tally t = records_verdict(&s->told, false, s->first, sizeof(s->first));
    ck_assert_msg(t.found[wanted] == times && t.wrong == times, "%d times, %d in all: %s", (int)t.found[wanted],
                  (int)t.wrong, s->first);
    records_done(&s->told);
}

void expect_complete(story *s, uint64_t lost)
{
    tally t = records_verdict(&s->told, true, s->first, sizeof(s->first));
    ck_assert_msg(t.found[RULE_NOTHING_LOST] == lost && t.wrong == lost, "%d times, %d in all: %s",
                  (int)t.found[RULE_NOTHING_LOST], (int)t.wrong, s->first);
    records_done(&s->told);
}
