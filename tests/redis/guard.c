/* guard.c - what the guard lets pass, hiredis parses; what is huge, deep or malformed does not pass. */
#include "backends/redis/guard.h"
#include "base/bytes.h"
#include "tests/redis/suites.h"
#include "tests/unit/random.h"

#include <hiredis/hiredis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct guard_case {
    const char *data;
    size_t len;
    bool passes;
    bool whole; /* is between two replies at the end */
} guard_case;

#define BYTES(literal) (literal), sizeof(literal) - 1

static const guard_case cases[] = {
    {BYTES(""), true, true},
    {BYTES("+OK\r\n"), true, true},
    {BYTES("+\r\n"), true, true},
    {BYTES("-ERR what\r\n"), true, true},
    {BYTES(":0\r\n"), true, true},
    {BYTES(":-9223372036854775807\r\n"), true, true},
    {BYTES(":9223372036854775807\r\n"), true, true},
    {BYTES("$0\r\n\r\n"), true, true},
    {BYTES("$5\r\na\r\n\0b\r\n"), true, true},
    {BYTES("$-1\r\n"), true, true},
    {BYTES("*-1\r\n"), true, true},
    {BYTES("*0\r\n"), true, true},
    {BYTES("*2\r\n*1\r\n:1\r\n*0\r\n"), true, true},
    {BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), true, true},
    {BYTES(":1\r\n+a\r\n$1\r\nx\r\n"), true, true},
    {BYTES("+O"), true, false},
    {BYTES("+OK\n"), true, false}, /* a line feed alone ends nothing */
    {BYTES("*2\r\n:1\r\n"), true, false},
    {BYTES("$3\r\nab"), true, false},
    {BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), false, false},
    {BYTES("HTTP/1.1 400 Bad Request\r\n"), false, false},
    {BYTES("\0"), false, false},
    {BYTES("\r\n"), false, false},
    {BYTES("%1\r\n"), false, false}, /* RESP3 */
    {BYTES("_\r\n"), false, false},
    {BYTES(",1.5\r\n"), false, false},
    {BYTES(":\r\n"), false, false},
    {BYTES(":-\r\n"), false, false},
    {BYTES(":--1\r\n"), false, false},
    {BYTES(":1x\r\n"), false, false},
    {BYTES(":+1\r\n"), false, false},
    {BYTES(":1\rx"), false, false},
    {BYTES(":9223372036854775808\r\n"), false, false},
    {BYTES(":11111111111111111111\r\n"), false, false},
    {BYTES("$-2\r\n"), false, false},
    {BYTES("$x\r\n"), false, false},
    {BYTES("$67108865\r\n"), false, false},
    {BYTES("$2147483648\r\n"), false, false},
    {BYTES("$9223372036854775807\r\n"), false, false},
    {BYTES("$1\r\nab\n"), false, false},
    {BYTES("$1\r\na\rb"), false, false},
    {BYTES("*-2\r\n"), false, false},
    {BYTES("*1000001\r\n"), false, false},
    {BYTES("*4294967297\r\n"), false, false},
    {BYTES("*4611686018427387905\r\n"), false, false},
    {BYTES("*600000\r\n*600000\r\n"), false, false},
};

/* In pieces of `step` bytes; step 0: at once. */
static const char *look(redis_guard *g, const char *data, size_t len, size_t step)
{
    const char *why = NULL;
    for (size_t at = 0; why == NULL && at < len;) {
        size_t part = step == 0 || len - at < step ? len - at : step;
        why = redis_guard_look(g, data + at, part);
        at += part;
    }
    return why;
}

START_TEST(what_passes)
{
    const guard_case *w = &cases[_i];
    for (size_t step = 0; step <= w->len; step++) {
        redis_guard g = {0};
        const char *why = look(&g, w->data, w->len, step);
        ck_assert_msg((why == NULL) == w->passes, "case %d: %s", _i, why);
        ck_assert(why != NULL || redis_guard_is_between(&g) == w->whole);
    }
}
END_TEST

/* hiredis 1.2 dies of this. */
START_TEST(a_million_levels)
{
    redis_guard g = {0};
    const char *why = NULL;
    int levels = 0;
    for (; why == NULL && levels < 1000000; levels++)
        why = redis_guard_look(&g, "*1\r\n", 4);
    ck_assert_int_eq(levels, REDIS_REPLY_NESTING_MAX + 1);
}
END_TEST

START_TEST(strings_that_add_up)
{
    static char block[65536];
    redis_guard g = {0};
    const char *why = redis_guard_look(&g, "*100000\r\n", 9);
    size_t passed = 0;
    for (; why == NULL && passed < 2 * REDIS_REPLY_BYTES_MAX; passed += sizeof(block)) {
        why = redis_guard_look(&g, "$65536\r\n", 8);
        why = why != NULL ? why : redis_guard_look(&g, block, sizeof(block));
        why = why != NULL ? why : redis_guard_look(&g, "\r\n", 2);
    }
    ck_assert_ptr_nonnull(why);
    ck_assert_uint_le(passed, REDIS_REPLY_BYTES_MAX);
}
END_TEST

START_TEST(a_line_without_an_end)
{
    static char block[REDIS_REPLY_LINE_MAX];
    redis_guard g = {0};
    memset(block, 'x', sizeof(block));
    ck_assert_ptr_null(redis_guard_look(&g, "-", 1));
    ck_assert_ptr_null(redis_guard_look(&g, block, sizeof(block)));
    ck_assert_ptr_nonnull(redis_guard_look(&g, "x", 1));
}
END_TEST

/* The largest that may pass does, and twice over: what counts is one reply. */
START_TEST(the_largest_string)
{
    static char block[65536];
    redis_guard g = {0};
    size_t len = REDIS_REPLY_BYTES_MAX - 64;
    char head[32];
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_ptr_null(redis_guard_look(&g, head, (size_t)snprintf(head, sizeof(head), "$%zu\r\n", len)));
        for (size_t left = len; left > 0;) {
            size_t part = left < sizeof(block) ? left : sizeof(block);
            ck_assert_ptr_null(redis_guard_look(&g, block, part));
            left -= part;
        }
        ck_assert_ptr_null(redis_guard_look(&g, "\r\n", 2));
        ck_assert(redis_guard_is_between(&g));
    }
}
END_TEST

static void put_value(bytes *out, uint64_t *seed, int depth)
{
    static const char *const scalars[] = {"+OK\r\n", "-ERR x\r\n", ":12\r\n", ":-1\r\n", "$-1\r\n", "*-1\r\n",
                                          "$0\r\n\r\n", "$4\r\n\r\n\r\n\r\n", "$3\r\nabc\r\n", "*0\r\n"};
    if (depth == 0 || random_below(seed, 3) > 0) {
        const char *one = scalars[random_below(seed, sizeof(scalars) / sizeof(scalars[0]))];
        ck_assert_int_eq(bytes_append(out, one, strlen(one)), 0);
        return;
    }
    uint32_t count = random_below(seed, 4);
    ck_assert_int_eq(bytes_printf(out, "*%u\r\n", count), 0);
    for (uint32_t i = 0; i < count; i++)
        put_value(out, seed, depth - 1);
}

static void spoil(bytes *b, uint64_t *seed)
{
    static const char alphabet[] = "+-:$*0123456789\r\nx%\0\xff";
    for (uint32_t i = random_below(seed, 4); i > 0 && b->len > 0; i--)
        b->data[random_below(seed, (uint32_t)b->len)] = alphabet[random_below(seed, sizeof(alphabet))];
}

/* Feeds a piece; the replies that it makes whole, or -1: hiredis has found an error. */
static int parse(redisReader *reader, const char *data, size_t len)
{
    void *reply = NULL;
    int count = -1;
    ck_assert_int_eq(redisReaderFeed(reader, data, len), REDIS_OK);
    do {
        if (redisReaderGetReply(reader, &reply) != REDIS_OK)
            return -1;
        if (reply != NULL)
            freeReplyObject(reply);
        count++;
    } while (reply != NULL);
    return count;
}

/* hiredis may be stricter: leading zeros of a number; since 1.1, a CR within a status. */
static bool is_strictness(const char *why)
{
    return strstr(why, "integer") != NULL || strstr(why, "length") != NULL || strstr(why, "simple string") != NULL;
}

/* Streams of random replies, whole or spoilt, in random pieces. Well-formed ones pass and are parsed to their end; of
 * what passes hiredis may refuse what is spelt in an unusual way, and nothing else. */
START_TEST(random_streams)
{
    uint64_t seed = (uint64_t)_i * 7919;
    for (int round = 0; round < 2000; round++) {
        bytes stream = {0};
        redis_guard g = {0};
        redisReader *reader = redisReaderCreate();
        bool is_spoilt = random_below(&seed, 4) > 0, is_parsed = true;
        const char *why = NULL;
        for (uint32_t i = random_below(&seed, 6) + 1; i > 0; i--)
            put_value(&stream, &seed, 6);
        if (is_spoilt)
            spoil(&stream, &seed);
        for (size_t at = 0; at < stream.len && why == NULL && is_parsed;) {
            size_t part = 1 + random_below(&seed, (uint32_t)(stream.len - at));
            why = redis_guard_look(&g, stream.data + at, part);
            is_parsed = why != NULL || parse(reader, stream.data + at, part) >= 0;
            at += part;
        }
        ck_assert_msg(is_parsed || (is_spoilt && is_strictness(reader->errstr)), "%s: %.*s",
                      reader->errstr, (int)stream.len, stream.data);
        ck_assert_msg(is_spoilt || (why == NULL && redis_guard_is_between(&g)), "%s", why);
        if (why == NULL && is_parsed && redis_guard_is_between(&g))
            ck_assert_msg(parse(reader, ":7\r\n", 4) == 1, "%.*s", (int)stream.len, stream.data);
        redisReaderFree(reader);
        bytes_done(&stream);
    }
}
END_TEST

Suite *redis_guard_suite(void)
{
    Suite *s = suite_create("redis guard");
    TCase *c = tcase_create("guard");
    tcase_set_timeout(c, REDIS_TEST_TIMEOUT);
    tcase_add_loop_test(c, what_passes, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(c, a_million_levels);
    tcase_add_test(c, strings_that_add_up);
    tcase_add_test(c, a_line_without_an_end);
    tcase_add_test(c, the_largest_string);
    tcase_add_loop_test(c, random_streams, 1, 9);
    suite_add_tcase(s, c);
    return s;
}
