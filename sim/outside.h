/* outside.h - an op by nobody's slot: a session of its own, sent again until it is answered or too old. */
#ifndef SIM_OUTSIDE_H
#define SIM_OUTSIDE_H

#include <allot/backend.h>

typedef struct outside {
    struct outside *next;
    allot_op op;
    allot_new_id ids[32];
    char texts[32][16];
    int64_t made_us;
} outside;

#endif
