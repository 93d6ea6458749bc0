/* random_ids.h - random UUIDs as ids to add. */
#ifndef CLI_RANDOM_IDS_H
#define CLI_RANDOM_IDS_H

#include <allot/allot.h>

typedef struct random_ids {
    char (*texts)[ALLOT_UUID_TEXT_BYTES];
    allot_new *ids;
    size_t count;
} random_ids;

/* Returns an exit code, after saying why. */
int random_ids_make(size_t count, random_ids *ret_ids);
void random_ids_done(random_ids *r);

#endif
