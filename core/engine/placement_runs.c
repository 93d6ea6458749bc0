#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Which slot the i-th id in the order of adding gets. Segments are sorted by where their first id stands, and handed
 * around by number. What was given back in pieces may stand between each other's ids; but only pieces of one segment
 * can, and so the bitmaps are read of those segments alone through which, or through whose relatives, a boundary goes.
 *
 * A full split gives every slot one run; placement_boundaries.c remembers where they begin. What comes into the inbox
 * afterwards goes to the slot whose run it belongs to, or is planned by itself, in runs of its own. */

/* Reads of bodies at once, and segments of one. */
#define READS_AT_ONCE 16u
#define BODIES_AT_ONCE 8u

/* How often a full split is begun again because segments that it was about to cut have changed. After that it goes on:
 * where acks never cease, some id may be on the wrong side of a boundary. */
#define CUT_TEARS_MOST 6u

/* ---- The question ------------------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    return x->order != y->order ? compare_numbers(x->order, y->order) : compare_numbers(x->segment, y->segment);
}

/* Until it is read, all of it is done. */
static void want_map(engine *e, entry *of)
{
    uint64_t *words = placement_add_map(e, &of->map);
    if (words != NULL)
        memset(words, 0xff, sizeof(segment_map));
}

/* Returns how many ids the strategy is to be asked about. */
static uint64_t find_heirs(engine *e)
{
    leader *l = &e->leader;
    uint64_t planned = 0;
    for (size_t i = 0; i < l->entry_count && !e->failed; i++) {
        entry *from = &l->entries[i];
        uint32_t whole = l->full ? NOBODY : runs_destination(l, from->segment);
        from->heir = l->full || whole != NOBODY ? whole : runs_heir(l, from->order);
        if (from->heir == NOBODY)
            planned += from->live;
        else
            l->roster[from->heir].gets += from->live;
        if (from->heir != NOBODY && whole == NOBODY && runs_may_cut(l, from))
            want_map(e, from);
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

void runs_plan(engine *e)
{
    leader *l = &e->leader;
    if (l->entry_count > 1)
        qsort(l->entries, l->entry_count, sizeof(l->entries[0]), compare_entries);
    l->unplanned = find_heirs(e);
    l->entry_at = 0;
    l->phase = LEADER_CUTS;
}

static void ask(engine *e)
{
    leader *l = &e->leader;
    plan *p = placement_question(e);
    if (p == NULL)
        return;
    p->id_count = l->unplanned;
    l->unplanned = 0;
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

/* A walk through the spans of the answer, beside that through the ids. */
typedef struct walk {
    const plan *plan;
    size_t span;
    uint32_t used;    /* of that span */
    uint32_t member;  /* whose the last ids were; NOBODY: there were none */
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

/* Entries of one window, from `i` on: the index behind them. */
static size_t window_of(const leader *l, size_t i)
{
    size_t end = i + 1;
    while (end < l->entry_count && runs_same_window(l->entries[i].order, l->entries[end].order))
        end++;
    return end;
}

static uint64_t live_of(const leader *l, size_t from, size_t end)
{
    uint64_t sum = 0;
    for (size_t i = from; i < end; i++)
        sum += l->entries[i].live;
    return sum;
}

/* ---- Which segments are cut -------------------------------------------------------------------------------------- */

/* Goes past so many ids. True: they are not all one member's. */
static bool pass(const leader *l, walk *w, uint64_t ids)
{
    uint32_t members = 0, to;
    assert(ids <= UINT32_MAX);
    for (; ids > 0; members++) /* spans that follow one another are never one member's */
        ids -= next_ids(l, w, (uint32_t)ids, &to);
    return members > 1;
}

static void find_cuts(engine *e)
{
    leader *l = &e->leader;
    walk w = {.plan = l->answer};
    for (size_t i = 0; i < l->entry_count && !e->failed;) {
        size_t end = window_of(l, i);
        bool several = pass(l, &w, live_of(l, i, end));
        for (; i < end && !e->failed; i++)
            if (several)
                want_map(e, &l->entries[i]);
        i = end;
    }
}

void runs_take(engine *e, plan *p)
{
    leader *l = &e->leader;
    l->answer = p;
    l->entry_at = 0;
    l->phase = LEADER_CUTS;
    if (l->full)
        find_cuts(e);
}

/* Some of the next entries whose bitmap is wanted, as far as one slot has them. */
static void read_next_cuts(engine *e)
{
    leader *l = &e->leader;
    uint64_t segments[BODIES_AT_ONCE];
    uint32_t count = 0;
    size_t first = l->entry_at;
    for (; l->entry_at < l->entry_count && count < BODIES_AT_ONCE; l->entry_at++) {
        const entry *next = &l->entries[l->entry_at];
        if (next->map == NOBODY)
            continue;
        if (count == 0)
            first = l->entry_at;
        if (next->holder != l->entries[first].holder)
            break;
        segments[count++] = next->segment;
    }
    if (count == 0)
        return;
    pending *p = reading_bodies(e, l->entries[first].holder, segments, count);
    if (p == NULL)
        return;
    p->first = first;
    p->count = l->entry_at - first;
}

static void decide(engine *e);

void runs_read_cuts(engine *e)
{
    leader *l = &e->leader;
    while (l->entry_at < l->entry_count && l->reads < READS_AT_ONCE && !e->failed)
        read_next_cuts(e);
    if (l->entry_at < l->entry_count || l->under_way > 0 || e->failed)
        return;
    if (l->torn && l->full && l->cut_tears++ < CUT_TEARS_MOST)
        leader_begin_again(e);
    else if (l->unplanned > 0)
        ask(e);
    else
        decide(e);
}

/* Whether no map of these entries is other than what was listed. */
static bool as_listed(const leader *l, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++) {
        const entry *of = &l->entries[i];
        if (of->map != NOBODY &&
            ALLOT_SEGMENT_IDS_MAX - bits_count(l->maps[of->map].words, ALLOT_SEGMENT_IDS_MAX) != of->live)
            return false;
    }
    return true;
}

static void take_map(leader *l, const entry *of, const allot_segment_body *b)
{
    uint64_t *words = l->maps[of->map].words;
    memcpy(words, b->done, sizeof(segment_map));
    for (uint32_t i = b->count; i < ALLOT_SEGMENT_IDS_MAX; i++)
        bits_set(words, i);
}

void runs_bodies(engine *e, const pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    for (uint32_t i = 0; i < answer->body_count; i++)
        for (size_t k = p->first; k < p->first + p->count; k++)
            if (l->entries[k].segment == answer->bodies[i].segment && l->entries[k].map != NOBODY)
                take_map(l, &l->entries[k], &answer->bodies[i]);
    /* Ids of a full split that have been released since lie in the inbox now, and nobody knows which they are. */
    if (l->full && !as_listed(l, p->first, p->first + p->count))
        l->torn = true;
}

/* ---- What is assigned and recalled ------------------------------------------------------------------------------- */

/* Ids may be written together when nothing stands between them: no segment of a share, and nothing else in the window
 * of the first, where they stand from then on. */
static bool joins(const leader *l, const walk *w, size_t i)
{
    if (w->portioned == 0 || w->portioned != i)
        return false;
    uint64_t before = l->entries[i - 1].order;
    bool alone = i == 1 || !runs_same_window(l->entries[i - 2].order, before);
    return alone && !runs_same_window(before, l->entries[i].order) && (l->full || before >= l->placed_end);
}

/* `all`: what is left of the segment. What is written together stays in the window of the first. */
static void give(engine *e, walk *w, size_t i, uint32_t count, bool all, uint64_t at, uint32_t to)
{
    leader *l = &e->leader;
    placement_add_portion(e, (portion){.segment = l->entries[i].segment,
                                       .take = all ? 0 : count,
                                       .ids = count,
                                       .member = to,
                                       .joins = joins(l, w, i),
                                       .room = (uint32_t)(runs_window_end(at) - at)});
    w->portioned = i + 1;
}

static void note_boundary(engine *e, walk *w, uint64_t from, uint32_t to)
{
    leader *l = &e->leader;
    if (l->full && to != w->member)
        runs_add_boundary(e, (boundary){.from = from, .age = l->roster[to].age});
    w->member = to;
}

/* All of the entry, which lies in a share, goes to one member. */
static void move_whole(engine *e, const entry *from, uint32_t to)
{
    leader *l = &e->leader;
    if (from->holder == to)
        return;
    runs_note_moving(e, from->segment, to); /* also what comes back by itself, because its slot is over */
    if (member_is_live(&l->roster[from->holder]) && !e->failed)
        placement_add_claim(e, (claim){.segment = from->segment, .member = from->holder, .map = NOBODY});
}

/* An entry that goes to one slot, or (of the inbox, in no full split) is cut by counting. */
static void decide_entry(engine *e, walk *w, size_t i)
{
    leader *l = &e->leader;
    const entry *from = &l->entries[i];
    for (uint32_t first = 0; first < from->live && !e->failed;) {
        uint32_t to = from->heir;
        uint32_t count = to != NOBODY ? from->live : next_ids(l, w, from->live - first, &to);
        note_boundary(e, w, from->order + first, to);
        if (from->holder == IN_INBOX)
            give(e, w, i, count, first + count == from->live, from->order + first, to);
        else
            move_whole(e, from, to);
        first += count;
    }
}

/* ---- Windows that a boundary cuts -------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
    const standing *x = a;
    const standing *y = b;
    if (x->at != y->at)
        return compare_numbers(x->at, y->at);
    return x->entry != y->entry ? compare_numbers(x->entry, y->entry) : compare_numbers(x->position, y->position);
}

static int compare_by_entry(const void *a, const void *b)
{
    const standing *x = a;
    const standing *y = b;
    return x->entry != y->entry ? compare_numbers(x->entry, y->entry) : compare_numbers(x->position, y->position);
}

/* Where each id of the entry stands: the entry says it of its first one. */
static void add_places(engine *e, size_t i)
{
    leader *l = &e->leader;
    const entry *of = &l->entries[i];
    const uint64_t *done = l->maps[of->map].words;
    uint32_t first = NOBODY;
    if (array_reserve((void **)&l->places, &l->place_capacity, l->place_count + ALLOT_SEGMENT_IDS_MAX,
                      sizeof(l->places[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (uint32_t k = 0; k < ALLOT_SEGMENT_IDS_MAX; k++) {
        if (bits_test(done, k))
            continue;
        if (first == NOBODY)
            first = k;
        l->places[l->place_count++] =
            (standing){.at = of->order + (k - first), .entry = (uint32_t)i, .position = k, .member = NOBODY};
    }
}

/* Ids of one entry that go to one member: so many, from places[at] on; `all`: up to the entry's end. */
static void decide_places(engine *e, walk *w, size_t at, uint32_t count, bool whole, bool all)
{
    leader *l = &e->leader;
    const standing *first = &l->places[at];
    const entry *from = &l->entries[first->entry];
    if (from->holder == IN_INBOX) {
        give(e, w, first->entry, count, all, first->at, first->member);
        return;
    }
    if (whole) {
        move_whole(e, from, first->member);
        return;
    }
    if (from->holder == first->member || !member_is_live(&l->roster[from->holder]))
        return;
    claim c = {.segment = from->segment, .member = from->holder};
    uint64_t *words = placement_add_map(e, &c.map);
    for (uint32_t i = 0; i < count && words != NULL; i++)
        bits_set(words, first[i].position);
    if (!e->failed)
        placement_add_claim(e, c);
}

/* Entry after entry, what goes to whom. */
static void decide_by_entry(engine *e, walk *w)
{
    leader *l = &e->leader;
    for (size_t begin = 0, end; begin < l->place_count && !e->failed; begin = end) {
        for (end = begin; end < l->place_count && l->places[end].entry == l->places[begin].entry;)
            end++;
        for (size_t at = begin, next; at < end && !e->failed; at = next) {
            for (next = at; next < end && l->places[next].member == l->places[at].member;)
                next++;
            decide_places(e, w, at, (uint32_t)(next - at), next - at == end - begin, next == end);
        }
    }
}

/* Of an entry of the inbox, each id by the run that it belongs to. */
static void decide_by_heirs(engine *e, walk *w, size_t i)
{
    leader *l = &e->leader;
    l->place_count = 0;
    add_places(e, i);
    for (size_t k = 0; k < l->place_count; k++)
        l->places[k].member = runs_heir(l, l->places[k].at);
    decide_by_entry(e, w);
}

static void decide_window(engine *e, walk *w, size_t begin, size_t end)
{
    leader *l = &e->leader;
    uint64_t planned = live_of(l, begin, end);
    l->place_count = 0;
    for (size_t i = begin; i < end && !e->failed; i++)
        add_places(e, i);
    if (e->failed)
        return;
    if (l->place_count > 1)
        qsort(l->places, l->place_count, sizeof(l->places[0]), compare_places);
    for (size_t at = 0; at < l->place_count && !e->failed; at++) {
        uint32_t to;
        (void)next_ids(l, w, 1, &to);
        /* Two at one place stay together: where only counts matter, ids of everywhere are written together. */
        if (at > 0 && l->places[at].at == l->places[at - 1].at)
            to = l->places[at - 1].member;
        note_boundary(e, w, l->places[at].at, to);
        l->places[at].member = to;
    }
    pass(l, w, planned - l->place_count); /* acked, or cleaned, since they were listed */
    if (l->place_count > 1)
        qsort(l->places, l->place_count, sizeof(l->places[0]), compare_by_entry);
    decide_by_entry(e, w);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

/* What is behind all that this cycle has seen has been added since. */
static void note_ends(leader *l)
{
    uint64_t end = l->entry_count == 0 ? 0 : runs_window_end(l->entries[l->entry_count - 1].order);
    if (l->full)
        l->old_end = l->placed_end = end;
    else if (l->placed_end != UINT64_MAX && end > l->placed_end)
        l->placed_end = end;
}

static void decide(engine *e)
{
    leader *l = &e->leader;
    walk w = {.plan = l->answer, .member = NOBODY};
    if (l->full)
        runs_forget(l);
    for (size_t i = 0; i < l->entry_count && !e->failed;) {
        size_t end = l->full ? window_of(l, i) : i + 1;
        if (l->entries[i].map != NOBODY && l->full)
            decide_window(e, &w, i, end);
        else if (l->entries[i].map != NOBODY)
            decide_by_heirs(e, &w, i);
        else
            for (size_t k = i; k < end && !e->failed; k++)
                decide_entry(e, &w, k);
        i = end;
    }
    runs_sort_moving(l);
    l->cut_tears = 0;
    note_ends(l);
    plan_free(l->answer);
    l->answer = NULL;
    l->phase = LEADER_ASSIGN;
}

void runs_recall(engine *e)
{
    leader *l = &e->leader;
    if (placement_recall(e) && l->under_way == 0 && !e->failed)
        l->phase = LEADER_PUBLISH;
}
