#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <stdlib.h>

/* Which slot an id gets, by its text. Ids are read, planned and placed in portions of a bounded size: while the
 * strategy is at work on one, the next is read, and ops of the one before are under way.
 *
 *   filling   bodies are being read into this plan
 *   planning  one plan is with the strategy
 *   answer    one, of which some ops have not been submitted yet
 *
 * A segment that lies in the inbox and whose ids all go to one slot is assigned by its number; others are dealt. What
 * lies in a share and belongs elsewhere is recalled. Each portion stands for itself: what was placed before a later one
 * fails stays. A segment that has gone meanwhile was acked, cleaned or given back. */

#define PORTION_IDS (64u * ALLOT_SEGMENT_IDS_MAX) /* unless the configuration says otherwise */
#define PORTION_SEGMENTS 1024u
#define PORTION_BYTES (UINT64_C(4) << 20)

/* Of one read. */
#define READ_SEGMENTS_MOST 64u
#define READ_BYTES (UINT64_C(1) << 20)

/* A split of many ids is many deals. Slots that were told of each would read their shares over and over while it goes
 * on. They are told after a while, then whenever it has gone on for twice as long, and by the publish at its end. */
#define LOUD_FIRST_US 250000
#define LOUD_PAUSE_MOST_US 1000000

/* Ids of one deal: a store that does it in one go is blocked for under 5 ms, if they go to 100 slots. */
#define DEAL_IDS (32u * ALLOT_SEGMENT_IDS_MAX)

/* Ids of deals under way; their texts are kept until the answer. */
#define DEALT_MOST (2 * PORTION_IDS)

/* ---- Begin ------------------------------------------------------------------------------------------------------- */

static_assert(IN_INBOX + 2 == 0, "behind the last number comes 0: the inbox is the first of them");

/* The inbox first: its ids have no owner. */
static int compare_holders(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    if (x->holder != y->holder)
        return compare_numbers(x->holder + 2, y->holder + 2);
    return compare_numbers(x->segment, y->segment);
}

void ids_begin(engine *e)
{
    leader *l = &e->leader;
    if (l->entry_count > 1)
        qsort(l->entries, l->entry_count, sizeof(l->entries[0]), compare_holders);
    assert(l->filling == NULL && l->answer == NULL && !l->planning && l->dealt == 0);
    l->entry_at = 0;
    l->dealing_since_us = e->now_us;
    l->loud_us = e->now_us + LOUD_FIRST_US;
    l->phase = LEADER_DEAL;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const leader *l, uint64_t ids)
{
    return ids * l->id_bytes;
}

static bool portion_takes(const engine *e, const entry *next)
{
    const leader *l = &e->leader;
    uint64_t ids = l->asked_ids + next->live;
    uint64_t most = e->config.plan_ids > 0 ? e->config.plan_ids : PORTION_IDS;
    return l->asked == 0 || (l->asked < PORTION_SEGMENTS && ids <= most && bytes_of(l, ids) <= PORTION_BYTES);
}

/* All of it is recalled: it comes back by itself. */
static bool is_on_its_way(const entry *from)
{
    return from->holder != IN_INBOX && from->recalled >= from->live;
}

/* The next segments of one holder, as far as they fit the portion. False: none do. */
static bool read_more(engine *e)
{
    leader *l = &e->leader;
    uint64_t segments[READ_SEGMENTS_MOST];
    uint32_t count = 0;
    uint64_t ids = 0;
    uint32_t holder = NOBODY;
    for (; l->entry_at < l->entry_count && count < READ_SEGMENTS_MOST; l->entry_at++) {
        const entry *next = &l->entries[l->entry_at];
        if (is_on_its_way(next))
            continue;
        bool fits = count == 0 || (next->holder == holder && bytes_of(l, ids + next->live) <= READ_BYTES);
        if (!fits || !portion_takes(e, next))
            break;
        holder = next->holder;
        segments[count++] = next->segment;
        ids += next->live;
        l->asked++;
        l->asked_ids += next->live;
    }
    if (count == 0)
        return false;
    reading_bodies(e, holder, segments, count);
    return !e->failed;
}

static void fill(engine *e)
{
    leader *l = &e->leader;
    if (l->filling == NULL && l->entry_at < l->entry_count) {
        l->filling = placement_question(e);
        l->asked = 0;
        l->asked_ids = 0;
    }
    if (l->filling != NULL)
        while (read_more(e))
            continue;
}

void ids_bodies(engine *e, const pending *p, const allot_answer *answer)
{
    leader *l = &e->leader;
    uint32_t previous = p->member == IN_INBOX ? NOBODY : l->roster[p->member].plan_index;
    assert(l->filling != NULL);
    for (uint32_t i = 0; i < answer->body_count; i++) {
        if (plan_add_source(l->filling, &answer->bodies[i], p->member, previous) == 0)
            continue;
        engine_fail(e);
        return;
    }
}

/* How long ids are, for the next portion's size. */
static void measure(leader *l, const plan *p)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < p->id_count; i++)
        sum += p->ids[i].len;
    l->id_bytes = (uint32_t)(sum / p->id_count) + 1;
}

/* The portion is complete: it goes to the strategy. */
static void ask(engine *e)
{
    leader *l = &e->leader;
    plan *p = l->filling;
    if (p == NULL || l->reads > 0 || l->planning || l->answer != NULL)
        return;
    l->filling = NULL;
    if (p->id_count == 0) {
        plan_free(p);
        return;
    }
    measure(l, p);
    l->planning = true;
    placement_ask(e, p);
}

/* ---- The answer -------------------------------------------------------------------------------------------------- */

/* The one owner of all ids of a source, or NOBODY. */
static uint32_t sole_owner(const plan *p, const plan_source *from)
{
    const uint32_t *owner = &p->owner[from->first];
    for (uint32_t i = 1; i < from->count; i++)
        if (owner[i] != owner[0])
            return NOBODY;
    return owner[0];
}

/* What of a share belongs elsewhere. */
static void claim_source(engine *e, const plan *p, const plan_source *from)
{
    const leader *l = &e->leader;
    uint32_t stays = l->roster[from->holder].plan_index;
    uint32_t count = 0;
    for (uint32_t i = 0; i < from->count; i++)
        count += p->owner[from->first + i] != stays;
    if (count == 0)
        return;
    claim c = {.segment = from->segment, .member = from->holder, .map = NOBODY};
    uint64_t *words = count < from->count ? placement_add_map(e, &c.map) : NULL;
    for (uint32_t i = 0; i < from->count && words != NULL; i++)
        if (p->owner[from->first + i] != stays)
            bits_set(words, p->positions[from->first + i]);
    if (!e->failed)
        placement_add_claim(e, c);
}

static int compare_portions(const void *a, const void *b)
{
    const portion *x = a;
    const portion *y = b;
    return x->member != y->member ? compare_numbers(x->member, y->member) : compare_numbers(x->segment, y->segment);
}

/* What need not be dealt: those sources are empty from then on. */
static void take_whole_sources(engine *e, plan *p)
{
    leader *l = &e->leader;
    placement_forget(l);
    for (size_t i = 0; i < p->source_count && !e->failed; i++) {
        plan_source *from = &p->sources[i];
        uint32_t to = sole_owner(p, from);
        if (from->holder != IN_INBOX)
            claim_source(e, p, from);
        else if (to != NOBODY)
            placement_add_portion(e, (portion){.segment = from->segment,
                                               .ids = from->count,
                                               .member = l->owners[to],
                                               .joins = true,
                                               .room = ALLOT_SEGMENT_IDS_MAX});
        else
            continue;
        from->count = 0;
    }
    if (l->portion_count > 1)
        qsort(l->portions, l->portion_count, sizeof(l->portions[0]), compare_portions);
}

void ids_take(engine *e, plan *p)
{
    leader *l = &e->leader;
    assert(l->planning && l->answer == NULL);
    l->planning = false;
    l->answer = p;
    l->source_at = 0;
    take_whole_sources(e, p);
}

/* ---- Dealing ----------------------------------------------------------------------------------------------------- */

/* A deal while it is being made up: some sources of a plan; leader.tally says how many of their ids each owner gets. */
typedef struct deal_draft {
    const plan *plan;
    const plan_source *sources[ALLOT_DEAL_SOURCES_MAX];
    uint32_t owners[ALLOT_DEAL_PILES_MAX]; /* those that get any, in the order of their first ids */
    uint32_t source_count, owner_count, pile_count, id_count;
} deal_draft;

/* Takes the first `count` ids of the source out of the tally again. */
static void take_out(deal_draft *d, uint32_t *tally, const plan_source *from, uint32_t count)
{
    while (count > 0) {
        uint32_t owner = d->plan->owner[from->first + --count];
        d->pile_count -= tally[owner]-- % ALLOT_SEGMENT_IDS_MAX == 1;
        d->owner_count -= tally[owner] == 0;
    }
}

/* False, and nothing is changed, when the piles become too many. One source always fits. */
static bool take_source(deal_draft *d, uint32_t *tally, const plan_source *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        uint32_t owner = d->plan->owner[from->first + i];
        bool new_pile = tally[owner] % ALLOT_SEGMENT_IDS_MAX == 0;
        if (new_pile && d->pile_count == ALLOT_DEAL_PILES_MAX) {
            take_out(d, tally, from, i);
            return false;
        }
        if (tally[owner] == 0)
            d->owners[d->owner_count++] = owner;
        d->pile_count += new_pile;
        tally[owner]++;
    }
    d->sources[d->source_count++] = from;
    d->id_count += from->count;
    return true;
}

/* What lies behind a pending deal. */
typedef struct deal_op {
    allot_dealt *ids;
    allot_pile *piles;
    allot_source *sources;
    allot_uuid *slots;
} deal_op;

static pending *new_deal(engine *e, const deal_draft *d, deal_op *ret_op)
{
    size_t size = d->id_count * sizeof(allot_dealt) + d->pile_count * sizeof(allot_pile) +
                  d->source_count * sizeof(allot_source) + d->owner_count * sizeof(allot_uuid);
    pending *p = leader_op(e, ALLOT_OP_DEAL, size);
    if (p == NULL)
        return NULL;
    ret_op->ids = pending_memory(p);
    ret_op->piles = (allot_pile *)(ret_op->ids + d->id_count);
    ret_op->sources = (allot_source *)(ret_op->piles + d->pile_count);
    ret_op->slots = (allot_uuid *)(ret_op->sources + d->source_count);
    p->texts = plan_texts_ref(d->plan->texts);
    p->count = d->id_count;
    p->op.u.deal = (allot_op_deal){.slot_count = d->owner_count,
                                   .slots = ret_op->slots,
                                   .source_count = d->source_count,
                                   .sources = ret_op->sources,
                                   .pile_count = d->pile_count,
                                   .piles = ret_op->piles};
    return p;
}

/* Owner after owner, the piles; the tally becomes the place where the owner's next id goes. */
static void lay_out(const leader *l, const deal_draft *d, deal_op *op)
{
    uint32_t at = 0;
    allot_pile *pile = op->piles;
    for (uint32_t i = 0; i < d->owner_count; i++) {
        uint32_t ids = l->tally[d->owners[i]];
        op->slots[i] = l->roster[l->owners[d->owners[i]]].slot;
        l->tally[d->owners[i]] = at;
        for (uint32_t left = ids; left > 0; left -= pile++->count) {
            uint32_t count = left < ALLOT_SEGMENT_IDS_MAX ? left : ALLOT_SEGMENT_IDS_MAX;
            *pile = (allot_pile){.slot_index = i, .count = count, .ids = &op->ids[at + ids - left]};
        }
        at += ids;
    }
}

static void fill_piles(const leader *l, const deal_draft *d, deal_op *op)
{
    const plan *p = d->plan;
    for (uint32_t s = 0; s < d->source_count; s++) {
        const plan_source *from = d->sources[s];
        op->sources[s] = (allot_source){.segment = from->segment, .live = from->count};
        for (uint64_t i = from->first; i < from->first + from->count; i++)
            op->ids[l->tally[p->owner[i]]++] =
                (allot_dealt){.source = s, .position = p->positions[i], .id = p->ids[i]};
    }
    for (uint32_t i = 0; i < d->owner_count; i++)
        l->tally[d->owners[i]] = 0;
}

/* As many of the next sources as one deal can carry. */
static void draft(leader *l, deal_draft *d)
{
    const plan *p = d->plan;
    for (; l->source_at < p->source_count && d->source_count < ALLOT_DEAL_SOURCES_MAX; l->source_at++) {
        const plan_source *from = &p->sources[l->source_at];
        if (d->id_count + from->count > DEAL_IDS)
            break;
        if (from->count > 0 && !take_source(d, l->tally, from))
            break;
    }
}

static int64_t loud_pause_us(const engine *e)
{
    int64_t so_far_us = e->now_us - e->leader.dealing_since_us;
    return so_far_us < LOUD_PAUSE_MOST_US ? so_far_us : LOUD_PAUSE_MOST_US;
}

/* False: nothing is left to deal. */
static bool deal(engine *e)
{
    leader *l = &e->leader;
    size_t before = l->tally_capacity;
    if (array_reserve((void **)&l->tally, &l->tally_capacity, l->answer->slot_count, sizeof(l->tally[0])) != 0) {
        engine_fail(e);
        return false;
    }
    for (size_t i = before; i < l->tally_capacity; i++)
        l->tally[i] = 0;
    deal_draft d = {.plan = l->answer};
    deal_op op;
    draft(l, &d);
    if (d.source_count == 0)
        return false;
    pending *p = new_deal(e, &d, &op);
    if (p == NULL)
        return false;
    lay_out(l, &d, &op);
    fill_piles(l, &d, &op);
    p->op.u.deal.quiet = e->now_us < l->loud_us;
    if (!p->op.u.deal.quiet)
        l->loud_us = e->now_us + loud_pause_us(e);
    l->dealt += d.id_count;
    leader_send(e, p);
    return true;
}

/* Submits what the window allows of the answer; when nothing is left of it, it is gone. */
static void carry_out(engine *e)
{
    leader *l = &e->leader;
    if (l->answer == NULL || !placement_assign(e) || !placement_recall(e))
        return;
    while (ops_window(e, false) && l->dealt < DEALT_MOST && !e->failed) {
        if (deal(e))
            continue;
        plan_free(l->answer);
        l->answer = NULL;
        return;
    }
}

/* ---- Driving ----------------------------------------------------------------------------------------------------- */

void ids_go_on(engine *e)
{
    leader *l = &e->leader;
    carry_out(e);
    if (!e->failed)
        ask(e);
    if (!e->failed)
        fill(e);
    if (!e->failed && l->reads == 0)
        ask(e); /* there was nothing to read */
    bool idle = l->filling == NULL && l->answer == NULL && !l->planning && l->under_way == 0;
    if (idle && l->entry_at == l->entry_count && !e->failed)
        l->phase = LEADER_PUBLISH;
}
