/* ids.c - ids and segments: added, listed, granted, named by their owners. */
#include "base/bytes.h"
#include "bench/redis_scripts_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Adding ------------------------------------------------------------------------------------------------------ */

static void write_id(char *at, size_t number)
{
    char text[ID_BYTES + 20];
    snprintf(text, sizeof(text), "%08zx-6b1f-4c8e-9d27-%012zx", number * 2654435761u & 0xffffffffu, number);
    memcpy(at, text, ID_BYTES);
}

void add_ids(rig *r, const char *name, speaker *s, size_t first, size_t count, uint32_t at_once, uint32_t payload_bytes)
{
    size_t op_count = (count + at_once - 1) / at_once;
    allot_op *ops = bench_alloc(op_count, sizeof(*ops));
    allot_new_id *ids = bench_alloc(count, sizeof(*ids));
    char *text = bench_alloc(count, ID_BYTES), *payload = bench_alloc(payload_bytes, 1);
    memset(payload, 'x', payload_bytes);
    for (size_t i = 0; i < count; i++) {
        write_id(text + i * ID_BYTES, first + i);
        ids[i] = (allot_new_id){{text + i * ID_BYTES, ID_BYTES}, {payload, payload_bytes}};
    }
    for (size_t i = 0; i < op_count; i++) {
        size_t left = count - i * at_once;
        ops[i] = speaker_op(s, ALLOT_OP_ADD);
        ops[i].u.add = (allot_op_add){
            .count = left < at_once ? (uint32_t)left : at_once, .ids = ids + i * at_once, .fresh_life = rig_uuid()};
    }
    rig_measure(r, name, ops, op_count, ALLOT_OP_UNANSWERED_MAX);
    free(ops);
    free(ids);
    free(text);
    free(payload);
}

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

static void keep_segments(void *user, const allot_answer *answer)
{
    seg_list *list = user;
    if (array_reserve((void **)&list->items, &list->capacity, list->count + answer->segment_count,
                      sizeof(list->items[0])) != 0)
        bench_fail("no memory");
    if (answer->segment_count > 0)
        memcpy(list->items + list->count, answer->segments, answer->segment_count * sizeof(list->items[0]));
    list->count += answer->segment_count;
}

void seg_list_read(seg_list *list, rig *r, const allot_uuid *slot)
{
    list->count = 0;
    r->visit = keep_segments;
    r->user = list;
    rig_pages(r, NULL, read_op(slot != NULL ? ALLOT_OP_READ_SHARE : ALLOT_OP_READ_INBOX, slot, 1024));
    r->visit = NULL;
}

void seg_list_done(seg_list *list)
{
    free(list->items);
    *list = (seg_list){.items = NULL};
}

static void expect_all(void *user, const allot_answer *answer)
{
    uint64_t *ids = user;
    if (answer->outcome.skipped != 0)
        bench_fail("%llu ids were not granted", (unsigned long long)answer->outcome.skipped);
    *ids += answer->outcome.count;
}

void grant_segments(rig *r, const char *name, speaker *leader, const seg_list *list, size_t from, size_t count,
                    const allot_uuid *slots, uint32_t slot_count, uint32_t at_once)
{
    BENCH_MUST(from + count <= list->count);
    size_t op_count = (count + at_once - 1) / at_once;
    allot_op *ops = bench_alloc(op_count, sizeof(*ops));
    allot_grant *grants = bench_alloc(count, sizeof(*grants));
    allot_part *parts = bench_alloc(count, sizeof(*parts));
    for (size_t i = 0; i < count; i++) {
        parts[i] = (allot_part){.segment = list->items[from + i].segment, .position = ALLOT_ALL};
        grants[i] = (allot_grant){.slot_index = (uint32_t)(i % slot_count), .part_count = 1, .parts = &parts[i]};
    }
    for (size_t i = 0; i < op_count; i++) {
        size_t left = count - i * at_once;
        ops[i] = speaker_op(leader, ALLOT_OP_ASSIGN);
        ops[i].u.assign = (allot_op_assign){.slot_count = slot_count,
                                            .slots = slots,
                                            .grant_count = left < at_once ? (uint32_t)left : at_once,
                                            .grants = grants + i * at_once};
    }
    uint64_t ids = 0;
    r->visit = expect_all;
    r->user = &ids;
    rig_measure(r, name, ops, op_count, ALLOT_OP_UNANSWERED_MAX);
    r->visit = NULL;
    BENCH_MUST(ids > 0);
    free(ops);
    free(grants);
    free(parts);
}

/* ---- Items ------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    item_list *list;
    uint32_t per_segment;
} reading;

static void keep_item(item_list *list, const allot_segment_body *body, uint32_t position)
{
    if (array_reserve((void **)&list->items, &list->capacity, list->count + 1, sizeof(list->items[0])) != 0)
        bench_fail("no memory");
    allot_bytes id = body->ids[position].id;
    char *text = bench_alloc(id.len, 1);
    memcpy(text, id.data, id.len);
    list->items[list->count++] =
        (allot_item){.segment = body->segment, .token = body->token, .position = position, .id = {text, id.len}};
}

static void keep_items(void *user, const allot_answer *answer)
{
    const reading *reads = user;
    for (uint32_t i = 0; i < answer->body_count; i++) {
        const allot_segment_body *body = &answer->bodies[i];
        uint32_t kept = 0;
        for (uint32_t k = 0; k < body->count && kept < reads->per_segment; k++) {
            if ((body->done[k / 64] >> k % 64 & 1) != 0)
                continue;
            keep_item(reads->list, body, k);
            kept++;
        }
    }
}

void item_list_read(item_list *list, rig *r, const allot_uuid *slot, const seg_list *segments, size_t from,
                    size_t count, uint32_t per_segment)
{
    enum { AT_ONCE = 16 };
    reading reads = {.list = list, .per_segment = per_segment};
    BENCH_MUST(from + count <= segments->count);
    item_list_done(list);
    r->visit = keep_items;
    r->user = &reads;
    for (size_t i = 0; i < count; i += AT_ONCE) {
        uint64_t numbers[AT_ONCE];
        allot_op op = read_op(ALLOT_OP_READ_SEGMENTS, slot, 1);
        for (size_t k = 0; k < AT_ONCE && i + k < count; k++)
            numbers[op.u.read.segment_count++] = segments->items[from + i + k].segment;
        op.u.read.segments = numbers;
        rig_run(r, &op, 1, 1);
    }
    r->visit = NULL;
}

void item_list_done(item_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((char *)list->items[i].id.data);
    free(list->items);
    *list = (item_list){.items = NULL};
}
