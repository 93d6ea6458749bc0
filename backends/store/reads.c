/* reads.c - reads show one moment, and change nothing. */
#include "backends/store/internal.h"
#include "base/mutants.h"
#include "base/uuid_text.h"

#include <stdlib.h>
#include <string.h>

void store_reads_done(store *s)
{
    free(s->scratch.slots);
    free(s->scratch.segments);
    free(s->scratch.bodies);
    free(s->scratch.new_ids);
    free(s->scratch.pool_ids);
    free(s->scratch.touched);
}

/* ---- view ------------------------------------------------------------------------------------------------------- */

static uint64_t rank_in(uint64_t before, const store_slot *slot, const store_slot *wanted, uint64_t known)
{
    return slot == wanted ? before + 1 : known;
}

/* What needs a look at every slot, in one pass: ranks, what can be reaped, the next expiry. */
static void survey_slots(const store *s, int64_t now_us, const store_slot *slot, allot_view *v)
{
    const store_slot *leader = uuid_is_zero(&s->last_leader) ? NULL : store_slot_find(s, &s->last_leader);
    const store_slot *each;
    size_t at = 0;
    uint64_t before = 0;
    v->next_expiry_us = INT64_MAX;
    for (; (each = numbered_next(&s->slots, &at)) != NULL; before++) {
        int64_t rest = store_slot_expires_in(each, now_us);
        v->rank = rank_in(before, each, slot, v->rank);
        v->leader_rank = rank_in(before, each, leader, v->leader_rank);
        if (each->state >= ALLOT_SLOT_LEFT || rest <= 0)
            v->reapable++;
        else if (rest < v->next_expiry_us)
            v->next_expiry_us = rest;
    }
    v->slots = before;
}

static int64_t until_due(int64_t due_us, int64_t now_us)
{
    return due_us == INT64_MAX ? INT64_MAX : store_time_sub(due_us, now_us);
}

void store_fill_view(store_turn *t, const store_slot *slot)
{
    store *s = t->s;
    const store_slot *leading = store_leading(s, t->now_us);
    allot_view *v = &s->scratch.view;
    *v = (allot_view){
        .life = s->life,
        .number = s->view,
        .store_us = t->now_us,
        .term = s->term,
        .version = s->version,
        .roster_rev = s->roster_rev,
        .inbox_rev = s->inbox_rev,
        .token = s->token,
        .total = s->ids.count,
        .inbox = s->inbox_ids,
        .placed = s->placed_ids,
        .parked = s->parked.count,
        .next_due_us = until_due(store_parked_next_due(s), t->now_us),
        .settled_age = s->settled_age,
        .strategy = {.data = s->strategy, .len = s->strategy_len},
    };
    v->led_for_us = store_quarantine_rest(s, t->now_us);
    if (leading != NULL) {
        v->leader = leading->id;
        v->led_for_us = store_slot_expires_in(leading, t->now_us);
    }
    if (slot != NULL) {
        v->share_rev = MUTANT(hints_alone) ? 0 : slot->share_rev;
        v->age = slot->age;
    }
    survey_slots(s, t->now_us, slot, v);
    t->answer->view = v;
}

int store_read_view(store_turn *t)
{
    store_fill_view(t, NULL);
    return 0;
}

/* ---- roster ----------------------------------------------------------------------------------------------------- */

static allot_slot_info slot_info(const store_slot *slot, uint64_t rank, int64_t now_us)
{
    return (allot_slot_info){
        .slot = slot->id,
        .name = slot->name,
        .host = slot->host,
        .container = slot->container,
        .pid = slot->pid,
        .ttl_us = slot->ttl_us,
        .expires_in_us = store_slot_expires_in(slot, now_us),
        .age = slot->age,
        .rank = rank,
        .ids = slot->ids,
        .recalls = slot->recalls,
        .share_rev = slot->share_rev,
        .segments = slot->segments,
        .weight = slot->weight,
        .state = slot->state,
        .draining = slot->draining,
    };
}

int store_read_roster(store_turn *t)
{
    store_scratch *scratch = &t->s->scratch;
    const allot_op_read *read = &t->op->u.read;
    if (array_reserve((void **)&scratch->slots, &scratch->slots_capacity, read->limit, sizeof(scratch->slots[0])) != 0)
        return ALLOT_E_NOMEM;
    const store_slot *slot;
    size_t at = 0;
    uint32_t n = 0;
    for (uint64_t rank = 1; (slot = numbered_next(&t->s->slots, &at)) != NULL; rank++) {
        if (slot->age <= read->cursor || (read->reapable_only && !store_slot_is_reapable(slot, t->now_us)))
            continue;
        if (n == read->limit) {
            t->answer->next_cursor = scratch->slots[n - 1].age;
            break;
        }
        if (MUTANT(roster_cut) && n == 40)
            break;
        scratch->slots[n++] = slot_info(slot, rank, t->now_us);
    }
    t->answer->slots = scratch->slots;
    t->answer->slot_count = n;
    t->answer->inbox_rev = t->s->inbox_rev;
    return 0;
}

/* ---- inbox, share ----------------------------------------------------------------------------------------------- */

static int reserve_infos(store_turn *t)
{
    store_scratch *scratch = &t->s->scratch;
    return array_reserve((void **)&scratch->segments, &scratch->segments_capacity, t->op->u.read.limit,
                         sizeof(scratch->segments[0])) == 0
               ? 0
               : ALLOT_E_NOMEM;
}

static void put_info(store_turn *t, const store_segment *g)
{
    t->s->scratch.segments[t->answer->segment_count++] = (allot_segment_info){
        .segment = g->number,
        .token = g->token,
        .order = store_segment_order(g),
        .live = g->live,
        .recalled = g->recalled,
    };
    t->answer->segments = t->s->scratch.segments;
}

int store_read_inbox(store_turn *t)
{
    const allot_op_read *read = &t->op->u.read;
    const store_segment *g;
    uint64_t last = 0;
    if (reserve_infos(t) != 0)
        return ALLOT_E_NOMEM;
    t->answer->inbox_rev = t->s->inbox_rev;
    size_t at = numbered_from(&t->s->inbox, read->cursor == UINT64_MAX ? UINT64_MAX : read->cursor + 1);
    while ((g = numbered_next(&t->s->inbox, &at)) != NULL) {
        if (t->answer->segment_count == read->limit) {
            t->answer->next_cursor = last;
            break;
        }
        put_info(t, g);
        last = g->inbox_order;
    }
    return 0;
}

const store_segment *store_share_from(const store *s, const store_slot *slot, uint64_t number)
{
    const store_segment *g = store_segment_in(s, number, slot);
    if (g != NULL)
        return g;
    for (g = slot->first; g != NULL && g->number < number; g = g->next)
        ;
    return g;
}

/* The slot that a read is about; when it is not there, the read is refused. */
static store_slot *find_target(store_turn *t)
{
    store_slot *target = store_slot_find(t->s, &t->op->u.read.target);
    if (target == NULL)
        store_refuse(t, ALLOT_REFUSED_GONE);
    return target;
}

int store_read_share(store_turn *t)
{
    const allot_op_read *read = &t->op->u.read;
    const store_slot *target = find_target(t);
    if (target == NULL)
        return 0;
    if (reserve_infos(t) != 0)
        return ALLOT_E_NOMEM;
    t->answer->share_rev = target->share_rev;
    const store_segment *g = store_share_from(t->s, target, read->cursor);
    if (g != NULL && g->number == read->cursor)
        g = g->next;
    for (; g != NULL && t->answer->segment_count < read->limit; g = g->next)
        put_info(t, g);
    if (g != NULL)
        t->answer->next_cursor = t->answer->segments[t->answer->segment_count - 1].segment;
    return 0;
}

/* ---- segments with their ids ------------------------------------------------------------------------------------ */

static void fill_body(const store_segment *g, bool with_payloads, allot_segment_body *body, allot_new_id *ids)
{
    size_t bitmap_bytes = (g->room + 63) / 64 * sizeof(uint64_t);
    *body = (allot_segment_body){.segment = g->number, .token = g->token, .count = g->count, .ids = ids};
    memcpy(body->done, g->done, bitmap_bytes);
    memcpy(body->recalled, g->recalls, bitmap_bytes);
    for (uint32_t i = 0; i < g->count; i++) {
        ids[i] = (allot_new_id){0};
        if (!store_segment_has(g, i))
            continue;
        ids[i].id = store_segment_id(g, i);
        if (with_payloads)
            ids[i].payload = store_segment_payload(g, i);
    }
}

static int reserve_bodies(store_turn *t, const store_slot *owner)
{
    const allot_op_read *read = &t->op->u.read;
    store_scratch *scratch = &t->s->scratch;
    size_t ids = 0;
    for (uint32_t i = 0; i < read->segment_count; i++) {
        const store_segment *g = store_segment_in(t->s, read->segments[i], owner);
        ids += g == NULL ? 0 : g->count;
    }
    if (array_reserve((void **)&scratch->bodies, &scratch->bodies_capacity, read->segment_count,
                      sizeof(scratch->bodies[0])) != 0 ||
        array_reserve((void **)&scratch->new_ids, &scratch->new_ids_capacity, ids, sizeof(scratch->new_ids[0])) != 0)
        return ALLOT_E_NOMEM;
    return 0;
}

int store_read_segments(store_turn *t)
{
    const allot_op_read *read = &t->op->u.read;
    store_scratch *scratch = &t->s->scratch;
    const store_slot *owner = NULL;
    if (!uuid_is_zero(&read->target)) {
        owner = find_target(t);
        if (owner == NULL)
            return 0;
        t->answer->share_rev = owner->share_rev;
    }
    if (reserve_bodies(t, owner) != 0)
        return ALLOT_E_NOMEM;
    size_t ids = 0;
    for (uint32_t i = 0; i < read->segment_count; i++) {
        const store_segment *g = store_segment_in(t->s, read->segments[i], owner);
        if (g == NULL)
            continue;
        fill_body(g, read->with_payloads, &scratch->bodies[t->answer->body_count++], scratch->new_ids + ids);
        ids += g->count;
    }
    t->answer->bodies = scratch->bodies;
    return 0;
}

