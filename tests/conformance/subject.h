/* subject.h - the backends that the suite runs on. A further backend is one further line of the table in subject.c.
 *
 * A place is where the data of one test lives: made empty, opened by any number of handles, destroyed at the end. */
#ifndef CONFORMANCE_SUBJECT_H
#define CONFORMANCE_SUBJECT_H

#include <allot/backend.h>

enum { PLACE_OPTIONS_MAX = 4, PLACE_PATH_BYTES = 256 };

struct redis_server;

typedef struct place {
    void *shared;                /* allot_backend_config.shared */
    struct redis_server *server; /* for a backend that has one */
    /* The clock of that server, in microseconds: what is written here is its time. It decides expiry, and is the floor
     * of terms and tokens. NULL: the store goes by the clocks of its handles. */
    int64_t *server_us;
    char path[PLACE_PATH_BYTES]; /* for a backend that has one */
    allot_option options[PLACE_OPTIONS_MAX];
    uint32_t option_count;
} place;

typedef struct subject {
    const char *name;
    const allot_backend_ops *ops;
    void (*make)(place *ret_place); /* fails the test when it cannot */
    void (*destroy)(place *p);
    /* True when nothing at all was created in the place. NULL: cannot be told from outside. */
    bool (*untouched)(const place *p);
    /* Keeps ops from taking effect until unblock, without their handles' knowledge. NULL: cannot be done. */
    int (*block)(const place *p);
    void (*unblock)(const place *p, int blocked);
    /* The store decides by a clock of its own: time passes by waiting, and cannot go back. */
    bool own_clock;
} subject;

int subject_count(void);
/* Which backend cannot be tested here, and why; NULL: all can. */
const char *subject_skipped(void);
/* The first one is the memory backend, the reference. */
const subject *subject_nth(int i);

#endif
