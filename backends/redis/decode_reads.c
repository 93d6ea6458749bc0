/* decode_reads.c - view, roster, inbox, share, pool. */
#include "backends/redis/decode.h"

#include <string.h>

/* How many entries of so many fields are left; anything over is bad. */
static size_t entries_of(redis_fields *f, size_t fields)
{
    size_t left = redis_fields_left(f);
    f->bad = f->bad || left % fields != 0 || left / fields > UINT32_MAX;
    return f->bad ? 0 : left / fields;
}

static redis_decoded result_of(const redis_fields *f)
{
    return f->bad ? REDIS_DECODED_BAD : REDIS_DECODED;
}

/* ---- view -------------------------------------------------------------------------------------------------------- */

redis_decoded redis_decode_view(redis_fields *f, redis_reading *r)
{
    allot_view *v = redis_arena_take(&r->arena, 1, sizeof(*v));
    if (v == NULL)
        return REDIS_DECODED_NOMEM;
    v->life = redis_take_uuid(f);
    v->number = redis_take_number(f);
    v->store_us = redis_take_signed(f);
    v->leader = redis_take_uuid(f);
    v->term = redis_take_number(f);
    v->led_for_us = redis_take_signed(f);
    v->leader_rank = redis_take_number(f);
    v->rank = redis_take_number(f);
    v->slots = redis_take_number(f);
    v->reapable = redis_take_number(f);
    v->next_expiry_us = redis_take_duration(f);
    v->version = redis_take_number(f);
    v->roster_rev = redis_take_number(f);
    v->inbox_rev = redis_take_number(f);
    v->share_rev = redis_take_number(f);
    v->token = redis_take_number(f);
    v->total = redis_take_number(f);
    v->inbox = redis_take_number(f);
    v->placed = redis_take_number(f);
    v->parked = redis_take_number(f);
    v->next_due_us = redis_take_duration(f);
    v->settled_age = redis_take_number(f);
    v->age = redis_take_number(f);
    v->strategy = redis_take_bytes(f);
    r->answer.view = v;
    return result_of(f);
}

/* ---- roster ------------------------------------------------------------------------------------------------------ */

static allot_slot_state take_state(redis_fields *f)
{
    static const char *const names[] = {[ALLOT_SLOT_LIVE] = "live",
                                        [ALLOT_SLOT_RETIRED] = "retired",
                                        [ALLOT_SLOT_LEFT] = "left",
                                        [ALLOT_SLOT_DEAD] = "dead"};
    allot_bytes text = redis_take_bytes(f);
    for (int i = ALLOT_SLOT_LIVE; i <= ALLOT_SLOT_DEAD; i++)
        if (text.len == strlen(names[i]) && memcmp(text.data, names[i], text.len) == 0)
            return (allot_slot_state)i;
    f->bad = true;
    return ALLOT_SLOT_DEAD;
}

static void take_slot(redis_fields *f, allot_slot_info *info)
{
    info->slot = redis_take_uuid(f);
    info->name = redis_take_bytes(f);
    info->host = redis_take_bytes(f);
    info->container = redis_take_bytes(f);
    info->pid = redis_take_signed(f);
    info->ttl_us = redis_take_signed(f);
    info->expires_in_us = redis_take_signed(f);
    info->age = redis_take_number(f);
    info->rank = redis_take_number(f);
    info->ids = redis_take_number(f);
    info->recalls = redis_take_number(f);
    info->share_rev = redis_take_number(f);
    info->segments = redis_take_number_up_to(f, UINT32_MAX);
    info->weight = redis_take_number_up_to(f, UINT32_MAX);
    info->state = take_state(f);
    info->draining = redis_take_flag(f);
}

redis_decoded redis_decode_roster(redis_fields *f, redis_reading *r)
{
    r->answer.inbox_rev = redis_take_number(f);
    r->answer.next_cursor = redis_take_number(f);
    size_t count = entries_of(f, 16);
    allot_slot_info *slots = redis_arena_take(&r->arena, count, sizeof(*slots));
    if (slots == NULL)
        return REDIS_DECODED_NOMEM;
    for (size_t i = 0; i < count; i++)
        take_slot(f, &slots[i]);
    r->answer.slots = slots;
    r->answer.slot_count = (uint32_t)count;
    return result_of(f);
}

/* ---- inbox, share ------------------------------------------------------------------------------------------------ */

static redis_decoded decode_segments(redis_fields *f, bool owned, redis_reading *r)
{
    size_t count = entries_of(f, owned ? 5 : 3);
    allot_segment_info *segments = redis_arena_take(&r->arena, count, sizeof(*segments));
    if (segments == NULL)
        return REDIS_DECODED_NOMEM;
    for (size_t i = 0; i < count; i++) {
        segments[i].segment = redis_take_number(f);
        segments[i].token = owned ? redis_take_number(f) : 0;
        segments[i].order = redis_take_number(f);
        segments[i].live = redis_take_number_up_to(f, ALLOT_SEGMENT_IDS_MAX);
        segments[i].recalled = owned ? redis_take_number_up_to(f, segments[i].live) : 0;
    }
    r->answer.segments = segments;
    r->answer.segment_count = (uint32_t)count;
    return result_of(f);
}

redis_decoded redis_decode_inbox(redis_fields *f, redis_reading *r)
{
    r->answer.inbox_rev = redis_take_number(f);
    r->answer.next_cursor = redis_take_number(f);
    return decode_segments(f, false, r);
}

redis_decoded redis_decode_share(redis_fields *f, redis_reading *r)
{
    r->answer.share_rev = redis_take_number(f);
    r->answer.next_cursor = redis_take_number(f);
    return decode_segments(f, true, r);
}

/* ---- pool -------------------------------------------------------------------------------------------------------- */

static allot_place take_place(redis_fields *f)
{
    allot_bytes text = redis_take_bytes(f);
    char place = text.len == 1 ? text.data[0] : '\0';
    f->bad = f->bad || (place != 'i' && place != 's' && place != 'p');
    return place == 'i' ? ALLOT_PLACE_INBOX : place == 's' ? ALLOT_PLACE_SHARE : ALLOT_PLACE_PARKED;
}

static uint64_t take_cursor(redis_fields *f)
{
    allot_bytes phase = redis_take_bytes(f);
    uint64_t number = redis_take_number(f);
    uint64_t position = redis_take_number_up_to(f, ALLOT_SEGMENT_IDS_MAX - 1);
    if (phase.len == 0)
        return 0;
    f->bad = f->bad || phase.len != 1 || (phase.data[0] != 's' && phase.data[0] != 'p') || number >= UINT64_C(1) << 53;
    return phase.data[0] == 'p' ? number | REDIS_CURSOR_PARKED : number * ALLOT_SEGMENT_IDS_MAX + position;
}

static void take_pool_id(redis_fields *f, allot_pool_id *id)
{
    id->id = redis_take_bytes(f);
    id->payload = redis_take_bytes(f);
    id->place = take_place(f);
    id->slot = redis_take_uuid(f);
    id->token = redis_take_number(f);
    id->attempts = redis_take_number_up_to(f, UINT32_MAX);
    id->reason = redis_take_bytes(f);
    id->recalled = redis_take_flag(f);
    id->due_in_us = redis_take_duration(f);
    if (id->place != ALLOT_PLACE_PARKED)
        id->due_in_us = 0;
}

redis_decoded redis_decode_pool(redis_fields *f, redis_reading *r)
{
    r->answer.next_cursor = take_cursor(f);
    size_t count = entries_of(f, 9);
    allot_pool_id *ids = redis_arena_take(&r->arena, count, sizeof(*ids));
    if (ids == NULL)
        return REDIS_DECODED_NOMEM;
    for (size_t i = 0; i < count; i++)
        take_pool_id(f, &ids[i]);
    r->answer.ids = ids;
    r->answer.id_count = (uint32_t)count;
    return result_of(f);
}
