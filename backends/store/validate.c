/* validate.c - rule 9: what is malformed whatever the state. Ops come from a journal or the network too: nothing of an
 * op is trusted before it has passed here. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/text.h"
#include "base/uuid_text.h"

#include <string.h>

#define OK ALLOT_REFUSED_NOTHING
#define INVALID ALLOT_REFUSED_INVALID
#define LIMIT ALLOT_REFUSED_LIMIT

static allot_reason check_count(uint64_t count, uint64_t most, const void *items)
{
    if (count == 0 || items == NULL)
        return INVALID;
    return count > most ? LIMIT : OK;
}

static allot_reason check_text(allot_bytes text, uint32_t max_bytes)
{
    if (text.len > max_bytes)
        return LIMIT;
    return text_is_valid(text, max_bytes) ? OK : INVALID;
}

static allot_reason check_id(allot_bytes id)
{
    return id.len == 0 ? INVALID : check_text(id, ALLOT_ID_BYTES_MAX);
}

static bool duration_is_valid(int64_t us, int64_t least)
{
    return us >= least && (uint64_t)us < STORE_NUMBER_END;
}

static bool floors_are_valid(const allot_floors *f)
{
    return f->view < STORE_NUMBER_END && f->term < STORE_NUMBER_END && f->token < STORE_NUMBER_END;
}

static allot_reason check_join(const allot_op *op)
{
    const allot_op_join *join = &op->u.join;
    const allot_bytes texts[] = {join->name, join->host, join->container};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        allot_reason reason = check_text(texts[i], ALLOT_NAME_BYTES_MAX);
        if (reason != OK)
            return reason;
    }
    bool valid = duration_is_valid(join->ttl_us, ALLOT_TTL_US_MIN) && join->weight >= 1 && join->weight <= 1000 &&
                 floors_are_valid(&join->floors);
    return valid ? OK : INVALID;
}

static allot_reason check_beat(const allot_op *op)
{
    const allot_op_beat *beat = &op->u.beat;
    if (!floors_are_valid(&beat->floors) || !duration_is_valid(beat->ttl_us, 0) ||
        (beat->working_count > 0 && beat->working == NULL))
        return INVALID;
    if (beat->working_count > ALLOT_WORKING_MAX)
        return LIMIT;
    for (uint32_t i = 0; i < beat->working_count; i++)
        if (beat->working[i].segment >= STORE_NUMBER_END || beat->working[i].position >= ALLOT_SEGMENT_IDS_MAX)
            return INVALID;
    return OK;
}

static allot_reason check_nothing(const allot_op *op)
{
    (void)op;
    return OK;
}

static allot_reason check_new_id(const allot_new_id *n)
{
    allot_reason reason = check_id(n->id);
    if (reason != OK)
        return reason;
    if (n->payload.len > 0 && n->payload.data == NULL)
        return INVALID;
    return n->payload.len > ALLOT_PAYLOAD_BYTES_MAX ? LIMIT : OK;
}

static allot_reason check_add(const allot_op *op)
{
    const allot_op_add *add = &op->u.add;
    allot_reason reason = check_count(add->count, ALLOT_OP_ITEMS_MAX, add->ids);
    for (uint32_t i = 0; reason == OK && i < add->count; i++)
        reason = check_new_id(&add->ids[i]);
    return reason;
}

static bool position_is_valid(uint32_t position)
{
    return position < ALLOT_SEGMENT_IDS_MAX || position == ALLOT_ALL;
}

static bool part_is_valid(const allot_part *part, bool may_say_which)
{
    if (!position_is_valid(part->position) || part->take > ALLOT_SEGMENT_IDS_MAX)
        return false;
    if (part->which == NULL)
        return true;
    return may_say_which && part->position == ALLOT_ALL && part->take == 0 &&
           bits_count(part->which, ALLOT_SEGMENT_IDS_MAX) > 0;
}

static bool parts_are_valid(const allot_part *parts, uint32_t count, bool may_say_which)
{
    if (count > 0 && parts == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!part_is_valid(&parts[i], may_say_which))
            return false;
    return true;
}

static allot_reason check_assign(const allot_op *op)
{
    const allot_op_assign *assign = &op->u.assign;
    if ((assign->grant_count > 0 && assign->grants == NULL) || (assign->slot_count > 0 && assign->slots == NULL))
        return INVALID;
    if (assign->grant_count > ALLOT_OP_ITEMS_MAX || assign->slot_count > ALLOT_OP_ITEMS_MAX)
        return LIMIT;
    uint64_t items = 0;
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        const allot_grant *grant = &assign->grants[i];
        if (grant->slot_index >= assign->slot_count)
            return INVALID;
        items += grant->part_count > 1 ? grant->part_count : 1;
        if (items > ALLOT_OP_ITEMS_MAX)
            return LIMIT;
        if (!parts_are_valid(grant->parts, grant->part_count, false))
            return INVALID;
    }
    return OK;
}

static allot_reason check_sources(const allot_op_deal *deal)
{
    allot_reason reason = check_count(deal->source_count, ALLOT_DEAL_SOURCES_MAX, deal->sources);
    for (uint32_t i = 0; reason == OK && i < deal->source_count; i++) {
        if (deal->sources[i].live == 0 || deal->sources[i].live > ALLOT_SEGMENT_IDS_MAX)
            reason = INVALID;
        for (uint32_t j = 0; j < i; j++)
            if (deal->sources[j].segment == deal->sources[i].segment)
                reason = INVALID;
    }
    return reason;
}

/* Which ids of its sources the piles of a deal have named so far. */
typedef struct dealt_ids {
    uint32_t counts[ALLOT_DEAL_SOURCES_MAX];
    uint64_t named[ALLOT_DEAL_SOURCES_MAX][ALLOT_SEGMENT_IDS_MAX / 64];
} dealt_ids;

static allot_reason check_pile(const allot_op_deal *deal, const allot_pile *pile, dealt_ids *dealt)
{
    allot_reason reason = check_count(pile->count, ALLOT_SEGMENT_IDS_MAX, pile->ids);
    if (pile->slot_index >= deal->slot_count)
        return INVALID;
    for (uint32_t i = 0; reason == OK && i < pile->count; i++) {
        const allot_dealt *d = &pile->ids[i];
        if (d->source >= deal->source_count || d->position >= ALLOT_SEGMENT_IDS_MAX ||
            bits_test(dealt->named[d->source], d->position))
            return INVALID;
        bits_set(dealt->named[d->source], d->position);
        dealt->counts[d->source]++;
        reason = check_id(d->id);
    }
    return reason;
}

/* Each id of the sources has to be in one pile, once. */
static allot_reason check_deal(const allot_op *op)
{
    const allot_op_deal *deal = &op->u.deal;
    if (deal->slot_count > 0 && deal->slots == NULL)
        return INVALID;
    if (deal->slot_count > ALLOT_DEAL_PILES_MAX)
        return LIMIT;
    allot_reason reason = check_sources(deal);
    if (reason == OK)
        reason = check_count(deal->pile_count, ALLOT_DEAL_PILES_MAX, deal->piles);
    if (reason != OK)
        return reason;
    dealt_ids dealt;
    memset(&dealt, 0, sizeof(dealt));
    for (uint32_t i = 0; reason == OK && i < deal->pile_count; i++)
        reason = check_pile(deal, &deal->piles[i], &dealt);
    for (uint32_t i = 0; reason == OK && i < deal->source_count; i++)
        if (dealt.counts[i] != deal->sources[i].live)
            reason = INVALID;
    return reason;
}

static allot_reason check_recall(const allot_op *op)
{
    const allot_op_recall *recall = &op->u.recall;
    allot_reason reason = check_count(recall->part_count, ALLOT_OP_ITEMS_MAX, recall->parts);
    if (reason != OK)
        return reason;
    return parts_are_valid(recall->parts, recall->part_count, true) ? OK : INVALID;
}

static allot_reason check_publish(const allot_op *op)
{
    if (op->u.publish.settled_age >= STORE_NUMBER_END)
        return INVALID;
    return check_text(op->u.publish.strategy, ALLOT_NAME_BYTES_MAX);
}

static allot_reason check_items(const allot_op *op)
{
    const allot_op_items *items = &op->u.items;
    allot_reason reason = check_count(items->count, ALLOT_OP_ITEMS_MAX, items->items);
    for (uint32_t i = 0; reason == OK && i < items->count; i++) {
        const allot_item *item = &items->items[i];
        bool whole = item->position == ALLOT_ALL && op->kind == ALLOT_OP_RELEASE;
        if ((item->position >= ALLOT_SEGMENT_IDS_MAX && !whole) || (item->id.len > 0 && item->id.data == NULL))
            reason = INVALID;
    }
    return reason;
}

static allot_reason check_fail(const allot_op *op)
{
    allot_reason reason = check_items(op);
    if (reason == OK)
        reason = check_text(op->u.items.reason, ALLOT_REASON_BYTES_MAX);
    if (reason == OK && !duration_is_valid(op->u.items.retry_after_us, 0))
        reason = INVALID;
    return reason;
}

static allot_reason check_unpark(const allot_op *op)
{
    const allot_op_unpark *u = &op->u.unpark;
    if (op->term != 0)
        return OK;
    allot_reason reason = check_count(u->count, ALLOT_OP_ITEMS_MAX, u->ids);
    for (uint32_t i = 0; reason == OK && i < u->count; i++)
        reason = check_id(u->ids[i]);
    return reason;
}

static allot_reason check_page(const allot_op *op)
{
    return op->u.read.limit == 0 || op->u.read.limit > 1024 ? INVALID : OK;
}

static allot_reason check_read_segments(const allot_op *op)
{
    return check_count(op->u.read.segment_count, STORE_READ_SEGMENTS_MAX, op->u.read.segments);
}

typedef struct kind_rule {
    allot_reason (*check)(const allot_op *op);
    enum { READS, BEATS, SLOT_SPEAKS, ANYONE_SPEAKS } speaker;
} kind_rule;

static const kind_rule kind_rules[ALLOT_OP_KIND_END] = {
    [ALLOT_OP_JOIN] = {check_join, SLOT_SPEAKS},
    [ALLOT_OP_BEAT] = {check_beat, BEATS},
    [ALLOT_OP_LEAVE] = {check_nothing, SLOT_SPEAKS},
    [ALLOT_OP_CAMPAIGN] = {check_nothing, SLOT_SPEAKS},
    [ALLOT_OP_RESIGN] = {check_nothing, SLOT_SPEAKS},
    [ALLOT_OP_ADD] = {check_add, ANYONE_SPEAKS},
    [ALLOT_OP_ASSIGN] = {check_assign, SLOT_SPEAKS},
    [ALLOT_OP_DEAL] = {check_deal, SLOT_SPEAKS},
    [ALLOT_OP_RECALL] = {check_recall, SLOT_SPEAKS},
    [ALLOT_OP_RETIRE] = {check_nothing, SLOT_SPEAKS},
    [ALLOT_OP_REAP] = {check_nothing, SLOT_SPEAKS},
    [ALLOT_OP_PUBLISH] = {check_publish, SLOT_SPEAKS},
    [ALLOT_OP_RELEASE] = {check_items, SLOT_SPEAKS},
    [ALLOT_OP_ACK] = {check_items, SLOT_SPEAKS},
    [ALLOT_OP_FAIL] = {check_fail, SLOT_SPEAKS},
    [ALLOT_OP_UNPARK] = {check_unpark, ANYONE_SPEAKS},
    [ALLOT_OP_CLEAN] = {check_nothing, ANYONE_SPEAKS},
    [ALLOT_OP_READ_VIEW] = {check_nothing, READS},
    [ALLOT_OP_READ_ROSTER] = {check_page, READS},
    [ALLOT_OP_READ_INBOX] = {check_page, READS},
    [ALLOT_OP_READ_SHARE] = {check_page, READS},
    [ALLOT_OP_READ_SEGMENTS] = {check_read_segments, READS},
    [ALLOT_OP_READ_POOL] = {check_page, READS},
};

/* Who speaks, and in which session. */
static bool speaker_is_valid(const allot_op *op, const kind_rule *rule)
{
    bool is_slot = !uuid_is_zero(&op->slot);
    bool due_ids = op->kind == ALLOT_OP_UNPARK && op->term != 0; /* the leader's */
    if (rule->speaker == READS)
        return true;
    if (!is_slot && (rule->speaker != ANYONE_SPEAKS || due_ids))
        return false;
    if (rule->speaker == BEATS)
        return true;
    if (op->sequence == 0 || op->sequence >= STORE_NUMBER_END || uuid_is_zero(&op->session))
        return false;
    return !is_slot || uuid_equal(&op->slot, &op->session);
}

allot_reason store_validate(const allot_op *op)
{
    if (op->kind <= 0 || op->kind >= ALLOT_OP_KIND_END)
        return INVALID;
    const kind_rule *rule = &kind_rules[op->kind];
    return speaker_is_valid(op, rule) ? rule->check(op) : INVALID;
}
