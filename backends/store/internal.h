/* internal.h - the state of a store, and what its files offer one another.
 *
 * Functions that return int return 0 or ALLOT_E_NOMEM. After ALLOT_E_NOMEM the store is only good for being freed. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "backends/store/numbered.h"
#include "backends/store/store.h"
#include "backends/store/validate.h"
#include "base/bytes.h"
#include "base/index.h"

#define STORE_SESSION_WINDOW 64u
#define STORE_READ_SEGMENTS_MAX 64u
#define STORE_REASON_DIED "slot died" /* of an attempt that a reap counts */

/* ---- State ------------------------------------------------------------------------------------------------------ */

typedef struct store_outcome {
    uint64_t sequence;
    allot_outcome outcome;
} store_outcome;

/* What a session remembers, in the order of the sequences; the last one is the highest seen. */
typedef struct store_memory {
    store_outcome *outcomes;
    size_t count;
    size_t capacity;
} store_memory;

/* A session without a slot. */
typedef struct store_session {
    allot_uuid id;
    int64_t not_after_us;
    store_memory memory;
    struct store_session *prev, *next; /* by (not_after_us, id) */
} store_session;

typedef struct store_segment store_segment;

typedef struct store_slot {
    allot_uuid id;
    allot_slot_state state;
    bool draining;
    uint32_t weight;
    int64_t expires_us;
    int64_t ttl_us;
    int64_t not_after_us; /* of its join: the name is not forgotten before; INT64_MIN: the join gave none */
    uint64_t age;
    int64_t pid;
    uint64_t share_rev;
    store_segment *first, *last; /* its share, by number */
    uint32_t segments;
    uint64_t ids, recalls;
    allot_ref *working;
    size_t working_count, working_capacity;
    store_memory memory;
    uint64_t touched_in; /* the turn in which its share changed last */
    allot_bytes name, host, container;
    char text[];
} store_slot;

/* Ids that are stored once and handed around together. One block of memory: the arrays lie behind the struct. */
struct store_segment {
    uint64_t number;
    uint64_t token;           /* 0 in the inbox */
    uint64_t base;            /* in the order of adding, the id at position i stands at base + i */
    uint64_t inbox_order;     /* 0 in a share */
    store_slot *owner;        /* NULL: in the inbox */
    store_segment *prev, *next; /* in the owner's share */
    uint32_t count;
    uint32_t room;            /* for so many ids */
    uint32_t live;            /* not done */
    uint32_t recalled;        /* live and recalled */
    uint64_t *done, *recalls; /* bits; a recall's bit is set only for a live id */
    uint32_t *id_ends;        /* where each id ends in `ids` */
    uint32_t *payload_ends;   /* NULL: no id here has a payload */
    char *ids;
    char *payloads;
};

typedef struct store_parked {
    uint64_t order; /* of parking */
    int64_t due_us; /* INT64_MAX: for good */
    size_t heap_at;
    allot_bytes id, payload;
    char text[];
} store_parked;

typedef struct store_fail {
    struct store_fail *prev, *next; /* in the order of the first failures */
    uint32_t attempts;
    uint32_t reason_len;
    char reason[ALLOT_REASON_BYTES_MAX];
    allot_bytes id;
    char text[];
} store_fail;

typedef struct store_scratch {
    allot_view view;
    allot_slot_info *slots;
    size_t slots_capacity;
    allot_segment_info *segments;
    size_t segments_capacity;
    allot_segment_body *bodies;
    size_t bodies_capacity;
    allot_new_id *new_ids;
    size_t new_ids_capacity;
    allot_pool_id *pool_ids;
    size_t pool_ids_capacity;
    allot_uuid *touched;
    size_t touched_count, touched_capacity;
} store_scratch;

#define STORE_HEAD_LOADED 3

struct store {
    /* life */
    allot_uuid life;
    int64_t created_us;
    int64_t quarantine_until_us;
    int64_t longest_ttl_us;
    /* counters */
    uint64_t term, token, version, view, roster_rev, inbox_rev, age, segment, inbox_order, parked_order, settled_age;
    uint32_t strategy_len;
    char strategy[ALLOT_NAME_BYTES_MAX];
    /* leadership */
    allot_uuid leader;      /* zero: free */
    allot_uuid last_leader; /* the present or the last one */
    /* slots */
    numbered slots; /* by age */
    index_table slot_index;
    /* pool */
    numbered segments; /* by number */
    numbered inbox;    /* by order */
    index_table ids;   /* id -> where it is, see store_where_in_segment */
    uint64_t inbox_ids, placed_ids;
    numbered parked; /* by order */
    store_parked **due; /* a heap by (due_us, id) */
    size_t due_capacity;
    store_fail *first_fail, *last_fail;
    index_table fails;
    /* sessions without a slot */
    store_session *first_session, *last_session;
    index_table sessions;
    /* no part of the state */
    uint64_t pool_ids_max;
    uint64_t turn;        /* counts store_apply */
    int64_t clamped_at_us; /* no expiry lies further than its ttl behind this moment */
    int loaded;            /* store_load: how far, see load.c; STORE_HEAD_LOADED and more: life, counters, leader */
    store_scratch scratch;
};

/* One op on its way through the store. */
typedef struct store_turn {
    store *s;
    const allot_op *op;
    int64_t now_us;
    uint64_t floor;
    store_slot *slot; /* the speaking slot, when there is one and it is there */
    allot_outcome outcome;
    allot_answer *answer;
    store_effects *effects;
} store_turn;

void store_refuse(store_turn *t, allot_reason reason);

/* Rule 2: a new term or token is larger than the last, and than all that was issued before a loss of the data (I7). */
static inline uint64_t store_next_number(const store_turn *t, uint64_t last)
{
    return last + 1 > t->floor ? last + 1 : t->floor;
}

/* ---- instants: sums and differences of instants that stop at the ends instead of overflowing -------------------- */

static inline int64_t store_time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static inline int64_t store_time_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

/* ---- slots.c ---------------------------------------------------------------------------------------------------- */

void store_slots_init(store *s);
void store_slots_done(store *s);
store_slot *store_slot_find(const store *s, const allot_uuid *id);
/* A new slot; its texts are copied. The caller fills in the rest, then adds it: its age is larger than all others. */
store_slot *store_slot_new(const allot_uuid *id, allot_bytes name, allot_bytes host, allot_bytes container);
int store_slot_add(store *s, store_slot *slot);
/* The slot owns nothing. Frees it. */
void store_slot_remove(store *s, store_slot *slot);
void store_slot_free(store_slot *slot);
int store_slot_set_working(store_slot *slot, const allot_ref *working, size_t count);
/* Expiry as this moment sees it: never further away than the ttl (rule 1). */
int64_t store_slot_expires_in(const store_slot *slot, int64_t now_us);
bool store_slot_is_valid(const store_slot *slot, int64_t now_us); /* live and unexpired */
bool store_slot_is_reapable(const store_slot *slot, int64_t now_us);
/* Rule 1 for all slots. */
void store_slots_clamp(store_turn *t);
void store_roster_changed(store *s, store_effects *effects);
void store_slot_die(store *s, store_slot *slot, store_effects *effects);
/* The share of the slot changed: a new revision, and a hint. */
int store_share_changed(store_turn *t, store_slot *slot);

/* ---- membership.c ----------------------------------------------------------------------------------------------- */

/* Rule 7: why this slot may not beat, leave, campaign or resign; ALLOT_REFUSED_NOTHING: it may. */
allot_reason store_slot_refusal(const store_slot *slot, int64_t now_us);
int store_join(store_turn *t);
int store_beat(store_turn *t);
int store_leave(store_turn *t);
int store_retire(store_turn *t);

/* ---- life.c ----------------------------------------------------------------------------------------------------- */

/* Rules 4 to 6 for what a join or beat reports. `ttl_us`: the reporter's, 0 when unknown. */
allot_reason store_life_report(store_turn *t, const allot_floors *floors, const allot_uuid *fresh, int64_t ttl_us);
/* Begins a life in an empty store. */
allot_reason store_life_begin(store_turn *t, const allot_uuid *fresh);
void store_quarantine_raise(store_turn *t, int64_t until_us);
/* How long nobody may lead; 0: not any longer. */
int64_t store_quarantine_rest(const store *s, int64_t now_us);

/* ---- sessions.c ------------------------------------------------------------------------------------------------- */

void store_sessions_init(store *s);
void store_sessions_done(store *s);
void store_memory_done(store_memory *m);
int store_memory_put(store_memory *m, uint64_t sequence, const allot_outcome *outcome);
store_session *store_session_find(const store *s, const allot_uuid *id);
int store_session_add(store *s, const allot_uuid *id, int64_t not_after_us, store_session **ret_session);
/* A slot is reaped: its name is kept until its join can no longer be under way. */
int store_session_outlives(store *s, const store_slot *slot, int64_t now_us);
/* Rule 3. True when the op has its outcome by what the session says. */
bool store_session_decides(store_turn *t);
int store_session_remembers(store_turn *t);

/* ---- leadership.c ----------------------------------------------------------------------------------------------- */

/* The slot that leads at this moment; NULL: nobody. */
store_slot *store_leading(const store *s, int64_t now_us);
/* Rule 8. */
bool store_leads_in_term(const store_turn *t);
/* Leadership is free if `slot` held it. */
void store_leadership_free(store *s, const store_slot *slot, store_effects *effects);
int store_campaign(store_turn *t);
int store_resign(store_turn *t);
int store_publish(store_turn *t);

/* ---- segment.c: one segment ------------------------------------------------------------------------------------- */

store_segment *store_segment_new(uint32_t room, size_t id_bytes, size_t payload_bytes);
void store_segment_push(store_segment *g, allot_bytes id, allot_bytes payload);
/* A position at which there is no id. */
void store_segment_push_gap(store_segment *g);
allot_bytes store_segment_id(const store_segment *g, uint32_t position);
allot_bytes store_segment_payload(const store_segment *g, uint32_t position);
bool store_segment_has(const store_segment *g, uint32_t position); /* a live id is there */
/* The base of a segment whose ids have no other place in the order of adding than its number gives them. */
uint64_t store_segment_fresh_base(uint64_t number);
/* Where its first live id stands in the order of adding. */
uint64_t store_segment_order(const store_segment *g);

/* ---- pool.c: where ids are -------------------------------------------------------------------------------------- */

void store_pool_init(store *s);
void store_pool_done(store *s);
/* What the index says of an id. */
uint64_t store_where_in_segment(uint64_t number, uint32_t position);
uint64_t store_where_parked(uint64_t order);
store_segment *store_segment_find(const store *s, uint64_t number);
/* The segment when it lies in that slot's share, or (owner NULL) in the inbox; else NULL. */
store_segment *store_segment_in(const store *s, uint64_t number, const store_slot *owner);
/* Gives the segment the next number, and a fresh base. It lies nowhere yet. On failure it is freed. */
int store_segment_enter(store *s, store_segment *g);
int store_segment_enter_at(store *s, store_segment *g, uint64_t number);
/* The segment, entered last, is given back: nothing of it stays. */
void store_segment_give_back(store *s, store_segment *g);
/* Puts a segment that lies nowhere at the end of the inbox, or into a share under a token. */
int store_segment_to_inbox(store *s, store_segment *g);
int store_segment_to_inbox_at(store *s, store_segment *g, uint64_t order);
void store_segment_to_share(store *s, store_segment *g, store_slot *owner, uint64_t token);
/* Takes a segment out of its place, recalls cleared and token gone. */
void store_segment_lift(store *s, store_segment *g);
/* The id at the position is done here; the index is the caller's. */
void store_segment_take(store *s, store_segment *g, uint32_t position);
void store_segment_recall(store_segment *g, uint32_t position);
/* The segment goes away when all its bits are set. */
void store_segment_close(store *s, store_segment *g);
int store_add(store_turn *t);
int store_clean(store_turn *t);

/* ---- parked.c, fails.c ------------------------------------------------------------------------------------------ */

void store_parked_done(store *s);
int store_park(store *s, allot_bytes id, allot_bytes payload, int64_t due_us);
int store_park_at(store *s, allot_bytes id, allot_bytes payload, int64_t due_us, uint64_t order);
store_parked *store_parked_find(const store *s, allot_bytes id);
void store_parked_remove(store *s, store_parked *p); /* frees it; the index is the caller's */
int64_t store_parked_next_due(const store *s); /* INT64_MAX: none */
bool store_parked_before(const store_parked *a, const store_parked *b);
int store_unpark(store_turn *t);

void store_fails_init(store *s);
void store_fails_done(store *s);
store_fail *store_fail_find(const store *s, allot_bytes id);
/* Counts a failed attempt (or sets `attempts`, when not 0). */
int store_fail_count(store *s, allot_bytes id, allot_bytes reason, uint32_t attempts, uint32_t *ret_attempts);
void store_fail_forget(store *s, allot_bytes id);

/* ---- gather.c: ids of several segments, written anew into one ---------------------------------------------------- */

typedef struct store_gather {
    uint32_t count;
    size_t id_bytes, payload_bytes;
    allot_ref refs[ALLOT_SEGMENT_IDS_MAX];
} store_gather;

void store_gather_begin(store_gather *gather);
/* The id goes into the gather; that its bit is set is the caller's. */
void store_gather_put(store_gather *gather, const store_segment *g, uint32_t position);
/* The live id goes into the gather; its bit is set. Its segment stays until store_gather_write. */
void store_gather_take(store *s, store_gather *gather, store_segment *g, uint32_t position);
/* The gathered ids become a new segment, which lies nowhere yet, its base that of the first one's place; what they were
 * taken from goes away if it is empty. `in_place`: ids of one segment, taken by position, keep their distances. At
 * least one id was gathered. */
int store_gather_write(store *s, const store_gather *gather, bool in_place, store_segment **ret_segment);

/* ---- grants.c, deal.c, items.c, reap.c, reads.c --------------------------------------------------------------- */

int store_assign(store_turn *t);
/* Whether the slot may be given ids. */
bool store_slot_takes_ids(const store_turn *t, const store_slot *slot);
/* A segment that lies nowhere goes into the share of `to` under a new token. */
int store_grant(store_turn *t, store_segment *g, store_slot *to);
int store_deal(store_turn *t);
int store_recall(store_turn *t);
int store_release(store_turn *t);
int store_ack(store_turn *t);
int store_fail_items(store_turn *t);
/* Takes a live id out of its segment and parks it. */
int store_segment_park(store *s, store_segment *g, uint32_t position, int64_t due_us);
int store_reap(store_turn *t);

void store_fill_view(store_turn *t, const store_slot *slot);
int store_read_view(store_turn *t);
int store_read_roster(store_turn *t);
int store_read_inbox(store_turn *t);
int store_read_share(store_turn *t);
int store_read_segments(store_turn *t);
int store_read_pool(store_turn *t);
/* The first segment of the share whose number is at least `number`. */
const store_segment *store_share_from(const store *s, const store_slot *slot, uint64_t number);
void store_reads_done(store *s);

#endif
