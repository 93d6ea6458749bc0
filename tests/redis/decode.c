/* decode.c - what a script's answer has to look like: anything more, less or else is bad. */
#include "backends/redis/decode.h"
#include "tests/redis/suites.h"

#include <stdio.h>
#include <string.h>

enum { REPLY_BYTES = 4096 };

static redisReply *reply_of(const char *resp)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    ck_assert_int_eq(redisReaderFeed(reader, resp, strlen(resp)), REDIS_OK);
    ck_assert_int_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    redisReaderFree(reader);
    ck_assert_ptr_nonnull(reply);
    return reply;
}

/* An array of the words by '|'; the word "nil" is none. */
static redisReply *reply_of_words(const char *words)
{
    char list[REPLY_BYTES] = "", resp[REPLY_BYTES + 16], rest[REPLY_BYTES];
    size_t count = 0;
    snprintf(rest, sizeof(rest), "%s", words);
    char *next = rest;
    for (char *word = strsep(&next, "|"); word != NULL; word = strsep(&next, "|")) {
        size_t len = strlen(list);
        bool is_nil = strcmp(word, "nil") == 0;
        snprintf(list + len, sizeof(list) - len, is_nil ? "$-1\r\n" : "$%zu\r\n%s\r\n", strlen(word), word);
        count++;
    }
    snprintf(resp, sizeof(resp), "*%zu\r\n%s", count, list);
    return reply_of(resp);
}

static redis_decoded decode_words(const allot_op *op, const char *words, allot_answer *ret_answer)
{
    redisReply *reply = reply_of_words(words);
    redis_reading reading = {0};
    redis_decoded decoded = redis_decode(op, reply, &reading);
    if (ret_answer != NULL)
        *ret_answer = reading.answer; /* without what it points to */
    redis_reading_done(&reading);
    freeReplyObject(reply);
    return decoded;
}

static void expect(allot_op_kind kind, const char *words, redis_decoded wanted)
{
    allot_op op = {.kind = kind, .u.items.count = kind == ALLOT_OP_ACK ? 10 : 0};
    redis_decoded decoded = decode_words(&op, words, NULL);
    ck_assert_msg(decoded == wanted, "%d instead of %d: '%s'", (int)decoded, (int)wanted, words);
}

START_TEST(good_outcomes)
{
    allot_op op = {.kind = ALLOT_OP_ACK, .u.items.count = 10};
    allot_answer a;
    ck_assert_int_eq(decode_words(&op, "ok 7 3 2 9007199254740991 0402", &a), REDIS_DECODED);
    ck_assert_int_eq(a.outcome.status, ALLOT_STATUS_OK);
    ck_assert_uint_eq(a.outcome.count, 7);
    ck_assert_uint_eq(a.outcome.skipped, 3);
    ck_assert_uint_eq(a.outcome.more, 2);
    ck_assert_uint_eq(a.outcome.term, UINT64_C(9007199254740991));
    ck_assert_uint_eq(a.outcome.refused[0], 0x204);
    ck_assert_int_eq(decode_words(&op, "refused quarantine 1500000", &a), REDIS_DECODED);
    ck_assert_int_eq(a.outcome.status, ALLOT_STATUS_REFUSED);
    ck_assert_int_eq(a.outcome.reason, ALLOT_REFUSED_QUARANTINE);
    ck_assert_int_eq(a.outcome.wait_us, 1500000);
    expect(ALLOT_OP_ADD, "ok 0 0 0 0 -", REDIS_DECODED);
    expect(ALLOT_OP_BEAT, "refused gone 0", REDIS_DECODED);
    expect(ALLOT_OP_READ_SHARE, "refused gone 0", REDIS_DECODED);
}
END_TEST

START_TEST(numbers_for_a_deal)
{
    expect(ALLOT_OP_DEAL, "ok 7 0 0 0 -", REDIS_DECODED);
    expect(ALLOT_OP_DEAL, "again|1025", REDIS_DECODED_AGAIN);
    expect(ALLOT_OP_DEAL, "again", REDIS_DECODED_BAD);
    expect(ALLOT_OP_DEAL, "again|", REDIS_DECODED_BAD);
    expect(ALLOT_OP_DEAL, "again|x", REDIS_DECODED_BAD);
    expect(ALLOT_OP_DEAL, "again|-1", REDIS_DECODED_BAD);
    expect(ALLOT_OP_DEAL, "again|1|2", REDIS_DECODED_BAD);
    expect(ALLOT_OP_ASSIGN, "again|1025", REDIS_DECODED_BAD);
}
END_TEST

static const char *const bad_outcomes[] = {
    /* less */
    "", "o", "ok", "ok ", "ok 1", "ok 1 0", "ok 1 0 0", "ok 1 0 0 0", "ok 1 0 0 0 ", "ok 1 0 0 -", "ok -",
    "refused", "refused ", "refused led", "refused led ", "refused 5",
    /* more */
    "ok 1 0 0 0 - ", "ok 1 0 0 0 - -", "ok 1 0 0 0 0 -", "ok 1 0 0 0 00 00", "ok 1 0 0 0 -|", "ok 1 0 0 0 -|x",
    "refused led 5 ", "refused led 5 -", "refused led 5|", " ok 1 0 0 0 -", "ok  1 0 0 0 -", "ok 1 0 0  0 -",
    "refused  led 5",
    /* else */
    "OK 1 0 0 0 -", "okay 1 0 0 0 -", "ok -1 0 0 0 -", "ok +1 0 0 0 -", "ok 01 0 0 0 -", "ok 1. 0 0 0 -",
    "ok x 0 0 0 -", "ok 9223372036854775808 0 0 0 -", "ok 99999999999999999999 0 0 0 -", "ok 1 0 0 0 0",
    "ok 1 0 0 0 0g", "ok 1 0 0 0 0G", "ok 1 0 0 0 --", "refused Led 5", "refused x 5", "refused led -5",
    "refused led 05", "refused led x", "again|00000000-0000-4000-8000-000000000001",
    /* items that the op does not have: it has ten */
    "ok 1 0 0 0 0004", "ok 1 0 0 0 000001",
};

START_TEST(bad_outcome)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_ADD, ALLOT_OP_ACK, ALLOT_OP_CAMPAIGN, ALLOT_OP_LEAVE,
                                          ALLOT_OP_READ_SHARE};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bool again = kinds[i] == ALLOT_OP_READ_SHARE && strncmp(bad_outcomes[_i], "again", 5) == 0;
        expect(kinds[i], bad_outcomes[_i], again ? REDIS_DECODED_AGAIN : REDIS_DECODED_BAD);
    }
}
END_TEST

START_TEST(too_many_refused_items)
{
    char words[400] = "ok 1 0 0 0 ";
    allot_op op = {.kind = ALLOT_OP_ACK, .u.items.count = ALLOT_OP_ITEMS_MAX};
    for (unsigned i = 0; i < ALLOT_OP_ITEMS_MAX / 8; i++)
        strcat(words, "ff");
    ck_assert_int_eq(decode_words(&op, words, NULL), REDIS_DECODED);
    strcat(words, "00");
    ck_assert_int_eq(decode_words(&op, words, NULL), REDIS_DECODED_BAD);
    expect(ALLOT_OP_ADD, "ok 1 0 0 0 01", REDIS_DECODED_BAD); /* its ids are not refused one by one */
    expect(ALLOT_OP_ADD, "ok 1 0 0 0 00", REDIS_DECODED);
}
END_TEST

#define VIEW                                                                                                          \
    "00000000-0000-4000-8000-000000000001|7|1700000000000000||3|0|1|2|3|0|never|4|5|6|7|8|9|10|11|12|-5|13|14"

START_TEST(views)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_JOIN, ALLOT_OP_BEAT};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        expect(kinds[i], "ok 0 0 0 0 -|" VIEW "|hash", REDIS_DECODED);
        expect(kinds[i], "ok 0 0 0 0 -|" VIEW "|", REDIS_DECODED);
        expect(kinds[i], "ok 0 0 0 0 -|" VIEW, REDIS_DECODED_BAD);
        expect(kinds[i], "ok 0 0 0 0 -|" VIEW "|hash|", REDIS_DECODED_BAD);
        expect(kinds[i], "ok 0 0 0 0 -", REDIS_DECODED_BAD);
        expect(kinds[i], "ok|" VIEW "|hash", REDIS_DECODED_BAD);
        expect(kinds[i], "refused gone 0|" VIEW "|hash", REDIS_DECODED_BAD);
    }
    expect(ALLOT_OP_READ_VIEW, "ok|" VIEW "|hash", REDIS_DECODED);
    expect(ALLOT_OP_READ_VIEW, "ok|" VIEW, REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_VIEW, "ok|" VIEW "|hash|more", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_VIEW, "ok 0 0 0 0 -|" VIEW "|hash", REDIS_DECODED_BAD);
}
END_TEST

START_TEST(pages)
{
    expect(ALLOT_OP_READ_INBOX, "ok|1|0", REDIS_DECODED);
    expect(ALLOT_OP_READ_INBOX, "ok|1|0|5|5120|10|6|6144|1024", REDIS_DECODED);
    expect(ALLOT_OP_READ_INBOX, "ok|1|0|5|5120|10|6", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_INBOX, "ok|1|0|5|5120|1025", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_INBOX, "ok|1|0|5 |5120|10", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_INBOX, "ok|1", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_SHARE, "ok|1|0|5|77|5120|10|3", REDIS_DECODED);
    expect(ALLOT_OP_READ_SHARE, "ok|1|0|5|77|5120|10|11", REDIS_DECODED_BAD); /* more recalled than there are */
    expect(ALLOT_OP_READ_ROSTER, "again|00000000-0000-4000-8000-000000000001", REDIS_DECODED_AGAIN);
    expect(ALLOT_OP_READ_ROSTER, "again", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_ROSTER, "again|x", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_POOL, "ok||0|0", REDIS_DECODED);
    expect(ALLOT_OP_READ_POOL, "ok||0|0|id||i||0|0||0|never", REDIS_DECODED);
    expect(ALLOT_OP_READ_POOL, "ok||0|0|id||i||0|0||0|never|id", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_POOL, "ok||0|0|id||q||0|0||0|never", REDIS_DECODED_BAD);
    expect(ALLOT_OP_READ_POOL, "ok||0|0|id||i||0|0||2|never", REDIS_DECODED_BAD);
}
END_TEST

/* ---- Segments: the texts, read by a command of its own, and what the script said behind it ----------------------- */

enum { ASKED = 3 }; /* the segments 5, 6 and 9 */

typedef struct segments_case {
    const char *texts; /* words; NULL: they never came */
    const char *words;
    redis_decoded wanted;
} segments_case;

/* Where one lies: number, token, count, payloads ("p" or ""), bits that are done, bits that are recalled. */
#define FIVE "|5|77|2|||"
#define SIX "|6|77|1|||"
#define NINE "|9|78|3|||"

static const segments_case segments_cases[] = {
    {"a\nb|c|d\ne\nf", "ok|1" FIVE SIX NINE, REDIS_DECODED},
    {"a\nb|c|d\ne\nf", "ok|1" FIVE NINE, REDIS_DECODED}, /* 6 lies elsewhere by now */
    {"nil|c|nil", "ok|1" SIX, REDIS_DECODED},
    {"nil|nil|nil", "ok|1", REDIS_DECODED},
    {"a\nb|c|d\ne\nf", "refused gone 0", REDIS_DECODED},
    {"a\nb|c|d\ne\nf", "ok|1|5|77|2||\1|", REDIS_DECODED}, /* the first is done */
    /* the texts were lost with their connection: all is read again, where there is something to read */
    {NULL, "ok|1" FIVE, REDIS_DECODED_AGAIN},
    {NULL, "ok|1", REDIS_DECODED},
    {NULL, "refused gone 0", REDIS_DECODED},
    /* not the texts that were asked for */
    {"nil|c|d\ne\nf", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"a\nb|c", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf|g", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"a|c|d\ne\nf", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"a\nb\nc|c|d\ne\nf", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"a\n|c|d\ne\nf", "ok|1" FIVE, REDIS_DECODED_BAD},
    {"|c|d\ne\nf", "ok|1" FIVE, REDIS_DECODED_BAD},
    /* not the segments that were asked for, or not in that order */
    {"a\nb|c|d\ne\nf", "ok|1|7|77|2|||", REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf", "ok|1" SIX FIVE, REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf", "ok|1" FIVE FIVE, REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf", "ok|1" FIVE SIX NINE NINE, REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf", "ok|1|5|77|2||", REDIS_DECODED_BAD},
    {"a\nb|c|d\ne\nf", "ok|1|5|77|1025|||", REDIS_DECODED_BAD},
};

START_TEST(segments)
{
    static const uint64_t asked[ASKED] = {5, 6, 9};
    const segments_case *c = &segments_cases[_i];
    const allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segments = asked, .segment_count = ASKED}};
    redis_reading reading = {.texts = c->texts != NULL ? reply_of_words(c->texts) : NULL};
    redisReply *reply = reply_of_words(c->words);
    redis_decoded decoded = redis_decode(&op, reply, &reading);
    ck_assert_msg(decoded == c->wanted, "%d instead of %d: '%s'", (int)decoded, (int)c->wanted, c->words);
    redis_reading_done(&reading);
    freeReplyObject(reply);
}
END_TEST

START_TEST(texts_that_are_no_list)
{
    static const uint64_t asked[1] = {5};
    const allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segments = asked, .segment_count = 1}};
    static const char *const texts[] = {"+OK\r\n", ":1\r\n", "$1\r\na\r\n", "*0\r\n", "*1\r\n:5\r\n", "*1\r\n*0\r\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        redis_reading reading = {.texts = reply_of(texts[i])};
        redisReply *reply = reply_of_words("ok|1|5|77|1|||");
        ck_assert_int_eq(redis_decode(&op, reply, &reading), REDIS_DECODED_BAD);
        redis_reading_done(&reading);
        freeReplyObject(reply);
    }
}
END_TEST

START_TEST(the_ids_of_a_segment)
{
    static const uint64_t asked[2] = {5, 9};
    const allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segments = asked, .segment_count = 2}};
    redis_reading reading = {.texts = reply_of_words("a\nbb|c\nd\ne")};
    redisReply *reply = reply_of_words("ok|1|9|78|3||\2|\4");
    ck_assert_int_eq(redis_decode(&op, reply, &reading), REDIS_DECODED);
    ck_assert_uint_eq(reading.answer.body_count, 1);
    const allot_segment_body *body = reading.answer.bodies;
    ck_assert(body->segment == 9 && body->token == 78 && body->count == 3);
    ck_assert(body->done[0] == 2 && body->recalled[0] == 4);
    ck_assert(body->ids[0].id.len == 1 && body->ids[0].id.data[0] == 'c' && body->ids[1].id.len == 0);
    ck_assert(body->ids[2].id.len == 1 && body->ids[2].id.data[0] == 'e');
    redis_reading_done(&reading);
    freeReplyObject(reply);
}
END_TEST

Suite *redis_decode_suite(void)
{
    Suite *s = suite_create("redis decode");
    TCase *t = tcase_create("decode");
    tcase_add_test(t, good_outcomes);
    tcase_add_loop_test(t, bad_outcome, 0, (int)(sizeof(bad_outcomes) / sizeof(bad_outcomes[0])));
    tcase_add_test(t, numbers_for_a_deal);
    tcase_add_test(t, too_many_refused_items);
    tcase_add_test(t, views);
    tcase_add_test(t, pages);
    tcase_add_loop_test(t, segments, 0, (int)(sizeof(segments_cases) / sizeof(segments_cases[0])));
    tcase_add_test(t, texts_that_are_no_list);
    tcase_add_test(t, the_ids_of_a_segment);
    suite_add_tcase(s, t);
    return s;
}
