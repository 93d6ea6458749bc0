/* chunked.c - contiguous runs: the first slot gets the first ids in the order of adding, the second the next ones.
 *
 * How long the runs are is decided by weights, exactly: of n ids, a slot of weight w gets n * w / W (W: all weights),
 * rounded down; the ids that are left go, one each, to the slots with the largest remainders, between equals to the
 * first. Ids that slots keep already (their loads, when only new ids are placed) count as theirs: the quotas are those
 * of all ids together, less the loads. A slot that has more than its quota gets nothing, and the others share the rest
 * as if it were not there.
 *
 * Rules of the source: DESIGN §3, §12 (strategies). */
#include "plugins/slots.h"
#include "plugins/strategies.h"

#include <assert.h>

static_assert(IDS_MAX <= UINT64_MAX / ALLOT_SLOTS_MAX / WEIGHT_MAX, "a load times all weights");

/* What is shared out, among the slots that are below their quota: a slot of weight w is to have ids * w / weights. */
typedef struct shares {
    uint64_t ids; /* to place, and their loads */
    uint64_t weights;
} shares;

/* ---- Quotas ------------------------------------------------------------------------------------------------------ */

static bool is_below(const shares *s, const allot_strategy_slot *slot)
{
    return slot->load * s->weights < s->ids * slot->weight;
}

/* Those of the slots that are below the quotas that `of` gives (NULL: all slots). */
static shares add_up(const allot_strategy_view *view, const shares *of)
{
    shares sum = {.ids = view->id_count, .weights = 0};
    for (uint32_t i = 0; i < view->slot_count; i++) {
        if (of == NULL || is_below(of, &view->slots[i])) {
            sum.ids += view->slots[i].load;
            sum.weights += view->slots[i].weight;
        }
    }
    return sum;
}

/* A slot that is not below its quota is left out, which makes the others' quotas smaller: until it changes nothing.
 * There is at least one id, so the slot that is the least full is always below. */
static shares find_shares(const allot_strategy_view *view)
{
    shares before = add_up(view, NULL);
    for (;;) {
        shares after = add_up(view, &before);
        if (after.weights == before.weights)
            return after;
        before = after;
    }
}

static uint64_t whole_part(const shares *s, const allot_strategy_slot *slot)
{
    return is_below(s, slot) ? s->ids * slot->weight / s->weights - slot->load : 0;
}

static bool has_above(const shares *s, const allot_strategy_slot *slot, uint64_t remainder)
{
    return is_below(s, slot) && s->ids * slot->weight % s->weights > remainder;
}

/* ---- Remainders -------------------------------------------------------------------------------------------------- */

static uint64_t count_above(const allot_strategy_view *view, const shares *s, uint64_t remainder)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < view->slot_count; i++)
        count += has_above(s, &view->slots[i], remainder);
    return count;
}

/* The ids that are left go to the slots whose remainder is above this, and as far as they reach to those at it. */
static uint64_t find_bar(const allot_strategy_view *view, const shares *s, uint64_t left)
{
    uint64_t low = 0;
    uint64_t high = s->weights;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (count_above(view, s, mid) <= left)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* ---- The strategy ------------------------------------------------------------------------------------------------ */

/* Returns how many ids got an owner. */
static uint64_t write_owners(const allot_strategy_view *view, const shares *s, uint32_t *owner)
{
    uint64_t left = view->id_count;
    for (uint32_t i = 0; i < view->slot_count; i++)
        left -= whole_part(s, &view->slots[i]);
    uint64_t bar = find_bar(view, s, left);
    left -= count_above(view, s, bar);
    uint64_t at = 0;
    for (uint32_t i = 0; i < view->slot_count; i++) {
        uint64_t take = whole_part(s, &view->slots[i]);
        if (has_above(s, &view->slots[i], bar)) {
            take++;
        } else if (left > 0 && bar > 0 && has_above(s, &view->slots[i], bar - 1)) {
            take++;
            left--;
        }
        for (uint64_t end = at + take; at < end; at++)
            owner[at] = i;
    }
    return at;
}

static int assign(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    int code = check_slots(view, ret_error);
    if (code != 0 || view->id_count == 0)
        return code;
    shares s = find_shares(view);
    return check_written(view, write_owners(view, &s, owner), ret_error);
}

const allot_strategy_ops chunked_strategy_ops = {
    .abi = ALLOT_STRATEGY_ABI,
    .size = sizeof(allot_strategy_ops),
    .name = "chunked",
    .kind = ALLOT_STRATEGY_RUNS,
    .assign = assign,
};
