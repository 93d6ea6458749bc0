/* team.h - several nodes of one process on one store in memory, pulled by one thread.
 *
 * What they tell is kept: how often which event, what each holds; and checked by a ledger. */
#ifndef TESTS_API_TEAM_H
#define TESTS_API_TEAM_H

#include "core/runtime/hooks.h"
#include "tests/api/ledger.h"

#include <check.h>
#include <stdatomic.h>

#define TEAM_MOST 8
#define TEAM_PATIENCE_MS 20000

typedef struct holding {
    char text[ALLOT_ID_BYTES_MAX + 1];
    uint32_t len;
    uint64_t token;
    bool recalled;
} holding;

typedef struct player {
    allot_node *node; /* NULL: not open */
    uint32_t seen[ALLOT_EVENT_NOTE + 1];
    holding *held;
    size_t count, capacity;
    uint64_t term, version;
    allot_why why;     /* of the last lost, fenced or left */
    char message[512]; /* of the last event that had one */
} player;

typedef struct team {
    allot_options options; /* what the next player is opened with */
    hooks hooks;
    _Atomic int64_t turned_us; /* how far the clock of all was turned */
    allot_memory *memory;
    ledger *ledger;
    player players[TEAM_MOST];
} team;

void team_init(team *t);
void team_done(team *t); /* closes all */

/* Opens player i (from 0). */
allot_node *team_open(team *t, int i);
void team_close(team *t, int i);
void team_turn_clock(team *t, int64_t by_ms);

/* Takes every event that waits, of all players; waits for one for a few milliseconds at most. */
void team_pull(team *t);
/* The same of one player, without waiting. */
void team_pull_one(team *t, int i);

/* Pulls until it is so; ends the test when it takes too long. */
#define UNTIL(t, condition)                                                                                            \
    for (int64_t until_ = team_patience(); !(condition); team_pull(t))                                                 \
    ck_assert_msg(team_now_ms() < until_, "never came about: %s", #condition)
int64_t team_now_ms(void);
int64_t team_patience(void);

/* Adds PREFIX0 to PREFIXn-1 through player i. */
void team_add(team *t, int i, const char *prefix, int n);

size_t team_held(const team *t);
/* The k-th id that player i holds. */
allot_id team_id(const team *t, int i, size_t k);
/* Up to `most` of what player i holds, only what is recalled or all; the player stops working on them. The ids are
 * valid until the player's next event. */
size_t team_stop(team *t, int i, bool recalled_only, size_t most, allot_id *ret_ids);
bool team_holds(const team *t, int i, const char *text);
/* How many of the open players lead. */
int team_leaders(team *t);

#endif
