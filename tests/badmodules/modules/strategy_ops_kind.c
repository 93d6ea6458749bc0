/* A kind of strategy that there is not. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.kind = 9);

MODULE(.version = "1")
