/* Built for a later descriptor. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.abi = ALLOT_MODULE_ABI + 1)
