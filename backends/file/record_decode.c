#include "backends/file/record.h"
#include "backends/file/record_kinds.h"
#include "backends/file/text.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The largest thing that a word of a line can stand for. */
#define SPACE_PER_WORD sizeof(allot_item)
#define BITMAP_BYTES (ALLOT_SEGMENT_IDS_MAX / 8)

static_assert(sizeof(allot_new_id) <= SPACE_PER_WORD && sizeof(allot_grant) <= SPACE_PER_WORD &&
                  sizeof(allot_part) <= SPACE_PER_WORD && sizeof(allot_source) <= SPACE_PER_WORD &&
                  sizeof(allot_pile) <= SPACE_PER_WORD && sizeof(allot_dealt) <= SPACE_PER_WORD &&
                  sizeof(allot_uuid) <= SPACE_PER_WORD,
              "every array element fits the space of its word");

void file_space_done(file_space *space)
{
    free(space->data);
    *space = (file_space){0};
}

/* Makes room for every array that a line of this many words can hold, and behind that for every bitmap (half as large
 * as the text it is written in), so that taking it below cannot fail. */
static int space_reset(file_space *space, const char *line, size_t len)
{
    size_t words = 1;
    for (const char *p = line; (p = memchr(p, ' ', (size_t)(line + len - p))) != NULL; p++)
        words++;
    size_t need = (words + 1) * SPACE_PER_WORD + len / 2;
    space->used = 0;
    space->bitmaps = (words + 1) * SPACE_PER_WORD;
    if (need <= space->capacity)
        return 0;
    char *data = realloc(space->data, need);
    if (data == NULL)
        return ALLOT_E_NOMEM;
    space->data = data;
    space->capacity = need;
    return 0;
}

/* The next `size` bytes of the space; elements of one array are taken one after the other and lie side by side. */
static void *space_take(file_space *space, size_t size)
{
    assert(size % 8 == 0 && space->used + size <= space->capacity);
    void *data = space->data + space->used;
    space->used += size;
    return data;
}

static allot_floors take_floors(file_reader *r)
{
    allot_floors floors;
    floors.life = file_take_uuid(r);
    floors.view = file_take_u64(r);
    floors.term = file_take_u64(r);
    floors.token = file_take_u64(r);
    return floors;
}

/* Cuts the text up to the next ':' off `*rest`; no data: there was none, and nothing is left. */
static allot_bytes cut(allot_bytes *rest)
{
    const char *colon = rest->len == 0 ? NULL : memchr(rest->data, ':', rest->len);
    allot_bytes head = *rest;
    if (colon == NULL) {
        *rest = (allot_bytes){0};
        return head;
    }
    head.len = (uint32_t)(colon - rest->data);
    rest->data += head.len + 1;
    rest->len -= head.len + 1;
    return head;
}

static uint64_t cut_number(file_reader *r, allot_bytes *rest)
{
    uint64_t value = 0;
    allot_bytes text = cut(rest);
    if (!file_parse_u64(text.data, text.len, &value))
        r->bad = true;
    return value;
}

static uint32_t cut_position(file_reader *r, allot_bytes *rest)
{
    if (rest->len > 0 && rest->data[0] == '*') {
        if (cut(rest).len != 1)
            r->bad = true;
        return ALLOT_ALL;
    }
    uint64_t value = cut_number(r, rest);
    if (value >= ALLOT_ALL)
        r->bad = true;
    return (uint32_t)value;
}

/* A word up to 64 bits in hexadecimal, 16 digits. */
static uint64_t hex_word(file_reader *r, const char *text)
{
    uint64_t value = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];
        bool letter = c >= 'a' && c <= 'f';
        if (!letter && (c < '0' || c > '9'))
            r->bad = true;
        value = value << 4 | (unsigned)(letter ? c - 'a' + 10 : c - '0');
    }
    return value;
}

typedef struct triple {
    uint64_t segment, number;
    uint32_t position;
} triple;

/* What follows the segment. */
static triple rest_of_triple(file_reader *r, uint64_t segment, allot_bytes rest)
{
    triple t = {.segment = segment};
    t.position = cut_position(r, &rest);
    t.number = cut_number(r, &rest);
    if (rest.data != NULL)
        r->bad = true;
    return t;
}

static triple take_triple(file_reader *r)
{
    allot_bytes rest = file_take(r);
    uint64_t segment = cut_number(r, &rest);
    return rest_of_triple(r, segment, rest);
}

/* `text`: '=' and the bitmap. */
static const uint64_t *take_which(file_reader *r, file_space *space, allot_bytes text)
{
    if (text.len != 1 + 2 * BITMAP_BYTES) {
        r->bad = true;
        return NULL;
    }
    assert(space->bitmaps + BITMAP_BYTES <= space->capacity);
    uint64_t *which = (uint64_t *)(void *)(space->data + space->bitmaps);
    space->bitmaps += BITMAP_BYTES;
    for (uint32_t i = 0; i < ALLOT_SEGMENT_IDS_MAX / 64; i++)
        which[i] = hex_word(r, text.data + 1 + 16 * i);
    return which;
}

static allot_part take_part(file_reader *r, file_space *space)
{
    allot_bytes rest = file_take(r);
    uint64_t segment = cut_number(r, &rest);
    if (rest.len > 0 && rest.data[0] == '=')
        return (allot_part){.segment = segment, .position = ALLOT_ALL, .which = take_which(r, space, rest)};
    triple t = rest_of_triple(r, segment, rest);
    if (t.number > UINT32_MAX)
        r->bad = true;
    return (allot_part){.segment = t.segment, .position = t.position, .take = (uint32_t)t.number};
}

/* The parts up to the next grant or the end. */
static const allot_part *take_parts(file_reader *r, file_space *space, uint32_t *ret_count)
{
    allot_part *parts = space_take(space, 0);
    uint32_t count = 0;
    while (file_more(r) && file_peek(r) != '>') {
        allot_part *part = space_take(space, sizeof(*part));
        *part = take_part(r, space);
        count++;
    }
    *ret_count = count;
    return parts;
}

static void take_join(file_reader *r, allot_op_join *join)
{
    join->name = file_take_text(r);
    join->host = file_take_text(r);
    join->container = file_take_text(r);
    join->pid = file_take_i64(r);
    join->ttl_us = file_take_i64(r);
    join->weight = file_take_u32(r);
    join->quarantine_always = file_take_bool(r);
    join->floors = take_floors(r);
    join->fresh_life = file_take_uuid(r);
}

static void take_beat(file_reader *r, file_space *space, allot_op_beat *beat)
{
    beat->floors = take_floors(r);
    beat->fresh_life = file_take_uuid(r);
    beat->ttl_us = file_take_i64(r);
    beat->draining = file_take_bool(r);
    beat->working = space_take(space, 0);
    while (file_more(r)) {
        allot_bytes rest = file_take(r);
        allot_ref *ref = space_take(space, sizeof(*ref));
        ref->segment = cut_number(r, &rest);
        ref->position = cut_position(r, &rest);
        if (rest.data != NULL)
            r->bad = true;
        beat->working_count++;
    }
}

static void take_add(file_reader *r, file_space *space, allot_op_add *add)
{
    add->fresh_life = file_take_uuid(r);
    add->ids = space_take(space, 0);
    while (file_more(r)) {
        allot_new_id *id = space_take(space, sizeof(*id));
        *id = (allot_new_id){.id = file_take_text(r)};
        if (file_peek(r) == '=')
            id->payload = file_take_payload(r);
        add->count++;
    }
}

/* The index of the slot in a word that begins a grant or a pile. */
static uint32_t take_slot_index(file_reader *r)
{
    allot_bytes word = file_take(r);
    uint64_t index = 0;
    if (r->bad || word.data[0] != '>' || !file_parse_u64(word.data + 1, word.len - 1, &index) || index > UINT32_MAX)
        r->bad = true;
    return (uint32_t)index;
}

/* Grants or piles. */
static uint32_t count_grants(const file_reader *r)
{
    uint32_t count = 0;
    if (!file_more(r))
        return 0;
    for (const char *p = r->at; (p = memchr(p, '>', (size_t)(r->end - p))) != NULL; p++)
        count += p == r->at || p[-1] == ' ';
    return count;
}

static void take_assign(file_reader *r, file_space *space, allot_op_assign *assign)
{
    assign->slots = space_take(space, 0);
    while (file_more(r) && file_peek(r) != '>') {
        allot_uuid *slot = space_take(space, sizeof(*slot));
        *slot = file_take_uuid(r);
        assign->slot_count++;
    }
    uint32_t grant_count = count_grants(r);
    allot_grant *grants = space_take(space, grant_count * sizeof(*grants));
    assign->grants = grants;
    while (file_more(r) && assign->grant_count < grant_count) {
        allot_grant *grant = &grants[assign->grant_count++];
        *grant = (allot_grant){.slot_index = take_slot_index(r)};
        if (r->bad)
            return;
        grant->parts = take_parts(r, space, &grant->part_count);
    }
}

static allot_source take_source(file_reader *r)
{
    allot_bytes word = file_take(r);
    if (r->bad)
        return (allot_source){0};
    allot_bytes rest = {.data = word.data + 1, .len = word.len - 1};
    allot_source source = {.segment = cut_number(r, &rest)};
    uint64_t live = cut_number(r, &rest);
    if (rest.data != NULL || live > UINT32_MAX)
        r->bad = true;
    source.live = (uint32_t)live;
    return source;
}

/* source:position:text */
static allot_dealt take_dealt(file_reader *r)
{
    allot_bytes rest = file_take(r);
    uint64_t source = cut_number(r, &rest);
    allot_dealt dealt = {.position = cut_position(r, &rest)};
    if (source > UINT32_MAX || rest.data == NULL)
        r->bad = true;
    dealt.source = (uint32_t)source;
    dealt.id = file_inner_text(r, rest);
    return dealt;
}

static void take_deal(file_reader *r, file_space *space, allot_op_deal *deal)
{
    allot_uuid *slots = space_take(space, 0);
    for (; file_more(r) && file_peek(r) != '<' && file_peek(r) != '>'; deal->slot_count++)
        *(allot_uuid *)space_take(space, sizeof(*slots)) = file_take_uuid(r);
    allot_source *sources = space_take(space, 0);
    for (; file_peek(r) == '<'; deal->source_count++)
        *(allot_source *)space_take(space, sizeof(*sources)) = take_source(r);
    uint32_t pile_count = count_grants(r);
    allot_pile *piles = space_take(space, pile_count * sizeof(*piles));
    deal->slots = slots;
    deal->sources = sources;
    deal->piles = piles;
    while (file_more(r) && deal->pile_count < pile_count) {
        allot_pile *pile = &piles[deal->pile_count++];
        allot_dealt *ids = space_take(space, 0);
        *pile = (allot_pile){.slot_index = take_slot_index(r), .ids = ids};
        for (; file_more(r) && file_peek(r) != '>'; pile->count++)
            *(allot_dealt *)space_take(space, sizeof(*ids)) = take_dealt(r);
    }
}

static void take_publish(file_reader *r, allot_op_publish *publish)
{
    publish->version = file_take_u64(r);
    publish->settled_age = file_take_u64(r);
    publish->strategy = file_take_text(r);
}

static void take_items(file_reader *r, file_space *space, allot_op_items *items)
{
    items->reason = file_take_text(r);
    items->max_attempts = file_take_u32(r);
    items->retry_after_us = file_take_i64(r);
    items->items = space_take(space, 0);
    while (file_more(r)) {
        triple t = take_triple(r);
        allot_item *item = space_take(space, sizeof(*item));
        *item = (allot_item){.segment = t.segment, .token = t.number, .position = t.position, .id = file_take_text(r)};
        items->count++;
    }
}

static void take_unpark(file_reader *r, file_space *space, allot_op_unpark *unpark)
{
    unpark->ids = space_take(space, 0);
    while (file_more(r)) {
        allot_bytes *id = space_take(space, sizeof(*id));
        *id = file_take_text(r);
        unpark->count++;
    }
}

static void take_read(file_reader *r, file_space *space, allot_op_read *read)
{
    read->target = file_take_uuid(r);
    read->cursor = file_take_u64(r);
    read->limit = file_take_u32(r);
    read->reapable_only = file_take_bool(r);
    read->with_payloads = file_take_bool(r);
    read->segments = space_take(space, 0);
    while (file_more(r)) {
        uint64_t *segment = space_take(space, sizeof(*segment));
        *segment = file_take_u64(r);
        read->segment_count++;
    }
}

static void take_fields(file_reader *r, file_space *space, allot_op *op)
{
    switch (file_fields_of(op->kind)) {
    case FILE_FIELDS_NONE:
        break;
    case FILE_FIELDS_JOIN:
        take_join(r, &op->u.join);
        break;
    case FILE_FIELDS_BEAT:
        take_beat(r, space, &op->u.beat);
        break;
    case FILE_FIELDS_ADD:
        take_add(r, space, &op->u.add);
        break;
    case FILE_FIELDS_ASSIGN:
        take_assign(r, space, &op->u.assign);
        break;
    case FILE_FIELDS_DEAL:
        take_deal(r, space, &op->u.deal);
        break;
    case FILE_FIELDS_RECALL:
        op->u.recall.target = file_take_uuid(r);
        op->u.recall.parts = take_parts(r, space, &op->u.recall.part_count);
        break;
    case FILE_FIELDS_TARGET:
        op->u.target.target = file_take_uuid(r);
        op->u.target.max_attempts = file_take_u32(r);
        break;
    case FILE_FIELDS_PUBLISH:
        take_publish(r, &op->u.publish);
        break;
    case FILE_FIELDS_ITEMS:
        take_items(r, space, &op->u.items);
        break;
    case FILE_FIELDS_UNPARK:
        take_unpark(r, space, &op->u.unpark);
        break;
    case FILE_FIELDS_READ:
        take_read(r, space, &op->u.read);
        break;
    }
}

static void take_op(file_reader *r, file_space *space, allot_op_kind kind)
{
    allot_op *op = &space->op;
    *op = (allot_op){.kind = kind};
    op->slot = file_take_uuid(r);
    if (file_peek(r) == '=') {
        op->session = op->slot;
        if (file_take(r).len != 1 || uuid_is_zero(&op->slot))
            r->bad = true;
    } else {
        op->session = file_take_uuid(r);
    }
    op->sequence = file_take_u64(r);
    op->not_after_us = file_take_i64(r);
    op->term = file_take_u64(r);
    take_fields(r, space, op);
}

static bool is_word(allot_bytes word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

int file_record_decode(char *line, size_t len, file_space *space, file_record *ret_record)
{
    if (space_reset(space, line, len) != 0)
        return ALLOT_E_NOMEM;
    file_reader r = file_reader_of(line, len);
    file_record record = {.kind = FILE_RECORD_OP};
    record.moment.clock_us = file_take_i64(&r);
    record.moment.floor = file_take_u64(&r);
    allot_bytes word = file_take(&r);
    allot_op_kind kind;
    if (r.bad)
        return ALLOT_E_DAMAGED;
    if (is_word(word, "dead") || is_word(word, "boot")) {
        record.kind = is_word(word, "dead") ? FILE_RECORD_DEAD : FILE_RECORD_BOOT;
        record.uuid = file_take_uuid(&r);
    } else if (file_kind_of(word, &kind)) {
        take_op(&r, space, kind);
        record.op = &space->op;
    } else {
        return ALLOT_E_DAMAGED;
    }
    if (r.bad || r.at != NULL)
        return ALLOT_E_DAMAGED;
    *ret_record = record;
    return 0;
}
