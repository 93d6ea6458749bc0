/* rig.h - a store, a clock to turn, and replicas that speak: what the tests of one rule need.
 *
 * Every op goes through rig_apply, which also checks everything that the store promises itself (store_check), and that
 * a read changes nothing. Ids are written as one text with spaces: "a b c". */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include "backends/store/store.h"
#include "base/bits.h"
#include "base/bytes.h"
#include "base/uuid_text.h"

#include <check.h>

enum { SECOND_US = 1000000, TTL_US = 10 * SECOND_US, RIG_TEXTS = 8 };

typedef struct rig {
    store *s;
    int64_t now_us;
    uint64_t floor;
    allot_uuid life;        /* offered by joins, beats and adds, and reported by replicas */
    allot_answer answer;    /* to the last op, and what it did */
    store_effects effects;
    uint64_t loose_sequence; /* of ops without a slot */
    bytes texts[RIG_TEXTS];
    uint32_t next_text;
} rig;

typedef struct replica {
    rig *r;
    allot_uuid slot;
    uint64_t sequence; /* the last one used */
    uint64_t term;
} replica;

rig *rig_new(void);
void rig_free(rig *r);
allot_uuid rig_uuid(uint64_t n);
void rig_advance(rig *r, int64_t us);

/* The outcome is also that of r->answer. */
allot_outcome rig_apply(rig *r, const allot_op *op);

/* The whole state as text; valid for RIG_TEXTS further texts. */
const char *rig_dump(rig *r);
/* Puts another state in the place of the present one. */
void rig_load(rig *r, const char *dump);

replica rig_replica(rig *r, uint64_t n); /* has not joined */
replica rig_joined(rig *r, uint64_t n);
replica rig_leader(rig *r, uint64_t n); /* joined, and leads */

/* An op of the replica: its next sequence (but for beats), its term for leader's ops. */
allot_op replica_op(replica *p, allot_op_kind kind);
allot_op loose_op(rig *r, allot_op_kind kind); /* of nobody */
allot_op join_op(replica *p);
allot_op beat_op(replica *p);

allot_outcome join(replica *p);
allot_outcome beat(replica *p);
allot_outcome leave(replica *p);
allot_outcome campaign(replica *p); /* takes the term */
allot_outcome resign(replica *p);
allot_outcome add(rig *r, const char *ids);
allot_outcome add_with_payload(rig *r, const char *id, const char *payload);
/* The ids named, one part each. */
allot_outcome assign(replica *leader, const replica *to, const char *ids);
/* The segment in which `id` lies, by its number. */
allot_outcome assign_whole(replica *leader, const replica *to, const char *id);
allot_outcome recall(replica *leader, const replica *from, const char *ids);
allot_outcome retire(replica *leader, const replica *target);
allot_outcome reap(replica *leader, const replica *target, uint32_t max_attempts);
allot_outcome publish(replica *leader, uint64_t version);
allot_outcome release(replica *p, const char *ids);
allot_outcome release_whole(replica *p, const char *id);
allot_outcome ack(replica *p, const char *ids);
allot_outcome fail_ids(replica *p, const char *ids, uint32_t max_attempts, int64_t retry_after_us);
allot_outcome unpark_due(replica *leader);
allot_outcome unpark(rig *r, const char *ids);
allot_outcome clean(rig *r);

/* An id as the index of the store knows it. Fails the test when it is not in the pool. */
allot_item item_of(rig *r, const char *id);
bool find_id(rig *r, const char *id, allot_pool_id *ret_id);

const allot_view *view(rig *r);
/* False: not in the roster. */
bool slot_info(rig *r, const replica *p, allot_slot_info *ret_info);
/* Ids in the order of their segments and positions; recalled ones end in '!'. */
const char *inbox_text(rig *r);
const char *share_text(rig *r, const replica *p);
const char *parked_text(rig *r); /* in the order of parking */

#define CHECK_OK(outcome) check_outcome((outcome), ALLOT_REFUSED_NOTHING, #outcome, __LINE__)
#define CHECK_REFUSED(outcome, why) check_outcome((outcome), (why), #outcome, __LINE__)
allot_outcome check_outcome(allot_outcome o, allot_reason reason, const char *what, int line);

/* The suites, one a file. */
Suite *bytes_suite(void);
Suite *index_suite(void);
Suite *text_suite(void);
Suite *numbered_suite(void);
Suite *sessions_suite(void);
Suite *membership_suite(void);
Suite *life_suite(void);
Suite *leadership_suite(void);
Suite *grants_suite(void);
Suite *exact_suite(void);
Suite *items_suite(void);
Suite *reap_suite(void);
Suite *pool_suite(void);
Suite *reads_suite(void);
Suite *malformed_suite(void);
Suite *dump_suite(void);
Suite *random_suite(void);
Suite *memory_suite(void);
Suite *nomem_suite(void);
Suite *engine_nomem_suite(void);
Suite *check_suite(void);

#endif
