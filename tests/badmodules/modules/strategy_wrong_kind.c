/* A backend in the file of a strategy. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.kind = ALLOT_MODULE_BACKEND)
