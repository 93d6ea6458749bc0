/* modules.h - backends by name: built in, or loaded from the module directory (allot/module.h). */
#ifndef RUNTIME_MODULES_H
#define RUNTIME_MODULES_H

#include <allot/backend.h>

/* `directory` NULL: the directory `allot` beside this library. Errors: MODULE, NOMEM, with a message that says what was
 * expected and what was found. */
int modules_backend(const char *name, const char *directory, const allot_backend_ops **ret_ops, allot_error *ret_error);

#endif
