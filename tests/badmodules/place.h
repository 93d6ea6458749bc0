/* place.h - a directory of modules, for a test: nobody else can write to it, whatever the build directory is like. */
#ifndef TESTS_BADMODULES_PLACE_H
#define TESTS_BADMODULES_PLACE_H

#include <allot/allot.h>

#include <limits.h>

typedef struct place {
    char path[PATH_MAX - 256]; /* without symbolic links */
} place;

void place_init(place *p);
void place_done(place *p); /* and all that lies in it */

/* The name of the file of a module in it. */
void place_file(const place *p, const char *kind, const char *name, char ret_path[PATH_MAX]);
/* Puts a copy of a module of this build there, as allot_KIND_NAME.so, of at most so many bytes. Its size. */
size_t place_copy(const place *p, const char *kind, const char *module, const char *name, size_t most);

/* What the library says of a module: of a strategy by allot_strategy_check, of a backend by opening a group. */
int place_ask(const place *p, const char *kind, const char *name, allot_error *ret_error);
/* It is refused with a message of its path and these words; and nothing of it stays mapped. */
void place_refuses(const place *p, const char *kind, const char *name, const char *words);
bool place_is_mapped(const char *path);

#endif
