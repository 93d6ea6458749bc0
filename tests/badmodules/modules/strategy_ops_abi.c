/* Built for an earlier strategy.h. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.abi = ALLOT_STRATEGY_ABI - 1);

MODULE(.version = "1")
