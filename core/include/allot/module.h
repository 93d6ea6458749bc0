/* allot/module.h - what a module exports: a shared object allot_backend_NAME.so or allot_strategy_NAME.so, NAME out of
 * [a-z0-9_-], 1 to 64 characters, in the module directory (allot_options.modules).
 *
 * It exports one function, allot_module(), and nothing else is looked for. A module is loaded when its name is asked
 * for, after the file was checked (regular, and, like each directory above it, not writable by others), and stays
 * loaded until the process ends. Its descriptor is compared field by field before any other function of it is called.
 *
 * Rules of the source: DESIGN §3 (modules). */
#ifndef ALLOT_MODULE_H
#define ALLOT_MODULE_H

#include <allot/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ALLOT_MODULE_MAGIC UINT64_C(0x656c75646f6d2b61) /* "a+module", as bytes in memory */
#define ALLOT_MODULE_ABI 1u

typedef enum allot_module_kind {
    ALLOT_MODULE_BACKEND = 1, /* ops: an allot_backend_ops */
    ALLOT_MODULE_STRATEGY     /* ops: an allot_strategy_ops */
} allot_module_kind;

typedef struct allot_module_info {
    uint64_t magic;
    uint32_t abi;  /* ALLOT_MODULE_ABI */
    uint32_t size; /* sizeof(allot_module_info) */
    uint32_t kind; /* allot_module_kind */
    const char *name;
    const char *version; /* the module's own, for people */
    const void *ops;
} allot_module_info;

/* The one function that a module (not this library) exports. What it returns is static. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const allot_module_info *
allot_module(void);

#ifdef __cplusplus
}
#endif
#endif
