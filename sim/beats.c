#include "sim/copy.h"
#include "sim/world.h"

#include "base/mutants.h"
#include "base/uuid_text.h"

#include <stdlib.h>

/* ---- What is heard instead of an answer -------------------------------------------------------------------------- */

/* MUTANT(reply_after_timeout): the reply that came too late for the beat before is taken for this one's. */
static void take_overdue(replica *r, const flight *f, allot_answer *answer)
{
    allot_answer *overdue = r->overdue;
    if (answer->outcome.status == ALLOT_STATUS_UNKNOWN && f->answer != NULL) {
        free(overdue);
        r->overdue = copy_answer(f->answer);
        r->heard_slot = f->op->slot;
    } else if (overdue != NULL && uuid_equal(&r->heard_slot, &f->op->slot)) {
        free(r->heard);
        r->heard = overdue;
        r->overdue = NULL;
        *answer = *overdue;
        answer->cookie = f->op->cookie;
    }
}

/* A beat that is not answered may hear, in its stead, what one before it has heard: a view that is old. */
static void repeat_answer(world *w, replica *r, const flight *f, allot_answer *answer)
{
    if (!world_has(w, SWARM_OLD_VIEW))
        return;
    if (answer->outcome.status == ALLOT_STATUS_OK) {
        free(r->heard);
        r->heard = copy_answer(answer);
        r->heard_slot = f->op->slot;
    } else if (answer->outcome.status == ALLOT_STATUS_UNKNOWN && r->heard != NULL &&
               uuid_equal(&r->heard_slot, &f->op->slot) && random_chance(&w->more, 300)) {
        *answer = *r->heard;
        answer->cookie = f->op->cookie;
        world_cover(w, COVERED_OLD_VIEW);
    }
}

/* ---- What views may say ------------------------------------------------------------------------------------------ */

static bool knows_view(const replica *r, const allot_uuid *slot, const allot_view *view)
{
    return view->number <= r->view_number && uuid_equal(&r->view_slot, slot) && uuid_equal(&r->view_life, &view->life);
}

/* A store that knows less than a slot has told it (floors) has lost data, and begins a new life. */
static void check_view(world *w, const replica *r, const flight *f, const allot_answer *answer)
{
    if (answer->view != NULL && knows_view(r, &f->op->slot, answer->view))
        world_fail(w, "I7: replica %u, which knows view %llu, is told view %llu of the same life", r->index,
                   (unsigned long long)r->view_number, (unsigned long long)answer->view->number);
}

static void note_view(world *w, replica *r, const allot_uuid *slot, const allot_view *view)
{
    if (view == NULL || !uuid_equal(&r->slot, slot) || !replica_within_deadline(w, r) || knows_view(r, slot, view))
        return; /* not taken */
    /* Its engine knew the clock as it was before. */
    bool knew_other = r->view_store_us != 0 && r->view_store_us < w->clock_ahead_from_us;
    if (knew_other && view->store_us >= w->clock_ahead_from_us) {
        r->hold_until_us = w->now_us + w->swarm.ttl_us[r->index] * 98 / 100;
        r->hold_sequence = r->sequence;
        world_cover(w, COVERED_HOLD);
    }
    r->view_slot = *slot;
    r->view_life = view->life;
    r->view_number = view->number;
    r->view_store_us = view->store_us;
}

void beats_deliver(world *w, replica *r, const flight *f, allot_answer *answer)
{
    allot_uuid slot = f->op->slot; /* the op ends with its answer */
    check_view(w, r, f, answer);
    repeat_answer(w, r, f, answer);
    if (MUTANT(reply_after_timeout))
        take_overdue(r, f, answer);
    replica_step(w, r, &(engine_event){.kind = ENGINE_ANSWER, .answer = answer});
    note_view(w, r, &slot, answer->view);
    if (MUTANT(answered_twice) && w->events % 8 == 0)
        replica_step(w, r, &(engine_event){.kind = ENGINE_ANSWER, .answer = answer});
}
