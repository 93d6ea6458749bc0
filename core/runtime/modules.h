/* modules.h - backends by name: built in, or loaded from the module directory (allot/module.h). */
#ifndef RUNTIME_MODULES_H
#define RUNTIME_MODULES_H

#include "core/runtime/call.h"
#include "core/runtime/hooks.h"

/* `directory` NULL: the directory `allot` beside this library. Errors: MODULE, NOMEM, with a message that says what was
 * expected and what was found. */
int modules_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops, allot_error *ret_error);

/* Opens the backend that the options name, or the hooked one. */
int modules_open(const allot_options *options, const hooks *hooked, bool read_only, call *ret_backend,
                 allot_error *ret_error);

#endif
