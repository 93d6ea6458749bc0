/* Nothing is wrong with it either. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.version = "1.0")
