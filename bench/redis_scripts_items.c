#include "bench/redis_scripts_scenes.h"

#include <stdlib.h>
#include <string.h>

/* As much as the engine puts into one op: segments that are recalled, ids or segments that are reported, segments that
 * are cut or written together, grants; ids that come back. Of a release, segments of which single ids are named. */
enum { RECALLED = 128, REPORTED = 256, BROKEN = 64, BODIES = 32, GRANTED = 128, UNPARKED = 512 };
enum { PAGE = 1024, SMALL = 50 };

/* ---- Recalling --------------------------------------------------------------------------------------------------- */

static void recall(cast *c, const char *name, const seg_list *share, uint32_t count, allot_part one)
{
    allot_part parts[RECALLED];
    allot_op op = speaker_op(&c->leader, ALLOT_OP_RECALL);
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = one;
        parts[i].segment = share->items[i].segment;
    }
    op.u.recall = (allot_op_recall){.target = c->names[0], .part_count = count, .parts = parts};
    rig_measure(c->rig, name, &op, 1, 1);
}

static void recall_in_all_ways(cast *c, const seg_list *share)
{
    recall(c, "recall 1 id of each of 128 segments", share, RECALLED, (allot_part){.position = 7});
    recall(c, "recall 100 ids of each of 128 segments", share, RECALLED,
           (allot_part){.position = ALLOT_ALL, .take = 100});
    recall(c, "recall 128 whole segments", share, RECALLED, (allot_part){.position = ALLOT_ALL});
}

/* ---- What an owner says of its ids ------------------------------------------------------------------------------- */

/* One op with the list, or the first of it. */
static void report_items(cast *c, const char *name, allot_op_kind kind, const item_list *list, int64_t retry_after_us)
{
    allot_op op = speaker_op(&c->slots[0], kind);
    op.u.items = (allot_op_items){.count = list->count < REPORTED ? (uint32_t)list->count : REPORTED,
                                  .items = list->items,
                                  .reason = {"it did not work", 15},
                                  .retry_after_us = retry_after_us};
    rig_measure(c->rig, name, &op, 1, 1);
}

/* Twice: ids of one segment, and one id of each of many. */
static void report_together_and_scattered(cast *c, allot_op_kind kind, const char *together, const char *scattered,
                                          uint32_t segments, int64_t retry_after_us)
{
    seg_list share = {.items = NULL};
    item_list items = {.items = NULL};
    seg_list_read(&share, c->rig, &c->names[0]);
    item_list_read(&items, c->rig, &c->names[0], &share, 0, 2, REPORTED);
    report_items(c, together, kind, &items, retry_after_us);
    item_list_read(&items, c->rig, &c->names[0], &share, 4, segments, 1);
    report_items(c, scattered, kind, &items, retry_after_us);
    item_list_done(&items);
    seg_list_done(&share);
}

static void release_segments(cast *c, const seg_list *share)
{
    allot_item items[REPORTED];
    for (uint32_t i = 0; i < REPORTED; i++)
        items[i] =
            (allot_item){.segment = share->items[i].segment, .token = share->items[i].token, .position = ALLOT_ALL};
    const item_list list = {.items = items, .count = REPORTED};
    report_items(c, "release 256 whole segments that are recalled", ALLOT_OP_RELEASE, &list, 0);
}

/* ---- Granting id by id ------------------------------------------------------------------------------------------- */

/* One op with these grants, in turn to 99 slots. */
static void grant(cast *c, const char *name, allot_grant *grants, uint32_t count)
{
    allot_op op = speaker_op(&c->leader, ALLOT_OP_ASSIGN);
    for (uint32_t i = 0; i < count; i++)
        grants[i].slot_index = i % (SLOTS - 1);
    op.u.assign =
        (allot_op_assign){.slot_count = SLOTS - 1, .slots = c->names + 1, .grant_count = count, .grants = grants};
    rig_measure(c->rig, name, &op, 1, 1);
}

/* As the engine cuts one segment up: so many grants of the next ids of it. */
static void grant_pieces(cast *c, const char *name, const seg_list *inbox, uint32_t segments, uint32_t per_segment,
                         uint32_t take)
{
    allot_part parts[GRANTED];
    allot_grant grants[GRANTED];
    uint32_t count = 0;
    for (uint32_t i = 0; i < segments; i++)
        for (uint32_t k = 0; k < per_segment; k++, count++) {
            parts[count] = (allot_part){.segment = inbox->items[i].segment, .position = ALLOT_ALL, .take = take};
            grants[count] = (allot_grant){.part_count = 1, .parts = &parts[count]};
        }
    grant(c, name, grants, count);
}

/* As the engine does it: small segments written together, up to `most_ids` ids an op. */
static void grant_small_segments(cast *c, const char *name, const seg_list *inbox, uint32_t most_ids)
{
    enum { PER_GRANT = 1024 / SMALL };
    allot_part parts[GRANTED];
    allot_grant grants[GRANTED];
    uint32_t count = 0, used = 0;
    size_t from = 0;
    while (from < inbox->count && inbox->items[from].live != SMALL)
        from++;
    BENCH_MUST(from + GRANTED <= inbox->count);
    while (used < BODIES && used * SMALL < most_ids) {
        if (used % PER_GRANT == 0)
            grants[count++] = (allot_grant){.parts = &parts[used]};
        grants[count - 1].part_count++;
        parts[used] = (allot_part){.segment = inbox->items[from + used].segment, .position = ALLOT_ALL};
        BENCH_MUST(inbox->items[from + used].live == SMALL);
        used++;
    }
    grant(c, name, grants, count);
}

static void grant_in_all_ways(cast *c)
{
    seg_list inbox = {.items = NULL};
    add_ids(c->rig, "add, 50 an op, 64 ops under way", &c->leader, c->ids, (size_t)SMALL * 1024, SMALL, 0);
    seg_list_read(&inbox, c->rig, NULL);
    BENCH_MUST(inbox.count >= 1024);
    grant_pieces(c, "grant 32 pieces of 5 ids of one segment", &inbox, 1, BODIES, 5);
    grant_pieces(c, "grant 32 pieces of 10 ids, 16 a segment", &inbox, 2, 16, 10);
    grant_pieces(c, "grant 1 id of each of 32 segments", &inbox, BODIES, 1, 1);
    grant_pieces(c, "grant 400 ids of each of 5 segments", &inbox, 5, 1, 400);
    grant_small_segments(c, "grant segments of 50 ids, 1,024 ids written anew", &inbox, 1000);
    seg_list_read(&inbox, c->rig, NULL);
    grant_small_segments(c, "grant 32 segments of 50 ids, written together", &inbox, 1000000);
    seg_list_done(&inbox);
}

/* ---- Parked ids -------------------------------------------------------------------------------------------------- */

static void keep_parked(void *user, const allot_answer *answer)
{
    item_list *list = user;
    for (uint32_t i = 0; i < answer->id_count && list->count < UNPARKED; i++) {
        if (answer->ids[i].place != ALLOT_PLACE_PARKED)
            continue;
        char *text = bench_alloc(answer->ids[i].id.len, 1);
        memcpy(text, answer->ids[i].id.data, answer->ids[i].id.len);
        list->items[list->count++] = (allot_item){.id = {text, answer->ids[i].id.len}};
    }
}

static void unpark_by_operator(cast *c)
{
    item_list parked = {.items = bench_alloc(UNPARKED, sizeof(allot_item))};
    allot_bytes ids[UNPARKED];
    c->rig->visit = keep_parked;
    c->rig->user = &parked;
    rig_pages(c->rig, "list all ids, some failed or parked, 1,024 a page", read_op(ALLOT_OP_READ_POOL, NULL, PAGE));
    c->rig->visit = NULL;
    BENCH_MUST(parked.count == UNPARKED);
    for (uint32_t i = 0; i < UNPARKED; i++)
        ids[i] = parked.items[i].id;
    allot_op op = speaker_op(&c->leader, ALLOT_OP_UNPARK);
    op.term = 0;
    op.u.unpark = (allot_op_unpark){.count = UNPARKED, .ids = ids};
    rig_measure(c->rig, "unpark 512 ids by name", &op, 1, 1);
    item_list_done(&parked);
}

static void park(cast *c)
{
    report_together_and_scattered(c, ALLOT_OP_FAIL, "fail 256 ids of one segment", "fail 1 id of each of 256 segments",
                                  REPORTED, 1);
    report_together_and_scattered(c, ALLOT_OP_FAIL, "fail 256 others of one segment",
                                  "fail 1 other of each of 256 segments", REPORTED, 1);
    allot_op op = speaker_op(&c->leader, ALLOT_OP_UNPARK);
    rig_measure(c->rig, "unpark 512 ids that are due", &op, 1, 1);
    unpark_by_operator(c);
}

void scene_items(cast *c)
{
    seg_list share = {.items = NULL};
    report_together_and_scattered(c, ALLOT_OP_ACK, "ack 256 ids of one segment", "ack 1 id of each of 256 segments",
                                  REPORTED, 0);
    report_together_and_scattered(c, ALLOT_OP_RELEASE, "release 256 ids of one segment",
                                  "release 1 id of each of 64 segments", BROKEN, 0);
    park(c);
    seg_list_read(&share, c->rig, &c->names[0]);
    recall_in_all_ways(c, &share);
    release_segments(c, &share);
    grant_in_all_ways(c);
    seg_list_done(&share);
}
