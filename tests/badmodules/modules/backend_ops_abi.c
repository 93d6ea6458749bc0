/* Built for another backend.h. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.abi = ALLOT_BACKEND_ABI + 1);

MODULE(.kind = ALLOT_MODULE_BACKEND)
