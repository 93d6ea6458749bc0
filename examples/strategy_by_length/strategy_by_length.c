/* strategy_by_length.c - a strategy of one's own: which slot an id gets depends on how long it is.
 *
 * Ids of 1 byte go to the oldest slot, of 2 bytes to the next one, and so on, and then from the oldest one again. With
 * the option `step`, so many lengths in a row go to the same slot. */
#include <allot/module.h>
#include <allot/strategy.h>

static const allot_strategy_option options[] = {
    {.name = "step",
     .type = ALLOT_VALUE_INTEGER,
     .least = 1,
     .most = ALLOT_ID_BYTES_MAX,
     .fallback = "1",
     .help = "how many lengths in a row go to the same slot"},
};

enum { STEP }; /* where its value stands in view->values */

static int assign(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)ret_error; /* nothing can fail */
    uint32_t step = (uint32_t)view->values[STEP].number;
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = (view->ids[i].len - 1) / step % view->slot_count;
    return 0;
}

static const allot_strategy_ops ops = {
    .abi = ALLOT_STRATEGY_ABI,
    .size = sizeof(allot_strategy_ops),
    .name = "by_length",
    .kind = ALLOT_STRATEGY_IDS,
    .option_count = 1,
    .options = options,
    .assign = assign,
};

const allot_module_info *allot_module(void)
{
    static const allot_module_info info = {
        .magic = ALLOT_MODULE_MAGIC,
        .abi = ALLOT_MODULE_ABI,
        .size = sizeof(allot_module_info),
        .kind = ALLOT_MODULE_STRATEGY,
        .name = "by_length",
        .version = "1.0",
        .ops = &ops,
    };
    return &info;
}
