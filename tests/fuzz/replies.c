#include "tests/fuzz/replies.h"

#include "base/bits.h"
#include "base/uuid_text.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

typedef struct writer {
    bytes elements;
    size_t count;
} writer;

static void put(writer *w, const void *data, size_t len)
{
    REQUIRE(bytes_printf(&w->elements, "$%zu\r\n", len) == 0);
    REQUIRE(bytes_append(&w->elements, data, len) == 0 && bytes_append(&w->elements, "\r\n", 2) == 0);
    w->count++;
}

static void put_bytes(writer *w, allot_bytes text)
{
    put(w, text.data, text.len);
}

static void put_text(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_number(writer *w, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    put_text(w, text);
}

static void put_signed(writer *w, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, number);
    put_text(w, text);
}

static void put_duration(writer *w, int64_t us)
{
    if (us == INT64_MAX)
        put_text(w, "never");
    else
        put_signed(w, us);
}

static void put_uuid(writer *w, const allot_uuid *uuid)
{
    char text[ALLOT_UUID_TEXT_BYTES] = "";
    if (!uuid_is_zero(uuid))
        uuid_to_text(uuid, text);
    put_text(w, text);
}

static void finish(writer *w, bytes *out)
{
    REQUIRE(bytes_printf(out, "*%zu\r\n", w->count) == 0);
    REQUIRE(bytes_append(out, w->elements.data, w->elements.len) == 0);
    bytes_done(&w->elements);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static void put_refused_items(bytes *text, const allot_outcome *o)
{
    uint32_t count = ALLOT_OP_ITEMS_MAX / 8;
    while (count > 0 && (o->refused[(count - 1) / 8] >> ((count - 1) % 8 * 8) & 0xff) == 0)
        count--;
    REQUIRE(count > 0 || bytes_append(text, "-", 1) == 0);
    for (uint32_t i = 0; i < count; i++)
        REQUIRE(bytes_printf(text, "%02x", (unsigned)(o->refused[i / 8] >> (i % 8 * 8) & 0xff)) == 0);
}

static const char *word_of(allot_reason reason)
{
    static const char *const words[] = {"gone",       "expired",    "retired", "left",    "dead",
                                        "exists",     "life",       "led",     "quarantine", "not-leader",
                                        "live",       "version",    "stale",   "limit",   "invalid"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[64];
        allot_outcome parsed;
        int len = snprintf(text, sizeof(text), "refused %s 0", words[i]);
        REQUIRE(redis_outcome_parse((allot_bytes){text, (uint32_t)len}, &parsed));
        if (parsed.reason == reason)
            return words[i];
    }
    REQUIRE(!"a reason without a word");
    return NULL;
}

static void put_outcome(writer *w, const allot_outcome *o)
{
    bytes text = {0};
    if (o->status == ALLOT_STATUS_OK) {
        REQUIRE(bytes_printf(&text, "ok %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", o->count, o->skipped,
                             o->more, o->term) == 0);
        put_refused_items(&text, o);
    } else {
        REQUIRE(bytes_printf(&text, "refused %s %" PRId64, word_of(o->reason), o->wait_us) == 0);
    }
    put(w, text.data, text.len);
    bytes_done(&text);
}

static void put_view(writer *w, const allot_view *v)
{
    put_uuid(w, &v->life);
    put_number(w, v->number);
    put_signed(w, v->store_us);
    put_uuid(w, &v->leader);
    put_number(w, v->term);
    put_signed(w, v->led_for_us);
    put_number(w, v->leader_rank);
    put_number(w, v->rank);
    put_number(w, v->slots);
    put_number(w, v->reapable);
    put_duration(w, v->next_expiry_us);
    put_number(w, v->version);
    put_number(w, v->roster_rev);
    put_number(w, v->inbox_rev);
    put_number(w, v->share_rev);
    put_number(w, v->token);
    put_number(w, v->total);
    put_number(w, v->inbox);
    put_number(w, v->placed);
    put_number(w, v->parked);
    put_duration(w, v->next_due_us);
    put_number(w, v->settled_age);
    put_number(w, v->age);
    put_bytes(w, v->strategy);
}

static void put_slot(writer *w, const allot_slot_info *s)
{
    static const char *const states[] = {[ALLOT_SLOT_LIVE] = "live",
                                         [ALLOT_SLOT_RETIRED] = "retired",
                                         [ALLOT_SLOT_LEFT] = "left",
                                         [ALLOT_SLOT_DEAD] = "dead"};
    put_uuid(w, &s->slot);
    put_bytes(w, s->name);
    put_bytes(w, s->host);
    put_bytes(w, s->container);
    put_signed(w, s->pid);
    put_signed(w, s->ttl_us);
    put_signed(w, s->expires_in_us);
    put_number(w, s->age);
    put_number(w, s->rank);
    put_number(w, s->ids);
    put_number(w, s->recalls);
    put_number(w, s->share_rev);
    put_number(w, s->segments);
    put_number(w, s->weight);
    put_text(w, states[s->state]);
    put_number(w, s->draining);
}

static void put_segment(writer *w, const allot_segment_info *s, bool owned)
{
    put_number(w, s->segment);
    if (owned)
        put_number(w, s->token);
    put_number(w, s->order);
    put_number(w, s->live);
    if (owned)
        put_number(w, s->recalled);
}

/* Bit 63 of a cursor: parked ids, by order; else segment * 1024 + position. */
static void put_cursor(writer *w, uint64_t cursor)
{
    bool parked = (cursor & REDIS_CURSOR_PARKED) != 0;
    put_text(w, cursor == 0 ? "" : parked ? "p" : "s");
    put_number(w, parked ? cursor & ~REDIS_CURSOR_PARKED : cursor / ALLOT_SEGMENT_IDS_MAX);
    put_number(w, parked ? 0 : cursor % ALLOT_SEGMENT_IDS_MAX);
}

static void put_pool_id(writer *w, const allot_pool_id *id)
{
    put_bytes(w, id->id);
    put_bytes(w, id->payload);
    put_text(w, id->place == ALLOT_PLACE_INBOX ? "i" : id->place == ALLOT_PLACE_SHARE ? "s" : "p");
    put_uuid(w, &id->slot);
    put_number(w, id->token);
    put_number(w, id->attempts);
    put_bytes(w, id->reason);
    put_number(w, id->recalled);
    put_duration(w, id->due_in_us);
}

/* Bit i is bit i % 8 of byte i / 8; without the empty bytes at its end. */
static void put_bits(writer *w, const uint64_t *words)
{
    uint8_t out[ALLOT_SEGMENT_IDS_MAX / 8];
    size_t len = 0;
    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (uint8_t)(words[i / 8] >> (i % 8 * 8));
        len = out[i] != 0 ? i + 1 : len;
    }
    put(w, out, len);
}

static bool has_payloads(const allot_segment_body *body)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (body->ids[i].payload.len > 0)
            return true;
    return false;
}

static void put_body(writer *w, const allot_segment_body *body)
{
    put_number(w, body->segment);
    put_number(w, body->token);
    put_number(w, body->count);
    put_text(w, has_payloads(body) ? "p" : "");
    put_bits(w, body->done);
    put_bits(w, body->recalled);
}

static void put_read(writer *w, const allot_op *op, const allot_answer *a)
{
    bool of_inbox = op->kind == ALLOT_OP_READ_ROSTER || op->kind == ALLOT_OP_READ_INBOX;
    if (op->kind == ALLOT_OP_READ_POOL)
        put_cursor(w, a->next_cursor);
    else if (op->kind != ALLOT_OP_READ_VIEW)
        put_number(w, of_inbox ? a->inbox_rev : a->share_rev);
    if (of_inbox || op->kind == ALLOT_OP_READ_SHARE)
        put_number(w, a->next_cursor);
    if (a->view != NULL)
        put_view(w, a->view);
    for (uint32_t i = 0; i < a->slot_count; i++)
        put_slot(w, &a->slots[i]);
    for (uint32_t i = 0; i < a->segment_count; i++)
        put_segment(w, &a->segments[i], op->kind == ALLOT_OP_READ_SHARE);
    for (uint32_t i = 0; i < a->body_count; i++)
        put_body(w, &a->bodies[i]);
    for (uint32_t i = 0; i < a->id_count; i++)
        put_pool_id(w, &a->ids[i]);
}

void reply_write(const allot_op *op, const allot_answer *answer, bytes *out)
{
    writer w = {0};
    bool reads = op->kind >= ALLOT_OP_READ_VIEW && answer->outcome.status == ALLOT_STATUS_OK;
    if (reads)
        put_text(&w, "ok");
    else
        put_outcome(&w, &answer->outcome);
    if (reads)
        put_read(&w, op, answer);
    else if (answer->view != NULL)
        put_view(&w, answer->view);
    finish(&w, out);
}

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

static void put_lines(writer *w, const allot_segment_body *body)
{
    bytes text = {0};
    for (uint32_t i = 0; i < body->count; i++) {
        bool done = bits_test(body->done, i);
        REQUIRE(i == 0 || bytes_append(&text, "\n", 1) == 0);
        REQUIRE(bytes_append(&text, done ? "-" : body->ids[i].id.data, done ? 1 : body->ids[i].id.len) == 0);
    }
    put(w, text.data, text.len);
    bytes_done(&text);
}

void reply_write_texts(const allot_op *op, const allot_answer *answer, bytes *out)
{
    writer w = {0};
    uint32_t at = 0;
    for (uint32_t i = 0; i < op->u.read.segment_count; i++) {
        if (at < answer->body_count && answer->bodies[at].segment == op->u.read.segments[i]) {
            put_lines(&w, &answer->bodies[at++]);
        } else {
            REQUIRE(bytes_append(&w.elements, "$-1\r\n", 5) == 0);
            w.count++;
        }
    }
    REQUIRE(at == answer->body_count);
    finish(&w, out);
}

void reply_write_payloads(const allot_segment_body *body, uint32_t from, uint32_t to, bytes *out)
{
    writer w = {0};
    put_text(&w, "ok");
    put_number(&w, to < body->count ? to : 0);
    for (uint32_t i = from; i < to; i++)
        put_bytes(&w, body->ids[i].payload);
    finish(&w, out);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

redisReply *reply_parse(const bytes *text)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    REQUIRE(reader != NULL && redisReaderFeed(reader, text->data, text->len) == REDIS_OK);
    REQUIRE(redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL);
    redisReaderFree(reader);
    return reply;
}
