/* Its descriptor has no table. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

static inline const void *unused(void)
{
    return &ops;
}

MODULE(.ops = NULL)
