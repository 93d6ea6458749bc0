/* fuzz_redis.c - any bytes as what a server sends: through the guard, hiredis and the decoders.
 *
 * The first bytes choose the op that is answered. What must hold: the guard says the same however the stream is cut;
 * where it says that a reply is whole, hiredis has one; what is taken as an answer and written as a reply is read as
 * the same answer; an outcome that is refused leaves the output alone. */
#include "backends/redis/guard.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/replies.h"
#include "tests/fuzz/words.h"

enum { SEGMENTS_MOST = 8, REPLIES_MOST = 64 };

/* ---- The stream -------------------------------------------------------------------------------------------------- */

typedef struct replies {
    redisReply *of[REPLIES_MOST];
    size_t count;
} replies;

static void replies_free(replies *r)
{
    for (size_t i = 0; i < r->count; i++)
        freeReplyObject(r->of[i]);
}

/* NULL or what is wrong. */
static const char *look(const uint8_t *data, size_t size, redis_guard *ret_guard)
{
    redis_guard one = {0}, each = {0};
    const char *why = redis_guard_look(&one, (const char *)data, size), *again = NULL;
    for (size_t i = 0; i < size && again == NULL; i++)
        again = redis_guard_look(&each, (const char *)data + i, 1);
    REQUIRE(why == again);
    REQUIRE(why != NULL || memcmp(&one, &each, sizeof(one)) == 0);
    *ret_guard = one;
    return why;
}

/* False: hiredis refuses what it is fed. */
static bool read_replies(redisReader *reader, replies *r)
{
    void *reply = NULL;
    while (redisReaderGetReply(reader, &reply) == REDIS_OK) {
        if (reply == NULL)
            return true;
        if (r->count < REPLIES_MOST)
            r->of[r->count++] = reply;
        else
            freeReplyObject(reply);
    }
    REQUIRE(reader->errstr[0] != '\0');
    return false;
}

/* The replies of a stream, as far as guard and hiredis take it. */
static void read_stream(const uint8_t *data, size_t size, replies *r)
{
    redis_guard guard;
    redisReader *reader = redisReaderCreate();
    REQUIRE(reader != NULL);
    if (look(data, size, &guard) == NULL) {
        replies more = {0};
        REQUIRE(redisReaderFeed(reader, (const char *)data, size) == REDIS_OK);
        bool is_good = read_replies(reader, r);
        /* Between two replies for the one is between two for the other: the next begins here. */
        if (is_good && redis_guard_is_between(&guard)) {
            REQUIRE(redisReaderFeed(reader, "+x\r\n", 4) == REDIS_OK && read_replies(reader, &more));
            REQUIRE(more.count == 1 && more.of[0]->type == REDIS_REPLY_STATUS && more.of[0]->len == 1);
        }
        replies_free(&more);
    }
    redisReaderFree(reader);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static bool is_cursor(const allot_op *op, size_t index)
{
    return op->kind == ALLOT_OP_READ_POOL && index >= 1 && index <= 3;
}

/* When an id is due that is not parked; what is said of a place in an inbox that has none. */
static bool is_idle(const allot_op *op, const redisReply *written, size_t index)
{
    enum { HEAD = 4, FIELDS = 9, PLACE = 2, DUE = 8 };
    if (op->kind != ALLOT_OP_READ_POOL || index < HEAD || (index - HEAD) % FIELDS != DUE)
        return false;
    return written->element[index - DUE + PLACE]->str[0] != 'p';
}

static size_t without_zeros(const redisReply *text)
{
    size_t len = text->len;
    while (len > 0 && (text->str[len - 1] == '0' || text->str[len - 1] == ' ' || text->str[len - 1] == '-'))
        len--;
    return len;
}

/* Element by element, `written` says what `read` did. The first may have more zeros in its bitmap. */
static void check_elements(const allot_op *op, const redisReply *read, const redisReply *written)
{
    REQUIRE(read->elements == written->elements);
    for (size_t i = 0; i < read->elements; i++) {
        const redisReply *a = read->element[i], *b = written->element[i];
        REQUIRE(a->type == REDIS_REPLY_STRING && b->type == REDIS_REPLY_STRING);
        if (i == 0 && a->len != b->len)
            REQUIRE(without_zeros(a) == without_zeros(b) && memcmp(a->str, b->str, without_zeros(b)) == 0);
        else if (!is_cursor(op, i) && !is_idle(op, written, i))
            REQUIRE(words_are_same(a->str, a->len, b->str, b->len));
    }
}

/* What is taken is written and read again. A segment's payloads come in replies of their own: fuzz_segment.c. */
static void check_taken(const allot_op *op, const allot_answer *answer, const redisReply *read)
{
    bytes text = {0}, texts = {0}, again = {0};
    redis_reading reading = {0};
    reply_write(op, answer, &text);
    reply_write_texts(op, answer, &texts);
    redisReply *reply = reply_parse(&text);
    if (op->kind == ALLOT_OP_READ_SEGMENTS)
        reading.texts = reply_parse(&texts);
    else
        check_elements(op, read, reply);
    REQUIRE(redis_decode(op, reply, &reading) == REDIS_DECODED);
    REQUIRE(reading.answer.cookie == op->cookie && reading.answer.kind == op->kind);
    reply_write(op, &reading.answer, &again);
    reply_write_texts(op, &reading.answer, &again);
    REQUIRE(bytes_append(&text, texts.data, texts.len) == 0);
    REQUIRE(again.len == text.len && memcmp(again.data, text.data, text.len) == 0);
    freeReplyObject(reply);
    redis_reading_done(&reading);
    bytes_done(&text);
    bytes_done(&texts);
    bytes_done(&again);
}

static void check_answer(const allot_op *op, const allot_answer *answer, const redisReply *read)
{
    REQUIRE(answer->cookie == op->cookie && answer->kind == op->kind);
    for (uint32_t i = 0; i < answer->body_count; i++)
        REQUIRE(answer->bodies[i].count <= ALLOT_SEGMENT_IDS_MAX);
    allot_op plain = *op;
    if (op->kind == ALLOT_OP_READ_SEGMENTS)
        plain.u.read.with_payloads = false;
    check_taken(&plain, answer, read);
}

/* Reply after reply, as long as the decoder asks for another. */
static void decode(const allot_op *op, const replies *r)
{
    size_t at = 0;
    redis_reading reading = {0};
    redis_decoded decoded = REDIS_DECODED_AGAIN;
    if (op->kind == ALLOT_OP_READ_SEGMENTS && r->count > 0)
        reading.texts = r->of[at++];
    while (at < r->count && decoded == REDIS_DECODED_AGAIN)
        decoded = redis_decode(op, r->of[at++], &reading);
    REQUIRE(decoded != REDIS_DECODED_NOMEM);
    if (decoded == REDIS_DECODED)
        check_answer(op, &reading.answer, r->of[at - 1]);
    reading.texts = NULL; /* it was lent: it is freed with the stream's replies */
    redis_reading_done(&reading);
}

static void parse_outcome(const replies *r)
{
    allot_outcome outcome, untouched;
    memset(&outcome, 0xa5, sizeof(outcome));
    memset(&untouched, 0xa5, sizeof(untouched));
    const redisReply *first = r->count > 0 ? r->of[0] : NULL;
    if (first == NULL || first->type != REDIS_REPLY_STRING)
        return;
    if (!redis_outcome_parse((allot_bytes){first->str, (uint32_t)first->len}, &outcome))
        REQUIRE(memcmp(&outcome, &untouched, sizeof(outcome)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t segments[SEGMENTS_MOST];
    input in = {data, size};
    replies r = {0};
    allot_op op = {.kind = (allot_op_kind)(1 + take(&in) % (ALLOT_OP_KIND_END - 1)), .cookie = 77};
    uint8_t how = take(&in);
    for (uint64_t i = 0; i < SEGMENTS_MOST; i++)
        segments[i] = i + 1;
    if (op.kind == ALLOT_OP_READ_SEGMENTS)
        op.u.read = (allot_op_read){
            .segments = segments, .segment_count = how % (SEGMENTS_MOST + 1u), .with_payloads = (how & 0x80) != 0};
    else if (op.kind == ALLOT_OP_ACK || op.kind == ALLOT_OP_RELEASE || op.kind == ALLOT_OP_FAIL)
        op.u.items.count = how * 2u;
    read_stream(in.data, in.left, &r);
    parse_outcome(&r);
    decode(&op, &r);
    replies_free(&r);
    return 0;
}
