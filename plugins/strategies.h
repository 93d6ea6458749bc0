/* strategies.h - the strategies of this folder. Each can be linked in, and is also built as a module of its own. */
#ifndef PLUGINS_STRATEGIES_H
#define PLUGINS_STRATEGIES_H

#include <allot/strategy.h>

/* As even as the weights allow. */
extern const allot_strategy_ops round_robin_strategy_ops;
/* By the ids' texts, so that anybody can tell where an id is. */
extern const allot_strategy_ops hash_strategy_ops;
/* Contiguous runs in the order of adding. */
extern const allot_strategy_ops chunked_strategy_ops;

#endif
