/* It is a module of something else. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.magic = 0x1122334455667788)
