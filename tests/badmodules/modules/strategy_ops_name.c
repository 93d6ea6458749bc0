/* Its table has another name than its descriptor. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.name = "another");

MODULE(.version = "1")
