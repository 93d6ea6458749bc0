/* strategies.h - the strategies that are measured: one line each. */
#ifndef BENCH_STRATEGIES_H
#define BENCH_STRATEGIES_H

#include "plugins/strategies.h"

/* NULL behind the last one. */
static inline const allot_strategy_ops *bench_strategy(unsigned i)
{
    static const allot_strategy_ops *const strategies[] = {
        &round_robin_strategy_ops,
        &chunked_strategy_ops,
        &hash_strategy_ops,
    };
    return i < sizeof(strategies) / sizeof(strategies[0]) ? strategies[i] : NULL;
}

#endif
