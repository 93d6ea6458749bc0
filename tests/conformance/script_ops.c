/* script_ops.c - one random op of each kind. */
#include "tests/conformance/script_ops.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

enum { IDS = 150 };

/* Of a token: further than any clock goes here. The tokens of two stores keep no distances (one jumps with its clock
 * where the other counts on), so what is a little ahead of the one may lie behind the other. */
#define FAR_AHEAD (UINT64_C(1) << 40)

/* ---- Who speaks -------------------------------------------------------------------------------------------------- */

/* A new slot, in place of the oldest that is over; NULL: none is. */
static script_slot *new_slot(script *s, int handle)
{
    script_slot *slot = NULL;
    if (s->slot_count < SCRIPT_SLOTS)
        slot = &s->slots[s->slot_count++];
    for (uint32_t i = 0; slot == NULL && i < SCRIPT_SLOTS; i++) {
        uint32_t at = (s->oldest + i) % SCRIPT_SLOTS;
        if (s->slots[at].over)
            slot = &s->slots[at];
    }
    if (slot == NULL)
        return NULL;
    int index = (int)(slot - s->slots);
    s->oldest = (uint32_t)(index + 1) % SCRIPT_SLOTS;
    for (int i = 0; i < SCRIPT_HANDLES; i++)
        if (s->speaks[i] == index)
            s->speaks[i] = -1;
    *slot = (script_slot){.slot = script_uuid(s), .handle = handle};
    slot->ttl_us = s->timeless ? TIMELESS_TTL_US : TTL_US / (1 + (int64_t)script_random(s, 3));
    s->speaks[handle] = index;
    return slot;
}

/* One that still speaks through a handle, most of the time. */
static uint32_t any_slot(script *s)
{
    int handle = 1 + (int)script_random(s, SCRIPT_HANDLES - 1);
    if (s->speaks[handle] >= 0 && script_percent(s, 80))
        return (uint32_t)s->speaks[handle];
    return (uint32_t)script_random(s, s->slot_count);
}

static uint32_t likely_leader(script *s)
{
    return script_percent(s, 90) && s->leader < s->slot_count ? s->leader : any_slot(s);
}

static script_op slot_op(script *s, uint32_t index, allot_op_kind kind)
{
    script_slot *slot = &s->slots[index];
    script_op o = {.handle = slot->handle};
    o.op.kind = kind;
    o.op.timeout_us = 10 * SECOND;
    o.op.slot = o.op.session = slot->slot;
    if (kind != ALLOT_OP_BEAT)
        o.op.sequence = ++slot->sequence;
    if (kind > ALLOT_OP_RESIGN && script_percent(s, 10)) /* any handle may carry the bulk of any slot */
        o.handle = (int)script_random(s, SCRIPT_HANDLES);
    return o;
}

static script_op leader_op(script *s, allot_op_kind kind)
{
    uint32_t index = likely_leader(s);
    script_op o = slot_op(s, index, kind);
    o.op.term = s->slots[script_percent(s, 97) ? index : any_slot(s)].term;
    if (o.op.term == 0)
        o.op.term = 1;
    return o;
}

static script_op session_op(script *s, allot_op_kind kind)
{
    script_op o = {.handle = (int)script_random(s, SCRIPT_HANDLES)};
    if (s->slot_count > 0 && script_percent(s, 50))
        return slot_op(s, any_slot(s), kind);
    uint64_t i = script_random(s, SCRIPT_SESSIONS);
    o.op.kind = kind;
    o.op.timeout_us = 10 * SECOND;
    o.op.session = s->sessions[i].id;
    o.op.sequence = ++s->sessions[i].sequence;
    o.op.not_after_us =
        s->timeless ? INT64_MAX / 2 : s->store_us + (script_percent(s, 90) ? 3600 : 1) * (int64_t)SECOND;
    return o;
}

static allot_bytes take_text(arena *memory, const char *text)
{
    size_t len = strlen(text);
    char *data = arena_take(memory, len);
    if (len > 0)
        memcpy(data, text, len);
    return (allot_bytes){data, (uint32_t)len};
}

static allot_bytes any_id(script *s, arena *memory)
{
    char text[16];
    snprintf(text, sizeof(text), "id-%u", (unsigned)script_random(s, IDS));
    return take_text(memory, text);
}

/* ---- The slot's ops ---------------------------------------------------------------------------------------------- */

/* A few handles stay free for the case that every slot has expired: then somebody has to come who can lead. */
static bool may_join(const script *s, int handle)
{
    int vacant = 0;
    for (int i = 1; i < SCRIPT_HANDLES; i++)
        vacant += script_may_close(s, i);
    return script_may_close(s, handle) && (vacant > 2 || s->since_led > 80);
}

script_op script_join(script *s, arena *memory)
{
    int handle = 1 + (int)script_random(s, SCRIPT_HANDLES - 1);
    script_slot *slot = may_join(s, handle) ? new_slot(s, handle) : NULL;
    if (slot == NULL)
        return slot_op(s, any_slot(s), ALLOT_OP_BEAT);
    script_op o = slot_op(s, (uint32_t)(slot - s->slots), ALLOT_OP_JOIN);
    o.op.u.join = (allot_op_join){
        .name = take_text(memory, script_percent(s, 50) ? "" : "näme"),
        .host = take_text(memory, "host"),
        .pid = (int64_t)script_random(s, 100000),
        .ttl_us = slot->ttl_us,
        .weight = 1 + (uint32_t)script_random(s, 1000),
        .fresh_life = script_uuid(s),
        .quarantine_always = script_percent(s, 20),
    };
    if (script_percent(s, 3)) {
        o.op.u.join.floors.life = script_uuid(s);
        o.op.u.join.floors.token = script_random(s, 1000);
    }
    return o;
}

static const allot_ref *take_working(script *s, uint32_t slot, arena *memory, uint32_t *ret_count)
{
    allot_ref *working = arena_take(memory, 8 * sizeof(*working));
    uint32_t count = 0;
    for (int tries = 0; tries < 8 && s->item_count > 0; tries++) {
        const script_item *item = &s->items[script_random(s, s->item_count)];
        if (item->slot == slot || script_percent(s, 5))
            working[count++] = (allot_ref){item->item.segment, item->item.position};
    }
    *ret_count = count;
    return working;
}

script_op script_beat(script *s, arena *memory)
{
    int handle = 1 + (int)script_random(s, SCRIPT_HANDLES - 1); /* those who may still live, most of the time */
    bool living = s->speaks[handle] >= 0 && script_percent(s, 90);
    uint32_t index = living ? (uint32_t)s->speaks[handle] : any_slot(s);
    script_op o = slot_op(s, index, ALLOT_OP_BEAT);
    allot_op_beat *b = &o.op.u.beat;
    if (s->speaks[o.handle] != (int)index)
        o.handle = 0; /* not through the handle that another slot joined through since */
    b->floors = s->slots[index].floors;
    b->fresh_life = script_uuid(s);
    b->ttl_us = s->slots[index].ttl_us;
    b->draining = script_percent(s, 3);
    b->working = take_working(s, index, memory, &b->working_count);
    o.op.term = script_percent(s, 50) ? s->slots[index].term : 0;
    uint64_t luck = script_random(s, 1000);
    if (luck == 0)
        b->floors.token += FAR_AHEAD + script_random(s, 50); /* more than either store knows: it fell back */
    else if (luck == 1)
        b->floors.view += 3;
    else if (luck == 2)
        b->floors.life = script_uuid(s);
    else if (luck == 3)
        b->floors.term = UINT64_C(1) << 53;
    return o;
}

script_op script_leave(script *s, arena *memory)
{
    (void)memory;
    return slot_op(s, any_slot(s), ALLOT_OP_LEAVE);
}

script_op script_campaign(script *s, arena *memory)
{
    (void)memory;
    return slot_op(s, any_slot(s), ALLOT_OP_CAMPAIGN);
}

script_op script_resign(script *s, arena *memory)
{
    (void)memory;
    return leader_op(s, ALLOT_OP_RESIGN);
}

/* ---- The leader's, owner's and operator's ops ------------------------------------------------------------------- */

script_op script_add(script *s, arena *memory)
{
    script_op o = session_op(s, ALLOT_OP_ADD);
    uint32_t count = 1 + (uint32_t)script_random(s, script_percent(s, 80) ? 6 : 30);
    allot_new_id *ids = arena_take(memory, count * sizeof(*ids));
    for (uint32_t i = 0; i < count; i++) {
        ids[i].id = any_id(s, memory);
        if (script_percent(s, 15))
            ids[i].payload = take_text(memory, script_percent(s, 50) ? "payload\n\t\"x\"" : "p");
    }
    if (script_percent(s, 1))
        ids[count - 1].id.len = 0;
    o.op.u.add = (allot_op_add){.count = count, .ids = ids, .fresh_life = script_uuid(s)};
    return o;
}

static allot_part any_part(script *s)
{
    allot_part part = {.position = ALLOT_ALL};
    if (s->inbox_count == 0 || script_percent(s, 5))
        part.segment = s->item_count > 0 ? s->items[script_random(s, s->item_count)].item.segment : 1;
    else
        part.segment = s->inbox[script_random(s, s->inbox_count)].segment;
    uint64_t luck = script_random(s, 3);
    if (luck == 0)
        part.take = 1 + (uint32_t)script_random(s, 6);
    else if (luck == 1)
        part.position = (uint32_t)script_random(s, 8);
    return part;
}

script_op script_assign(script *s, arena *memory)
{
    script_op o = leader_op(s, ALLOT_OP_ASSIGN);
    allot_op_assign *a = &o.op.u.assign;
    a->slot_count = s->slot_count;
    allot_uuid *slots = arena_take(memory, s->slot_count * sizeof(*slots));
    for (uint32_t i = 0; i < s->slot_count; i++)
        slots[i] = s->slots[i].slot;
    a->slots = slots;
    a->grant_count = (uint32_t)script_random(s, 6);
    allot_grant *grants = arena_take(memory, a->grant_count * sizeof(*grants));
    for (uint32_t i = 0; i < a->grant_count; i++) {
        grants[i].slot_index = any_slot(s);
        grants[i].part_count = script_percent(s, 50) ? 1 : (uint32_t)script_random(s, 5);
        allot_part *parts = arena_take(memory, grants[i].part_count * sizeof(*parts));
        for (uint32_t k = 0; k < grants[i].part_count; k++)
            parts[k] = any_part(s);
        grants[i].parts = parts;
    }
    a->grants = grants;
    return o;
}

/* Other bodies than those at hand, up to three. Returns how many. */
static uint32_t choose_bodies(script *s, const script_body **chosen)
{
    uint32_t most = 1 + (uint32_t)script_random(s, 3);
    uint32_t count = 0;
    for (uint32_t tries = 0; tries < 6 && count < most && s->body_count > 0; tries++) {
        const script_body *body = &s->bodies[script_random(s, s->body_count)];
        bool twice = body->count == 0;
        for (uint32_t i = 0; i < count; i++)
            twice = twice || chosen[i]->segment == body->segment;
        if (!twice)
            chosen[count++] = body;
    }
    return count;
}

/* Each id onto one of the piles, in an order of its own; seldom one is left out, or is another. */
static void deal_body(script *s, const script_body *body, uint32_t source, allot_pile *piles, allot_dealt **ids,
                      arena *memory)
{
    for (uint32_t i = 0; i < body->count; i++) {
        uint64_t pile = script_random(s, 3);
        allot_dealt *list = ids[pile];
        uint32_t at = (uint32_t)script_random(s, piles[pile].count + 1);
        list[piles[pile].count] = list[at];
        list[at] = (allot_dealt){.source = source, .position = body->positions[i]};
        list[at].id = take_text(memory, body->ids[i]);
        if (script_random(s, 500) == 0)
            list[at].position += (uint32_t)script_random(s, 3);
        else if (script_random(s, 500) == 0)
            continue;
        piles[pile].count++;
    }
}

script_op script_deal(script *s, arena *memory)
{
    const script_body *bodies[3];
    uint32_t count = choose_bodies(s, bodies);
    if (count == 0)
        return script_assign(s, memory);
    script_op o = leader_op(s, ALLOT_OP_DEAL);
    allot_uuid *slots = arena_take(memory, 2 * sizeof(*slots));
    allot_source *sources = arena_take(memory, count * sizeof(*sources));
    allot_pile *piles = arena_take(memory, 3 * sizeof(*piles));
    allot_dealt *ids[3];
    slots[0] = s->slots[likely_leader(s)].slot;
    slots[1] = script_percent(s, 50) ? slots[0] : s->slots[any_slot(s)].slot;
    for (int i = 0; i < 3; i++) {
        ids[i] = arena_take(memory, (3 * SCRIPT_BODY_IDS + 1) * sizeof(*ids[i]));
        piles[i] = (allot_pile){.slot_index = (uint32_t)script_random(s, 2), .ids = ids[i]};
    }
    for (uint32_t i = 0; i < count; i++) {
        sources[i] = (allot_source){bodies[i]->segment, bodies[i]->count};
        deal_body(s, bodies[i], i, piles, ids, memory);
    }
    uint32_t pile_count = 0;
    for (int i = 0; i < 3; i++)
        if (piles[i].count > 0)
            piles[pile_count++] = piles[i];
    o.op.u.deal = (allot_op_deal){2, slots, count, sources, pile_count, piles, false};
    return o;
}

/* The index of an item of this slot, after a few tries of any. */
static const script_item *item_of(script *s, uint32_t slot)
{
    const script_item *item = &s->items[script_random(s, s->item_count)];
    for (int tries = 0; tries < 40 && item->slot != slot; tries++)
        item = &s->items[script_random(s, s->item_count)];
    return item;
}

/* This position and some others; at times far more than any segment has. */
static const uint64_t *any_bits(script *s, uint32_t position, arena *memory)
{
    uint64_t *bits = arena_take(memory, ALLOT_SEGMENT_IDS_MAX / 8);
    bits_set(bits, position);
    for (uint64_t n = script_random(s, 6); n > 0; n--)
        bits_set(bits, (uint32_t)script_random(s, 8));
    if (script_percent(s, 10))
        bits_set(bits, (uint32_t)script_random(s, ALLOT_SEGMENT_IDS_MAX));
    return bits;
}

script_op script_recall(script *s, arena *memory)
{
    script_op o = leader_op(s, ALLOT_OP_RECALL);
    uint32_t target = s->item_count > 0 ? s->items[script_random(s, s->item_count)].slot : any_slot(s);
    uint32_t count = 1 + (uint32_t)script_random(s, 4);
    allot_part *parts = arena_take(memory, count * sizeof(*parts));
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = any_part(s);
        if (s->item_count == 0)
            continue;
        const script_item *item = item_of(s, target);
        parts[i].segment = item->item.segment;
        if (script_percent(s, 60))
            parts[i].position = item->item.position;
        else if (script_percent(s, 60))
            parts[i] = (allot_part){item->item.segment, ALLOT_ALL, 0, any_bits(s, item->item.position, memory)};
    }
    o.op.u.recall = (allot_op_recall){s->slots[target].slot, count, parts};
    return o;
}

script_op script_retire(script *s, arena *memory)
{
    (void)memory;
    script_op o = leader_op(s, ALLOT_OP_RETIRE);
    o.op.u.target.target = s->slots[any_slot(s)].slot;
    return o;
}

script_op script_reap(script *s, arena *memory)
{
    (void)memory;
    script_op o = leader_op(s, ALLOT_OP_REAP);
    uint32_t target = any_slot(s);
    for (int tries = 0; tries < 8 && !s->slots[target].reapable && script_percent(s, 90); tries++)
        target = any_slot(s);
    o.op.u.target.target = s->slots[target].slot;
    o.op.u.target.max_attempts = (uint32_t)script_random(s, 4);
    return o;
}

script_op script_publish(script *s, arena *memory)
{
    script_op o = leader_op(s, ALLOT_OP_PUBLISH);
    o.op.u.publish = (allot_op_publish){.version = script_percent(s, 80) ? s->version + 1 : script_random(s, 20),
                                        .settled_age = script_random(s, 30),
                                        .strategy = take_text(memory, script_percent(s, 70) ? "round_robin" : "hash")};
    return o;
}

script_op script_items(script *s, arena *memory)
{
    static const allot_op_kind kinds[] = {ALLOT_OP_RELEASE, ALLOT_OP_RELEASE, ALLOT_OP_ACK, ALLOT_OP_ACK,
                                          ALLOT_OP_FAIL};
    allot_op_kind kind = kinds[script_random(s, 5)];
    if (s->item_count == 0)
        return script_add(s, memory);
    uint32_t slot = s->items[script_random(s, s->item_count)].slot;
    script_op o = slot_op(s, slot, kind);
    uint32_t count = 1 + (uint32_t)script_random(s, 6);
    allot_item *list = arena_take(memory, count * sizeof(*list));
    for (uint32_t i = 0; i < count; i++) {
        const script_item *item = item_of(s, slot);
        list[i] = item->item;
        list[i].id = take_text(memory, item->id);
        if (script_percent(s, 3))
            list[i].token += script_random(s, 3);
        if (kind == ALLOT_OP_RELEASE && script_percent(s, 15)) {
            list[i].position = ALLOT_ALL;
            list[i].id = (allot_bytes){NULL, 0};
        }
    }
    o.op.u.items = (allot_op_items){.count = count, .items = list};
    if (kind == ALLOT_OP_FAIL) {
        o.op.u.items.reason = take_text(memory, script_percent(s, 50) ? "why" : "");
        o.op.u.items.max_attempts = (uint32_t)script_random(s, 4);
        o.op.u.items.retry_after_us = s->timeless ? 0 : (int64_t)script_random(s, 5 * SECOND);
    }
    return o;
}

script_op script_unpark(script *s, arena *memory)
{
    script_op o = script_percent(s, 70) ? leader_op(s, ALLOT_OP_UNPARK) : session_op(s, ALLOT_OP_UNPARK);
    uint32_t count = 1 + (uint32_t)script_random(s, 10);
    allot_bytes *ids = arena_take(memory, count * sizeof(*ids));
    for (uint32_t i = 0; i < count; i++)
        ids[i] = any_id(s, memory);
    o.op.u.unpark = (allot_op_unpark){count, ids};
    return o;
}

script_op script_clean(script *s, arena *memory)
{
    (void)memory;
    return session_op(s, ALLOT_OP_CLEAN);
}

/* One of the last ops again, as it was: it may have been done, refused, forgotten, or be older than the window. A join
 * comes again only through the handle that the slot still speaks through. */
script_op script_again(script *s, arena *memory)
{
    if (s->sent_count == 0)
        return script_add(s, memory);
    uint32_t kept = s->sent_count < SCRIPT_SENT ? s->sent_count : SCRIPT_SENT;
    const script_op *sent = &s->sent[script_random(s, kept)].sent;
    bool joins = sent->op.kind == ALLOT_OP_JOIN;
    if (joins && (s->speaks[sent->handle] < 0 || !uuid_equal(&s->slots[s->speaks[sent->handle]].slot, &sent->op.slot)))
        return script_add(s, memory);
    return (script_op){op_copy(&sent->op, NULL, memory), sent->handle};
}
