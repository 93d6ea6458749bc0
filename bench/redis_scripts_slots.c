#include "bench/redis_scripts_scenes.h"

#include <stdlib.h>

enum { PAGE = 1024 };

static void beat_by_all(rig *r, speaker *slots, size_t count, allot_op *ops)
{
    for (size_t i = 0; i < count; i++)
        ops[i] = beat_op(r, &slots[i], NULL, 0);
    rig_measure(r, "beats of 10,000 slots, 64 under way", ops, count, 64);
}

static allot_op reapable_op(void)
{
    allot_op op = read_op(ALLOT_OP_READ_ROSTER, NULL, PAGE);
    op.u.read.reapable_only = true;
    return op;
}

static void grant_to_many(rig *r, const char *name, speaker *leader, const allot_uuid *names, uint32_t count)
{
    seg_list inbox = {.items = NULL};
    seg_list_read(&inbox, r, NULL);
    grant_segments(r, name, leader, &inbox, 0, count, names, count, count);
    seg_list_done(&inbox);
}

void scene_slots(rig *r, size_t count)
{
    allot_op *ops = bench_alloc(count, sizeof(*ops));
    speaker *slots = bench_alloc(count, sizeof(*slots));
    allot_uuid *names = bench_alloc(count, sizeof(*names));
    speaker leader = rig_leader(r);
    for (size_t i = 0; i < count; i++) {
        slots[i] = (speaker){.slot = rig_uuid()};
        names[i] = slots[i].slot;
        ops[i] = join_op(&slots[i], LONG_TTL_US);
    }
    rig_measure(r, "join of 10,000 slots, 64 under way", ops, count, 64);
    rig_pages(r, "roster of 10,000 slots, 1,024 a page", read_op(ALLOT_OP_READ_ROSTER, NULL, PAGE));
    beat_by_all(r, slots, count, ops);
    add_ids(r, NULL, &leader, 0, 128, 1, 0);
    grant_to_many(r, "grant 128 segments by number to as many slots", &leader, names, 128);
    add_ids(r, NULL, &leader, 128, 32768, 512, 0);
    deal(r, DEAL_TO_MANY, &leader, names, 1000);
    ops[0] = speaker_op(&slots[count - 1], ALLOT_OP_LEAVE);
    rig_run(r, ops, 1, 1);
    rig_pages(r, "roster of what can be reaped: 1 of 10,000", reapable_op());
    for (size_t i = 0; i < count - 1; i++)
        ops[i] = speaker_op(&slots[i], ALLOT_OP_LEAVE);
    rig_measure(r, "leave of 10,000 slots, 64 under way", ops, count - 1, 64);
    rig_pages(r, "roster of what can be reaped: all 10,000", reapable_op());
    free(ops);
    free(slots);
    free(names);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static double used_memory(rig *r)
{
    return (double)redis_server_info(r->server, "memory", "used_memory");
}

void scene_memory(rig *r, size_t ids, double *ret_db, double *ret_rest)
{
    static const char prefix[] = "allot:{bench}:";
    speaker leader = rig_leader(r), slots[SLOTS];
    allot_uuid names[SLOTS];
    seg_list inbox = {.items = NULL};
    for (size_t i = 0; i < SLOTS; i++) {
        slots[i] = rig_joined(r, LONG_TTL_US);
        names[i] = slots[i].slot;
    }
    add_ids(r, NULL, &leader, 0, ids, 512, 0);
    seg_list_read(&inbox, r, NULL);
    grant_segments(r, NULL, &leader, &inbox, 0, inbox.count, names, SLOTS, 256);
    seg_list_done(&inbox);
    redis_server_ask(r->server, "SLOWLOG RESET");
    double all = used_memory(r);
    redis_server_ask(r->server, "DEL %sdb", prefix);
    *ret_db = (all - used_memory(r)) / (double)ids;
    double rest = used_memory(r);
    redis_server_ask(r->server, "FLUSHALL SYNC");
    *ret_rest = (rest - used_memory(r)) / (double)ids;
}
