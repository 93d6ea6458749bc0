/* Neither backend nor strategy. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.kind = 7)
