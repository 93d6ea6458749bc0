/* decode_bodies.c - segments: where they lie, by the script; their ids, by what was read before; and payloads, which
 * come segment by segment behind them. */
#include "backends/redis/decode.h"
#include "base/bits.h"

#include <string.h>

enum { FIELDS = 6 }; /* that the script says of a segment */

/* A bitmap of the server: bit i is bit i % 8 of byte i / 8. */
static void take_bits(redis_fields *f, uint64_t *words)
{
    allot_bytes bits = redis_take_bytes(f);
    if (bits.len > ALLOT_SEGMENT_IDS_MAX / 8) {
        f->bad = true;
        return;
    }
    for (uint32_t i = 0; i < bits.len; i++)
        words[i / 8] |= (uint64_t)(uint8_t)bits.data[i] << (i % 8 * 8);
}

/* The lines of `text`; those that are done are left empty. */
static bool split(allot_bytes text, const allot_segment_body *body, allot_new_id *ids)
{
    const char *at = text.data;
    const char *end = text.data + text.len;
    for (uint32_t i = 0; i < body->count; i++) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        stop = stop == NULL ? end : stop;
        if (at >= stop)
            return false;
        if (!bits_test(body->done, i))
            ids[i].id = (allot_bytes){.data = at, .len = (uint32_t)(stop - at)};
        at = stop < end ? stop + 1 : end;
    }
    return at == end;
}

/* The text of a segment of the script's page, which names those that are there in the order in which they were asked
 * for. `at`: the next that was asked for. */
static allot_bytes text_of(const allot_op *op, const redis_reading *r, uint64_t segment, uint32_t *at)
{
    while (*at < op->u.read.segment_count && op->u.read.segments[*at] != segment)
        ++*at;
    const redisReply *text = *at < op->u.read.segment_count ? r->texts->element[(*at)++] : NULL;
    if (text == NULL || text->type != REDIS_REPLY_STRING || (uint64_t)text->len > UINT32_MAX)
        return (allot_bytes){.data = NULL};
    return (allot_bytes){.data = text->str, .len = (uint32_t)text->len};
}

static redis_decoded take_body(const allot_op *op, redis_fields *f, redis_reading *r, allot_segment_body *body,
                               uint32_t i, uint32_t *at)
{
    body->segment = redis_take_number(f);
    body->token = redis_take_number(f);
    body->count = redis_take_number_up_to(f, ALLOT_SEGMENT_IDS_MAX);
    allot_bytes payloads = redis_take_bytes(f);
    r->has_payloads[i] = payloads.len == 1 && payloads.data[0] == 'p';
    take_bits(f, body->done);
    take_bits(f, body->recalled);
    allot_bytes text = text_of(op, r, body->segment, at);
    if (f->bad || text.data == NULL)
        return REDIS_DECODED_BAD;
    r->ids[i] = redis_arena_take(&r->arena, body->count, sizeof(allot_new_id));
    if (r->ids[i] == NULL)
        return REDIS_DECODED_NOMEM;
    body->ids = r->ids[i];
    return split(text, body, r->ids[i]) ? REDIS_DECODED : REDIS_DECODED_BAD;
}

/* Goes on with the next segment that may have payloads. */
static redis_decoded next_with_payloads(redis_reading *r)
{
    while (r->body < r->answer.body_count && !r->has_payloads[r->body])
        r->body++;
    if (r->body == r->answer.body_count) {
        r->progress.segment = 0;
        return REDIS_DECODED;
    }
    r->progress.segment = r->answer.bodies[r->body].segment;
    r->progress.position = 0;
    return REDIS_DECODED_AGAIN;
}

/* Without the texts (their connection was lost, the script was called over the next one) all is to be read again. */
redis_decoded redis_decode_bodies(const allot_op *op, redis_fields *f, redis_reading *r)
{
    r->answer.share_rev = redis_take_number(f);
    size_t count = redis_fields_left(f) / FIELDS;
    if (f->bad || redis_fields_left(f) % FIELDS != 0 || count > op->u.read.segment_count)
        return REDIS_DECODED_BAD;
    if (count > 0 && r->texts == NULL) {
        redis_fields_skip(f);
        return REDIS_DECODED_AGAIN;
    }
    if (count > 0 && (r->texts->type != REDIS_REPLY_ARRAY || r->texts->elements != op->u.read.segment_count))
        return REDIS_DECODED_BAD;
    allot_segment_body *bodies = redis_arena_take(&r->arena, count, sizeof(*bodies));
    r->ids = redis_arena_take(&r->arena, count, sizeof(r->ids[0]));
    r->has_payloads = redis_arena_take(&r->arena, count, sizeof(r->has_payloads[0]));
    if (bodies == NULL || r->ids == NULL || r->has_payloads == NULL)
        return REDIS_DECODED_NOMEM;
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        redis_decoded decoded = take_body(op, f, r, &bodies[i], i, &at);
        if (decoded != REDIS_DECODED)
            return decoded;
    }
    r->answer.bodies = bodies;
    r->answer.body_count = (uint32_t)count;
    r->body = 0;
    return op->u.read.with_payloads ? next_with_payloads(r) : REDIS_DECODED;
}

redis_decoded redis_decode_payloads(redis_fields *f, redis_reading *r)
{
    const allot_segment_body *body = &r->answer.bodies[r->body];
    uint32_t next = redis_take_number_up_to(f, ALLOT_SEGMENT_IDS_MAX);
    uint32_t at = r->progress.position;
    for (; redis_fields_left(f) > 0; at++) {
        allot_bytes payload = redis_take_bytes(f);
        if (f->bad || at >= body->count)
            return REDIS_DECODED_BAD;
        if (payload.len == 0 || bits_test(body->done, at))
            continue;
        char *copy = redis_arena_copy(&r->arena, payload.data, payload.len);
        if (copy == NULL)
            return REDIS_DECODED_NOMEM;
        r->ids[r->body][at].payload = (allot_bytes){.data = copy, .len = payload.len};
    }
    if (f->bad || (next != 0 && next != at))
        return REDIS_DECODED_BAD;
    if (next != 0) {
        r->progress.position = next;
        return REDIS_DECODED_AGAIN;
    }
    r->body++;
    return next_with_payloads(r);
}
