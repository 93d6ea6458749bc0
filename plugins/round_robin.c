/* round_robin.c - as even as the weights allow.
 *
 * The split is the one that placing id after id gives, each on the slot that is the least full afterwards: a slot of
 * weight w that holds k ids is k / w full. Between equals it goes to the slot that has more ids already, so that a
 * split of a split moves nothing, then to the first.
 *
 * It is reached without that loop. The places of all slots, ordered by how full their slot is with them, fill up in
 * this order; so there is a level below which every place is taken. Levels are counted in steps of 2^-20. Two places
 * of different fullness, a/v and b/w, are at least 1 / (v * w) >= 10^-6 apart, which is more than one step: within one
 * step all places are equally full, and no slot has two of them. So: find by halving the last level whose places are
 * not more than the ids; what is left goes to places of the next step. */
#include "plugins/slots.h"
#include "plugins/strategies.h"

#include <assert.h>

#define LEVEL_BITS 20
static_assert(WEIGHT_MAX * WEIGHT_MAX < 1u << LEVEL_BITS, "one step of the level tells places apart");

/* How many more ids the slot takes up to the level. */
static uint64_t room(const allot_strategy_slot *slot, uint64_t level)
{
    uint64_t whole = level >> LEVEL_BITS;
    uint64_t part = level & ((UINT64_C(1) << LEVEL_BITS) - 1);
    uint64_t holds = whole * slot->weight + ((part * slot->weight) >> LEVEL_BITS);
    return holds > slot->load ? holds - slot->load : 0;
}

static bool fits(const allot_strategy_view *view, uint64_t level)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < view->slot_count && sum <= view->id_count; i++)
        sum += room(&view->slots[i], level);
    return sum <= view->id_count;
}

/* The last level whose places are all taken. */
static uint64_t find_level(const allot_strategy_view *view, uint64_t max_load)
{
    uint64_t low = 0;
    uint64_t high = (max_load + view->id_count + 1) << LEVEL_BITS; /* one slot alone has more room than there are ids */
    while (high - low > 1) {
        uint64_t mid = low + (high - low) / 2;
        if (fits(view, mid))
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Whether the slot has a place in the step above the level. */
static bool takes_one_more(const allot_strategy_slot *slot, uint64_t level)
{
    return room(slot, level + 1) > room(slot, level);
}

static uint64_t count_above(const allot_strategy_view *view, uint64_t level, uint64_t held)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < view->slot_count; i++)
        count += view->slots[i].held > held && takes_one_more(&view->slots[i], level);
    return count;
}

/* The last places go to the slots that hold more than this, and as far as they reach to those that hold just this. */
static uint64_t find_bar(const allot_strategy_view *view, uint64_t level, uint64_t places)
{
    uint64_t low = 0;
    uint64_t high = 0;
    for (uint32_t i = 0; i < view->slot_count; i++)
        high = view->slots[i].held > high ? view->slots[i].held : high;
    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        if (count_above(view, level, mid) <= places)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static uint64_t write_owners(const allot_strategy_view *view, uint64_t level, uint32_t *owner)
{
    uint64_t left = view->id_count;
    for (uint32_t i = 0; i < view->slot_count; i++)
        left -= room(&view->slots[i], level);
    uint64_t bar = find_bar(view, level, left);
    left -= count_above(view, level, bar);
    uint64_t at = 0;
    for (uint32_t i = 0; i < view->slot_count; i++) {
        const allot_strategy_slot *slot = &view->slots[i];
        uint64_t take = room(slot, level);
        if (slot->held > bar) {
            take += takes_one_more(slot, level);
        } else if (left > 0 && slot->held == bar && takes_one_more(slot, level)) {
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
    if (code != 0)
        return code;
    uint64_t max_load = 0;
    for (uint32_t i = 0; i < view->slot_count; i++)
        max_load = view->slots[i].load > max_load ? view->slots[i].load : max_load;
    return check_written(view, write_owners(view, find_level(view, max_load), owner), ret_error);
}

const allot_strategy_ops round_robin_strategy_ops = {
    .abi = ALLOT_STRATEGY_ABI,
    .size = sizeof(allot_strategy_ops),
    .name = "round_robin",
    .kind = ALLOT_STRATEGY_COUNTS,
    .assign = assign,
};
