/* builtin.h - the backends and strategies that are linked in. */
#ifndef RUNTIME_BUILTIN_H
#define RUNTIME_BUILTIN_H

#include <allot/backend.h>
#include <allot/strategy.h>

/* Errors: MODULE, with the names that there are. */
int builtin_backend(const char *name, const allot_backend_ops **ret_ops, allot_error *ret_error);
int builtin_strategy(const char *name, const allot_strategy_ops **ret_ops, allot_error *ret_error);

#endif
