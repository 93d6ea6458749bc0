/* strategies.h - the strategies that are linked in. */
#ifndef PLUGINS_STRATEGIES_H
#define PLUGINS_STRATEGIES_H

#include <allot/strategy.h>

/* As even as the weights allow. Static. Threads: any. */
const allot_strategy_ops *allot_strategy_round_robin(void);

#endif
