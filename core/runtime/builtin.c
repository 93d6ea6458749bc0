#include "core/runtime/builtin.h"
#include "backends/file/file.h"
#include "backends/memory/memory.h"
#include "core/runtime/fail.h"
#include "plugins/strategies.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

typedef const allot_backend_ops *(*backend_function)(void);
typedef const allot_strategy_ops *(*strategy_function)(void);

static const backend_function backends[] = {allot_backend_file, allot_backend_memory};
static const strategy_function strategies[] = {allot_strategy_round_robin};

/* Names, one after the other, as far as they fit. */
static void list_name(char *list, size_t bytes, const char *name)
{
    size_t used = strlen(list);
    snprintf(list + used, bytes - used, "%s%s", used > 0 ? ", " : "", name);
}

int builtin_backend(const char *name, const allot_backend_ops **ret_ops, allot_error *ret_error)
{
    char names[256] = "";
    for (size_t i = 0; i < LENGTH(backends); i++) {
        const allot_backend_ops *ops = backends[i]();
        if (strcmp(ops->name, name) == 0) {
            *ret_ops = ops;
            return ALLOT_OK;
        }
        list_name(names, sizeof(names), ops->name);
    }
    return fail(ret_error, ALLOT_E_MODULE, "there is no backend '%.64s'; there are: %s", name, names);
}

int builtin_strategy(const char *name, const allot_strategy_ops **ret_ops, allot_error *ret_error)
{
    char names[256] = "";
    for (size_t i = 0; i < LENGTH(strategies); i++) {
        const allot_strategy_ops *ops = strategies[i]();
        if (strcmp(ops->name, name) == 0) {
            *ret_ops = ops;
            return ALLOT_OK;
        }
        list_name(names, sizeof(names), ops->name);
    }
    return fail(ret_error, ALLOT_E_MODULE, "there is no strategy '%.64s'; there are: %s", name, names);
}
