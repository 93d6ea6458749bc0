/* mutants.h - bugs planted on purpose, to prove that the simulator finds them (docs/evidence.md).
 *
 * MUTANT(name) stands in the code where that bug would be. It is false, and leaves nothing behind, except in a build
 * with ALLOT_MUTANTS, of which nothing but allot-sim is of use: one program with all, at most one of them active. */
#ifndef BASE_MUTANTS_H
#define BASE_MUTANTS_H

#include <stdbool.h>

#ifdef ALLOT_MUTANTS

/* Where it was planted, its name, and what is wrong. */
#define MUTANTS(X)                                                                                                     \
    X(store, ack_without_fence, "an ack is accepted whatever its slot, share and token")                               \
    X(store, ack_of_the_dead, "a dead slot may still ack, fail and release")                                           \
    X(store, publish_without_fence, "a publish is accepted from who leads no more")                                    \
    X(store, assign_without_fence, "an assign is accepted from who leads no more")                                     \
    X(store, renew_without_holder_check, "a beat renews a leadership that its slot has given up")                      \
    X(store, campaign_unchecked, "a campaign is won while another's leadership is valid")                              \
    X(store, term_not_renewed, "a new leadership gets the term of the last one")                                       \
    X(store, granted_before_release, "what is recalled is taken at once, and granted")                                 \
    X(store, reap_before_expiry, "a retired slot is reaped before its lease has run out")                              \
    X(store, lease_too_short, "the store's leases are shorter than those announced")                                   \
    X(store, expiry_not_clamped, "an expiry stays far away when the clock was set back")                               \
    X(store, token_kept, "a grant to the slot that got the last one has its token")                                    \
    X(store, one_token_for_all, "all grants of one op get one token")                                                  \
    X(store, owned_segments_merged, "ids are written into a segment that their slot has")                              \
    X(store, numbers_reused, "terms and tokens begin anew after a loss of the data")                                   \
    X(store, no_quarantine, "somebody leads at once after a loss of the data")                                         \
    X(store, fallback_unnoticed, "a store that fell back goes on, whatever beats report")                              \
    X(store, lost_life_view_taken, "slots, their beats and views of a lost life still count")                          \
    X(store, applied_past_window, "an op sent again past its session's window is applied")                             \
    X(store, session_window_small, "a session remembers eight outcomes instead of 64")                                 \
    X(store, late_add_revives, "an add is applied after its not-after, and revives what was acked")                    \
    X(store, late_join_revives, "a reaped slot's name is forgotten: a late join brings it back")                       \
    X(store, add_not_kept, "an add is confirmed, and some are not made")                                               \
    X(store, added_twice, "an id that is in the pool is added again")                                                  \
    X(store, half_a_release, "a release of ids of several segments writes those of the first")                         \
    X(store, release_unannounced, "a release does not change the inbox's revision")                                    \
    X(store, roster_cut, "a roster of more than forty slots is cut off")                                               \
    X(store, recall_unannounced, "a recall does not change the share's revision")                                      \
    X(store, hints_alone, "beats show no change of the share")                                                         \
    X(engine, deadline_from_reply, "the deadline counts from the reply, not from t0")                                  \
    X(engine, deadline_ignored, "nothing happens when the deadline passes")                                            \
    X(engine, late_event_taken, "an event is taken before the deadline is looked at")                                  \
    X(engine, fenced_keeps_ids, "a fenced replica does not say that its ids are lost")                                 \
    X(engine, stale_view_accepted, "a view that is older than the last one is taken")                                  \
    X(engine, floors_not_reported, "beats do not report the highest numbers known")                                    \
    X(engine, beat_sent_again, "a beat without an answer is sent again, with a new t0")                                \
    X(engine, renumbered, "an op that is sent again gets a new sequence")                                              \
    X(engine, unknown_is_failure, "an unknown answer is taken for a refusal")                                          \
    X(engine, unknown_is_success, "an unknown answer to an add is taken for OK")                                       \
    X(engine, same_slot_again, "a fenced replica joins again under its old UUID")                                      \
    X(engine, resigned_leads_again, "a view older than a resignation makes a leader again")                            \
    X(engine, report_without_token, "the token that the application reports is not looked at")                         \
    X(engine, published_early, "a version is published before all of it is assigned")                                  \
    X(engine, unpark_forgotten, "parked ids are not put back when they are due")                                       \
    X(engine, clock_jump_ignored, "slots are reaped although the store's clock has run ahead")                         \
    X(engine, owner_unchecked, "what a strategy names as owners is not looked at")                                     \
    X(engine, leader_never_rests, "the leader runs its cycle again without a cause")                                   \
    X(engine, beats_too_often, "four times as many beats as are needed")                                               \
    X(world, monotonic_clock, "the clock stands still while the process is stopped")                                   \
    X(world, realtime_clock, "the clock is one that an administrator sets back")                                       \
    X(world, reply_after_timeout, "a connection goes on after a timeout: replies are one late")                        \
    X(world, answered_twice, "a beat is answered twice")                                                               \
    X(world, stopped_taken_for_dead, "a stopped process is proven dead")

typedef enum mutant {
    MUTANT_NONE = 0,
#define MUTANT_ENUM(place, name, what) MUTANT_##name,
    MUTANTS(MUTANT_ENUM)
#undef MUTANT_ENUM
        MUTANT_END
} mutant;

/* Set before anything runs. */
extern mutant mutant_active;

#define MUTANT(name) (mutant_active == MUTANT_##name)

#else

#define MUTANT(name) false

#endif

#endif
