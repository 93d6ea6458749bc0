/* strategies.c - strategies, looked at without opening a node. */
#include "core/runtime/fail.h"
#include "core/runtime/modules.h"
#include "core/runtime/settings.h"
#include "core/runtime/strategy_config.h"

int allot_strategy_check(const allot_options *options, allot_error *ret_error)
{
    static const hooks none;
    strategy_config *config;
    allot_options checked;
    int code = settings_of_strategy(options, &checked, ret_error);
    if (code == ALLOT_OK)
        code = strategy_config_new(&checked, &none, &config, ret_error);
    if (code == ALLOT_OK)
        strategy_config_unref(config);
    return code;
}

int allot_strategy_options(const allot_options *options, int (*visit)(void *user, const allot_strategy_option *option),
                           void *user, allot_error *ret_error)
{
    const allot_strategy_ops *ops;
    allot_options checked;
    if (visit == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "there is nothing to call for each option");
    int code = settings_of_strategy(options, &checked, ret_error);
    if (code == ALLOT_OK)
        code = modules_strategy(checked.strategy, checked.modules, &ops, ret_error);
    for (uint32_t i = 0; code == ALLOT_OK && i < ops->option_count; i++)
        code = visit(user, &ops->options[i]);
    return code;
}
