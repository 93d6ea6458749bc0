/* A strategy in the file of a backend. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.version = "1")
