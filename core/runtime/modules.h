/* modules.h - backends and strategies by name: built in, or loaded from the module directory (allot/module.h).
 *
 *   modules.c        which one it is
 *   module_file.c    the file: where it lies, who may have changed it, whether it is whole
 *   module_check.c   what it says of itself
 *   builtin.c        what is linked in; a module of the same name is not looked for
 *
 * All: `directory` NULL is the directory `allot` beside this library. Errors: MODULE, NOMEM, with a message that says
 * what was expected and what was found. Threads: any. */
#ifndef RUNTIME_MODULES_H
#define RUNTIME_MODULES_H

#include "core/runtime/call.h"
#include "core/runtime/hooks.h"

int modules_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops, allot_error *ret_error);
int modules_strategy(const char *name, const char *directory, const allot_strategy_ops **ret_ops,
                     allot_error *ret_error);

/* Opens the backend that the options name, or the hooked one. */
int modules_open(const allot_options *options, const hooks *hooked, bool read_only, call *ret_backend,
                 allot_error *ret_error);

#endif
