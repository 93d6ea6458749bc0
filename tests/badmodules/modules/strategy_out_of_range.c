/* It names a slot that there is not. */
#include "tests/badmodules/modules/bad.h"

static int lie(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (is_first_split(view))
        return split_evenly(view, owner, ret_error);
    for (uint64_t i = 0; i < view->id_count; i++)
        owner[i] = view->slot_count;
    return 0;
}

STRATEGY(.assign = lie);

MODULE(.version = "1")
