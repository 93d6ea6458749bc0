/* grants.c - what the leader does with ids: assign out of the inbox, recall out of a share. */
#include "backends/store/internal.h"
#include "base/bits.h"
#include "base/mutants.h"

/* ---- assign ----------------------------------------------------------------------------------------------------- */

static bool is_by_number(const allot_grant *grant)
{
    return grant->part_count == 1 && grant->parts[0].position == ALLOT_ALL && grant->parts[0].take == 0;
}

/* How many ids the part names as things are; what is not in the inbox counts as one, so that it shows as skipped. */
static uint64_t named_ids(const store *s, const allot_part *part)
{
    if (part->position != ALLOT_ALL)
        return 1;
    if (part->take != 0)
        return part->take;
    const store_segment *g = store_segment_in(s, part->segment, NULL);
    return g == NULL ? 1 : g->live;
}

static uint64_t named_by_grant(const store *s, const allot_grant *grant)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < grant->part_count; i++)
        sum += named_ids(s, &grant->parts[i]);
    return sum;
}

/* Whether the grant is sure to fit one segment, whatever grants before it in the op take away. */
static bool grant_fits(const store *s, const allot_grant *grant)
{
    uint64_t at_most = 0;
    for (uint32_t i = 0; i < grant->part_count; i++) {
        const store_segment *g = store_segment_in(s, grant->parts[i].segment, NULL);
        uint64_t named = named_ids(s, &grant->parts[i]);
        if (g != NULL)
            at_most += named < g->live ? named : g->live;
    }
    return at_most <= ALLOT_SEGMENT_IDS_MAX;
}

/* Checked before anything moves, because an op is done whole or not at all. */
static bool grants_fit(const store *s, const allot_op_assign *assign)
{
    for (uint32_t i = 0; i < assign->grant_count; i++)
        if (!is_by_number(&assign->grants[i]) && !grant_fits(s, &assign->grants[i]))
            return false;
    return true;
}

static void gather_part(store *s, store_gather *gather, const allot_part *part)
{
    store_segment *g = store_segment_in(s, part->segment, NULL);
    if (g == NULL)
        return;
    if (part->position != ALLOT_ALL) {
        if (store_segment_has(g, part->position))
            store_gather_take(s, gather, g, part->position);
        return;
    }
    uint32_t wanted = part->take == 0 ? g->live : part->take;
    for (uint32_t i = 0; i < g->count && wanted > 0; i++) {
        if (!store_segment_has(g, i))
            continue;
        store_gather_take(s, gather, g, i);
        wanted--;
    }
}

/* The segment that a grant is made of, lifted out of the inbox; *ret_segment is NULL when nothing is left to grant. */
static int segment_of_grant(store *s, const store_slot *to, const allot_grant *grant, store_segment **ret_segment)
{
    *ret_segment = NULL;
    if (is_by_number(grant)) {
        store_segment *g = store_segment_in(s, grant->parts[0].segment, NULL);
        if (g != NULL)
            store_segment_lift(s, g);
        *ret_segment = g;
        return 0;
    }
    store_gather gather;
    store_gather_begin(&gather);
    store_segment *owned = MUTANT(owned_segments_merged) ? to->last : NULL;
    for (uint32_t i = 0; owned != NULL && owned->live < 64 && i < owned->count; i++)
        if (store_segment_has(owned, i))
            store_gather_take(s, &gather, owned, i);
    for (uint32_t i = 0; i < grant->part_count; i++)
        gather_part(s, &gather, &grant->parts[i]);
    return gather.count == 0 ? 0 : store_gather_write(s, &gather, true, ret_segment);
}

bool store_slot_takes_ids(const store_turn *t, const store_slot *slot)
{
    return slot != NULL && store_slot_is_valid(slot, t->now_us) && !slot->draining;
}

static uint64_t new_token(const store_turn *t, const store_slot *to)
{
    const store *s = t->s;
    if (MUTANT(token_kept) && to->last != NULL && to->last->token == s->token)
        return s->token;
    return store_next_number(t, s->token);
}

int store_grant(store_turn *t, store_segment *g, store_slot *to)
{
    store *s = t->s;
    if (!MUTANT(one_token_for_all) || t->outcome.count == 0)
        s->token = new_token(t, to);
    store_segment_to_share(s, g, to, s->token);
    t->outcome.count += g->live;
    return store_share_changed(t, to);
}

static int apply_grant(store_turn *t, store_slot *to, const allot_grant *grant)
{
    store *s = t->s;
    uint64_t named = named_by_grant(s, grant);
    store_segment *g = NULL;
    if (store_slot_takes_ids(t, to)) {
        int rc = segment_of_grant(s, to, grant, &g);
        if (rc != 0)
            return rc;
    }
    if (g == NULL) {
        t->outcome.skipped += named;
        return 0;
    }
    t->outcome.skipped += named - g->live;
    return store_grant(t, g, to);
}

int store_assign(store_turn *t)
{
    const allot_op_assign *assign = &t->op->u.assign;
    if (!grants_fit(t->s, assign)) {
        store_refuse(t, ALLOT_REFUSED_LIMIT);
        return 0;
    }
    for (uint32_t i = 0; i < assign->grant_count; i++) {
        const allot_grant *grant = &assign->grants[i];
        int rc = apply_grant(t, store_slot_find(t->s, &assign->slots[grant->slot_index]), grant);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- recall ----------------------------------------------------------------------------------------------------- */

/* Marks from the end of the segment, up to `wanted` ids that are not recalled yet. Returns how many it marked. */
static uint32_t recall_last(store_segment *g, uint32_t wanted)
{
    uint32_t marked = 0;
    for (uint32_t i = g->count; i > 0 && marked < wanted; i--) {
        if (!store_segment_has(g, i - 1) || bits_test(g->recalls, i - 1))
            continue;
        store_segment_recall(g, i - 1);
        marked++;
    }
    return marked;
}

/* By bitmap. */
static void recall_which(store_turn *t, store_segment *g, const uint64_t *which)
{
    for (uint32_t i = 0; i < ALLOT_SEGMENT_IDS_MAX; i++) {
        if (!bits_test(which, i))
            continue;
        if (g == NULL || !store_segment_has(g, i)) {
            t->outcome.skipped++;
        } else if (!bits_test(g->recalls, i)) {
            store_segment_recall(g, i);
            t->outcome.count++;
        }
    }
}

static void recall_part(store_turn *t, const store_slot *target, const allot_part *part)
{
    store_segment *g = store_segment_in(t->s, part->segment, target);
    if (MUTANT(granted_before_release) && g != NULL) {
        t->outcome.count += g->live;
        t->s->inbox_rev++;
        store_segment_lift(t->s, g);
        (void)store_segment_to_inbox(t->s, g);
        return;
    }
    if (part->which != NULL) {
        recall_which(t, g, part->which);
        return;
    }
    uint32_t named = part->position == ALLOT_ALL && part->take != 0 ? part->take : 1;
    if (g == NULL || (part->position != ALLOT_ALL && !store_segment_has(g, part->position))) {
        t->outcome.skipped += named;
    } else if (part->position == ALLOT_ALL) {
        uint32_t marked = recall_last(g, part->take == 0 ? g->live : part->take);
        t->outcome.count += marked;
        t->outcome.skipped += part->take > marked ? part->take - marked : 0;
    } else if (!bits_test(g->recalls, part->position)) {
        store_segment_recall(g, part->position);
        t->outcome.count++;
    }
}

int store_recall(store_turn *t)
{
    const allot_op_recall *recall = &t->op->u.recall;
    store_slot *target = store_slot_find(t->s, &recall->target);
    if (target == NULL || target->state >= ALLOT_SLOT_LEFT) {
        store_refuse(t, target == NULL ? ALLOT_REFUSED_GONE : ALLOT_REFUSED_DEAD);
        return 0;
    }
    for (uint32_t i = 0; i < recall->part_count; i++)
        recall_part(t, target, &recall->parts[i]);
    return t->outcome.count == 0 || MUTANT(recall_unannounced) ? 0 : store_share_changed(t, target);
}
