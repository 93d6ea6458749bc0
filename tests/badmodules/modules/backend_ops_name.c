/* Its table has another name than its descriptor. */
#include "tests/badmodules/modules/bad.h"

BACKEND(.name = "another");

MODULE(.kind = ALLOT_MODULE_BACKEND)
