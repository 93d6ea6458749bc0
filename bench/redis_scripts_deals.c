/* redis_scripts_deals.c - what a strategy by text needs: segments cut anew, ids recalled and given back here and
 * there. */
#include "bench/redis_scripts_scenes.h"

#include <stdlib.h>

/* What the engine puts into one deal, recall, report. */
enum { DEALT = 32768, RECALLED = 128, REPORTED = 256, BROKEN = 64 };

/* ---- Dealing ----------------------------------------------------------------------------------------------------- */

typedef struct cards {
    allot_source sources[ALLOT_DEAL_SOURCES_MAX];
    uint32_t source_count;
    allot_dealt *ids; /* of the piles, one behind the other */
    allot_pile piles[ALLOT_DEAL_PILES_MAX];
} cards;

/* Ids i, i + slots, i + 2 slots ... of the list are pile i. */
static void cut(cards *all, const item_list *list, uint32_t slots)
{
    uint32_t *source_of = bench_alloc(list->count, sizeof(*source_of)), put = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->items[i].segment != list->items[i - 1].segment)
            all->sources[all->source_count++].segment = list->items[i].segment;
        BENCH_MUST(all->source_count <= ALLOT_DEAL_SOURCES_MAX);
        source_of[i] = all->source_count - 1;
        all->sources[source_of[i]].live++;
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        all->piles[slot] = (allot_pile){.slot_index = slot, .ids = all->ids + put};
        for (size_t i = slot; i < list->count; i += slots, all->piles[slot].count++)
            all->ids[put++] = (allot_dealt){source_of[i], list->items[i].position, list->items[i].id};
    }
    free(source_of);
}

static void expect_all(void *user, const allot_answer *answer)
{
    const size_t *ids = user;
    BENCH_MUST(answer->outcome.count == *ids && answer->outcome.skipped == 0);
}

void deal(rig *r, const char *name, speaker *leader, const allot_uuid *slots, uint32_t slot_count)
{
    seg_list inbox = {.items = NULL};
    item_list list = {.items = NULL};
    cards *all = bench_alloc(1, sizeof(*all));
    seg_list_read(&inbox, r, NULL);
    size_t segments = 0, ids = 0;
    while (segments < inbox.count && segments < ALLOT_DEAL_SOURCES_MAX && ids + inbox.items[segments].live <= DEALT)
        ids += inbox.items[segments++].live;
    item_list_read(&list, r, NULL, &inbox, 0, segments, ALLOT_SEGMENT_IDS_MAX);
    BENCH_MUST(list.count == ids && ids > 0);
    all->ids = bench_alloc(list.count, sizeof(*all->ids));
    cut(all, &list, slot_count);
    allot_op op = speaker_op(leader, ALLOT_OP_DEAL);
    op.u.deal = (allot_op_deal){.slot_count = slot_count,
                                .slots = slots,
                                .source_count = all->source_count,
                                .sources = all->sources,
                                .pile_count = slot_count,
                                .piles = all->piles,
                                .quiet = true};
    r->visit = expect_all;
    r->user = &ids;
    rig_measure(r, name, &op, 1, 1);
    r->visit = NULL;
    free(all->ids);
    free(all);
    item_list_done(&list);
    seg_list_done(&inbox);
}

/* ---- Ids here and there ------------------------------------------------------------------------------------------ */

static void recall_here_and_there(cast *c, const seg_list *share)
{
    static const uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64] = {1, 1, 0, 1, 1, 1};
    allot_part parts[RECALLED];
    allot_op op = speaker_op(&c->leader, ALLOT_OP_RECALL);
    for (uint32_t i = 0; i < RECALLED; i++)
        parts[i] = (allot_part){.segment = share->items[i].segment, .position = ALLOT_ALL, .which = which};
    op.u.recall = (allot_op_recall){.target = c->names[0], .part_count = RECALLED, .parts = parts};
    rig_measure(c->rig, "recall 5 ids, far apart, of each of 128 segments", &op, 1, 1);
}

/* `per_segment` ids of each of so many segments, as far apart as they can be. */
static void release_apart(cast *c, const char *name, const seg_list *share, size_t from, uint32_t segments,
                          uint32_t per_segment)
{
    item_list all = {.items = NULL};
    allot_item items[REPORTED];
    allot_op op = speaker_op(&c->slots[0], ALLOT_OP_RELEASE);
    uint32_t count = 0;
    BENCH_MUST(segments * per_segment <= REPORTED);
    item_list_read(&all, c->rig, &c->names[0], share, from, segments, ALLOT_SEGMENT_IDS_MAX);
    for (size_t first = 0, end; first < all.count; first = end) {
        for (end = first; end < all.count && all.items[end].segment == all.items[first].segment; end++)
            continue;
        for (size_t k = 0; k < per_segment; k++)
            items[count++] = all.items[first + k * (end - first - 1) / (per_segment - 1)];
    }
    op.u.items = (allot_op_items){.count = count, .items = items};
    rig_measure(c->rig, name, &op, 1, 1);
    item_list_done(&all);
}

void scene_apart(cast *c)
{
    seg_list share = {.items = NULL};
    seg_list_read(&share, c->rig, &c->names[0]);
    BENCH_MUST(share.count >= 2 * BROKEN && share.count >= RECALLED);
    recall_here_and_there(c, &share);
    release_apart(c, "release 5 ids, far apart, of each of 51 segments", &share, 0, REPORTED / 5, 5);
    release_apart(c, "release the first and last id of each of 64 segments", &share, BROKEN, BROKEN, 2);
    seg_list_done(&share);
}
