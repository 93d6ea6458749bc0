/* Its descriptor has no name. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.name = NULL)
