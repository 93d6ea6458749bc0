#include "backends/file/record.h"

#include "backends/file/record_kinds.h"
#include "backends/file/text.h"
#include "base/uuid_text.h"

#include <assert.h>

static void put_floors(file_writer *w, const allot_floors *floors)
{
    file_put_uuid(w, &floors->life);
    file_put_u64(w, floors->view);
    file_put_u64(w, floors->term);
    file_put_u64(w, floors->token);
}

static void put_position(file_writer *w, uint32_t position)
{
    file_put_raw(w, ":", 1);
    if (position == ALLOT_ALL)
        file_put_raw(w, "*", 1);
    else
        file_put_digits(w, position);
}

/* segment:position:number */
static void put_triple(file_writer *w, uint64_t segment, uint32_t position, uint64_t number)
{
    file_put_u64(w, segment);
    put_position(w, position);
    file_put_raw(w, ":", 1);
    file_put_digits(w, number);
}

/* segment:=bits: every word of the bitmap in hexadecimal, the first one first. */
static void put_which(file_writer *w, const allot_part *part)
{
    static const char hex[] = "0123456789abcdef";
    file_put_u64(w, part->segment);
    file_put_raw(w, ":=", 2);
    for (uint32_t i = 0; i < ALLOT_SEGMENT_IDS_MAX / 64; i++) {
        char text[16];
        for (uint32_t k = 0; k < sizeof(text); k++)
            text[k] = hex[part->which[i] >> (60 - 4 * k) & 15];
        file_put_raw(w, text, sizeof(text));
    }
}

static void put_parts(file_writer *w, const allot_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].which != NULL)
            put_which(w, &parts[i]);
        else
            put_triple(w, parts[i].segment, parts[i].position, parts[i].take);
    }
}

static void put_join(file_writer *w, const allot_op_join *join)
{
    file_put_text(w, join->name);
    file_put_text(w, join->host);
    file_put_text(w, join->container);
    file_put_i64(w, join->pid);
    file_put_i64(w, join->ttl_us);
    file_put_u64(w, join->weight);
    file_put_u64(w, join->quarantine_always);
    put_floors(w, &join->floors);
    file_put_uuid(w, &join->fresh_life);
}

static void put_beat(file_writer *w, const allot_op_beat *beat)
{
    put_floors(w, &beat->floors);
    file_put_uuid(w, &beat->fresh_life);
    file_put_i64(w, beat->ttl_us);
    file_put_u64(w, beat->draining);
    for (uint32_t i = 0; i < beat->working_count; i++) {
        file_put_u64(w, beat->working[i].segment);
        put_position(w, beat->working[i].position);
    }
}

static void put_add(file_writer *w, const allot_op_add *add)
{
    file_put_uuid(w, &add->fresh_life);
    for (uint32_t i = 0; i < add->count; i++) {
        file_put_text(w, add->ids[i].id);
        if (add->ids[i].payload.len > 0)
            file_put_payload(w, add->ids[i].payload);
    }
}

/* The slots, then each grant: '>' and its slot's index, its parts. */
static void put_assign(file_writer *w, const allot_op_assign *assign)
{
    for (uint32_t i = 0; i < assign->slot_count; i++)
        file_put_uuid(w, &assign->slots[i]);
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        file_put_word(w, ">");
        file_put_digits(w, assign->grants[i].slot_index);
        put_parts(w, assign->grants[i].parts, assign->grants[i].part_count);
    }
}

/* The slots, then each source: '<', its segment, how many ids; then each pile: '>' and its slot's index, its ids, each
 * as source:position:text. */
static void put_deal(file_writer *w, const allot_op_deal *deal)
{
    for (uint32_t i = 0; i < deal->slot_count; i++)
        file_put_uuid(w, &deal->slots[i]);
    for (uint32_t i = 0; i < deal->source_count; i++) {
        file_put_word(w, "<");
        file_put_digits(w, deal->sources[i].segment);
        file_put_raw(w, ":", 1);
        file_put_digits(w, deal->sources[i].live);
    }
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        const allot_pile *pile = &deal->piles[i];
        file_put_word(w, ">");
        file_put_digits(w, pile->slot_index);
        for (uint32_t k = 0; k < pile->count; k++) {
            file_put_u64(w, pile->ids[k].source);
            put_position(w, pile->ids[k].position);
            file_put_raw(w, ":", 1);
            file_put_inner_text(w, pile->ids[k].id);
        }
    }
}

static void put_publish(file_writer *w, const allot_op_publish *publish)
{
    file_put_u64(w, publish->version);
    file_put_u64(w, publish->settled_age);
    file_put_text(w, publish->strategy);
}

static void put_items(file_writer *w, const allot_op_items *items)
{
    file_put_text(w, items->reason);
    file_put_u64(w, items->max_attempts);
    file_put_i64(w, items->retry_after_us);
    for (uint32_t i = 0; i < items->count; i++) {
        put_triple(w, items->items[i].segment, items->items[i].position, items->items[i].token);
        file_put_text(w, items->items[i].id);
    }
}

static void put_read(file_writer *w, const allot_op_read *read)
{
    file_put_uuid(w, &read->target);
    file_put_u64(w, read->cursor);
    file_put_u64(w, read->limit);
    file_put_u64(w, read->reapable_only);
    file_put_u64(w, read->with_payloads);
    for (uint32_t i = 0; i < read->segment_count; i++)
        file_put_u64(w, read->segments[i]);
}

static void put_fields(file_writer *w, const allot_op *op)
{
    switch (file_fields_of(op->kind)) {
    case FILE_FIELDS_NONE:
        break;
    case FILE_FIELDS_JOIN:
        put_join(w, &op->u.join);
        break;
    case FILE_FIELDS_BEAT:
        put_beat(w, &op->u.beat);
        break;
    case FILE_FIELDS_ADD:
        put_add(w, &op->u.add);
        break;
    case FILE_FIELDS_ASSIGN:
        put_assign(w, &op->u.assign);
        break;
    case FILE_FIELDS_DEAL:
        put_deal(w, &op->u.deal);
        break;
    case FILE_FIELDS_RECALL:
        file_put_uuid(w, &op->u.recall.target);
        put_parts(w, op->u.recall.parts, op->u.recall.part_count);
        break;
    case FILE_FIELDS_TARGET:
        file_put_uuid(w, &op->u.target.target);
        file_put_u64(w, op->u.target.max_attempts);
        break;
    case FILE_FIELDS_PUBLISH:
        put_publish(w, &op->u.publish);
        break;
    case FILE_FIELDS_ITEMS:
        put_items(w, &op->u.items);
        break;
    case FILE_FIELDS_UNPARK:
        for (uint32_t i = 0; i < op->u.unpark.count; i++)
            file_put_text(w, op->u.unpark.ids[i]);
        break;
    case FILE_FIELDS_READ:
        put_read(w, &op->u.read);
        break;
    }
}

static void put_op(file_writer *w, const allot_op *op)
{
    file_put_word(w, file_kind_name(op->kind));
    file_put_uuid(w, &op->slot);
    if (!uuid_is_zero(&op->slot) && uuid_equal(&op->slot, &op->session))
        file_put_word(w, "="); /* the session of the slot that speaks */
    else
        file_put_uuid(w, &op->session);
    file_put_u64(w, op->sequence);
    file_put_i64(w, op->not_after_us);
    file_put_u64(w, op->term);
    put_fields(w, op);
}

int file_record_encode(const file_record *record, bytes *out)
{
    file_writer w = {.out = out, .start = out->len};
    file_put_i64(&w, record->moment.clock_us);
    file_put_u64(&w, record->moment.floor);
    if (record->kind == FILE_RECORD_OP) {
        assert(record->op->kind > 0 && record->op->kind < ALLOT_OP_KIND_END);
        put_op(&w, record->op);
    } else {
        file_put_word(&w, record->kind == FILE_RECORD_DEAD ? "dead" : "boot");
        file_put_uuid(&w, &record->uuid);
    }
    return w.failed ? ALLOT_E_NOMEM : 0;
}
