/* internal.h - the engine's state, and what its files offer each other.
 *
 *   engine.c      step: fence first, then the event, then what is due
 *   actions.c     the list of actions of a step
 *   ops.c         ops under way: sessions, sequences, sending again
 *   membership.c  join, beat, deadline, fence, drain, leave
 *   election.c    when to campaign, leading, stepping down
 *   share.c       the segments held; share_sync.c: keeping up with the store
 *   requests.c    what the application asks for
 *   leader.c      the leader's cycle; leader_answers.c: what came of its changes; leader_view.c: when it is due
 *   roster.c      the slots, as the leader reads them
 *   reading.c     what the cycle reads
 *   placement.c   the question to the strategy; placement_counts.c, placement_runs.c (and placement_boundaries.c),
 *                 placement_ids.c: which ids go where, by its answer; placement_ops.c: assigning and recalling them
 *
 * Functions that can run out of memory set e->failed (engine_fail) and return; the step ends with ALLOT_E_NOMEM. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "base/bits.h"
#include "base/index.h"
#include "base/mutants.h"
#include "core/engine/engine.h"
#include "core/engine/prng.h"

#define SEGMENT_WORDS (ALLOT_SEGMENT_IDS_MAX / 64)
#define NEVER INT64_MAX

/* ---- Ops under way ----------------------------------------------------------------------------------------------- */

typedef struct pending {
    struct pending *next;
    allot_op op;           /* op.cookie is its name */
    bool sent;             /* submitted, and not answered yet */
    bool abandoned;        /* of a former slot: its answer means nothing any more */
    int64_t again_us;      /* not sent: when to send it again */
    uint32_t tries;
    bool for_leader;       /* the leader's */
    bool counted;          /* leader.under_way counts it */
    uint32_t member;       /* the leader's: whom in its roster it is about */
    plan_texts *texts;     /* which the op names; NULL: none */
    engine_request *request; /* NULL: none, or not interested any more */
    size_t first, count;   /* of the request's ids; RUNS, a read of bodies: of the entries; a deal: its ids */
} pending;

/* What a pending op's own memory looks like behind the struct is known to the file that made it. */
void *pending_memory(pending *p);

/* ---- The share --------------------------------------------------------------------------------------------------- */

typedef struct seg {
    body *body;    /* NULL: this place in the table is free */
    uint32_t live; /* ids not done */
    uint32_t busy_count;
    uint64_t done[SEGMENT_WORDS];
    uint64_t recalled[SEGMENT_WORDS]; /* told to the application */
    uint64_t busy[SEGMENT_WORDS];     /* in an ack, fail or release under way: not the application's any more */
    bool listed;   /* in the listing that is being compared */
} seg;

typedef struct share {
    seg *segs;
    size_t seg_capacity, seg_used; /* places ever used; freed ones are used again */
    uint32_t *order;               /* indices into segs, by segment number */
    size_t order_capacity, count;
    index_table ids;               /* id -> index << 10 | position */
    uint64_t live, recalled;       /* ids held: not done, not busy; of these, recalled */
    uint64_t synced_rev;           /* share_rev up to which this is what the store has */
    /* a listing under way */
    bool reading;
    uint64_t listing_rev;
    allot_segment_info *listing;
    size_t listing_count, listing_capacity;
    const allot_segment_info **fetch; /* of the listing: those whose ids have to be read */
    size_t fetch_count, fetch_capacity, fetch_next;
    int64_t again_us; /* after a failed read */
} share;

/* ---- Leadership -------------------------------------------------------------------------------------------------- */

typedef struct election {
    bool leads;
    uint64_t term;         /* leads: of this leadership */
    allot_uuid leader;     /* the last that was told to the application; zero: none */
    uint64_t told_term;
    int64_t campaign_us;   /* when to campaign; NEVER */
    bool campaigning;
    int64_t stand_back_us; /* having resigned, not before */
    uint64_t resigned;     /* the last term given up: a view that still shows it is older than the resignation */
} election;

/* A slot as the leader's roster has it. */
typedef struct member {
    allot_uuid slot;
    char name[ALLOT_NAME_BYTES_MAX + 1];
    bool name_shared;     /* another slot has the same */
    uint32_t weight;
    uint64_t age, ids, recalls, share_rev;
    allot_slot_state state;
    bool expired, draining;
    /* the plan */
    uint32_t plan_index;  /* among those that may own; NOBODY: not one of them */
    uint64_t gets;        /* RUNS: ids that go to it without being planned */
    uint64_t give, take;  /* COUNTS: ids to recall from it, to assign to it */
} member;

/* Instead of a place in the roster, or among the owners. */
#define NOBODY UINT32_MAX
#define IN_INBOX (UINT32_MAX - 1)

/* For qsort. */
static inline int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* A segment as the leader has listed it. */
typedef struct entry {
    uint64_t segment, order;
    uint32_t live, recalled;
    uint32_t holder; /* in the roster, or IN_INBOX */
    uint32_t heir;   /* RUNS: who is to have it, whatever the strategy says; NOBODY: as the strategy says */
    uint32_t map;    /* RUNS: which of the maps says what of it is done; NOBODY: that need not be known */
} entry;

/* Ids of the inbox that are to be assigned: what is left of a segment, by its number (take 0), or the first of it. */
typedef struct portion {
    uint64_t segment;
    uint32_t take, ids;
    uint32_t member;
    bool joins;    /* it may be written into one segment with the portion before it */
    uint32_t room; /* into one segment with those behind it, up to so many ids in all */
} portion;

/* Ids that are to be recalled: all of a segment (take 0), the last of it, or those of a bitmap. */
typedef struct claim {
    uint64_t segment;
    uint32_t member;
    uint32_t take;
    uint32_t map; /* which of the maps; NOBODY: none */
} claim;

typedef struct segment_map {
    uint64_t words[SEGMENT_WORDS];
} segment_map;

/* RUNS: from this place in the order of adding on, ids go to the slot of this age. */
typedef struct boundary {
    uint64_t from;
    uint64_t age;
} boundary;

/* RUNS: the last full split wants all of this segment to go to the slot of this age. */
typedef struct destined {
    uint64_t segment, age;
} destined;

/* RUNS: where an id stands in the order of adding, and who is to have it. */
typedef struct standing {
    uint64_t at;
    uint32_t entry, position;
    uint32_t member;
} standing;

/* A slot that has not given back yet what was recalled. In the order of ages, like the roster. */
typedef struct waiting_recall {
    uint64_t age;
    uint64_t recalls; /* by the last roster, and what was recalled since */
    int64_t since_us; /* it has given nothing back since then, as far as rosters show */
    bool retired;
} waiting_recall;

typedef enum leader_phase {
    LEADER_IDLE = 0,
    LEADER_ROSTER,    /* reading the slots */
    LEADER_REAP,      /* putting dead slots' ids back */
    LEADER_INBOX,     /* reading the inbox's segments */
    LEADER_SHARES,    /* RUNS, IDS, for a full split: reading the segments of all shares */
    LEADER_PLAN,      /* COUNTS, RUNS: the strategy is at work */
    LEADER_CUTS,      /* RUNS: reading the segments that are to be cut */
    LEADER_ASSIGN,    /* COUNTS, RUNS */
    LEADER_RECALL,    /* COUNTS, RUNS: reading what slots are to give back, and recalling it */
    LEADER_DEAL,      /* IDS: reading, planning, dealing and recalling, portion after portion */
    LEADER_PUBLISH
} leader_phase;

typedef struct leader {
    leader_phase phase;
    bool wanted;           /* a cycle is to be run */
    int64_t wanted_us;     /* not before */
    bool must_publish;     /* the first cycle of a leadership ends with a publish in any case */
    bool force_full;       /* what was applied may not be what was planned: look at everything again */
    bool full;             /* this cycle splits everything, not the inbox alone */
    bool reaped;           /* this cycle put ids back: read again */
    bool trouble;          /* something of this cycle was skipped */
    uint32_t under_way;    /* ops of this phase */
    uint32_t reads;        /* of these, reads of shares or of bodies */
    uint32_t failures;     /* cycles in a row that were aborted */
    /* Roster and inbox are read one after the other: what came into the inbox in between would be counted twice. */
    uint64_t read_rev;     /* the inbox's revision at the first read of this cycle; 0: none yet */
    bool torn;             /* a later read saw another one; RUNS: a share was not as the roster had it */
    uint32_t tears, cut_tears; /* cycles in a row that were begun again for it */
    uint64_t roster_rev, inbox_rev; /* of the view that the last cycle began with */
    uint64_t settled_age, version;
    uint64_t plan_number;  /* of the plan that is awaited */
    /* a join waits for further joins (split.settle) */
    uint64_t settle_age;
    uint32_t settle_joins;
    int64_t settle_us;
    /* RUNS, IDS: the owners of the last full split of this leadership; when they changed, another one is due */
    uint64_t *planned;     /* their ages */
    size_t planned_count, planned_capacity;
    int64_t change_us;     /* NEVER: they have not */
    int64_t due_us;        /* when the next parked id is due */
    bool unparking;
    /* what this cycle has read */
    member *roster;
    size_t roster_count, roster_capacity;
    int64_t roster_us;     /* when its roster was read */
    size_t at;             /* the slot that is being reaped, or whose share is to be read */
    uint64_t max_age;
    entry *entries;        /* of the inbox, and of shares */
    size_t entry_count, entry_capacity;
    uint64_t inbox_ids;
    /* what it has decided */
    uint32_t *owners;      /* places in the roster */
    size_t owner_count, owner_capacity;
    portion *portions;
    size_t portion_count, portion_capacity, portion_at;
    claim *claims;
    size_t claim_count, claim_capacity, claim_at;
    segment_map *maps;
    size_t map_count, map_capacity;
    /* RUNS */
    boundary *boundaries;  /* of the last full split of this leadership */
    size_t boundary_count, boundary_capacity;
    destined *moving;      /* segments that were to move, by number */
    size_t moving_count, moving_capacity;
    uint64_t old_end;      /* what stands from here on in the order of adding has come since then */
    uint64_t unplanned;    /* ids that the strategy is to be asked about */
    uint64_t placed_end;   /* nothing in a share stands at or behind this; UINT64_MAX: unknown */
    standing *places;
    size_t place_count, place_capacity;
    /* RUNS, IDS */
    size_t entry_at;       /* entries from here on have not been asked for yet */
    plan *answer;          /* is being carried out */
    /* IDS: see placement_ids.c */
    plan *filling;         /* ids are being read into it */
    size_t asked;          /* segments that were asked for, for it, and their ids */
    uint64_t asked_ids;
    bool planning;         /* a plan is with the strategy */
    size_t source_at;
    uint64_t dealt;        /* ids of deals that are under way */
    int64_t dealing_since_us;
    int64_t loud_us; /* from then on, the next deal tells its slots at once */
    uint32_t *tally;       /* ids of a deal for each owner; all zero between deals */
    size_t tally_capacity;
    uint32_t id_bytes;     /* the mean length of an id, as far as known */
    waiting_recall *recalls;
    size_t recall_count;
    char note[256];
} leader;

/* The store's clock against ours, watched by every replica, because any may lead next. */
typedef struct clock_watch {
    bool known;
    int64_t offset_us; /* the store's clock - t0 of the beat that brought it */
    int64_t hold_us;   /* the store's clock ran ahead: reap nobody before */
} clock_watch;

/* ---- The engine -------------------------------------------------------------------------------------------------- */

typedef enum member_state {
    MEMBER_NEW = 0,
    MEMBER_JOINING, /* the join has not been answered */
    MEMBER_JOINED,  /* there is a slot, and no beat has been answered yet */
    MEMBER_LIVE,
    MEMBER_LEAVING,
    MEMBER_LEFT
} member_state;

struct engine {
    engine_config config;
    char *texts; /* the config's bytes, without the strategy's name */
    char strategy[ALLOT_NAME_BYTES_MAX];
    char noted[ALLOT_NAME_BYTES_MAX]; /* the leader's strategy, when it is another one and that was told */
    uint32_t noted_len;
    char strategy_note[384];
    prng prng;
    int64_t now_us;
    bool stepping;
    bool failed;

    engine_action *actions;
    size_t action_count, action_capacity;

    pending *pendings; /* oldest first */
    uint64_t cookie;   /* the last given */
    uint64_t sequence; /* the last given in this slot's session */

    member_state state;
    allot_uuid slot;
    int64_t join_us;     /* when to try the next join */
    uint32_t join_failures; /* slots in a row that never lived */
    int64_t deadline_us; /* INT64_MIN: fenced */
    allot_floors floors; /* floors.life: of the present slot, or the last one that lived */
    allot_view view;     /* of the last beat; strategy is not kept */
    bool beating, beat_again, beat_draining;
    int64_t beat_t0_us, next_beat_us;
    uint32_t beat_failures;
    bool store_down, risk_told, draining;
    char store_message[256]; /* why the store is down, as the answer said */
    bool drained_seen;   /* a beat that said "draining" was answered */
    engine_request *leave_request;
    int64_t leave_us;    /* LEAVING: give up then */
    bool leave_sent;
    uint64_t version_told;
    allot_ref *working;
    size_t working_count, working_capacity;

    share share;
    election election;
    leader leader;
    clock_watch clock;
    engine_request *requests, **requests_tail;
};

/* Memory has run out: the step goes on to its end, and engine_step says so. */
static inline void engine_fail(engine *e)
{
    e->failed = true;
}

static inline int64_t ttl_part(const engine *e, int64_t divisor)
{
    return e->config.ttl_us / divisor;
}

/* What the leader has sent is not all answered: what comes next would be too early. */
static inline bool leader_waits(const engine *e)
{
    return e->leader.under_way > 0 && !MUTANT(published_early);
}

/* engine.c */
void engine_set_strategy(engine *e, allot_bytes name, uint32_t kind);

/* actions.c */
engine_action *actions_add(engine *e, engine_action_kind kind); /* NULL after engine_fail */
/* A tell with what every event carries. */
engine_tell *actions_tell(engine *e, allot_event_type type);
/* Forgets the actions of the last step. */
void actions_clear(engine *e);
/* The same of those that nobody will carry out. */
void actions_drop(engine *e);
void actions_reply(engine *e, engine_request *request, int32_t code);

/* ops.c */
/* A new op of this slot, with `memory` zeroed bytes of its own; sequenced unless it is a beat or a read. NULL after
 * engine_fail. */
pending *ops_new(engine *e, allot_op_kind kind, size_t memory);
void ops_send(engine *e, pending *p);
/* Forgets an op that was never sent; only the newest, whose sequence is then given again. */
void ops_drop(engine *e, pending *p);
/* Whether one more sequenced op fits in the session's window; `control` ops have places of their own. */
bool ops_window(const engine *e, bool control);
void ops_answer(engine *e, const allot_answer *answer);
/* Sends again what is due. */
void ops_timers(engine *e);
int64_t ops_next_us(const engine *e);
/* What is under way and matches (NULL: all) does not matter any more: not sent again, its answer not looked at. */
void ops_abandon(engine *e, bool (*match)(const pending *p));
/* Whether anything is under way that matters. */
bool ops_any(const engine *e);
void ops_free(engine *e);
/* A delay that doubles with each failure, from 20 ms up to `most_us`, with jitter. */
int64_t backoff_us(engine *e, uint32_t failures, int64_t most_us);

/* membership.c */
void member_timers(engine *e);
int64_t member_next_us(const engine *e);
void member_hint(engine *e, allot_hint hint);
void member_beat_soon(engine *e, int64_t delay_us);
void member_fence(engine *e, allot_why why);
/* The store refused an op because of this slot: fences when that means that the slot is over. */
void member_refused(engine *e, allot_reason reason);
void member_drain(engine *e);
void member_leave(engine *e, engine_request *request, allot_why why);
void member_store_seen(engine *e, const allot_answer *answer);
void member_on_clock(engine *e, pending *p, const allot_answer *answer);
void member_on_join(engine *e, pending *p, const allot_answer *answer);
void member_on_beat(engine *e, pending *p, const allot_answer *answer);
void member_on_leave(engine *e, pending *p, const allot_answer *answer);

/* election.c */
void election_view(engine *e);
void election_free(engine *e); /* a hint: leadership is free */
void election_wait_for_view(engine *e);
void election_timers(engine *e);
void election_resign(engine *e);
/* Steps down without a word to the store. */
void election_step_down(engine *e);
void election_lost(engine *e);  /* the store says: not the leader */
void election_reset(engine *e); /* fenced */
void election_on_campaign(engine *e, pending *p, const allot_answer *answer);
void election_on_resign(engine *e, pending *p, const allot_answer *answer);

/* share.c */
void share_init(share *s);
void share_done(share *s);
seg *share_find(const share *s, uint64_t segment, uint32_t *ret_index);
/* Where an id that is held and not busy lies. */
bool share_lookup(const share *s, allot_bytes id, uint32_t *ret_index, uint32_t *ret_position);
seg *share_insert(engine *e, const allot_segment_body *source); /* NULL after engine_fail */
void share_set_busy(share *s, uint32_t index, uint32_t position);
/* A busy id is gone from the share. */
void share_settle(share *s, uint32_t index, uint32_t position);
/* Forgets a segment, whatever is in it. */
void share_remove(share *s, uint32_t index);
/* Tells the ids of `which` that are held and not busy; for `lost` they are gone from the share afterwards. */
void share_tell(engine *e, uint32_t index, allot_event_type type, const uint64_t *which, allot_why why);
/* Everything held is lost. */
void share_lose(engine *e, allot_why why);
/* Marks and tells those of `which` (NULL: all) that are held and not recalled yet. */
void share_recall(engine *e, uint32_t index, const uint64_t *which);
void share_recall_all(engine *e);

/* share_sync.c */
void share_sync(engine *e);
int64_t share_sync_next_us(const engine *e);
bool share_is_synced(const engine *e);
void share_on_listing(engine *e, pending *p, const allot_answer *answer);
void share_on_bodies(engine *e, pending *p, const allot_answer *answer);

/* requests.c */
void requests_take(engine *e, engine_request *request);
void requests_pump(engine *e);
/* The slot is over: reports get their end, adds that are not under way stay. */
void requests_fence(engine *e);
/* Left: nothing will be done any more. */
void requests_close(engine *e);
bool requests_any_reports(const engine *e);
void requests_on_add(engine *e, pending *p, const allot_answer *answer);
void requests_on_report(engine *e, pending *p, const allot_answer *answer);
uint32_t requests_working(engine *e); /* drops what is not held any more; how many are left */

/* leader.c */
void leader_start(engine *e);
void leader_stop(engine *e);
void leader_run(engine *e);
void leader_planned(engine *e, plan *p);
/* The settings have changed; `replan`: in a way that calls for a split of everything. */
void leader_reloaded(engine *e, bool replan);
void leader_done(leader *l);
/* A cycle is to be run, not before that instant. */
void leader_want(engine *e, int64_t at_us);
void leader_begin_again(engine *e);
void leader_abort(engine *e);
void leader_finish(engine *e);
/* All ids of this cycle have been read. */
void leader_has_read(engine *e);
/* A new op of the leader, in its term. NULL after engine_fail. */
pending *leader_op(engine *e, allot_op_kind kind, size_t memory);
void leader_send(engine *e, pending *p);

/* leader_answers.c */
void leader_on_change(engine *e, pending *p, const allot_answer *answer);

/* leader_view.c */
void leader_view(engine *e);
void leader_clock(engine *e, int64_t store_us);
/* The instant at which a cycle is due without any news from the store. */
int64_t leader_cycle_due_us(const engine *e);
int64_t leader_next_us(const engine *e);

/* reading.c */
void reading_roster(engine *e);
void reading_inbox(engine *e);
/* The segments of roster[member], one page after another. */
void reading_share(engine *e, uint32_t member);
/* The ids of segments (at most 64) of the inbox or of roster[holder]. NULL after engine_fail. */
pending *reading_bodies(engine *e, uint32_t holder, const uint64_t *segments, uint32_t count);
/* Goes on with the reading of all shares. */
void reading_shares(engine *e);
void leader_on_read(engine *e, pending *p, const allot_answer *answer);

/* roster.c */
void roster_take(engine *e, const allot_answer *answer);
bool member_may_own(const member *m);
bool member_reapable(const member *m);
/* It hears of recalls. */
bool member_is_live(const member *m);
/* Whether a slot has joined, or drains, that no full split has taken into account yet. Sets the settle timers. */
bool roster_full_due(engine *e);
/* Remembers the owners of the full split that is done. */
void roster_planned(engine *e);
/* Notes since when which slot owes what was recalled; retires it when that is due and wanted. */
void roster_watch_recalls(engine *e);
/* So many more ids of the slot are recalled: what it owes is told from that, also when the cycle is given up. */
void roster_recalled(engine *e, member *m, uint64_t count);
int64_t roster_recalls_next_us(const engine *e);
void roster_on_retire(engine *e, pending *p, const allot_answer *answer);

/* placement.c */
/* Finds those of the roster that may own ids. */
void placement_owners(engine *e);
/* A question to the strategy without its ids; NULL after engine_fail. There is an owner. */
plan *placement_question(engine *e);
/* Hands it over. */
void placement_ask(engine *e, plan *p);
/* Forgets what is being placed. */
void placement_stop(leader *l);
/* How many ids the member keeps, as things are. */
uint64_t member_keeps(const member *m);

/* placement_ops.c */
void placement_add_portion(engine *e, portion p);
void placement_add_claim(engine *e, claim c);
/* A bitmap, all zero, for a claim. NULL after engine_fail. */
uint64_t *placement_add_map(engine *e, uint32_t *ret_map);
/* Forgets portions and claims. */
void placement_forget(leader *l);
/* Submit what there is, as far as the window allows; true: nothing is left. */
bool placement_assign(engine *e);
bool placement_recall(engine *e);

/* placement_counts.c */
void counts_plan(engine *e);
void counts_take(engine *e, const plan *p);
/* The segments of roster[at] have been read. */
void counts_share_read(engine *e);
void counts_recall(engine *e);

/* placement_runs.c */
void runs_plan(engine *e);
void runs_take(engine *e, plan *p); /* the plan is the placement's */
void runs_read_cuts(engine *e);
void runs_bodies(engine *e, const pending *p, const allot_answer *answer);
void runs_recall(engine *e);

/* placement_boundaries.c */
/* Nothing is known any more of where runs begin. */
void runs_forget(leader *l);
/* Ids of one segment, and of all that was written anew out of it, stand within one window of the order. */
uint64_t runs_window_end(uint64_t order);
bool runs_same_window(uint64_t a, uint64_t b);
void runs_add_boundary(engine *e, boundary b);
/* All of the segment is on its way to roster[to]. */
void runs_note_moving(engine *e, uint64_t segment, uint32_t to);
void runs_sort_moving(leader *l);
/* For whom the whole segment is; NOBODY: unknown, or that slot is gone. */
uint32_t runs_destination(const leader *l, uint64_t segment);
/* To whose run a place belongs; NOBODY: to none, or that slot is gone. */
uint32_t runs_heir(const leader *l, uint64_t at);
/* Whether ids of the entry may belong to several runs. */
bool runs_may_cut(const leader *l, const entry *from);

/* placement_ids.c */
void ids_begin(engine *e);
void ids_bodies(engine *e, const pending *p, const allot_answer *answer);
void ids_take(engine *e, plan *p); /* the plan is the placement's */
void ids_go_on(engine *e);

#endif
