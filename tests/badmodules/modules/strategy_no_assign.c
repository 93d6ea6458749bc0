/* It lacks its one method. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.assign = NULL);

MODULE(.version = "1")
