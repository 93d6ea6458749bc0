/* The default of its option is out of its range. */
#include "tests/badmodules/modules/bad.h"

static const allot_strategy_option options[] = {
    {.name = "speed", .type = ALLOT_VALUE_INTEGER, .least = 1, .most = 9, .fallback = "10", .help = "how fast"},
};

STRATEGY(.option_count = 1, .options = options);

MODULE(.version = "1")
