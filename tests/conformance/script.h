/* script.h - a long random sequence of ops, without a model: the script knows what it has seen in the answers of one
 * backend (slots, segments, tokens, terms, versions, lives), and asks for things that are likely to succeed, that come
 * too late, that were asked before, or that make no sense. Same seed and same answers, same script. */
#ifndef CONFORMANCE_SCRIPT_H
#define CONFORMANCE_SCRIPT_H

#include "tests/conformance/op_copy.h"

enum {
    SCRIPT_HANDLES = 9, /* handle 0 never joins */
    SCRIPT_SLOTS = 20,
    SCRIPT_SEGMENTS = 64,
    SCRIPT_ITEMS = 200,
    SCRIPT_BODIES = 16,
    SCRIPT_BODY_IDS = 40,
    SCRIPT_SESSIONS = 3,
    SCRIPT_SENT = 24
};

typedef struct script_op {
    allot_op op;
    int handle;
} script_op;

typedef struct script_slot {
    allot_uuid slot;
    int handle;
    uint64_t sequence;
    uint64_t term;
    int64_t ttl_us;
    allot_floors floors; /* the highest seen in the answers to its beats */
    bool over;           /* left, dead or gone: nothing brings it back */
    bool reapable;       /* as far as the last roster told */
} script_slot;

typedef struct script_item {
    allot_item item;
    uint32_t slot; /* index */
    char id[16];
} script_item;

/* What was left of a segment of the inbox when it was looked at. */
typedef struct script_body {
    uint64_t segment;
    uint32_t count;
    uint32_t positions[SCRIPT_BODY_IDS];
    char ids[SCRIPT_BODY_IDS][16];
} script_body;

typedef struct script_sent {
    script_op sent;
    arena memory;
} script_sent;

typedef struct script {
    uint64_t random;
    uint64_t made_up;
    bool timeless;
    int64_t store_us;
    uint64_t version;
    uint32_t leader;    /* index of the slot that won the last campaign */
    uint32_t since_led; /* ops since a leader's op was done */
    script_slot slots[SCRIPT_SLOTS];
    uint32_t slot_count, oldest;
    int speaks[SCRIPT_HANDLES]; /* index of the slot that joined through the handle; -1: none */
    allot_segment_info inbox[SCRIPT_SEGMENTS];
    uint32_t inbox_count;
    script_body bodies[SCRIPT_BODIES];
    uint32_t body_count;
    script_item items[SCRIPT_ITEMS];
    uint32_t item_count, next_item;
    struct {
        allot_uuid id;
        uint64_t sequence;
    } sessions[SCRIPT_SESSIONS];
    script_sent sent[SCRIPT_SENT];
    uint32_t sent_count;
} script;

void script_init(script *s, uint64_t seed, bool timeless);
void script_done(script *s);

uint64_t script_random(script *s, uint64_t below);

/* How the clocks move before the next op. */
void script_time(script *s, int64_t *ret_boot_us, int64_t *ret_real_us);

/* The next op; all that it points to lies in `memory`. */
script_op script_next(script *s, arena *memory);

/* What the backend answered to an op of the script, or to a read. */
void script_learn(script *s, const allot_op *op, const allot_answer *answer);

/* True when no slot that may still live speaks through the handle: closing it is no crash. */
bool script_may_close(const script *s, int handle);

#endif
