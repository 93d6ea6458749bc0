#include "bench/redis_scripts_scenes.h"

#include <stdlib.h>

enum { AT_WORK = 1024 };

/* Long enough to be granted everything, not long to wait for. */
#define SHORT_TTL_US INT64_C(1500000)

static allot_op reap_op(cast *c, const allot_uuid *slot, uint32_t max_attempts)
{
    allot_op op = speaker_op(&c->leader, ALLOT_OP_REAP);
    op.u.target = (allot_op_target){.target = *slot, .max_attempts = max_attempts};
    return op;
}

/* A slot that has the whole inbox. */
static speaker heir(cast *c, int64_t ttl_us, seg_list *ret_share)
{
    seg_list inbox = {.items = NULL};
    speaker s = rig_joined(c->rig, ttl_us);
    seg_list_read(&inbox, c->rig, NULL);
    grant_segments(c->rig, NULL, &c->leader, &inbox, 0, inbox.count, &s.slot, 1, 256);
    seg_list_read(ret_share, c->rig, &s.slot);
    seg_list_done(&inbox);
    return s;
}

static void leave(cast *c, const char *name, speaker *s)
{
    allot_op op = speaker_op(s, ALLOT_OP_LEAVE);
    rig_measure(c->rig, name, &op, 1, 1);
}

/* Names 1,024 ids, `per_segment` of each segment, and dies. */
static void die_at_work(cast *c, speaker *s, const seg_list *share, uint32_t per_segment)
{
    allot_ref working[AT_WORK];
    BENCH_MUST(share->count >= AT_WORK / per_segment);
    for (uint32_t i = 0; i < AT_WORK; i++)
        working[i] = (allot_ref){.segment = share->items[i / per_segment].segment, .position = i % per_segment};
    allot_op op = beat_op(c->rig, s, working, AT_WORK);
    op.u.beat.ttl_us = SHORT_TTL_US;
    rig_run(c->rig, &op, 1, 1);
    bench_sleep_ms(SHORT_TTL_US / 1000 + 1);
}

static void reap_at_work(cast *c, const char *name, uint32_t per_segment, uint32_t max_attempts)
{
    seg_list share = {.items = NULL};
    speaker s = heir(c, SHORT_TTL_US, &share);
    die_at_work(c, &s, &share, per_segment);
    rig_steps(c->rig, name, &c->leader, reap_op(c, &s.slot, max_attempts));
    seg_list_done(&share);
}

static void clean(cast *c)
{
    allot_op op = speaker_op(&c->leader, ALLOT_OP_CLEAN);
    rig_measure(c->rig, "clean", &op, 1, 1);
}

void scene_reaps(cast *c)
{
    seg_list share = {.items = NULL};
    leave(c, "leave", &c->slots[1]);
    rig_steps(c->rig, "reap a slot of 5,000 ids that left", &c->leader, reap_op(c, &c->names[1], 0));
    for (size_t i = 0; i < SLOTS; i++)
        if (i != 1) {
            leave(c, NULL, &c->slots[i]);
            rig_steps(c->rig, NULL, &c->leader, reap_op(c, &c->names[i], 0));
        }
    speaker s = heir(c, LONG_TTL_US, &share);
    leave(c, NULL, &s);
    rig_steps(c->rig, "reap a slot that owned everything", &c->leader, reap_op(c, &s.slot, 0));
    reap_at_work(c, "the same, at work on 1,024 ids in as many segments", 1, 0);
    reap_at_work(c, "the same, whose second attempt parks them", 1, 2);
    reap_at_work(c, "reap one at work on 1,024 ids in 8 segments", 128, 0);
    seg_list_done(&share);
    clean(c);
}

/* ---- A share of many segments of one id -------------------------------------------------------------------------- */

void scene_splinters(rig *r, size_t segments)
{
    cast c = {.rig = r, .leader = rig_leader(r)};
    seg_list share = {.items = NULL};
    add_ids(r, "add, 1 an op, 64 ops under way", &c.leader, 0, segments, 1, 0);
    speaker s = heir(&c, LONG_TTL_US, &share);
    BENCH_MUST(share.count == segments);
    rig_pages(r, "list a share of 20,000 segments, 1,024 a page", read_op(ALLOT_OP_READ_SHARE, &s.slot, 1024));
    rig_pages(r, "list the ids of 20,000 segments, 1,024 a page", read_op(ALLOT_OP_READ_POOL, NULL, 1024));
    rig_pages(r, "list the ids of a slot of 20,000 segments", read_op(ALLOT_OP_READ_POOL, &s.slot, 1024));
    leave(&c, NULL, &s);
    rig_steps(r, "reap a slot of 20,000 segments", &c.leader, reap_op(&c, &s.slot, 0));
    seg_list_done(&share);
}
