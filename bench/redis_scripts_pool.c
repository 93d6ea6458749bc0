#include "bench/redis_scripts_scenes.h"

#include <stdlib.h>

enum { BEATS = 3000, VIEWS = 500, PAGE = 1024 };

static void join_all(cast *c)
{
    allot_op ops[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) {
        c->slots[i] = (speaker){.slot = rig_uuid()};
        c->names[i] = c->slots[i].slot;
        ops[i] = join_op(&c->slots[i], LONG_TTL_US);
    }
    rig_measure(c->rig, "join", ops, SLOTS, 1);
}

static void grant_all(cast *c)
{
    seg_list inbox = {.items = NULL};
    deal(c->rig, "deal 32,768 ids of 64 segments to 99 slots", &c->leader, c->names + 1, SLOTS - 1);
    seg_list_read(&inbox, c->rig, NULL);
    size_t half = inbox.count / 2;
    grant_segments(c->rig, "grant segments by number, 128 an op, to one slot", &c->leader, &inbox, 0, half, c->names, 1,
                   128);
    grant_segments(c->rig, "grant segments by number, 128 an op, to 99 slots", &c->leader, &inbox, half,
                   inbox.count - half, c->names + 1, SLOTS - 1, 128);
    seg_list_done(&inbox);
}

static void read_bodies(cast *c, const char *name, uint32_t at_once)
{
    uint64_t numbers[64];
    seg_list share = {.items = NULL};
    seg_list_read(&share, c->rig, &c->names[0]);
    size_t count = share.count / at_once;
    allot_op *ops = bench_alloc(count, sizeof(*ops));
    uint64_t *all = bench_alloc(share.count, sizeof(*all));
    BENCH_MUST(at_once <= sizeof(numbers) / sizeof(numbers[0]));
    for (size_t i = 0; i < share.count; i++)
        all[i] = share.items[i].segment;
    for (size_t i = 0; i < count; i++) {
        ops[i] = read_op(ALLOT_OP_READ_SEGMENTS, &c->names[0], 1);
        ops[i].u.read.segment_count = at_once;
        ops[i].u.read.segments = all + i * at_once;
    }
    rig_measure(c->rig, name, ops, count, 1);
    free(ops);
    free(all);
    seg_list_done(&share);
}

static void beat_all(cast *c, const char *name, size_t count, size_t under_way, uint32_t working_count)
{
    allot_op *ops = bench_alloc(count, sizeof(*ops));
    allot_ref *working = bench_alloc(working_count, sizeof(*working));
    for (uint32_t i = 0; i < working_count; i++)
        working[i] = (allot_ref){.segment = 1 + i, .position = i};
    for (size_t i = 0; i < count; i++)
        ops[i] = beat_op(c->rig, &c->slots[i % SLOTS], working, working_count);
    rig_measure(c->rig, name, ops, count, under_way);
    free(ops);
    free(working);
}

static void look_at_all(cast *c)
{
    allot_op views[VIEWS];
    for (size_t i = 0; i < VIEWS; i++)
        views[i] = read_op(ALLOT_OP_READ_VIEW, NULL, 1);
    rig_measure(c->rig, "view", views, VIEWS, 1);
    rig_pages(c->rig, "roster of 101 slots, 1,024 a page", read_op(ALLOT_OP_READ_ROSTER, NULL, PAGE));
    rig_pages(c->rig, "list the share of half the pool, 1,024 a page",
              read_op(ALLOT_OP_READ_SHARE, &c->names[0], PAGE));
    read_bodies(c, "read segments, 8 an op", 8);
    read_bodies(c, "read segments, 64 an op", 64);
    rig_pages(c->rig, "list all ids with owners, 1,024 a page", read_op(ALLOT_OP_READ_POOL, NULL, PAGE));
    rig_pages(c->rig, "list the ids of one slot, 1,024 a page", read_op(ALLOT_OP_READ_POOL, &c->names[1], PAGE));
}

static void keep_term(void *user, const allot_answer *answer)
{
    speaker *s = user;
    s->term = answer->outcome.term;
}

static void publish_and_resign(cast *c)
{
    allot_op op = speaker_op(&c->leader, ALLOT_OP_PUBLISH);
    op.u.publish = (allot_op_publish){.version = 1, .strategy = {"chunked", 7}};
    rig_measure(c->rig, "publish", &op, 1, 1);
    op = speaker_op(&c->leader, ALLOT_OP_RESIGN);
    rig_measure(c->rig, "resign", &op, 1, 1);
    op = speaker_op(&c->leader, ALLOT_OP_CAMPAIGN);
    c->rig->visit = keep_term;
    c->rig->user = &c->leader;
    rig_measure(c->rig, "campaign", &op, 1, 1);
    c->rig->visit = NULL;
}

void scene_pool(cast *c, rig *r, size_t ids)
{
    *c = (cast){.rig = r, .ids = ids};
    c->leader = rig_leader(r);
    join_all(c);
    add_ids(r, "add, 512 an op, 64 ops under way", &c->leader, 0, ids, 512, 0);
    rig_pages(r, "list the inbox, 1,024 segments a page", read_op(ALLOT_OP_READ_INBOX, NULL, PAGE));
    grant_all(c);
    look_at_all(c);
    beat_all(c, "beats, one after the other", BEATS, 1, 0);
    beat_all(c, "beats, 64 under way", BEATS, 64, 0);
    beat_all(c, "beats that name 1,024 ids at work on", 200, 1, 1024);
    publish_and_resign(c);
}
