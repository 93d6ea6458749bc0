/* Its table has another size. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.size = sizeof(allot_strategy_ops) + 16);

MODULE(.version = "1")
