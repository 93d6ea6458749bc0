#include "sim/outside.h"

#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

static outside *outside_new(world *w, allot_op_kind kind)
{
    outside *o = calloc(1, sizeof(*o));
    if (o == NULL)
        abort();
    o->next = w->outsides;
    w->outsides = o;
    o->made_us = w->now_us;
    o->op.kind = kind;
    o->op.timeout_us = w->swarm.longest_ttl_us / 2;
    for (size_t i = 0; i < sizeof(o->op.session.bytes); i++)
        o->op.session.bytes[i] = (uint8_t)random_below(&w->random, 256);
    o->op.sequence = 1;
    o->op.not_after_us = world_store_us(w) + random_between(&w->random, 1, 4) * w->swarm.longest_ttl_us;
    return o;
}

void outside_add(world *w, uint32_t count)
{
    outside *o = outside_new(w, ALLOT_OP_ADD);
    count = count > 32 ? 32 : count;
    for (uint32_t i = 0; i < count; i++)
        o->ids[i].id = worker_pick_id(w, o->texts[i], sizeof(o->texts[i]));
    o->op.u.add = (allot_op_add){.count = count, .ids = o->ids, .fresh_life = o->op.session};
    world_cover(w, COVERED_OUTSIDE);
    network_submit(w, NULL, o, &o->op);
}

void outside_clean(world *w)
{
    outside *o = outside_new(w, ALLOT_OP_CLEAN);
    network_submit(w, NULL, o, &o->op);
}

void outside_answered(world *w, outside *o, const allot_answer *answer)
{
    allot_op_status status = answer->outcome.status;
    bool answered = status == ALLOT_STATUS_OK || status == ALLOT_STATUS_REFUSED;
    if (!answered && w->phase == PHASE_STORM)
        world_put(w, w->now_us + 1 + random_below(&w->random, w->swarm.longest_ttl_us), EVENT_OUTSIDE_AGAIN, NULL, o);
    if (status == ALLOT_STATUS_OK && o->op.kind == ALLOT_OP_ADD)
        for (uint32_t i = 0; i < o->op.u.add.count; i++)
            invariants_add_reported(w->model, invariants_id(w->model, o->ids[i].id));
}

void outside_again(world *w, outside *o)
{
    if (w->phase == PHASE_STORM)
        network_submit(w, NULL, o, &o->op);
}

void outside_free_all(world *w)
{
    while (w->outsides != NULL) {
        outside *o = w->outsides;
        w->outsides = o->next;
        free(o);
    }
}
