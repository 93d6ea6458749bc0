/* invariants_model.h - what invariants.c (ids, replicas) and invariants_store.c (the stream of ops) share. */
#ifndef INVARIANTS_MODEL_H
#define INVARIANTS_MODEL_H

#include "base/bits.h"
#include "base/bytes.h"
#include "base/index.h"
#include "base/uuid_text.h"
#include "tests/lib/invariants.h"

typedef struct model_id {
    allot_bytes text;
    uint32_t holder; /* the replica whose application holds it; UINT32_MAX: none */
    uint64_t token;  /* the highest seen in an answer since the last loss */
    uint64_t round;  /* of the look in which it was seen last */
    uint64_t look;
    uint32_t owner;
    bool in_pool;
    bool added; /* ever */
} model_id;

/* An id, and a replica whose application holds it beside another one. */
typedef struct held {
    uint32_t id, replica;
} held;

typedef struct grant {
    uint64_t token;
    uint64_t segment;
    allot_uuid slot;
} grant;

typedef struct spoken_key {
    allot_uuid session;
    uint64_t sequence;
} spoken_key;

typedef struct known_slot {
    allot_uuid uuid;
    bool dead;
    bool gone; /* reaped to the end */
    bool came_back;
} known_slot;

typedef struct spoken {
    spoken_key key;
    allot_op_kind kind;
    allot_op_status status;
    uint64_t count, skipped;
    uint64_t era;
} spoken;

typedef struct ack_key {
    uint64_t token;
    uint64_t id;
} ack_key;

typedef struct ack {
    ack_key key;
    uint64_t era; /* losses of the data before it was accepted */
} ack;

typedef struct leadership {
    uint64_t term;
    allot_uuid slot;
} leadership;

struct invariants {
    invariants_config config;
    int64_t now_us;
    char broken[400];
    model_id *ids;
    grant *grants;
    spoken *spoken;
    ack *acks;
    leadership *terms; /* in the order in which they were won */
    known_slot *slots;
    size_t id_count, id_capacity, grant_count, grant_capacity, spoken_count, spoken_capacity;
    size_t ack_count, ack_capacity, term_count, term_capacity, slot_count, slot_capacity;
    index_table by_text, by_token, by_session, by_ack;
    allot_uuid life;
    leadership present;
    bool led;          /* `present` is held as far as the stream shows */
    bool leader_known; /* false after a loss, until somebody wins */
    uint64_t in_pool, seen, round, look, era;
    uint32_t leader; /* of this look */
    bool *left;      /* for each replica: it was told so */
    held *further;   /* ids that have a second holder, or more: excused, or a breach */
    size_t further_count, further_capacity;
    bool ever_cleaned;
    bool believe; /* the next look at the pool is the truth */
    uint64_t store_token, version, cleaned_token;
    int64_t lenient_until_us;
    bool lenient_until_new_life, loss_unnoticed;
    int64_t lost_us;
    bool life_is_over;    /* `life`: a beat was refused for it, and no view has shown the next one yet */
    allot_uuid lost_life; /* the one that the store had before its last loss */
    bool reported;        /* somebody has told the store since that it knew that one, and that it is over */
};

/* Keeps the first breach. */
void model_breach(invariants *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the program unless rc is 0. */
void model_must(int rc);
/* Nobody holds anything any more. */
void model_forget_holders(invariants *m);
const leadership *model_find_term(const invariants *m, uint64_t term);
/* This token was seen with this slot and segment: a token belongs to one grant (I7). */
void model_granted(invariants *m, const allot_uuid *slot, uint64_t segment, uint64_t token);

#define MODEL_GROW(m, what)                                                                                            \
    model_must(                                                                                                        \
        array_reserve((void **)&(m)->what##s, &(m)->what##_capacity, (m)->what##_count + 1, sizeof((m)->what##s[0])))

/* What a message shows of a slot. */
static inline unsigned model_brief(const allot_uuid *u)
{
    return (unsigned)u->bytes[0] << 8 | u->bytes[1];
}

#endif
