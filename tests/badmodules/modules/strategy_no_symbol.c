/* It needs a function that nobody has. */
#include "tests/badmodules/modules/bad.h"

int function_that_nobody_has(void);

static int ask_nobody(const allot_strategy_view *view, uint32_t *owner, allot_error *ret_error)
{
    (void)view;
    (void)owner;
    (void)ret_error;
    return function_that_nobody_has();
}

STRATEGY(.assign = ask_nobody);

MODULE(.version = "1")
