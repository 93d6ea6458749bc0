#include "backends/redis/encode.h"

#include "base/bits.h"
#include "base/uuid_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void redis_call_done(redis_call *call)
{
    redis_args_done(&call->keys);
    redis_args_done(&call->args);
    redis_args_done(&call->stage);
    redis_args_done(&call->texts);
}

/* ---- keys: the order is that of scripts/shared/base.lua ---------------------------------------------------------- */

#define SEG "seg"
enum { GROUP_KEYS = 16 };

static void put_group_keys(redis_args *keys, const redis_names *names)
{
    static const char *const group_keys[GROUP_KEYS] = {
        "state", "db",   SEG,    "done",   "live",    "segments", "inbox",    "slots",
        "ages",  "ttls", "LOCK", "parked", "parking", "fails",    "sessions", "outcomes"};
    for (size_t i = 0; i < GROUP_KEYS; i++)
        redis_args_format(keys, "%s%s", names->prefix, group_keys[i]);
}

static void put_slot_keys(redis_args *keys, const redis_names *names, const allot_uuid *slot)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(slot, text);
    redis_args_format(keys, "%sslot:%s", names->prefix, text);
    redis_args_format(keys, "%sslot:%s:ids", names->prefix, text);
    redis_args_format(keys, "%sslot:%s:recalls", names->prefix, text);
    redis_args_format(keys, "%ssession:%s", names->prefix, text);
}

/* ---- arguments of changes ---------------------------------------------------------------------------------------- */

static void put_speaker(redis_args *args, const allot_op *op)
{
    redis_args_uuid_or_none(args, &op->slot);
    redis_args_uuid(args, &op->session);
    redis_args_number(args, op->sequence);
    redis_args_signed(args, op->not_after_us);
    redis_args_number(args, op->term);
}

static void put_bytes(redis_args *args, allot_bytes text)
{
    redis_args_bytes(args, text.data, text.len);
}

static void put_floors(redis_args *args, const allot_floors *f)
{
    redis_args_uuid(args, &f->life);
    redis_args_number(args, f->view);
    redis_args_number(args, f->term);
    redis_args_number(args, f->token);
}

static void put_join(redis_args *args, const allot_op *op)
{
    const allot_op_join *join = &op->u.join;
    put_bytes(args, join->name);
    put_bytes(args, join->host);
    put_bytes(args, join->container);
    redis_args_signed(args, join->pid);
    redis_args_signed(args, join->ttl_us);
    redis_args_number(args, join->weight);
    redis_args_text(args, join->quarantine_always ? "1" : "0");
    redis_args_uuid(args, &join->fresh_life);
    put_floors(args, &join->floors);
}

static void put_beat(redis_args *args, const allot_op *op)
{
    const allot_op_beat *beat = &op->u.beat;
    bytes working = {0};
    put_floors(args, &beat->floors);
    redis_args_uuid(args, &beat->fresh_life);
    redis_args_signed(args, beat->ttl_us);
    redis_args_text(args, beat->draining ? "1" : "0");
    for (uint32_t i = 0; i < beat->working_count; i++)
        if (bytes_printf(&working, "%s%" PRIu64 ":%u", i > 0 ? " " : "", beat->working[i].segment,
                         beat->working[i].position) != 0)
            args->failed = true;
    redis_args_bytes(args, working.data, working.len);
    bytes_done(&working);
}

static void put_add(redis_args *args, const allot_op *op)
{
    const allot_op_add *add = &op->u.add;
    redis_args_uuid(args, &add->fresh_life);
    redis_args_number(args, add->count);
    for (uint32_t i = 0; i < add->count; i++) {
        put_bytes(args, add->ids[i].id);
        put_bytes(args, add->ids[i].payload);
    }
}

static void put_position(redis_args *args, uint32_t position)
{
    if (position == ALLOT_ALL)
        redis_args_text(args, "-1");
    else
        redis_args_number(args, position);
}

static void put_part(redis_args *args, const allot_part *part)
{
    redis_args_number(args, part->segment);
    put_position(args, part->position);
    redis_args_number(args, part->take);
}

static void put_assign(redis_args *args, const allot_op *op)
{
    const allot_op_assign *assign = &op->u.assign;
    redis_args_number(args, assign->slot_count);
    for (uint32_t i = 0; i < assign->slot_count; i++)
        redis_args_uuid(args, &assign->slots[i]);
    redis_args_number(args, assign->grant_count);
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        redis_args_number(args, assign->grants[i].slot_index);
        redis_args_number(args, assign->grants[i].part_count);
        for (uint32_t k = 0; k < assign->grants[i].part_count; k++)
            put_part(args, &assign->grants[i].parts[k]);
    }
}

/* A bitmap as the scripts know it: bit i is bit i % 8 of byte i / 8; nothing behind the last bit that is set. Returns
 * how many bytes it has. */
static size_t script_bits(const uint64_t *words, uint8_t *ret_bits)
{
    size_t len = 0;
    for (size_t i = 0; i < ALLOT_SEGMENT_IDS_MAX / 8; i++) {
        ret_bits[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
        if (ret_bits[i] != 0)
            len = i + 1;
    }
    return len;
}

/* How many bits are set, the highest of them, and the bits. */
static void put_which(redis_args *args, const uint64_t *which)
{
    uint8_t bits[ALLOT_SEGMENT_IDS_MAX / 8];
    char text[32 + sizeof(bits)];
    size_t len = script_bits(which, bits);
    size_t highest = 8 * len - 1;
    while (!bits_test(which, (uint32_t)highest))
        highest--;
    int head = snprintf(text, sizeof(text), "%u %zu ", bits_count(which, ALLOT_SEGMENT_IDS_MAX), highest);
    memcpy(text + head, bits, len);
    redis_args_bytes(args, text, (size_t)head + len);
}

static void put_recall(redis_args *args, const allot_op *op)
{
    const allot_op_recall *recall = &op->u.recall;
    redis_args_uuid(args, &recall->target);
    redis_args_number(args, recall->part_count);
    for (uint32_t i = 0; i < recall->part_count; i++) {
        const allot_part *part = &recall->parts[i];
        if (part->which == NULL) {
            put_part(args, part);
            continue;
        }
        redis_args_number(args, part->segment);
        redis_args_text(args, "-2");
        put_which(args, part->which);
    }
}

/* ---- deal -------------------------------------------------------------------------------------------------------- */

/* The positions below the last one that a source names which it does not name: one bitmap a source. */
static void find_unnamed(const allot_op_deal *deal, uint64_t bits[][ALLOT_SEGMENT_IDS_MAX / 64])
{
    for (uint32_t i = 0; i < deal->pile_count; i++)
        for (uint32_t k = 0; k < deal->piles[i].count; k++)
            bits_set(bits[deal->piles[i].ids[k].source], deal->piles[i].ids[k].position);
    for (uint32_t i = 0; i < deal->source_count; i++) {
        uint32_t left = deal->sources[i].live;
        for (uint32_t position = 0; position < ALLOT_SEGMENT_IDS_MAX; position++) {
            bool named = bits_test(bits[i], position);
            if (named || left == 0)
                bits_clear(bits[i], position);
            else
                bits_set(bits[i], position);
            left -= named;
        }
    }
}

static void put_sources(redis_args *args, const allot_op_deal *deal)
{
    uint64_t unnamed[ALLOT_DEAL_SOURCES_MAX][ALLOT_SEGMENT_IDS_MAX / 64];
    memset(unnamed, 0, sizeof(unnamed));
    find_unnamed(deal, unnamed);
    redis_args_number(args, deal->source_count);
    for (uint32_t i = 0; i < deal->source_count; i++) {
        uint8_t bits[ALLOT_SEGMENT_IDS_MAX / 8];
        redis_args_number(args, deal->sources[i].segment);
        redis_args_number(args, deal->sources[i].live);
        redis_args_bytes(args, bits, script_bits(unnamed[i], bits));
    }
}

static void put_deal(redis_args *args, const allot_op *op)
{
    const allot_op_deal *deal = &op->u.deal;
    redis_args_number(args, deal->slot_count);
    for (uint32_t i = 0; i < deal->slot_count; i++)
        redis_args_uuid(args, &deal->slots[i]);
    put_sources(args, deal);
    redis_args_number(args, deal->pile_count);
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        redis_args_number(args, deal->piles[i].slot_index);
        redis_args_number(args, deal->piles[i].count);
    }
    redis_args_number(args, deal->quiet);
}

static void put_stage(redis_args *stage, const redis_names *names, const allot_op *op, uint64_t first_number)
{
    redis_args_text(stage, "EVALSHA");
    redis_args_text(stage, redis_scripts[REDIS_SCRIPT_DEAL].sha);
    redis_args_number(stage, GROUP_KEYS);
    put_group_keys(stage, names);
    redis_args_text(stage, names->from);
    put_speaker(stage, op);
    redis_args_text(stage, "stage");
    redis_args_number(stage, first_number);
    redis_args_number(stage, op->u.deal.pile_count);
}

/* The ids of the pile, one a line. */
static void put_text(redis_args *texts, const allot_pile *pile, bytes *body)
{
    bytes_clear(body);
    for (uint32_t i = 0; i < pile->count; i++)
        if ((i > 0 && bytes_append(body, "\n", 1) != 0) ||
            bytes_append(body, pile->ids[i].id.data, pile->ids[i].id.len) != 0)
            texts->failed = true;
    redis_args_bytes(texts, body->data, body->len);
}

/* The number of its first pile, behind the deal itself; when it is known, what goes before the script as well. */
static void encode_texts(const redis_names *names, const allot_op *op, uint64_t first_number, redis_call *call)
{
    bytes body = {0};
    redis_args_number(&call->args, first_number);
    if (first_number == 0)
        return;
    put_stage(&call->stage, names, op, first_number);
    for (uint32_t i = 0; i < op->u.deal.pile_count; i++) {
        redis_args_text(&call->texts, "HSETNX");
        redis_args_format(&call->texts, "%s" SEG, names->prefix);
        redis_args_number(&call->texts, first_number + i);
        put_text(&call->texts, &op->u.deal.piles[i], &body);
    }
    bytes_done(&body);
}

static void put_target(redis_args *args, const allot_op *op)
{
    redis_args_uuid(args, &op->u.target.target);
    redis_args_number(args, op->u.target.max_attempts);
}

static void put_publish(redis_args *args, const allot_op *op)
{
    redis_args_number(args, op->u.publish.version);
    redis_args_number(args, op->u.publish.settled_age);
    put_bytes(args, op->u.publish.strategy);
}

static void put_items(redis_args *args, const allot_op *op)
{
    const allot_op_items *items = &op->u.items;
    redis_args_number(args, items->count);
    for (uint32_t i = 0; i < items->count; i++) {
        redis_args_number(args, items->items[i].segment);
        redis_args_number(args, items->items[i].token);
        put_position(args, items->items[i].position);
        put_bytes(args, items->items[i].id);
    }
    put_bytes(args, items->reason);
    redis_args_number(args, items->max_attempts);
    redis_args_signed(args, items->retry_after_us);
}

static void put_unpark(redis_args *args, const allot_op *op)
{
    uint32_t count = op->term != 0 ? 0 : op->u.unpark.count;
    redis_args_number(args, count);
    for (uint32_t i = 0; i < count; i++)
        put_bytes(args, op->u.unpark.ids[i]);
}

/* ---- arguments of reads ------------------------------------------------------------------------------------------ */

static void put_known_slots(redis_args *args, const redis_progress *progress)
{
    for (uint32_t i = 0; progress != NULL && i < progress->slot_count; i++)
        redis_args_uuid(args, &progress->slots[i]);
}

static void put_roster(redis_args *args, const allot_op *op, const redis_progress *progress)
{
    redis_args_number(args, op->u.read.cursor);
    redis_args_number(args, op->u.read.limit);
    redis_args_text(args, op->u.read.reapable_only ? "1" : "0");
    put_known_slots(args, progress);
}

static void put_list(redis_args *args, const allot_op *op)
{
    redis_args_number(args, op->u.read.cursor);
    redis_args_number(args, op->u.read.limit);
    redis_args_uuid_or_none(args, &op->u.read.target);
}

static void put_bodies(redis_args *args, const allot_op *op)
{
    redis_args_uuid_or_none(args, &op->u.read.target);
    for (uint32_t i = 0; i < op->u.read.segment_count; i++)
        redis_args_number(args, op->u.read.segments[i]);
}

static void put_pool(redis_args *args, const allot_op *op, const redis_progress *progress)
{
    uint64_t cursor = op->u.read.cursor;
    bool parked = (cursor & REDIS_CURSOR_PARKED) != 0;
    redis_args_uuid_or_none(args, &op->u.read.target);
    redis_args_text(args, parked ? "p" : "s");
    redis_args_number(args, parked ? cursor & ~REDIS_CURSOR_PARKED : cursor / ALLOT_SEGMENT_IDS_MAX);
    redis_args_number(args, parked ? 0 : cursor % ALLOT_SEGMENT_IDS_MAX);
    redis_args_number(args, op->u.read.limit);
    redis_args_text(args, op->u.read.with_payloads ? "1" : "0");
    if (!uuid_is_zero(&op->u.read.target))
        redis_args_uuid(args, &op->u.read.target);
    else
        put_known_slots(args, progress);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

typedef struct encoding {
    redis_script_id script;
    void (*put)(redis_args *args, const allot_op *op);
    const char *kind; /* what limit.lua is told */
} encoding;

static const encoding changes[] = {
    [ALLOT_OP_JOIN] = {REDIS_SCRIPT_JOIN, put_join, "j"},
    [ALLOT_OP_BEAT] = {REDIS_SCRIPT_BEAT, put_beat, "b"},
    [ALLOT_OP_LEAVE] = {REDIS_SCRIPT_LEAVE, NULL, ""},
    [ALLOT_OP_CAMPAIGN] = {REDIS_SCRIPT_CAMPAIGN, NULL, "c"},
    [ALLOT_OP_RESIGN] = {REDIS_SCRIPT_RESIGN, NULL, ""},
    [ALLOT_OP_ADD] = {REDIS_SCRIPT_ADD, put_add, ""},
    [ALLOT_OP_ASSIGN] = {REDIS_SCRIPT_ASSIGN, put_assign, ""},
    [ALLOT_OP_DEAL] = {REDIS_SCRIPT_DEAL, put_deal, ""},
    [ALLOT_OP_RECALL] = {REDIS_SCRIPT_RECALL, put_recall, ""},
    [ALLOT_OP_RETIRE] = {REDIS_SCRIPT_RETIRE, put_target, ""},
    [ALLOT_OP_REAP] = {REDIS_SCRIPT_REAP, put_target, ""},
    [ALLOT_OP_PUBLISH] = {REDIS_SCRIPT_PUBLISH, put_publish, ""},
    [ALLOT_OP_RELEASE] = {REDIS_SCRIPT_RELEASE, put_items, ""},
    [ALLOT_OP_ACK] = {REDIS_SCRIPT_ACK, put_items, ""},
    [ALLOT_OP_FAIL] = {REDIS_SCRIPT_FAIL, put_items, ""},
    [ALLOT_OP_UNPARK] = {REDIS_SCRIPT_UNPARK, put_unpark, ""},
    [ALLOT_OP_CLEAN] = {REDIS_SCRIPT_CLEAN, NULL, ""},
};

/* The slots behind the speaker, whose keys a change needs. */
static void put_targets(redis_args *keys, const redis_names *names, const allot_op *op)
{
    if (op->kind == ALLOT_OP_RECALL)
        put_slot_keys(keys, names, &op->u.recall.target);
    else if (op->kind == ALLOT_OP_RETIRE || op->kind == ALLOT_OP_REAP)
        put_slot_keys(keys, names, &op->u.target.target);
    for (uint32_t i = 0; op->kind == ALLOT_OP_ASSIGN && i < op->u.assign.slot_count; i++)
        put_slot_keys(keys, names, &op->u.assign.slots[i]);
    for (uint32_t i = 0; op->kind == ALLOT_OP_DEAL && i < op->u.deal.slot_count; i++)
        put_slot_keys(keys, names, &op->u.deal.slots[i]);
}

static void encode_change(const redis_names *names, const allot_op *op, bool over_limit, redis_call *call)
{
    const encoding *e = &changes[op->kind];
    call->script = over_limit ? REDIS_SCRIPT_LIMIT : e->script;
    if (!uuid_is_zero(&op->slot))
        put_slot_keys(&call->keys, names, &op->slot);
    put_speaker(&call->args, op);
    if (over_limit) {
        redis_args_text(&call->args, e->kind);
        return;
    }
    put_targets(&call->keys, names, op);
    if (e->put != NULL)
        e->put(&call->args, op);
}

static void encode_payloads(const redis_progress *progress, redis_call *call)
{
    call->script = REDIS_SCRIPT_PAYLOADS;
    redis_args_number(&call->args, progress->segment);
    redis_args_number(&call->args, progress->position);
}

static void encode_read(const redis_names *names, const allot_op *op, const redis_progress *progress, redis_call *call)
{
    if (!uuid_is_zero(&op->u.read.target) && op->kind >= ALLOT_OP_READ_SHARE)
        put_slot_keys(&call->keys, names, &op->u.read.target);
    for (uint32_t i = 0; progress != NULL && i < progress->slot_count; i++)
        put_slot_keys(&call->keys, names, &progress->slots[i]);
    switch (op->kind) {
    case ALLOT_OP_READ_ROSTER:
        call->script = REDIS_SCRIPT_ROSTER;
        put_roster(&call->args, op, progress);
        break;
    case ALLOT_OP_READ_INBOX:
        call->script = REDIS_SCRIPT_INBOX;
        put_list(&call->args, op);
        break;
    case ALLOT_OP_READ_SHARE:
        call->script = REDIS_SCRIPT_SHARE;
        put_list(&call->args, op);
        break;
    case ALLOT_OP_READ_SEGMENTS:
        call->script = REDIS_SCRIPT_BODIES;
        put_bodies(&call->args, op);
        if (op->u.read.segment_count > 0)
            call->first_text = call->args.count - op->u.read.segment_count;
        break;
    case ALLOT_OP_READ_POOL:
        call->script = REDIS_SCRIPT_POOL;
        put_pool(&call->args, op, progress);
        break;
    default:
        call->script = REDIS_SCRIPT_VIEW;
    }
}

int redis_encode(const redis_names *names, const allot_op *op, bool over_limit, const redis_progress *progress,
                 redis_call *call)
{
    redis_args_clear(&call->keys);
    redis_args_clear(&call->args);
    redis_args_clear(&call->stage);
    redis_args_clear(&call->texts);
    call->first_text = 0;
    put_group_keys(&call->keys, names);
    redis_args_text(&call->args, names->from);
    if (op->kind < ALLOT_OP_READ_VIEW)
        encode_change(names, op, over_limit, call);
    else if (progress != NULL && progress->segment != 0)
        encode_payloads(progress, call);
    else
        encode_read(names, op, progress, call);
    if (op->kind == ALLOT_OP_DEAL && !over_limit)
        encode_texts(names, op, progress != NULL ? progress->first_number : 0, call);
    return call->keys.failed || call->args.failed || call->stage.failed || call->texts.failed ? -1 : 0;
}
