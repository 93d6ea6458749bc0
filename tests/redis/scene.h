/* scene.h - a group in which every kind of op can be done, and ops of every kind that change something. */
#ifndef TESTS_REDIS_SCENE_H
#define TESTS_REDIS_SCENE_H

#include "tests/redis/stand.h"

enum { SCENE_ITEMS_MAX = 4 };

/* A leader, a worker with a share, one that dies at work, one that has not joined, and a caller without a slot; and
 * what the ops point to. */
typedef struct scene {
    world *w;
    redis_server *server;
    member leader, worker, dead, joining, caller;
    allot_item items[SCENE_ITEMS_MAX];
    allot_part parts[SCENE_ITEMS_MAX];
    allot_grant grant;
    allot_source source;
    allot_dealt dealt[2];
    allot_pile pile;
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64];
    allot_new_id fresh[2];
    allot_bytes id;
    allot_ref ref;
} scene;

typedef struct attempt {
    const char *name;
    member *by;
    allot_op (*make)(void);
    unsigned flags;
} attempt;

enum {
    LEADERLESS = 1, /* the leader resigns before */
    CLEANED = 2,    /* the pool is cleaned before; "m n" is added again */
    REFUSED = 4     /* it is refused, and still changes something */
};

int scene_attempts(void);

/* A server; the scene is empty. There is one at a time. */
scene *scene_begin(void);
void scene_end(void); /* also of one that was never begun */

/* Brings everybody in, and makes the op of the i-th attempt, which can be done now. */
const attempt *scene_prepare(int i, allot_op *ret_op);
/* With a sequence of its own. */
const allot_answer *scene_call(const attempt *a, allot_op *op);
bool scene_is_done(const attempt *a, const allot_answer *answer);
void scene_expect_done(const attempt *a, const allot_answer *answer);

#endif
