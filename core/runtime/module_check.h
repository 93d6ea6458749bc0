/* module_check.h - what a module says of itself, before any other function of it is called. */
#ifndef RUNTIME_MODULE_CHECK_H
#define RUNTIME_MODULE_CHECK_H

#include <allot/module.h>

#include <allot/error.h>

/* "backend", "strategy"; "module" for a number that is neither. */
const char *module_kind_word(uint32_t kind);

/* The descriptor (may be NULL), its ops, and the options that a strategy declares; `path` is for the message. Pointers
 * have to be NULL or valid; nothing else is taken for granted. Errors: MODULE. */
int module_check(const char *path, const allot_module_info *info, uint32_t kind, const char *name,
                 allot_error *ret_error);

#endif
