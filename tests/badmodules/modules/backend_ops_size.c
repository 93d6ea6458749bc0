/* Its table has another size. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.size = sizeof(allot_backend_ops) - 8);

MODULE(.kind = ALLOT_MODULE_BACKEND)
