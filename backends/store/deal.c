/* deal.c - whole segments of the inbox, cut anew by their ids. */
#include "backends/store/internal.h"

/* Whether each source lies in the inbox with exactly the ids that the piles name. That they name `live` of each, and
 * none twice, was checked before anything of the state was looked at. */
static bool sources_are_there(const store *s, const allot_op_deal *deal)
{
    for (uint32_t i = 0; i < deal->source_count; i++) {
        const store_segment *g = store_segment_in(s, deal->sources[i].segment, NULL);
        if (g == NULL || g->live != deal->sources[i].live)
            return false;
    }
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        const allot_pile *pile = &deal->piles[i];
        for (uint32_t k = 0; k < pile->count; k++) {
            const allot_dealt *d = &pile->ids[k];
            if (!store_segment_has(store_segment_find(s, deal->sources[d->source].segment), d->position))
                return false;
        }
    }
    return true;
}

static store_slot *slot_of(const store_turn *t, const allot_pile *pile)
{
    return store_slot_find(t->s, &t->op->u.deal.slots[pile->slot_index]);
}

static bool slots_take_ids(const store_turn *t, const allot_op_deal *deal)
{
    for (uint32_t i = 0; i < deal->pile_count; i++)
        if (!store_slot_takes_ids(t, slot_of(t, &deal->piles[i])))
            return false;
    return true;
}

static int deal_pile(store_turn *t, const allot_op_deal *deal, const allot_pile *pile)
{
    store *s = t->s;
    store_gather gather;
    store_gather_begin(&gather);
    for (uint32_t i = 0; i < pile->count; i++) {
        const allot_dealt *d = &pile->ids[i];
        store_gather_take(s, &gather, store_segment_find(s, deal->sources[d->source].segment), d->position);
    }
    store_segment *g;
    if (store_gather_write(s, &gather, false, &g) != 0)
        return ALLOT_E_NOMEM;
    g->base = store_segment_fresh_base(g->number); /* its ids are of everywhere: they have no order but the pile's */
    return store_grant(t, g, slot_of(t, pile));
}

int store_deal(store_turn *t)
{
    const allot_op_deal *deal = &t->op->u.deal;
    if (!sources_are_there(t->s, deal) || !slots_take_ids(t, deal)) {
        for (uint32_t i = 0; i < deal->source_count; i++)
            t->outcome.skipped += deal->sources[i].live;
        return 0;
    }
    for (uint32_t i = 0; i < deal->pile_count; i++) {
        int rc = deal_pile(t, deal, &deal->piles[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}
