/* It fails, and what it says of it has no end. */
#include "tests/badmodules/modules/bad.h"

static int lie(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (is_first_split(view))
        return split_evenly(view, owner, ret_error);
    for (size_t i = 0; ret_error != NULL && i < sizeof(ret_error->message); i++)
        ret_error->message[i] = 'x';
    return ALLOT_E_INVALID;
}

STRATEGY(.assign = lie);

MODULE(.version = "1")
