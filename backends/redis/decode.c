#include "backends/redis/decode.h"
#include "backends/store/validate.h"
#include "base/bits.h"

#include <string.h>

void redis_reading_done(redis_reading *r)
{
    if (r->texts != NULL)
        freeReplyObject(r->texts);
    redis_arena_done(&r->arena);
    *r = (redis_reading){0};
}

static bool is(allot_bytes text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* The slots whose keys the server asks for. */
static redis_decoded take_slots(redis_fields *f, redis_reading *r)
{
    size_t count = redis_fields_left(f);
    if (count == 0 || count > 2 * ALLOT_SEGMENT_IDS_MAX)
        return REDIS_DECODED_BAD;
    r->progress.slots = redis_arena_take(&r->arena, count, sizeof(allot_uuid));
    if (r->progress.slots == NULL)
        return REDIS_DECODED_NOMEM;
    for (size_t i = 0; i < count; i++)
        r->progress.slots[i] = redis_take_uuid(f);
    r->progress.slot_count = (uint32_t)count;
    return f->bad ? REDIS_DECODED_BAD : REDIS_DECODED_AGAIN;
}

static redis_decoded decode_read(const allot_op *op, redis_fields *f, redis_reading *r)
{
    switch (op->kind) {
    case ALLOT_OP_READ_VIEW:
        return redis_decode_view(f, r);
    case ALLOT_OP_READ_ROSTER:
        return redis_decode_roster(f, r);
    case ALLOT_OP_READ_INBOX:
        return redis_decode_inbox(f, r);
    case ALLOT_OP_READ_SHARE:
        return redis_decode_share(f, r);
    case ALLOT_OP_READ_SEGMENTS:
        return r->progress.segment != 0 ? redis_decode_payloads(f, r)
                                        : redis_decode_bodies(op, f, r);
    case ALLOT_OP_READ_POOL:
        return redis_decode_pool(f, r);
    default:
        return REDIS_DECODED_BAD;
    }
}

/* Only items can be refused one by one, and only those that the op has. */
static bool refused_items_fit(const allot_op *op, const allot_outcome *outcome)
{
    bool has_items = op->kind == ALLOT_OP_RELEASE || op->kind == ALLOT_OP_ACK || op->kind == ALLOT_OP_FAIL;
    for (uint32_t i = has_items ? op->u.items.count : 0; i < ALLOT_OP_ITEMS_MAX; i++)
        if (bits_test(outcome->refused, i))
            return false;
    return true;
}

static redis_decoded decode_outcome(const allot_op *op, allot_bytes text, redis_fields *f, redis_reading *r)
{
    allot_outcome *outcome = &r->answer.outcome;
    if (!redis_outcome_parse(text, outcome) || !refused_items_fit(op, outcome))
        return REDIS_DECODED_BAD;
    bool is_ok = outcome->status == ALLOT_STATUS_OK;
    if (op->kind >= ALLOT_OP_READ_VIEW) /* an "ok" of these has no numbers */
        return is_ok ? REDIS_DECODED_BAD : REDIS_DECODED;
    return is_ok && (op->kind == ALLOT_OP_JOIN || op->kind == ALLOT_OP_BEAT) ? redis_decode_view(f, r) : REDIS_DECODED;
}

/* The numbers for a deal's piles. */
static redis_decoded take_next_number(redis_fields *f, redis_reading *r)
{
    r->next_number = redis_take_number(f);
    bool is_number = r->next_number > 0 && r->next_number < STORE_NUMBER_END;
    return f->bad || !is_number ? REDIS_DECODED_BAD : REDIS_DECODED_AGAIN;
}

static redis_decoded decode(const allot_op *op, allot_bytes first, redis_fields *f, redis_reading *r)
{
    bool reads = op->kind >= ALLOT_OP_READ_VIEW;
    if (f->bad)
        return REDIS_DECODED_BAD;
    if (reads && is(first, "again"))
        return take_slots(f, r);
    if (op->kind == ALLOT_OP_DEAL && is(first, "again"))
        return take_next_number(f, r);
    if (!reads || !is(first, "ok"))
        return decode_outcome(op, first, f, r);
    r->answer.outcome = (allot_outcome){.status = ALLOT_STATUS_OK};
    return decode_read(op, f, r);
}

redis_decoded redis_decode(const allot_op *op, const redisReply *reply, redis_reading *r)
{
    redis_fields f = redis_fields_of(reply);
    allot_bytes first = redis_take_bytes(&f);
    r->answer.cookie = op->cookie;
    r->answer.kind = op->kind;
    redis_decoded decoded = decode(op, first, &f, r);
    return redis_fields_left(&f) == 0 || decoded == REDIS_DECODED_NOMEM ? decoded : REDIS_DECODED_BAD;
}
