/* Its descriptor has another name than its file. */
#include "tests/badmodules/modules/bad.h"

STRATEGY(.option_count = 0);

MODULE(.name = "right_name")
