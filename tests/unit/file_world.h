/* file_world.h - what tests of the file backend share: a directory of their own, handles on it, slots that speak, files
 * to damage, and the state that a journal stands for, as text.
 *
 * Free of Check where a forked child uses it: what goes wrong there ends the process with a message. */
#ifndef TESTS_FILE_WORLD_H
#define TESTS_FILE_WORLD_H

#include "base/bytes.h"
#include "tests/lib/backend_driver.h"

#include <sys/types.h>

typedef struct file_world {
    char base[64];     /* a new temporary directory */
    char path[96];     /* option `path`, in it */
    char group[128];   /* PATH/g */
    uint32_t made_up;  /* UUIDs so far */
} file_world;

void file_world_make(file_world *w);
void file_world_remove(file_world *w);
/* PATH/g/NAME; valid until the next call with the same world. */
const char *file_world_name(file_world *w, char ret_name[256], const char *name);

/* `options`: key, value, ..., NULL; may be NULL. */
int file_world_try(file_world *w, bool read_only, const char *const *options, driver **ret_driver,
                   allot_error *ret_error);
/* Ends the test when it cannot be opened. */
driver *file_world_open(file_world *w, const char *const *options);

/* What a journal says, loaded by itself, read-only: a NUL-terminated text that the caller frees, or NULL and why. */
char *file_world_state(file_world *w, allot_error *ret_error);

/* One slot, or a caller without one. */
typedef struct file_member {
    file_world *w;
    driver *handle;
    allot_uuid slot, session, life;
    uint64_t sequence, term;
    int64_t ttl_us;
} file_member;

file_member file_member_new(file_world *w, driver *handle, bool with_slot);
/* The op with everything but its own fields. */
allot_op file_member_op(file_member *m, allot_op_kind kind);
const allot_answer *file_join(file_member *m);
const allot_answer *file_beat(file_member *m);
const allot_answer *file_campaign(file_member *m);
/* "ID a", "ID b" ...: `count` ids that begin with the prefix. */
const allot_answer *file_add(file_member *m, const char *prefix, uint32_t count);
const allot_answer *file_reap(file_member *m, const file_member *target);
const allot_answer *file_view(driver *handle);
/* A member that has joined; ends the test when refused. */
file_member file_member_joined(file_world *w, driver *handle);

bytes file_read_all(const char *name);
void file_write_whole(const char *name, const char *data, size_t len);

/* Runs `act` in a child; true when it returned 0. */
bool file_in_child(int (*act)(void *user), void *user);

#endif
