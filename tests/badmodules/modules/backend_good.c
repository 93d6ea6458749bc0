/* Nothing is wrong with it, but that it can reach no store. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.capabilities = 0);

MODULE(.kind = ALLOT_MODULE_BACKEND)
