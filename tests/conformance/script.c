#include "tests/conformance/script_ops.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

/* splitmix64 */
static uint64_t draw(script *s)
{
    uint64_t z = (s->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t script_random(script *s, uint64_t below)
{
    return below == 0 ? 0 : draw(s) % below;
}

bool script_percent(script *s, uint32_t percent)
{
    return script_random(s, 100) < percent;
}

allot_uuid script_uuid(script *s)
{
    allot_uuid u = {{0}};
    uint64_t number = ++s->made_up * UINT64_C(0x9e3779b97f4a7c15); /* so that their order is not that of their making */
    memcpy(u.bytes, &number, sizeof(number));
    u.bytes[15] = 1;
    return u;
}

void script_init(script *s, uint64_t seed, bool timeless)
{
    memset(s, 0, sizeof(*s));
    s->random = seed;
    s->timeless = timeless;
    for (int i = 0; i < SCRIPT_HANDLES; i++)
        s->speaks[i] = -1;
    for (int i = 0; i < SCRIPT_SESSIONS; i++)
        s->sessions[i].id = script_uuid(s);
}

void script_done(script *s)
{
    for (uint32_t i = 0; i < SCRIPT_SENT; i++)
        arena_done(&s->sent[i].memory);
}

void script_time(script *s, int64_t *ret_boot_us, int64_t *ret_real_us)
{
    int64_t step_us = (int64_t)script_random(s, 40000);
    uint64_t luck = script_random(s, 1000);
    if (luck < 4) /* some leases run out, or all */
        step_us = (int64_t)script_random(s, luck == 0 ? 2 * TTL_US : TTL_US / 2);
    *ret_boot_us = *ret_real_us = s->timeless ? 0 : step_us;
    if (s->timeless)
        return;
    if (luck >= 4 && luck < 7)
        *ret_boot_us = -(int64_t)script_random(s, 3 * TTL_US);
    if (luck >= 7 && luck < 10)
        *ret_real_us = -(int64_t)script_random(s, 60 * SECOND);
}

/* ---- What the script knows -------------------------------------------------------------------------------------- */

static script_slot *find_slot(script *s, const allot_uuid *slot)
{
    for (uint32_t i = 0; i < s->slot_count; i++)
        if (uuid_equal(&s->slots[i].slot, slot))
            return &s->slots[i];
    return NULL;
}

bool script_may_close(const script *s, int handle)
{
    return s->speaks[handle] < 0 || s->slots[s->speaks[handle]].over;
}

static void learn_item(script *s, uint32_t slot, const allot_segment_body *body, uint32_t position)
{
    script_item *item = &s->items[s->next_item++ % SCRIPT_ITEMS];
    if (s->item_count < SCRIPT_ITEMS)
        s->item_count++;
    allot_bytes id = body->ids[position].id;
    snprintf(item->id, sizeof(item->id), "%.*s", (int)id.len, id.data);
    item->slot = slot;
    item->item = (allot_item){body->segment, body->token, position, {NULL, 0}};
}

static void learn_inbox_body(script *s, const allot_segment_body *body)
{
    script_body *known = &s->bodies[s->body_count];
    if (s->body_count == SCRIPT_BODIES)
        known = &s->bodies[script_random(s, SCRIPT_BODIES)];
    else
        s->body_count++;
    known->segment = body->segment;
    known->count = 0;
    for (uint32_t k = 0; k < body->count && known->count < SCRIPT_BODY_IDS; k++) {
        if (bits_test(body->done, k))
            continue;
        allot_bytes id = body->ids[k].id;
        snprintf(known->ids[known->count], sizeof(known->ids[0]), "%.*s", (int)id.len, id.data);
        known->positions[known->count++] = k;
    }
}

static void learn_bodies(script *s, const allot_op *op, const allot_answer *a)
{
    for (uint32_t i = 0; uuid_is_zero(&op->u.read.target) && i < a->body_count; i++)
        learn_inbox_body(s, &a->bodies[i]);
    const script_slot *owner = find_slot(s, &op->u.read.target);
    for (uint32_t i = 0; owner != NULL && i < a->body_count; i++)
        for (uint32_t k = 0; k < a->bodies[i].count; k++)
            if (!bits_test(a->bodies[i].done, k))
                learn_item(s, (uint32_t)(owner - s->slots), &a->bodies[i], k);
}

static void learn_view(script *s, script_slot *slot, const allot_view *v)
{
    s->store_us = v->store_us;
    s->version = v->version;
    if (slot != NULL)
        slot->floors = (allot_floors){v->life, v->number, v->term, v->token};
}

static void learn_beat(script *s, script_slot *slot, const allot_answer *a)
{
    allot_reason reason = a->outcome.reason;
    if (a->outcome.status == ALLOT_STATUS_OK)
        learn_view(s, slot, a->view);
    else if (reason == ALLOT_REFUSED_LIFE)
        slot->floors.life = (allot_uuid){{0}};
    else if (reason == ALLOT_REFUSED_GONE || reason == ALLOT_REFUSED_LEFT || reason == ALLOT_REFUSED_DEAD)
        slot->over = true;
}

static void learn_roster(script *s, const allot_answer *a)
{
    for (uint32_t i = 0; i < a->slot_count; i++) {
        script_slot *slot = find_slot(s, &a->slots[i].slot);
        if (slot == NULL)
            continue;
        slot->over = slot->over || a->slots[i].state >= ALLOT_SLOT_LEFT;
        slot->reapable = slot->over || a->slots[i].expires_in_us <= 0;
    }
}

static void learn_inbox(script *s, const allot_answer *a)
{
    for (uint32_t i = 0; i < a->segment_count; i++) {
        uint32_t at = s->inbox_count < SCRIPT_SEGMENTS ? s->inbox_count++ : (uint32_t)script_random(s, SCRIPT_SEGMENTS);
        s->inbox[at] = a->segments[i];
    }
}

void script_learn(script *s, const allot_op *op, const allot_answer *a)
{
    script_slot *slot = find_slot(s, &op->slot);
    bool ok = a->outcome.status == ALLOT_STATUS_OK;
    if (op->kind == ALLOT_OP_BEAT && slot != NULL)
        learn_beat(s, slot, a);
    else if (op->kind == ALLOT_OP_JOIN && slot != NULL)
        slot->over = !ok && a->outcome.reason != ALLOT_REFUSED_EXISTS && a->outcome.reason != ALLOT_REFUSED_STALE;
    else if (op->kind == ALLOT_OP_LEAVE && slot != NULL && ok)
        slot->over = true;
    else if (op->kind == ALLOT_OP_READ_VIEW && ok)
        learn_view(s, NULL, a->view);
    else if (op->kind == ALLOT_OP_READ_ROSTER)
        learn_roster(s, a);
    else if (op->kind == ALLOT_OP_READ_INBOX)
        learn_inbox(s, a);
    else if (op->kind == ALLOT_OP_READ_SEGMENTS)
        learn_bodies(s, op, a);
    if (ok && (op->kind == ALLOT_OP_CAMPAIGN || (op->kind >= ALLOT_OP_ASSIGN && op->kind <= ALLOT_OP_PUBLISH)))
        s->since_led = 0;
    if (op->kind == ALLOT_OP_CAMPAIGN && slot != NULL && ok) {
        slot->term = a->outcome.term;
        s->leader = (uint32_t)(slot - s->slots);
    }
    script_slot *target = op->kind == ALLOT_OP_REAP ? find_slot(s, &op->u.target.target) : NULL;
    if (target != NULL && ok)
        target->over = true;
}

/* ---- The next op ------------------------------------------------------------------------------------------------ */

typedef struct choice {
    uint32_t weight;
    script_op (*make)(script *s, arena *memory);
} choice;

static const choice choices[] = {
    {60, script_join},   {260, script_beat},   {8, script_leave},    {50, script_campaign}, {4, script_resign},
    {130, script_add},   {110, script_assign}, {50, script_deal},    {50, script_recall},   {3, script_retire},
    {60, script_reap},   {25, script_publish}, {160, script_items},  {40, script_unpark},   {1, script_clean},
    {40, script_again},
};

static void remember(script *s, const script_op *o)
{
    script_sent *kept = &s->sent[s->sent_count++ % SCRIPT_SENT];
    arena_done(&kept->memory);
    kept->sent = (script_op){op_copy(&o->op, NULL, &kept->memory), o->handle};
}

script_op script_next(script *s, arena *memory)
{
    uint32_t total = 0;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        total += choices[i].weight;
    uint64_t at = script_random(s, total);
    const choice *c = choices;
    while (at >= c->weight)
        at -= c++->weight;
    s->since_led++;
    script_op o = s->slot_count == 0 ? script_join(s, memory) : c->make(s, memory);
    if (o.op.sequence != 0)
        remember(s, &o);
    return o;
}
