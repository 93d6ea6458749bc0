/* It returns what is neither success nor an error. */
#include "tests/badmodules/modules/bad.h"

static int lie(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (is_first_split(view))
        return split_evenly(view, owner, ret_error);
    return 1;
}

STRATEGY(.assign = lie);

MODULE(.version = "1")
