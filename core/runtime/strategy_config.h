/* strategy_config.h - a strategy and the values of its options. Never changed; counted, because a plan that is being
 * run needs it for as long as it takes, whatever was reloaded meanwhile. Threads: any. */
#ifndef RUNTIME_STRATEGY_CONFIG_H
#define RUNTIME_STRATEGY_CONFIG_H

#include "core/runtime/hooks.h"

#include <stdatomic.h>

typedef struct strategy_config {
    const allot_strategy_ops *ops;
    uint32_t value_count;
    allot_strategy_value *values; /* and behind them, their texts */
    atomic_uint references;
} strategy_config;

/* The strategy that the options name, or the hooked one, loaded if need be. One reference is the caller's.
 * Errors: MODULE, INVALID (an option of it), NOMEM. */
int strategy_config_new(const allot_options *options, const hooks *hooked, strategy_config **ret_config,
                        allot_error *ret_error);
strategy_config *strategy_config_ref(strategy_config *c);
void strategy_config_unref(strategy_config *c); /* takes NULL */

/* What the engine has to take it for: counts that are to be taken exactly are runs. */
uint32_t strategy_config_kind(const strategy_config *c, allot_movement movement);

/* The same strategy, and the same values. */
bool strategy_config_equal(const strategy_config *a, const strategy_config *b);

#endif
