/* allot/view.h - what can be read of a group: the shapes that backends fill and that operators look at. */
#ifndef ALLOT_VIEW_H
#define ALLOT_VIEW_H

#include <allot/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The group as one slot sees it, at one moment of the store. */
typedef struct allot_view {
    allot_uuid life;
    uint64_t number;    /* grows with every beat answered in this life: an older view is to be dropped */
    int64_t store_us;   /* the store's clock */
    allot_uuid leader;  /* zero: nobody leads */
    uint64_t term;      /* of the present or the last leadership; 0: none yet */
    int64_t led_for_us; /* leader not zero: its lease's remaining time. Zero: how long nobody may lead (quarantine) */
    uint64_t leader_rank; /* the leader's, or, if nobody leads, the last leader's; 0: that slot is reaped */
    uint64_t rank;        /* of the slot that beat, from 1, by age among those not yet reaped */
    uint64_t slots;       /* those not yet reaped */
    uint64_t reapable;    /* those left, expired or dead */
    int64_t next_expiry_us; /* until the next live or retired slot expires; INT64_MAX: none */
    uint64_t version;
    uint64_t roster_rev; /* changes with every join, drain, leave, retire, death and reap */
    uint64_t inbox_rev;  /* changes when ids come into the inbox */
    uint64_t share_rev;  /* of the slot that beat: changes with every change of its share or its recalls */
    uint64_t token;      /* the highest issued */
    uint64_t total, inbox, placed, parked; /* ids */
    int64_t next_due_us; /* until the next parked id is due; INT64_MAX: none */
    uint64_t settled_age; /* see publish */
    uint64_t age;         /* of the slot that beat */
    allot_bytes strategy; /* of the last publish */
} allot_view;

typedef enum allot_slot_state {
    ALLOT_SLOT_LIVE = 1, /* and expired, where expires_in_us <= 0 */
    ALLOT_SLOT_RETIRED,
    ALLOT_SLOT_LEFT,
    ALLOT_SLOT_DEAD /* proven dead, or being reaped */
} allot_slot_state;

typedef struct allot_slot_info {
    allot_uuid slot;
    allot_bytes name, host, container;
    int64_t pid;
    int64_t ttl_us;
    int64_t expires_in_us;
    uint64_t age; /* counts joins: the order of the slots */
    uint64_t rank;
    uint64_t ids;     /* owned and not done */
    uint64_t recalls; /* of these, recalled */
    uint64_t share_rev;
    uint32_t segments;
    uint32_t weight;
    allot_slot_state state;
    bool draining;
} allot_slot_info;

typedef enum allot_place { ALLOT_PLACE_INBOX = 1, ALLOT_PLACE_SHARE, ALLOT_PLACE_PARKED } allot_place;

typedef struct allot_pool_id {
    allot_bytes id, payload, reason;
    allot_place place;
    allot_uuid slot;  /* in a share */
    uint64_t token;   /* in a share */
    uint32_t attempts;
    bool recalled;
    int64_t due_in_us; /* parked: until it is put back; INT64_MAX: for good */
} allot_pool_id;

#ifdef __cplusplus
}
#endif
#endif
