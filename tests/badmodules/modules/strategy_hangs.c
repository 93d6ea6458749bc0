/* It never returns. */
#include "tests/badmodules/modules/bad.h"

#include <unistd.h>

static int lie(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    if (is_first_split(view))
        return split_evenly(view, owner, ret_error);
    for (;;)
        sleep(1000);
}

STRATEGY(.assign = lie);

MODULE(.version = "1")
