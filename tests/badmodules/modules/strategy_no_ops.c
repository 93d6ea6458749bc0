/* Its descriptor has no table. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.ops = NULL)
