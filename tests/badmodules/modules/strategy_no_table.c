/* It says that it has options, and does not say which. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 2);

MODULE(.version = "1")
