/* settings.h - somebody's own settings and strategy, to be simulated instead of those that a seed draws. */
#ifndef SIM_SETTINGS_H
#define SIM_SETTINGS_H

#include <allot/allot.h>

typedef struct sim_settings {
    int64_t ttl_us, settle_us, handover_timeout_us, retry_after_us;
    uint32_t max_attempts;
    bool retire_on_timeout, quarantine_always;
    uint32_t kind; /* allot_strategy_kind; RUNS also where counts are to be exact */
    const allot_strategy_ops *strategy;
    allot_strategy_value *values; /* of its options */
} sim_settings;

/* Loads the strategy, as a replica would. The options, and their texts, must outlive the settings.
 * Errors: those of allot_strategy_check, MODULE, NOMEM. */
int sim_settings_init(sim_settings *s, const allot_options *options, allot_error *ret_error);
void sim_settings_done(sim_settings *s);

#endif
