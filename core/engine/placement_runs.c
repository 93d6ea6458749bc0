#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

/* Which slot the i-th id in the order of adding gets. Segments sorted by (order, number) have their ids in that order, so
 * whole segments are handed around by number, and bodies are read only of those in a share that a boundary cuts.
 *
 * A full split gives every slot one run. Where the runs begin is remembered as long as this leadership lasts: what comes
 * back into the inbox afterwards (recalled, released, of a slot that died later) goes to the slot whose run it belongs
 * to, however many ids were acked meanwhile; what was added since, and what belongs to a slot that is gone, is planned by
 * itself, in runs of its own. A new leader knows no runs, and begins with a full split. */

/* Reads of bodies at once, and segments of one. */
#define READS_AT_ONCE 4u
#define BODIES_AT_ONCE 16u

void runs_forget(leader *l)
{
    l->boundary_count = 0;
    l->old_end = 0;
    l->placed_end = UINT64_MAX;
}

/* ---- Where runs begin -------------------------------------------------------------------------------------------- */

/* Ids of one segment, also of what was written anew out of it, lie within one window of the order. */
static uint64_t window_end(uint64_t order)
{
    return (order / ALLOT_SEGMENT_IDS_MAX + 1) * ALLOT_SEGMENT_IDS_MAX;
}

static bool same_window(uint64_t a, uint64_t b)
{
    return window_end(a) == window_end(b);
}

/* The first boundary at or behind a place. */
static size_t boundary_from(const leader *l, uint64_t place)
{
    size_t low = 0;
    size_t high = l->boundary_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->boundaries[mid].from < place)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static uint32_t member_of_age(const leader *l, uint64_t age)
{
    size_t low = 0;
    size_t high = l->roster_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->roster[mid].age < age)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->roster_count && l->roster[low].age == age ? (uint32_t)low : NOBODY;
}

/* To whose run this place belongs, as long as that slot may own ids. */
static uint32_t heir_of(const leader *l, uint64_t place)
{
    size_t i = boundary_from(l, place + 1);
    if (place >= l->old_end || i == 0)
        return NOBODY;
    uint32_t heir = member_of_age(l, l->boundaries[i - 1].age);
    return heir != NOBODY && member_may_own(&l->roster[heir]) ? heir : NOBODY;
}

static void add_boundary(engine *e, boundary b)
{
    leader *l = &e->leader;
    if (array_reserve((void **)&l->boundaries, &l->boundary_capacity, l->boundary_count + 1, sizeof(b)) != 0)
        engine_fail(e);
    else
        l->boundaries[l->boundary_count++] = b;
}

/* ---- The question ------------------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static uint64_t find_heirs(leader *l)
{
    uint64_t planned = 0;
    for (size_t i = 0; i < l->entry_count; i++) {
        entry *from = &l->entries[i];
        from->heir = l->full ? NOBODY : heir_of(l, from->order);
        if (from->heir == NOBODY)
            planned += from->live;
        else
            l->roster[from->heir].gets += from->live;
    }
    return planned;
}

static bool set_previous(const leader *l, plan *p)
{
    p->previous = malloc(p->id_count * sizeof(p->previous[0]));
    if (p->previous == NULL)
        return false;
    uint64_t at = 0;
    for (size_t i = 0; i < l->entry_count; i++) {
        const entry *from = &l->entries[i];
        uint32_t has = from->holder == IN_INBOX ? NOBODY : l->roster[from->holder].plan_index;
        for (uint32_t k = 0; from->heir == NOBODY && k < from->live; k++)
            p->previous[at++] = has;
    }
    assert(at == p->id_count);
    return true;
}

static void decide(engine *e, const plan *p);

void runs_plan(engine *e)
{
    leader *l = &e->leader;
    if (l->entry_count > 1)
        qsort(l->entries, l->entry_count, sizeof(l->entries[0]), compare_entries);
    uint64_t planned = find_heirs(l);
    if (planned == 0) {
        l->phase = LEADER_ASSIGN;
        decide(e, NULL);
        return;
    }
    plan *p = placement_question(e);
    if (p == NULL)
        return;
    p->id_count = planned;
    /* A full split is the same whoever has what now. */
    for (size_t i = 0; i < l->owner_count && !l->full; i++) {
        const member *m = &l->roster[l->owners[i]];
        p->slots[i].load = p->slots[i].held = member_keeps(m) + m->gets;
    }
    if (!set_previous(l, p)) {
        engine_fail(e);
        plan_free(p);
        return;
    }
    placement_ask(e, p);
    l->phase = LEADER_PLAN;
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

/* A walk through the entries, and through the spans of the answer beside them. */
typedef struct walk {
    const plan *plan;
    size_t span;
    uint32_t used;   /* of that span */
    uint32_t member; /* whose the last ids were; NOBODY: there were none */
    size_t portioned; /* the entry that the last portion is of, from 1 */
} walk;

/* Of the next `most` ids, the first so many go to one member. */
static uint32_t next_ids(const leader *l, walk *w, uint32_t most, uint32_t *ret_member)
{
    const plan_span *span = &w->plan->spans[w->span];
    uint32_t count = span->count - w->used < most ? span->count - w->used : most;
    *ret_member = l->owners[span->owner];
    w->used += count;
    if (w->used == span->count) {
        w->span++;
        w->used = 0;
    }
    return count;
}

/* Ids may be written together when nothing in a share can stand between them. */
static bool joins(const leader *l, const walk *w, size_t i)
{
    if (w->portioned == 0)
        return false;
    uint64_t before = l->entries[w->portioned - 1].order;
    uint64_t order = l->entries[i].order;
    if (w->portioned >= i) /* the entry itself, or the one before it */
        return l->full || same_window(before, order) || before >= l->placed_end;
    return same_window(before, order);
}

static void give(engine *e, walk *w, size_t i, uint32_t count, bool all, uint32_t to)
{
    leader *l = &e->leader;
    placement_add_portion(e, (portion){.segment = l->entries[i].segment,
                                       .take = all ? 0 : count,
                                       .ids = count,
                                       .member = to,
                                       .joins = joins(l, w, i)});
    w->portioned = i + 1;
}

static void take_back(engine *e, const entry *from, uint32_t first, uint32_t count)
{
    leader *l = &e->leader;
    if (count == from->live) {
        placement_add_claim(e, (claim){.segment = from->segment, .member = from->holder, .map = NOBODY});
        return;
    }
    if (array_reserve((void **)&l->cuts, &l->cut_capacity, l->cut_count + 1, sizeof(l->cuts[0])) != 0) {
        engine_fail(e);
        return;
    }
    l->cuts[l->cut_count++] = (cut){.segment = from->segment,
                                    .order = from->order,
                                    .holder = from->holder,
                                    .live = from->live,
                                    .first = first,
                                    .count = count};
}

static void decide_entry(engine *e, walk *w, size_t i)
{
    leader *l = &e->leader;
    const entry *from = &l->entries[i];
    for (uint32_t first = 0; first < from->live && !e->failed;) {
        uint32_t to = from->heir;
        uint32_t count = to != NOBODY ? from->live : next_ids(l, w, from->live - first, &to);
        if (l->full && to != w->member)
            add_boundary(e, (boundary){.from = from->order + first,
                                       .age = l->roster[to].age,
                                       .segment = from->segment,
                                       .rank = first});
        w->member = to;
        if (from->holder == IN_INBOX)
            give(e, w, i, count, first + count == from->live, to);
        else if (from->holder != to && member_is_live(&l->roster[from->holder]))
            take_back(e, from, first, count);
        first += count;
    }
}

/* What is behind all that this cycle has seen has been added since. */
static void note_ends(leader *l)
{
    uint64_t end = l->entry_count == 0 ? 0 : window_end(l->entries[l->entry_count - 1].order);
    if (l->full)
        l->old_end = l->placed_end = end;
    else if (l->placed_end != UINT64_MAX && end > l->placed_end)
        l->placed_end = end;
}

static void decide(engine *e, const plan *p)
{
    leader *l = &e->leader;
    walk w = {.plan = p, .member = NOBODY};
    l->cut_count = l->cut_at = 0;
    if (l->full)
        l->boundary_count = 0;
    for (size_t i = 0; i < l->entry_count && !e->failed; i++)
        decide_entry(e, &w, i);
    note_ends(l);
}

void runs_take(engine *e, const plan *p)
{
    decide(e, p);
}

/* ---- Recalling --------------------------------------------------------------------------------------------------- */

/* Segments that are cut, of one slot, each once. */
static void read_next_cuts(engine *e)
{
    leader *l = &e->leader;
    uint64_t segments[BODIES_AT_ONCE];
    uint32_t count = 0;
    size_t first = l->cut_at;
    uint32_t holder = l->cuts[first].holder;
    for (; l->cut_at < l->cut_count && l->cuts[l->cut_at].holder == holder; l->cut_at++) {
        uint64_t segment = l->cuts[l->cut_at].segment;
        if (count > 0 && segments[count - 1] == segment)
            continue;
        if (count == BODIES_AT_ONCE)
            break;
        segments[count++] = segment;
    }
    pending *p = reading_bodies(e, holder, segments, count);
    if (p == NULL)
        return;
    p->first = first;
    p->count = l->cut_at - first;
}

static void claim_cut(engine *e, const cut *c, const allot_segment_body *b)
{
    uint32_t map;
    uint32_t rank = 0;
    uint32_t marked = 0;
    uint64_t *words = placement_add_map(e, &map);
    for (uint32_t i = 0; i < b->count && words != NULL; i++) {
        if (bits_test(b->done, i))
            continue;
        if (rank >= c->first && rank < c->first + c->count && !bits_test(b->recalled, i)) {
            bits_set(words, i);
            marked++;
        }
        rank++;
    }
    if (marked > 0)
        placement_add_claim(e, (claim){.segment = c->segment, .member = c->holder, .map = map});
}

/* The order says where the first id stands that is not done; from there the place of any is known, if none has been done
 * meanwhile. */
static void place_boundaries(leader *l, const cut *c, const allot_segment_body *b)
{
    uint32_t live = b->count - bits_count(b->done, b->count);
    if (live != c->live)
        return;
    uint32_t first = 0;
    while (bits_test(b->done, first))
        first++;
    for (size_t i = boundary_from(l, c->order); i < l->boundary_count; i++) {
        boundary *at = &l->boundaries[i];
        if (at->segment != c->segment)
            break;
        uint32_t position = first;
        for (uint32_t rank = 0; rank < at->rank; rank++)
            do
                position++;
            while (bits_test(b->done, position));
        at->from = c->order + (position - first);
    }
}

void runs_bodies(engine *e, const pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    for (uint32_t i = 0; i < answer->body_count; i++) {
        const allot_segment_body *b = &answer->bodies[i];
        bool placed = false;
        for (size_t k = p->first; k < p->first + p->count && !e->failed; k++) {
            if (l->cuts[k].segment != b->segment)
                continue;
            if (!placed)
                place_boundaries(l, &l->cuts[k], b);
            placed = true;
            claim_cut(e, &l->cuts[k], b);
        }
    }
}

void runs_recall(engine *e)
{
    leader *l = &e->leader;
    while (l->cut_at < l->cut_count && l->reads < READS_AT_ONCE && !e->failed)
        read_next_cuts(e);
    if (placement_recall(e) && l->cut_at == l->cut_count && l->under_way == 0 && !e->failed)
        l->phase = LEADER_PUBLISH;
}
