/* The engine's rules, each as a story in virtual time. What is asserted beside the story is the rule itself; the story
 * shows how it came about. */
#include "tests/engine/cluster.h"
#include "tests/engine/suites.h"

#include <stdio.h>
#include <string.h>

static cluster *c;

static void setup(void)
{
    c = cluster_new();
}

static void teardown(void)
{
    cluster_free(c);
}

static allot_node_status status(int n)
{
    allot_node_status s = {.size = sizeof(s)};
    engine_status(cluster_engine(c, n), cluster_now_us(c), &s);
    return s;
}

static void start(int first, int last)
{
    for (int n = first; n <= last; n++) {
        cluster_start(c, n);
        cluster_run(c, 5);
    }
}

static void start_with_ids(int count, int ids)
{
    start(1, count);
    cluster_release_after(c, 20);
    cluster_run(c, 1000);
    cluster_add(c, 1, "id", ids);
    cluster_run(c, 500);
}

/* ---- Election ---------------------------------------------------------------------------------------------------- */

START_TEST(alone)
{
    cluster_start(c, 1);
    cluster_add(c, 1, "id", 3);
    cluster_run(c, 1000);
    cluster_picture(c);
    ck_assert(status(1).leads);
    ck_assert_uint_eq(status(1).ids, 3);
    cluster_compare(c, "alone");
}
END_TEST

START_TEST(three_join_and_share)
{
    start(1, 3);
    cluster_release_after(c, 20);
    for (int n = 1; n <= 3; n++)
        cluster_add(c, n, n == 1 ? "a" : n == 2 ? "b" : "c", 10);
    cluster_run(c, 2000);
    cluster_picture(c);
    for (int n = 1; n <= 3; n++)
        ck_assert_uint_eq(status(n).ids, 10);
    cluster_compare(c, "three_join_and_share");
}
END_TEST

/* §2: the loss of the first in rank costs next to nothing beyond its lease. */
START_TEST(leader_crashes_unproven)
{
    start_with_ids(3, 9);
    cluster_crash(c, 1, false);
    cluster_run(c, 2900);
    cluster_say(c, "the lease is about to end");
    cluster_run(c, 600);
    cluster_picture(c);
    ck_assert(status(2).leads);
    ck_assert_uint_eq(status(2).ids + status(3).ids, 9);
    cluster_compare(c, "leader_crashes_unproven");
}
END_TEST

/* §5: a free flock proves the death at once: no waiting for the ttl. */
START_TEST(leader_crashes_proven)
{
    start_with_ids(3, 9);
    cluster_crash(c, 1, true);
    cluster_run(c, 40);
    cluster_picture(c);
    ck_assert(status(2).leads);
    ck_assert_uint_eq(status(2).ids + status(3).ids, 9);
    cluster_compare(c, "leader_crashes_proven");
}
END_TEST

static cluster_fate lose_campaign_reply(void *user, int n, const allot_op *op)
{
    (void)user;
    return n == 1 && op->kind == ALLOT_OP_CAMPAIGN ? FATE_LOSE_REPLY : FATE_DELIVER;
}

/* §2: a beat that shows "leader: you" with a term one does not know adopts it. */
START_TEST(campaign_answer_lost)
{
    cluster_filter_set(c, lose_campaign_reply, NULL);
    cluster_start(c, 1);
    cluster_run(c, 3000);
    ck_assert(status(1).leads);
    ck_assert_uint_eq(status(1).term, 1);
    cluster_compare(c, "campaign_answer_lost");
}
END_TEST

/* §2: all others wait; one campaign is enough. */
START_TEST(no_herd)
{
    start(1, 6);
    cluster_run(c, 1000);
    uint64_t before = cluster_ops(c, ALLOT_OP_CAMPAIGN);
    cluster_crash(c, 1, true);
    cluster_run(c, 1000);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_CAMPAIGN) - before, 1);
    cluster_compare(c, "no_herd");
}
END_TEST

/* ---- Fencing ----------------------------------------------------------------------------------------------------- */

/* §2, time: past the deadline it is fenced before anything else, and joins again under a new UUID. */
START_TEST(stopped_past_its_lease)
{
    start_with_ids(3, 9);
    allot_uuid before = status(3).slot;
    cluster_pause(c, 3);
    cluster_run(c, 4000);
    cluster_picture(c);
    cluster_resume(c, 3);
    ck_assert_uint_eq(status(3).ids, 0);
    cluster_run(c, 1000);
    cluster_picture(c);
    allot_uuid after = status(3).slot;
    ck_assert_int_ne(memcmp(&before, &after, sizeof(before)), 0);
    cluster_compare(c, "stopped_past_its_lease");
}
END_TEST

static cluster_fate net_down(void *user, int n, const allot_op *op)
{
    (void)op;
    return n == *(const int *)user ? FATE_REFUSE_NET : FATE_DELIVER;
}

/* §2: only a positive answer extends a deadline. One that is cut off is at risk, then fenced; then its ids move. */
START_TEST(cut_off)
{
    int cut = 2;
    start_with_ids(2, 4);
    cluster_filter_set(c, net_down, &cut);
    cluster_run(c, 4000);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids, 4);
    cluster_filter_set(c, NULL, NULL);
    cluster_run(c, 4000);
    cluster_picture(c);
    ck_assert_uint_eq(status(2).ids, 2);
    cluster_compare(c, "cut_off");
}
END_TEST

/* ---- Hand-over --------------------------------------------------------------------------------------------------- */

/* §2: recall, release, grant; ids that do not move are never interrupted; least movement. */
START_TEST(a_new_replica_gets_its_part)
{
    start_with_ids(2, 9);
    cluster_release_after(c, 200);
    cluster_start(c, 3);
    cluster_run(c, 1500);
    cluster_picture(c);
    for (int n = 1; n <= 3; n++)
        ck_assert_uint_eq(status(n).ids, 3);
    cluster_compare(c, "a_new_replica_gets_its_part");
}
END_TEST

/* What a release op has named one by one: of how many segments, at the most of all ops; and how many ops there were. */
typedef struct releases {
    uint32_t ops, segments_most, items;
} releases;

static cluster_fate watch_releases(void *user, int n, const allot_op *op)
{
    releases *r = user;
    const allot_op_items *items = &op->u.items;
    uint32_t segments = 0;
    (void)n;
    if (op->kind != ALLOT_OP_RELEASE)
        return FATE_DELIVER;
    for (uint32_t i = 0; i < items->count; i++) {
        uint32_t before = 0;
        while (before < i && items->items[before].segment != items->items[i].segment)
            before++;
        segments += before == i && items->items[i].position != ALLOT_ALL;
    }
    r->ops++;
    r->items += items->count;
    r->segments_most = segments > r->segments_most ? segments : r->segments_most;
    return FATE_DELIVER;
}

/* Each segment of which single ids are given back makes a new one: a store that does an op in one go is not to make
 * more than 64. What counts is segments, in whatever order they are named. */
START_TEST(a_release_breaks_up_few_segments)
{
    enum { SEGMENTS = 100, OF_EACH = 2 };
    static char names[SEGMENTS * OF_EACH][16];
    const char *ids[SEGMENTS * OF_EACH];
    releases r = {0};
    start(1, 1);
    cluster_run(c, 1000);
    for (int i = 0; i < SEGMENTS; i++) {
        char prefix[8];
        snprintf(prefix, sizeof(prefix), "s%d-", i);
        cluster_add(c, 1, prefix, OF_EACH + 1);
        cluster_run(c, 100);
        for (int k = 0; k < OF_EACH; k++) { /* first the first of each, then the second */
            snprintf(names[k * SEGMENTS + i], sizeof(names[0]), "s%d-%d", i, k + 1);
            ids[k * SEGMENTS + i] = names[k * SEGMENTS + i];
        }
    }
    ck_assert_uint_eq(status(1).ids, SEGMENTS * (OF_EACH + 1));
    cluster_filter_set(c, watch_releases, &r);
    cluster_report(c, 1, ENGINE_RELEASE, ids, SEGMENTS);
    cluster_run(c, 100);
    ck_assert_uint_eq(r.segments_most, 64);
    ck_assert_uint_eq(r.ops, 2);
    ck_assert_uint_eq(r.items, SEGMENTS);
    r = (releases){0};
    const char *in_turn[] = {ids[SEGMENTS], ids[SEGMENTS + 1], ids[SEGMENTS], ids[SEGMENTS + 1]};
    in_turn[2] = "s0-3", in_turn[3] = "s1-3";
    cluster_report(c, 1, ENGINE_RELEASE, in_turn, 4);
    cluster_run(c, 100);
    ck_assert_uint_eq(r.ops, 1);
    ck_assert_uint_eq(r.items, 4);
    ck_assert_uint_eq(r.segments_most, 2);
}
END_TEST

START_TEST(nothing_moves_without_a_cause)
{
    start_with_ids(3, 10);
    uint64_t assigns = cluster_ops(c, ALLOT_OP_ASSIGN);
    uint64_t recalls = cluster_ops(c, ALLOT_OP_RECALL);
    uint64_t publishes = cluster_ops(c, ALLOT_OP_PUBLISH);
    uint64_t reads = cluster_ops(c, ALLOT_OP_READ_ROSTER);
    uint64_t beats = cluster_ops(c, ALLOT_OP_BEAT);
    cluster_run(c, 30000);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_ASSIGN), assigns);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RECALL), recalls);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_PUBLISH), publishes);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_READ_ROSTER), reads);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_BEAT) - beats, 3 * 30);
}
END_TEST

/* A new leader goes on with what is there; what is balanced stays where it is. */
START_TEST(a_new_leader_moves_only_orphans)
{
    start_with_ids(4, 10);
    uint64_t recalls = cluster_ops(c, ALLOT_OP_RECALL);
    cluster_crash(c, 1, true);
    cluster_run(c, 2000);
    cluster_picture(c);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RECALL), recalls);
    ck_assert_uint_eq(status(2).ids + status(3).ids + status(4).ids, 10);
}
END_TEST

START_TEST(leaves)
{
    start_with_ids(3, 9);
    cluster_leave(c, 1);
    cluster_run(c, 40);
    cluster_picture(c);
    ck_assert_uint_eq(status(2).ids + status(3).ids, 9);
    ck_assert_int_eq(status(1).state, ALLOT_NODE_LEFT);
    cluster_compare(c, "leaves");
}
END_TEST

START_TEST(drains)
{
    start_with_ids(3, 9);
    cluster_release_after(c, 300);
    cluster_drain(c, 1);
    cluster_run(c, 1500);
    cluster_picture(c);
    ck_assert_int_eq(status(1).state, ALLOT_NODE_LEFT);
    ck_assert_uint_eq(status(2).ids + status(3).ids, 9);
    cluster_compare(c, "drains");
}
END_TEST

START_TEST(one_that_does_not_give_back_is_retired)
{
    cluster_config(c)->retire_on_timeout = true;
    start_with_ids(2, 6);
    cluster_release_after(c, -1);
    cluster_start(c, 3);
    cluster_run(c, 12000);
    cluster_picture(c);
    cluster_compare(c, "one_that_does_not_give_back_is_retired");
}
END_TEST

/* From the first retire on, until the test has seen enough, neither it nor a reading of the roster gets through. */
static cluster_fate no_retire_and_then_no_roster(void *user, int n, const allot_op *op)
{
    int *refused = user;
    (void)n;
    if (op->kind != ALLOT_OP_RETIRE && (op->kind != ALLOT_OP_READ_ROSTER || *refused == 0))
        return FATE_DELIVER;
    ++*refused;
    return FATE_REFUSE_NET;
}

/* A cycle that cannot read the roster is given up, and with it the retire that is to be sent again: it is due anew. */
START_TEST(a_retire_that_fails_is_tried_again)
{
    int refused = 0;
    cluster_config(c)->retire_on_timeout = true;
    start_with_ids(3, 6);
    cluster_release_after(c, -1);
    cluster_filter_set(c, no_retire_and_then_no_roster, &refused);
    cluster_drain(c, 3); /* and its application does not give back */
    while (refused == 0)
        cluster_run(c, 1);
    cluster_add(c, 1, "more", 1); /* the cause of a cycle */
    cluster_run(c, 50);
    ck_assert_int_gt(refused, 1);
    cluster_filter_set(c, NULL, NULL);
    cluster_run(c, 6000);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids + status(2).ids, 7);
    cluster_compare(c, "a_retire_that_fails_is_tried_again");
}
END_TEST

/* The leader cannot read the share of this slot. */
static cluster_fate unread_share(void *user, int n, const allot_op *op)
{
    const allot_uuid *slot = user;
    bool is_it = n == 1 && op->kind == ALLOT_OP_READ_SHARE && memcmp(&op->u.read.target, slot, sizeof(*slot)) == 0;
    return is_it ? FATE_REFUSE_NET : FATE_DELIVER;
}

/* Nodes 2 and 3 are to give back two ids each, and later one more, by a cycle that has marked that of node 2 when it is
 * given up. Then node 2 gives back one: it answers, so its time begins anew. */
START_TEST(one_that_gives_back_is_not_retired)
{
    cluster_config(c)->retire_on_timeout = true;
    cluster_config(c)->handover_timeout_us = 5000000;
    start(1, 1);
    cluster_config(c)->weight = 100;
    start(2, 3);
    cluster_run(c, 1000);
    cluster_add(c, 1, "id", 12);
    cluster_run(c, 500);
    start(4, 4);
    cluster_run(c, 2500);
    ck_assert_uint_eq(status(2).recalled, 2);
    cluster_report(c, 3, ENGINE_RELEASE, (const char *[]){"id11", "id12"}, 2);
    allot_uuid unread = status(3).slot;
    cluster_filter_set(c, unread_share, &unread);
    start(5, 5);
    for (int i = 0; i < 2000 && status(2).recalled < 3; i++)
        cluster_run(c, 1);
    ck_assert_uint_eq(status(2).recalled, 3);
    cluster_report(c, 2, ENGINE_RELEASE, (const char *[]){"id6"}, 1);
    cluster_run(c, 10);
    cluster_filter_set(c, NULL, NULL);
    cluster_run(c, 500);
    cluster_report(c, 3, ENGINE_RELEASE, (const char *[]){"id10"}, 1);
    cluster_run(c, 4000);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RETIRE), 0);
    cluster_run(c, 2000);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_RETIRE), 1);
    cluster_picture(c);
    cluster_compare(c, "one_that_gives_back_is_not_retired");
}
END_TEST

/* Node 1 hears by beats alone that it leads, until it retires itself. Its retire gets through when a campaign has been
 * answered after all; from then on, no beat of it does. */
typedef struct late_answer {
    bool retires, answered, retired;
} late_answer;

static cluster_fate answered_late(void *user, int n, const allot_op *op)
{
    late_answer *late = user;
    if (n != 1)
        return FATE_DELIVER;
    if (op->kind == ALLOT_OP_CAMPAIGN) {
        late->answered = late->retires;
        return late->answered ? FATE_DELIVER : FATE_LOSE_REPLY;
    }
    if (op->kind == ALLOT_OP_RETIRE) {
        late->retires = true;
        late->retired = late->answered;
        return late->retired ? FATE_DELIVER : FATE_LOSE_REQUEST;
    }
    return op->kind == ALLOT_OP_BEAT && late->retired ? FATE_LOSE_REQUEST : FATE_DELIVER;
}

/* I1: the answer to the campaign of a leadership that was given up meanwhile is not a new one. */
START_TEST(what_was_given_up_is_not_won_again)
{
    late_answer late = {.retires = false};
    cluster_config(c)->retire_on_timeout = true;
    cluster_config(c)->handover_timeout_us = 1500000;
    cluster_filter_set(c, answered_late, &late);
    start_with_ids(1, 10);
    cluster_release_after(c, -1);
    start(2, 2);
    for (int i = 0; i < 8000 && !(late.retired && status(2).leads); i++)
        cluster_run(c, 1);
    ck_assert(late.retired && status(2).leads);
    ck_assert(!status(1).leads);
}
END_TEST

START_TEST(one_that_does_not_give_back_is_kept)
{
    start_with_ids(2, 6);
    cluster_release_after(c, -1);
    cluster_start(c, 3);
    cluster_run(c, 20000);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids + status(2).ids, 6);
    ck_assert_uint_eq(status(1).recalled + status(2).recalled, 2);
}
END_TEST

START_TEST(weights)
{
    start(1, 2);
    cluster_config(c)->weight = 2;
    start(3, 3);
    cluster_run(c, 1000);
    cluster_add(c, 1, "id", 8);
    cluster_run(c, 500);
    ck_assert_uint_eq(status(1).ids, 2);
    ck_assert_uint_eq(status(2).ids, 2);
    ck_assert_uint_eq(status(3).ids, 4);
}
END_TEST

/* ---- Work -------------------------------------------------------------------------------------------------------- */

START_TEST(acked_once)
{
    const char *ids[] = {"id1", "id2"};
    start_with_ids(1, 3);
    cluster_report(c, 1, ENGINE_ACK, ids, 2);
    cluster_run(c, 100);
    cluster_report(c, 1, ENGINE_ACK, ids, 2);
    cluster_run(c, 100);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids, 1);
    cluster_compare(c, "acked_once");
}
END_TEST

/* §1: parked until retry_after, and after max_attempts for good. */
START_TEST(failed_and_parked)
{
    const char *ids[] = {"id1"};
    start_with_ids(1, 1);
    for (int attempt = 1; attempt <= 3; attempt++) {
        cluster_report(c, 1, ENGINE_FAIL, ids, 1);
        cluster_run(c, 1500);
        cluster_picture(c);
    }
    cluster_run(c, 10000);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids, 0);
    cluster_compare(c, "failed_and_parked");
}
END_TEST

static cluster_fate lose_first_replies(void *user, int n, const allot_op *op)
{
    int *left = user;
    (void)n;
    if (*left > 0 && (op->kind == ALLOT_OP_ADD || op->kind == ALLOT_OP_ACK || op->kind == ALLOT_OP_ASSIGN)) {
        (*left)--;
        return FATE_LOSE_REPLY;
    }
    return FATE_DELIVER;
}

/* §2, answers: an op that is sent again gets its first answer without effect. */
START_TEST(lost_answers_are_asked_for_again)
{
    const char *ids[] = {"id1"};
    int left = 3;
    start_with_ids(1, 1);
    cluster_filter_set(c, lose_first_replies, &left);
    cluster_report(c, 1, ENGINE_ACK, ids, 1);
    cluster_add(c, 1, "new", 2);
    cluster_run(c, 5000);
    cluster_picture(c);
    ck_assert_int_eq(left, 0);
    ck_assert_uint_eq(status(1).ids, 2);
    cluster_compare(c, "lost_answers_are_asked_for_again");
}
END_TEST

START_TEST(cleaned)
{
    start_with_ids(2, 6);
    cluster_clean(c);
    cluster_run(c, 100);
    cluster_picture(c);
    ck_assert_uint_eq(status(1).ids + status(2).ids, 0);
    cluster_compare(c, "cleaned");
}
END_TEST

/* ---- Loss of the store's data ------------------------------------------------------------------------------------ */

/* §2: a new life; every slot joins anew; nobody leads before one ttl; terms and tokens only grow. */
START_TEST(store_loses_everything)
{
    start_with_ids(2, 4);
    uint64_t term = status(1).term;
    cluster_store_empty(c);
    cluster_run(c, 2500);
    cluster_picture(c);
    ck_assert(!status(1).leads && !status(2).leads);
    cluster_run(c, 3000);
    cluster_add(c, 2, "new", 2);
    cluster_run(c, 500);
    cluster_picture(c);
    ck_assert(status(1).leads || status(2).leads);
    ck_assert_uint_gt(status(1).term, term);
    cluster_compare(c, "store_loses_everything");
}
END_TEST

/* §2, time: a leader that sees the store's clock outrun its own reaps nothing for one ttl. */
START_TEST(store_clock_runs_ahead)
{
    start_with_ids(3, 6);
    cluster_run(c, 900); /* all have beaten lately */
    cluster_store_clock_step(c, 2500);
    cluster_run(c, 2000);
    cluster_picture(c);
    ck_assert_uint_eq(cluster_ops(c, ALLOT_OP_REAP), 0);
}
END_TEST

Suite *stories_suite(void)
{
    const TTest *const tests[] = {alone,
                                         three_join_and_share,
                                         leader_crashes_unproven,
                                         leader_crashes_proven,
                                         campaign_answer_lost,
                                         no_herd,
                                         stopped_past_its_lease,
                                         cut_off,
                                         a_new_replica_gets_its_part,
                                         a_release_breaks_up_few_segments,
                                         nothing_moves_without_a_cause,
                                         a_new_leader_moves_only_orphans,
                                         leaves,
                                         drains,
                                         one_that_does_not_give_back_is_retired,
                                         a_retire_that_fails_is_tried_again,
                                         one_that_gives_back_is_not_retired,
                                         what_was_given_up_is_not_won_again,
                                         one_that_does_not_give_back_is_kept,
                                         weights,
                                         acked_once,
                                         failed_and_parked,
                                         lost_answers_are_asked_for_again,
                                         cleaned,
                                         store_loses_everything,
                                         store_clock_runs_ahead};
    Suite *s = suite_create("engine stories");
    TCase *t = tcase_create("stories");
    tcase_add_checked_fixture(t, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(t, tests[i]);
    suite_add_tcase(s, t);
    return s;
}
