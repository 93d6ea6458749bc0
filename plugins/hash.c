/* hash.c - which slot an id gets is decided by its text: any program that knows the slots can work it out.
 *
 * The slots, sorted by name and those of equal names by UUID, are numbered from 0. An id goes to the slot with the
 * number XXH3-64(id) modulo how many slots there are. Weights do not count. Bytes compare as unsigned, a name that is
 * the beginning of another comes first. The option `seed` is XXH3's; with 0 it is plain XXH3_64bits().
 *
 * Rules of the source: DESIGN §3 (strategies). */
#define XXH_INLINE_ALL /* a strategy links nothing */
#include <xxhash.h>

#include "plugins/strategies.h"

#include <stdio.h>
#include <string.h>

static int refuse(allot_error *ret_error, int code, const char *what)
{
    if (ret_error != NULL) {
        ret_error->code = code;
        snprintf(ret_error->message, sizeof(ret_error->message), "%s", what);
    }
    return code;
}

/* ---- The order of the slots -------------------------------------------------------------------------------------- */

static bool is_before(const allot_strategy_slot *a, const allot_strategy_slot *b)
{
    uint32_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = common == 0 ? 0 : memcmp(a->name.data, b->name.data, common);
    if (order == 0 && a->name.len != b->name.len)
        return a->name.len < b->name.len;
    if (order == 0)
        order = memcmp(&a->slot, &b->slot, sizeof(a->slot));
    return order < 0;
}

/* Lets the slot at `at` sink in the heap of order[0] to order[count - 1], whose greatest is at 0. */
static void sink(const allot_strategy_slot *slots, uint32_t *order, uint32_t at, uint32_t count)
{
    uint32_t sinking = order[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && is_before(&slots[order[child]], &slots[order[child + 1]]))
            child++;
        if (!is_before(&slots[sinking], &slots[order[child]]))
            break;
        order[at] = order[child];
        at = child;
    }
    order[at] = sinking;
}

/* In place: there is no memory to ask for here, and qsort() may ask for some. */
static void sort(const allot_strategy_slot *slots, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count / 2; i-- > 0;)
        sink(slots, order, i, count);
    for (uint32_t end = count - 1; end > 0; end--) {
        uint32_t greatest = order[0];
        order[0] = order[end];
        order[end] = greatest;
        sink(slots, order, 0, end);
    }
}

/* ---- The strategy ------------------------------------------------------------------------------------------------ */

enum { SEED, OPTIONS };

static int assign(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    uint32_t order[ALLOT_SLOTS_MAX];
    if (view->slot_count == 0)
        return refuse(ret_error, ALLOT_E_INVALID, "there is no slot");
    if (view->slot_count > ALLOT_SLOTS_MAX)
        return refuse(ret_error, ALLOT_E_LIMIT, "more slots than a group has");
    if (view->value_count != OPTIONS || (view->ids == NULL && view->id_count > 0))
        return refuse(ret_error, ALLOT_E_INVALID, "the ids' texts or the options are missing");
    XXH64_hash_t seed = (XXH64_hash_t)view->values[SEED].number;
    sort(view->slots, order, view->slot_count);
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = order[XXH3_64bits_withSeed(view->ids[i].data, view->ids[i].len, seed) % view->slot_count];
    return 0;
}

static const allot_strategy_option options[OPTIONS] = {
    [SEED] = {.name = "seed",
              .type = ALLOT_VALUE_INTEGER,
              .least = 0,
              .most = INT64_MAX,
              .fallback = "0",
              .help = "the seed of XXH3-64: another one gives another split"},
};

const allot_strategy_ops hash_strategy_ops = {
    .abi = ALLOT_STRATEGY_ABI,
    .size = sizeof(allot_strategy_ops),
    .name = "hash",
    .kind = ALLOT_STRATEGY_IDS,
    .option_count = OPTIONS,
    .options = options,
    .assign = assign,
};
