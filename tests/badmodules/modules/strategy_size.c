/* Its descriptor has another size. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.size = sizeof(allot_module_info) - 8)
