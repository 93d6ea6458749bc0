/* builtin.h - the backends and strategies that are linked in. */
#ifndef RUNTIME_BUILTIN_H
#define RUNTIME_BUILTIN_H

#include <allot/backend.h>
#include <allot/module.h>
#include <allot/strategy.h>

/* NULL: there is none of that name. */
const allot_backend_ops *builtin_backend(const char *name);
const allot_strategy_ops *builtin_strategy(const char *name);

/* The names of one kind (allot_module_kind), for people: "memory, file"; "none". */
void builtin_names(uint32_t kind, char *ret_names, size_t bytes);

#endif
