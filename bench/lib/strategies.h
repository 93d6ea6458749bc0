/* strategies.h - the strategies that are measured: one line each. */
#ifndef BENCH_STRATEGIES_H
#define BENCH_STRATEGIES_H

#include "plugins/strategies.h"

/* The tables' functions, NULL behind the last one. */
static inline const allot_strategy_ops *bench_strategy(unsigned i)
{
    static const allot_strategy_ops *(*const strategies[])(void) = {
        allot_strategy_round_robin,
        allot_strategy_chunked,
        allot_strategy_hash,
    };
    return i < sizeof(strategies) / sizeof(strategies[0]) ? strategies[i]() : NULL;
}

#endif
