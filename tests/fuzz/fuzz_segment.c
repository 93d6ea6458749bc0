/* fuzz_segment.c - a segment made of bytes, through everything that a segment is written as: the text that Redis keeps
 * with the bitmaps and payloads of the scripts' replies, a store's snapshot, and the bitmap of a journal's recall.
 *
 * Each way it is read again, it is the same segment. */
#include "backends/file/record.h"
#include "backends/redis/encode.h"
#include "backends/store/store.h"
#include "base/bits.h"
#include "base/text.h"
#include "base/uuid_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/replies.h"

enum { IDS_MOST = 200, TEXT_BYTES = 24 };

static const allot_uuid slot = {{1}};

typedef struct made {
    allot_segment_body body; /* done ids are nothing, as every reader shows them */
    allot_new_id whole[IDS_MOST], shown[IDS_MOST];
    char texts[2 * IDS_MOST][TEXT_BYTES];
    uint32_t done_count, recalled_count;
} made;

/* ---- Making one -------------------------------------------------------------------------------------------------- */

static uint32_t take_bytes(input *in, char text[TEXT_BYTES], uint32_t from)
{
    uint32_t len = from + take(in) % (TEXT_BYTES - from + 1);
    for (uint32_t i = from; i < len; i++)
        text[i] = (char)take(in);
    return len;
}

/* An id that no other has. */
static allot_bytes take_id(input *in, char text[TEXT_BYTES], uint32_t number)
{
    uint32_t own = (uint32_t)snprintf(text, TEXT_BYTES, "%u", number);
    allot_bytes id = {.data = text, .len = take_bytes(in, text, own)};
    if (!id_is_valid(id) || (id.len > own && text[own] >= '0' && text[own] <= '9'))
        id.len = own;
    return id;
}

static void take_one(input *in, made *m, uint32_t i)
{
    uint8_t how = take(in);
    allot_new_id *id = &m->whole[i];
    id->id = take_id(in, m->texts[2 * i], i);
    if (how & 1)
        id->payload = (allot_bytes){.data = m->texts[2 * i + 1], .len = take_bytes(in, m->texts[2 * i + 1], 0)};
    if ((how & 2) != 0 && i > 0) { /* the first stays: without any id there is no segment */
        bits_set(m->body.done, i);
        m->done_count++;
        return;
    }
    m->shown[i] = *id;
    if (how & 4) {
        bits_set(m->body.recalled, i);
        m->recalled_count++;
    }
}

static made *make(input *in)
{
    made *m = calloc(1, sizeof(*m));
    REQUIRE(m != NULL);
    m->body.segment = 1;
    m->body.count = 1 + take(in) % IDS_MOST;
    for (uint32_t i = 0; i < m->body.count; i++)
        take_one(in, m, i);
    m->body.ids = m->shown;
    return m;
}

static bool is_same_text(allot_bytes a, allot_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* All but the token. */
static void require_same(const allot_segment_body *a, const allot_segment_body *b)
{
    REQUIRE(a->segment == b->segment && a->count == b->count);
    REQUIRE(memcmp(a->done, b->done, sizeof(a->done)) == 0);
    REQUIRE(memcmp(a->recalled, b->recalled, sizeof(a->recalled)) == 0);
    for (uint32_t i = 0; i < a->count; i++) {
        REQUIRE(is_same_text(a->ids[i].id, b->ids[i].id));
        REQUIRE(is_same_text(a->ids[i].payload, b->ids[i].payload));
    }
}

/* ---- Redis ------------------------------------------------------------------------------------------------------- */

/* The text that a deal writes of all the ids, as the reply to an HMGET. */
static redisReply *stored_text(const made *m)
{
    redis_names names = {.prefix = (char *)(uintptr_t)"allot:{g}:"};
    redis_call call = {0};
    redis_progress progress = {.first_number = 1};
    allot_dealt dealt[IDS_MOST];
    for (uint32_t i = 0; i < m->body.count; i++)
        dealt[i] = (allot_dealt){.position = i, .id = m->whole[i].id};
    allot_source source = {.segment = 7, .live = m->body.count};
    allot_pile pile = {.count = m->body.count, .ids = dealt};
    allot_op op = {.kind = ALLOT_OP_DEAL, .slot = slot, .session = slot, .sequence = 1, .term = 1};
    op.u.deal = (allot_op_deal){1, &slot, 1, &source, 1, &pile, false};
    REQUIRE(redis_encode(&names, &op, false, &progress, &call) == 0 && call.texts.count == REDIS_TEXT_WORDS);
    const char *words[REDIS_TEXT_WORDS];
    size_t lens[REDIS_TEXT_WORDS];
    bytes reply = {0};
    redis_args_list(&call.texts, words, lens);
    REQUIRE(bytes_printf(&reply, "*1\r\n$%zu\r\n", lens[3]) == 0);
    REQUIRE(bytes_append(&reply, words[3], lens[3]) == 0 && bytes_append(&reply, "\r\n", 2) == 0);
    redisReply *parsed = reply_parse(&reply);
    bytes_done(&reply);
    redis_call_done(&call);
    return parsed;
}

static redis_decoded decode(const allot_op *op, const bytes *text, redis_reading *reading, redisReply **ret_reply)
{
    *ret_reply = reply_parse(text);
    return redis_decode(op, *ret_reply, reading);
}

/* Payloads come in as many pages as the bytes say, each of at least one. */
static redis_decoded decode_payloads(input *in, const allot_op *op, const made *m, redis_reading *reading)
{
    redis_decoded decoded = REDIS_DECODED_AGAIN;
    while (decoded == REDIS_DECODED_AGAIN) {
        bytes text = {0};
        redisReply *reply;
        uint32_t from = reading->progress.position;
        uint32_t to = from + 1 + take(in) % (m->body.count - from);
        REQUIRE(reading->progress.segment == 1);
        reply_write_payloads(&m->body, from, to, &text);
        decoded = decode(op, &text, reading, &reply);
        freeReplyObject(reply);
        bytes_done(&text);
    }
    return decoded;
}

static void through_redis(input *in, made *m)
{
    static const uint64_t segment = 1;
    allot_answer answer = {.outcome = {.status = ALLOT_STATUS_OK}, .bodies = &m->body, .body_count = 1};
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segments = &segment, .segment_count = 1}};
    redis_reading reading = {.texts = stored_text(m)};
    redisReply *reply;
    bytes text = {0};
    op.u.read.with_payloads = true;
    m->body.token = 5;
    reply_write(&op, &answer, &text);
    redis_decoded decoded = decode(&op, &text, &reading, &reply);
    if (decoded == REDIS_DECODED_AGAIN)
        decoded = decode_payloads(in, &op, m, &reading);
    REQUIRE(decoded == REDIS_DECODED && reading.answer.body_count == 1);
    REQUIRE(reading.answer.bodies[0].token == m->body.token);
    require_same(&m->body, &reading.answer.bodies[0]);
    redis_reading_done(&reading);
    freeReplyObject(reply);
    bytes_done(&text);
}

/* ---- A journal's line -------------------------------------------------------------------------------------------- */

static void through_record(const made *m)
{
    allot_part part = {.segment = 1, .position = ALLOT_ALL, .which = m->body.recalled};
    allot_op op = {.kind = ALLOT_OP_RECALL, .slot = slot, .session = slot, .u.recall = {slot, 1, &part}};
    file_record record = {.kind = FILE_RECORD_OP, .op = &op}, again;
    file_space space = {0};
    bytes line = {0};
    REQUIRE(file_record_encode(&record, &line) == 0);
    REQUIRE(file_record_decode(line.data, line.len, &space, &again) == 0 && again.op->u.recall.part_count == 1);
    REQUIRE(memcmp(again.op->u.recall.parts[0].which, m->body.recalled, sizeof(m->body.recalled)) == 0);
    file_space_done(&space);
    bytes_done(&line);
}

/* ---- A store and its snapshot ------------------------------------------------------------------------------------ */

typedef struct speaker {
    store *s;
    uint64_t sequence, term;
} speaker;

static allot_answer say(speaker *p, allot_op op)
{
    store_moment moment = {.clock_us = 1000000, .floor = 1};
    store_effects effects;
    allot_answer answer;
    bool reads = op.kind >= ALLOT_OP_READ_VIEW;
    op.slot = op.session = slot;
    op.sequence = reads ? 0 : ++p->sequence;
    op.term = p->term;
    REQUIRE(store_apply(p->s, &op, &moment, &answer, &effects) == 0 && answer.outcome.status == ALLOT_STATUS_OK);
    return answer;
}

static allot_segment_body read_body(speaker *p)
{
    static const uint64_t segment = 1;
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS};
    op.u.read = (allot_op_read){
        .target = slot, .limit = 1, .with_payloads = true, .segments = &segment, .segment_count = 1};
    allot_answer answer = say(p, op);
    REQUIRE(answer.body_count == 1);
    return answer.bodies[0];
}

static void ack_done(speaker *p, const made *m, uint64_t token)
{
    allot_item items[IDS_MOST];
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->body.count; i++)
        if (bits_test(m->body.done, i))
            items[count++] = (allot_item){.segment = 1, .token = token, .position = i, .id = m->whole[i].id};
    allot_op op = {.kind = ALLOT_OP_ACK, .u.items = {.count = count, .items = items}};
    REQUIRE(count == 0 || say(p, op).outcome.count == m->done_count);
}

/* One segment, in the share of the one slot. */
static void fill_store(speaker *p, const made *m)
{
    allot_op op = {.kind = ALLOT_OP_JOIN};
    op.u.join = (allot_op_join){.ttl_us = 10000000, .weight = 1, .fresh_life = {{2}}};
    say(p, op);
    p->term = say(p, (allot_op){.kind = ALLOT_OP_CAMPAIGN}).outcome.term;
    op = (allot_op){.kind = ALLOT_OP_ADD, .u.add = {.count = m->body.count, .ids = m->whole, .fresh_life = {{2}}}};
    REQUIRE(say(p, op).outcome.count == m->body.count);
    allot_part all = {.segment = 1, .position = ALLOT_ALL};
    allot_grant grant = {.part_count = 1, .parts = &all};
    op = (allot_op){.kind = ALLOT_OP_ASSIGN, .u.assign = {1, &slot, 1, &grant}};
    REQUIRE(say(p, op).outcome.count == m->body.count);
    ack_done(p, m, read_body(p).token);
    allot_part which = {.segment = 1, .position = ALLOT_ALL, .which = m->body.recalled};
    op = (allot_op){.kind = ALLOT_OP_RECALL, .u.recall = {slot, 1, &which}};
    REQUIRE(m->recalled_count == 0 || say(p, op).outcome.count == m->recalled_count);
}

static int load(void *user, const char *line, size_t len)
{
    return store_load(user, line, len, NULL);
}

static void through_snapshot(const made *m)
{
    speaker first = {.s = store_new()}, second = {.s = store_new()};
    REQUIRE(first.s != NULL && second.s != NULL);
    fill_store(&first, m);
    allot_segment_body body = read_body(&first);
    require_same(&m->body, &body);
    REQUIRE(store_dump(first.s, load, second.s) == 0 && store_load_end(second.s, NULL) == 0);
    uint64_t token = body.token;
    body = read_body(&second);
    require_same(&m->body, &body);
    REQUIRE(body.token == token);
    store_free(first.s);
    store_free(second.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    made *m = make(&in);
    through_snapshot(m);
    through_record(m);
    through_redis(&in, m);
    free(m);
    return 0;
}
