/* module_file.h - the file of a module, looked at before anything of it is loaded. */
#ifndef RUNTIME_MODULE_FILE_H
#define RUNTIME_MODULE_FILE_H

#include <allot/error.h>

#include <limits.h>

enum { MODULE_LOADED_AS_BYTES = 384 };

typedef struct module_file {
    int fd;
    char path[PATH_MAX];
    /* The open file, for dlopen. No two files that are loaded at a time have the same here: dlopen takes a name that it
     * knows for the file that it knows. */
    char loaded_as[MODULE_LOADED_AS_BYTES];
} module_file;

/* Opens DIRECTORY/allot_KIND_NAME.so, having checked that nobody else can have written it, or put it there, and that
 * it is whole. `kind`: allot_module_kind. Errors: NOT_FOUND (the file), MODULE (all else). */
int module_file_open(module_file *file, uint32_t kind, const char *name, const char *directory, allot_error *ret_error);
void module_file_close(module_file *file);

#endif
