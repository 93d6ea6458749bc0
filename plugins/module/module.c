/* module.c - a strategy of this folder as a module, allot_strategy_NAME.so. The build says which: STRATEGY=NAME. */
#include "plugins/strategies.h"

#include <allot/module.h>
#include <allot/version.h>

#define JOIN(a, b) a##b
#define OPS(strategy) JOIN(strategy, _strategy_ops)
#define QUOTED(word) #word
#define NAME(strategy) QUOTED(strategy)

const allot_module_info *allot_module(void)
{
    static const allot_module_info info = {
        .magic = ALLOT_MODULE_MAGIC,
        .abi = ALLOT_MODULE_ABI,
        .size = sizeof(allot_module_info),
        .kind = ALLOT_MODULE_STRATEGY,
        .name = NAME(STRATEGY),
        .version = ALLOT_VERSION_STRING,
        .ops = &OPS(STRATEGY),
    };
    return &info;
}
