#include "core/runtime/builtin.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* builtin_list.h is written by the build out of ALLOT_BUILTIN: lines BACKEND(name) and STRATEGY(name). */
#define BACKEND(name) extern const allot_backend_ops name##_backend_ops;
#define STRATEGY(name) extern const allot_strategy_ops name##_strategy_ops;
#include "builtin_list.h"
#undef BACKEND
#undef STRATEGY

static const allot_backend_ops *const backends[] = {
#define BACKEND(name) &name##_backend_ops,
#define STRATEGY(name)
#include "builtin_list.h"
#undef BACKEND
#undef STRATEGY
    NULL};

static const allot_strategy_ops *const strategies[] = {
#define BACKEND(name)
#define STRATEGY(name) &name##_strategy_ops,
#include "builtin_list.h"
#undef BACKEND
#undef STRATEGY
    NULL};

const allot_backend_ops *builtin_backend(const char *name)
{
    size_t i = 0;
    while (backends[i] != NULL && strcmp(backends[i]->name, name) != 0)
        i++;
    return backends[i];
}

const allot_strategy_ops *builtin_strategy(const char *name)
{
    size_t i = 0;
    while (strategies[i] != NULL && strcmp(strategies[i]->name, name) != 0)
        i++;
    return strategies[i];
}

/* Names, one after the other, as far as they fit. */
static void list_name(char *list, size_t bytes, const char *name)
{
    size_t used = strlen(list);
    snprintf(list + used, bytes - used, "%s%s", used > 0 ? ", " : "", name);
}

void builtin_names(uint32_t kind, char *ret_names, size_t bytes)
{
    ret_names[0] = '\0';
    for (size_t i = 0; kind == ALLOT_MODULE_BACKEND && backends[i] != NULL; i++)
        list_name(ret_names, bytes, backends[i]->name);
    for (size_t i = 0; kind == ALLOT_MODULE_STRATEGY && strategies[i] != NULL; i++)
        list_name(ret_names, bytes, strategies[i]->name);
    if (ret_names[0] == '\0')
        snprintf(ret_names, bytes, "none");
}
