/* reap.c - a dead slot's ids go back to the inbox, in bounded steps that any later leader may go on with. */
#include "backends/store/internal.h"

#include <stdlib.h>
#include <string.h>

static int compare_refs(const void *a, const void *b)
{
    const allot_ref *x = a;
    const allot_ref *y = b;
    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

static int count_attempt(store_turn *t, store_segment *g, uint32_t position)
{
    static const allot_bytes died = {.data = STORE_REASON_DIED, .len = sizeof(STORE_REASON_DIED) - 1};
    uint32_t max = t->op->u.target.max_attempts;
    uint32_t attempts;
    int rc = store_fail_count(t->s, store_segment_id(g, position), died, 0, &attempts);
    if (rc != 0 || max == 0 || attempts < max)
        return rc;
    return store_segment_park(t->s, g, position, INT64_MAX);
}

/* A failed attempt for each id that the slot was at work on and still owns; once, however often it named it. */
static int count_attempts(store_turn *t, store_slot *target)
{
    if (target->working_count > 0)
        qsort(target->working, target->working_count, sizeof(target->working[0]), compare_refs);
    for (size_t i = 0; i < target->working_count; i++) {
        const allot_ref *ref = &target->working[i];
        if (i > 0 && compare_refs(ref - 1, ref) == 0)
            continue;
        store_segment *g = store_segment_in(t->s, ref->segment, target);
        int rc = g == NULL || !store_segment_has(g, ref->position) ? 0 : count_attempt(t, g, ref->position);
        if (rc != 0)
            return rc;
    }
    target->working_count = 0;
    return 0;
}

static int move_to_inbox(store_turn *t, store_slot *target)
{
    for (uint32_t i = 0; i < ALLOT_OP_ITEMS_MAX && target->first != NULL; i++) {
        store_segment *g = target->first;
        t->outcome.count += g->live;
        store_segment_lift(t->s, g);
        int rc = store_segment_to_inbox(t->s, g);
        if (rc != 0)
            return rc;
    }
    if (t->outcome.count > 0) {
        t->s->inbox_rev++;
        t->effects->work = true;
    }
    return 0;
}

int store_reap(store_turn *t)
{
    store_slot *target = store_slot_find(t->s, &t->op->u.target.target);
    if (target == NULL || !store_slot_is_reapable(target, t->now_us)) {
        store_refuse(t, target == NULL ? ALLOT_REFUSED_GONE : ALLOT_REFUSED_LIVE);
        return 0;
    }
    store_slot_die(t->s, target, t->effects);
    int rc = count_attempts(t, target);
    if (rc == 0)
        rc = move_to_inbox(t, target);
    if (rc != 0)
        return rc;
    t->outcome.more = target->ids;
    if (target->ids > 0)
        return 0;
    rc = store_session_outlives(t->s, target, t->now_us);
    if (rc != 0)
        return rc;
    store_slot_remove(t->s, target);
    store_roster_changed(t->s, t->effects);
    return 0;
}
