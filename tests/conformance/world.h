/* world.h - what a test of one rule needs: an empty place, handles, a clock to turn, slots that speak, and the state of
 * the group as text.
 *
 * A handle speaks for one slot at a time: a test joins a further slot through a further handle.
 *
 * Ids are written as one text with spaces ("a b c"). Answers stay valid until world_close. */
#ifndef CONFORMANCE_WORLD_H
#define CONFORMANCE_WORLD_H

#include "tests/conformance/subject.h"
#include "tests/lib/backend_driver.h"

#include <check.h>

enum { WORLD_HANDLES_MAX = 10, WORLD_TEXTS = 8, WORLD_TEXT_BYTES = 32768, SECOND_US = 1000000 };

typedef struct test_clock {
    int64_t boot_us;
    int64_t real_us;
    int64_t step_us; /* it goes on by so much whenever it is looked at */
    /* place.server_us: a handle looks at its clock before it sends an op, so this is set in time. The handle's own
     * clock does not go back then. */
    int64_t *server_us;
    int64_t handle_us;
} test_clock;

typedef struct world {
    const subject *subject;
    place place;
    test_clock clock;
    driver *handles[WORLD_HANDLES_MAX];
    bool real_time;   /* the clock is not turned: time passes by waiting, as for a subject with a clock of its own */
    int64_t ttl_us;   /* of every member that says nothing else */
    uint64_t made_up; /* UUIDs so far */
    uint32_t next_text;
    char texts[WORLD_TEXTS][WORLD_TEXT_BYTES];
} world;

/* One slot, or (with `slot` zero) a caller without one. */
typedef struct member {
    world *w;
    driver *handle;
    allot_uuid slot;
    allot_uuid session;
    allot_uuid life;
    uint64_t sequence; /* the last one used */
    uint64_t term;
    int64_t ttl_us;
    int64_t not_after_us;
} member;

/* The place is empty, no handle is open. */
world *world_open(int subject_index);
void world_close(world *w);

/* Opens (or opens anew) handle i and returns it; fails the test when that fails. */
driver *world_handle(world *w, int i);
int world_try_open(world *w, bool read_only, const allot_option *more, driver **ret_driver, allot_error *ret_error);
allot_clock world_clock(world *w);
/* How a handle is opened. `options` has room for PLACE_OPTIONS_MAX, and outlives the config. */
allot_backend_config world_config(world *w, allot_option *options);

/* Time passes: by the virtual clock, or by waiting. */
void world_advance(world *w, int64_t us);
allot_uuid world_uuid(world *w);

member member_new(world *w, int handle); /* has not joined */
member member_joined(world *w, int handle);
/* Joined, has campaigned and leads. */
member member_leader(world *w, int handle);
member outsider_new(world *w, int handle);

/* An op of this member with a new sequence, its term, and a timeout of ten seconds; reads and beats without one. */
allot_op member_op(member *m, allot_op_kind kind);
const allot_answer *member_call(member *m, const allot_op *op);

allot_op join_op(member *m, const char *name);
const allot_answer *join(member *m);
const allot_answer *beat(member *m); /* takes the life from the answer */
const allot_answer *leave(member *m);
const allot_answer *campaign(member *m); /* takes the term from the answer */
const allot_answer *resign(member *m);
const allot_answer *add(member *m, const char *ids);
/* Grants the ids named, which lie in the inbox, one part each; NULL ids: each segment of the inbox, by its number. */
const allot_answer *grant(member *leader, const member *to, const char *ids);
const allot_answer *recall(member *leader, const member *from, const char *ids);
const allot_answer *retire(member *leader, const member *target);
const allot_answer *reap(member *leader, const member *target, uint32_t max_attempts);
const allot_answer *publish(member *leader, uint64_t version);
/* release, ack, fail of ids of the own share, named one by one */
const allot_answer *report(member *m, allot_op_kind kind, const char *ids);
const allot_answer *unpark(member *m, const char *ids);
const allot_answer *clean(member *m);

/* The item of an id in the member's share; false: it is not there. */
bool find_item(const member *m, const char *id, allot_item *ret_item);
/* The part of an id in the inbox. */
bool find_part(world *w, const char *id, allot_part *ret_part);
bool find_owned_part(const member *m, const char *id, allot_part *ret_part);

const allot_answer *read_view(world *w);
/* Roster entry; NULL: not there. */
const allot_slot_info *read_slot(world *w, const member *m);
/* The pool's entry for an id; NULL: not in the pool. */
const allot_pool_id *read_id(world *w, const char *id);
/* Ids in order: of the inbox, of a member's share, of what is parked (sorted). Recalled ones
 * end in "!". */
const char *inbox_text(world *w);
const char *share_text(const member *m);
const char *parked_text(world *w);

const allot_answer *expect_status(const allot_answer *a, allot_op_status status, allot_reason reason, const char *call,
                                  const char *file, int line);
#define EXPECT_OK(call) expect_status((call), ALLOT_STATUS_OK, ALLOT_REFUSED_NOTHING, #call, __FILE__, __LINE__)
#define EXPECT_REFUSED(call, why) expect_status((call), ALLOT_STATUS_REFUSED, (why), #call, __FILE__, __LINE__)

/* Splits "a b c"; the bytes point into `text`. Returns how many. */
uint32_t split_text(const char *text, allot_bytes *ret_words, uint32_t max);

#endif
