/* backend.c - the backend when the server, or the way to it, fails: what was answered is true, nothing is lost, nothing
 * is done twice, and all goes on by itself. */
#include "tests/redis/stand.h"
#include "tests/redis/suites.h"

#include "backends/redis/scripts.h"
#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BRIEF_US = 300000 };

static world *w;

static void begin(void)
{
    w = NULL;
}

static void end(void)
{
    stand_end(w);
}

static long long total_calls(void)
{
    return redis_server_info(stand_server(w), "stats", "total_commands_processed");
}

static void expect_failure(const allot_answer *a, allot_op_status status, const char *words)
{
    ck_assert_msg(a->outcome.status == status, "status %d instead of %d: %s", (int)a->outcome.status, (int)status,
                  a->message != NULL ? a->message : "");
    ck_assert_msg(strstr(a->message, words) != NULL, "'%s' not in: %s", words, a->message);
}

/* ---- What it costs ---------------------------------------------------------------------------------------------- */

START_TEST(one_command_for_each_beat)
{
    w = stand_begin(NULL);
    member m = member_joined(w, 0);
    EXPECT_OK(beat(&m));
    long long calls = redis_server_calls(stand_server(w), "evalsha");
    long long reads = redis_server_info(stand_server(w), "stats", "total_reads_processed");
    for (int i = 0; i < 10; i++)
        EXPECT_OK(beat(&m));
    /* Whatever else we had said would have been read. So are this question, and the end of the one before. */
    ck_assert_int_eq(redis_server_info(stand_server(w), "stats", "total_reads_processed"), reads + 10 + 2);
    ck_assert_int_eq(redis_server_calls(stand_server(w), "evalsha"), calls + 10);
}
END_TEST

/* A read that takes several calls is alone on its way: what is behind it is sent once, when it is done. */
START_TEST(what_is_behind_a_long_read_is_sent_once)
{
    enum { ADDS = 5 };
    uint64_t cookies[ADDS];
    w = stand_begin(NULL);
    member m = member_joined(w, 0), other = member_joined(w, 1);
    EXPECT_OK(beat(&other));
    allot_op roster = {.kind = ALLOT_OP_READ_ROSTER, .timeout_us = 10 * SECOND_US, .u.read.limit = 10};
    allot_new_id fresh[ADDS];
    allot_op adds[ADDS];
    char texts[ADDS][8];
    EXPECT_OK(member_call(&m, &roster));
    long long calls = redis_server_calls(stand_server(w), "evalsha");
    driver_submit(m.handle, &roster);
    for (int i = 0; i < ADDS; i++) {
        snprintf(texts[i], sizeof(texts[i]), "id-%d", i);
        adds[i] = stand_add(&m, texts[i], &fresh[i]);
        cookies[i] = driver_submit(m.handle, &adds[i]);
    }
    ck_assert_ptr_nonnull(driver_await(m.handle, cookies[ADDS - 1], 10000));
    ck_assert_int_eq(redis_server_calls(stand_server(w), "evalsha") - calls, 2 + ADDS);
}
END_TEST

/* Between its beats a replica asks for nothing. */
START_TEST(an_idle_handle_says_nothing)
{
    w = stand_begin(NULL);
    member m = member_joined(w, 0), other = member_joined(w, 1);
    EXPECT_OK(beat(&m));
    EXPECT_OK(beat(&other));
    while (driver_ready(m.handle, 100) || driver_ready(other.handle, 100)) {
        driver_process(m.handle);
        driver_process(other.handle);
    }
    long long all = total_calls();
    ck_assert(!driver_ready(m.handle, 700) && !driver_ready(other.handle, 700));
    ck_assert_int_eq(total_calls(), all + 1);
}
END_TEST

/* ---- The server's memory ---------------------------------------------------------------------------------------- */

START_TEST(it_forgets_its_scripts)
{
    w = stand_begin(NULL);
    member leader = member_leader(w, 0);
    for (int i = 0; i < 3; i++) {
        char id[16];
        ck_assert_str_eq(redis_server_ask(stand_server(w), "SCRIPT FLUSH"), "OK");
        snprintf(id, sizeof(id), "id-%d", i);
        ck_assert_uint_eq(EXPECT_OK(add(&leader, id))->outcome.count, 1);
        EXPECT_OK(beat(&leader));
        ck_assert_uint_eq(EXPECT_OK(grant(&leader, &leader, NULL))->outcome.count, 1);
    }
    ck_assert_str_eq(share_text(&leader), "id-0 id-1 id-2");
}
END_TEST

/* An op behind one that the server had no script for was carried out, and is to be sent again. Before that happens
 * the connection is lost: what was carried out is not to be called "surely not applied". */
START_TEST(it_forgets_a_script_and_then_hangs_up)
{
    w = stand_begin(NULL);
    member leader = member_leader(w, 0), other = outsider_new(w, 1);
    allot_new_id fresh[2];
    allot_op publishes = member_op(&leader, ALLOT_OP_PUBLISH), adds = stand_add(&leader, "second", &fresh[0]);
    allot_op third = stand_add(&leader, "third", &fresh[1]);
    publishes.u.publish = (allot_op_publish){.version = 1, .settled_age = 1, .strategy = {"x", 1}};
    third.timeout_us = BRIEF_US;
    EXPECT_OK(read_view(w)); /* both connections are there, and have looked for their scripts */
    EXPECT_OK(add(&other, "zero"));
    ck_assert_str_eq(redis_server_ask(stand_server(w), "SCRIPT FLUSH"), "OK");
    EXPECT_OK(add(&other, "first")); /* loads the script of add, and no other */
    tcp_proxy_refuse(stand_proxy(w)); /* who is cut off stays so */
    tcp_proxy_replace_reply_to(stand_proxy(w), "third", "", 0);
    uint64_t one = driver_submit(leader.handle, &publishes), two = driver_submit(leader.handle, &adds);
    uint64_t three = driver_submit(leader.handle, &third);
    const allot_answer *last = driver_await(leader.handle, three, 10000);
    ck_assert(last != NULL && last->outcome.status == ALLOT_STATUS_UNKNOWN);
    ck_assert_int_eq(driver_answer(leader.handle, one)->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_int_eq(driver_answer(leader.handle, two)->outcome.status, ALLOT_STATUS_UNKNOWN);
    tcp_proxy_heal(stand_proxy(w));
    stand_until_ok(&leader, &publishes);
    ck_assert_uint_eq(stand_until_ok(&leader, &adds)->outcome.count, 1); /* its first outcome */
    ck_assert_str_eq(inbox_text(w), "zero first second third");
}
END_TEST

START_TEST(it_is_full)
{
    w = stand_begin(NULL);
    member leader = member_leader(w, 0), worker = member_joined(w, 1);
    EXPECT_OK(add(&leader, "a b c d"));
    EXPECT_OK(grant(&leader, &worker, NULL));
    EXPECT_OK(recall(&leader, &worker, "b"));
    redis_server_ask(stand_server(w), "CONFIG SET maxmemory 1");

    allot_new_id fresh;
    allot_op more = stand_add(&leader, "e", &fresh);
    expect_failure(member_call(&leader, &more), ALLOT_STATUS_UNAVAILABLE, "OOM");
    /* Whoever has something keeps it, does it, gives it back. */
    EXPECT_OK(beat(&leader));
    EXPECT_OK(beat(&worker));
    ck_assert_uint_eq(EXPECT_OK(report(&worker, ALLOT_OP_ACK, "a"))->outcome.count, 1);
    ck_assert_uint_eq(EXPECT_OK(report(&worker, ALLOT_OP_RELEASE, "b"))->outcome.count, 1);
    ck_assert_str_eq(share_text(&worker), "c d");
    ck_assert_str_eq(inbox_text(w), "b");

    redis_server_ask(stand_server(w), "CONFIG SET maxmemory 0");
    ck_assert_uint_eq(EXPECT_OK(member_call(&leader, &more))->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "b e");
}
END_TEST

/* Somebody else's data under one of our names: every op says so, nothing breaks, and without it all goes on. */
static const char *const our_keys[] = {"state", "db", "slots", "ages", "inbox", "LOCK", "seg"};

START_TEST(data_of_somebody_else)
{
    w = stand_begin(NULL);
    redis_server *server = stand_server(w);
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a b"));
    redis_server_ask(server, "RENAME " STAND_KEYS "%s kept", our_keys[_i]);
    redis_server_ask(server, "SET " STAND_KEYS "%s text", our_keys[_i]);
    member joining = member_new(w, 1);
    int failed = 0;
    const allot_answer *answers[] = {join(&joining), beat(&m), add(&m, "c"), publish(&m, 1)};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const allot_answer *a = answers[i];
        bool is_told = (a->outcome.status == ALLOT_STATUS_UNKNOWN || a->outcome.status == ALLOT_STATUS_UNAVAILABLE) &&
                       strstr(a->message, "WRONGTYPE") != NULL;
        ck_assert_msg(is_told || a->outcome.status != ALLOT_STATUS_UNAVAILABLE, "%s", a->message);
        failed += is_told;
    }
    ck_assert_int_gt(failed, 0);
    redis_server_ask(server, "DEL " STAND_KEYS "%s", our_keys[_i]);
    redis_server_ask(server, "RENAME kept " STAND_KEYS "%s", our_keys[_i]);
    EXPECT_OK(beat(&m));
    EXPECT_OK(add(&m, "d"));
    ck_assert_ptr_nonnull(read_id(w, "a"));
    ck_assert_ptr_nonnull(read_id(w, "d"));
}
END_TEST

/* Of the first segment in the inbox. */
static allot_op read_segments_op(member *m, uint64_t *ret_segment)
{
    allot_op inbox = {.kind = ALLOT_OP_READ_INBOX, .timeout_us = 10 * SECOND_US, .u.read.limit = 1};
    const allot_answer *page = EXPECT_OK(member_call(m, &inbox));
    ck_assert_uint_eq(page->segment_count, 1);
    *ret_segment = page->segments[0].segment;
    allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .timeout_us = 10 * SECOND_US};
    op.u.read.segments = ret_segment;
    op.u.read.segment_count = 1;
    return op;
}

/* The texts of segments are read by a command of its own, which says no more than what is wrong. */
START_TEST(texts_of_somebody_else)
{
    uint64_t segment;
    w = stand_begin(NULL);
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a b"));
    allot_op op = read_segments_op(&m, &segment);
    redis_server_ask(stand_server(w), "RENAME " STAND_KEYS "seg kept");
    redis_server_ask(stand_server(w), "SET " STAND_KEYS "seg text");
    const allot_answer *a = member_call(&m, &op);
    expect_failure(a, ALLOT_STATUS_UNAVAILABLE, "WRONGTYPE");
    expect_failure(a, ALLOT_STATUS_UNAVAILABLE, STAND_KEYS "seg");
    redis_server_ask(stand_server(w), "DEL " STAND_KEYS "seg");
    a = member_call(&m, &op); /* lost, all of them */
    expect_failure(a, ALLOT_STATUS_UNAVAILABLE, "makes no sense");
    redis_server_ask(stand_server(w), "RENAME kept " STAND_KEYS "seg");
    a = stand_until_ok(&m, &op);
    ck_assert_uint_eq(a->body_count, 1);
    ck_assert_uint_eq(a->bodies[0].count, 2);
}
END_TEST

/* ---- Its role --------------------------------------------------------------------------------------------------- */

START_TEST(it_becomes_a_replica)
{
    w = stand_begin(NULL);
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a"));
    redis_server_ask(stand_server(w), "REPLICAOF 127.0.0.1 1");
    allot_new_id fresh;
    allot_op more = stand_add(&m, "b", &fresh);
    for (int i = 0; i < 3; i++) {
        const allot_answer *a = stand_call(&m, more, SECOND_US);
        ck_assert_int_eq(a->outcome.status, ALLOT_STATUS_UNAVAILABLE);
        ck_assert_msg(strstr(a->message, "READONLY") != NULL, "%s", a->message);
    }
    ck_assert_int_eq(beat(&m)->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    redis_server_ask(stand_server(w), "REPLICAOF NO ONE");
    ck_assert_uint_eq(stand_until_ok(&m, &more)->outcome.count, 1);
    ck_assert_str_eq(inbox_text(w), "a b");
}
END_TEST

/* ---- Answers that are lost -------------------------------------------------------------------------------------- */

/* In place of the reply to the next call of this script these bytes come. */
static void spoil(redis_script_id script, const char *data)
{
    tcp_proxy_replace_reply_to(stand_proxy(w), redis_scripts[script].sha, data, strlen(data));
}

/* One of the two replies to a read of segments is lost, cut or wrong: it fails, and the next one reads all. */
START_TEST(the_answers_to_a_read_of_segments_are_lost)
{
    static const char *const instead[] = {"", "*1\r\n$-1\r\n", "+OK\r\n", "*0\r\n"};
    uint64_t segment;
    w = stand_begin(NULL);
    member m = outsider_new(w, 0);
    EXPECT_OK(add(&m, "a b"));
    allot_op op = read_segments_op(&m, &segment);
    const char *const needles[] = {"HMGET", redis_scripts[REDIS_SCRIPT_BODIES].sha};
    tcp_proxy_replace_reply_to(stand_proxy(w), needles[_i % 2], instead[_i / 2], strlen(instead[_i / 2]));
    allot_op brief = op;
    brief.timeout_us = BRIEF_US;
    ck_assert_int_eq(member_call(&m, &brief)->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    const allot_answer *a = stand_until_ok(&m, &op);
    ck_assert_uint_eq(a->body_count, 1);
    ck_assert_uint_eq(a->bodies[0].count, 2);
    ck_assert(a->bodies[0].ids[1].id.len == 1 && a->bodies[0].ids[1].id.data[0] == 'b');
}
END_TEST

/* The reply to the op is lost: UNKNOWN. Sent again, it gets its first outcome, without effect. */
static const allot_answer *lose_reply(member *m, const allot_op *op, redis_script_id script)
{
    EXPECT_OK(read_view(w));
    spoil(script, "");
    const allot_answer *a = stand_call(m, *op, BRIEF_US);
    expect_failure(a, ALLOT_STATUS_UNKNOWN, "no answer in time");
    return stand_until_ok(m, op);
}

START_TEST(the_answer_to_an_add_is_lost)
{
    w = stand_begin(NULL);
    member m = outsider_new(w, 0);
    allot_new_id fresh;
    allot_op op = stand_add(&m, "a", &fresh);
    const allot_answer *a = lose_reply(&m, &op, REDIS_SCRIPT_ADD);
    ck_assert_uint_eq(a->outcome.count, 1);
    ck_assert_uint_eq(a->outcome.skipped, 0);
    ck_assert_str_eq(inbox_text(w), "a");
}
END_TEST

START_TEST(the_answer_to_a_join_is_lost)
{
    w = stand_begin(NULL);
    EXPECT_OK(read_view(w));
    member first = member_joined(w, 1), m = member_new(w, 0);
    EXPECT_OK(beat(&first));
    allot_op op = join_op(&m, "name");
    ck_assert_int_eq(lose_reply(&m, &op, REDIS_SCRIPT_JOIN)->outcome.status, ALLOT_STATUS_OK);
    EXPECT_OK(beat(&m));
    ck_assert_uint_eq(read_view(w)->view->slots, 2);
}
END_TEST

START_TEST(the_answers_to_reports_are_lost)
{
    w = stand_begin(NULL);
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a b c d"));
    EXPECT_OK(grant(&m, &m, NULL));
    static const char *const ids[] = {"a", "b", "c"};
    static const allot_op_kind kinds[] = {ALLOT_OP_ACK, ALLOT_OP_RELEASE, ALLOT_OP_FAIL};
    static const redis_script_id scripts[] = {REDIS_SCRIPT_ACK, REDIS_SCRIPT_RELEASE, REDIS_SCRIPT_FAIL};
    for (int i = 0; i < 3; i++) {
        allot_item item;
        ck_assert(find_item(&m, ids[i], &item));
        item.id = (allot_bytes){ids[i], 1};
        allot_op op = member_op(&m, kinds[i]);
        op.u.items = (allot_op_items){.count = 1, .items = &item, .reason = {"why", 3}, .max_attempts = 9,
                                      .retry_after_us = 3600 * (int64_t)SECOND_US};
        ck_assert_uint_eq(lose_reply(&m, &op, scripts[i])->outcome.count, 1);
    }
    ck_assert_str_eq(share_text(&m), "d");
    ck_assert_str_eq(inbox_text(w), "b");
    ck_assert_str_eq(parked_text(w), "c");
    ck_assert_ptr_null(read_id(w, "a"));
}
END_TEST

/* A campaign's lost answer: sent again, it is the same leadership, not a second one. */
START_TEST(the_answer_to_a_campaign_is_lost)
{
    w = stand_begin(NULL);
    member m = member_joined(w, 0);
    allot_op op = member_op(&m, ALLOT_OP_CAMPAIGN);
    uint64_t term = lose_reply(&m, &op, REDIS_SCRIPT_CAMPAIGN)->outcome.term;
    ck_assert_uint_gt(term, 0);
    ck_assert_uint_eq(read_view(w)->view->term, term);
}
END_TEST

/* What is read is simply not there: nothing could have been changed. */
START_TEST(the_answer_to_a_read_is_lost)
{
    w = stand_begin(NULL);
    member m = outsider_new(w, 0);
    allot_op op = member_op(&m, ALLOT_OP_READ_VIEW);
    spoil(REDIS_SCRIPT_VIEW, "");
    expect_failure(stand_call(&m, op, BRIEF_US), ALLOT_STATUS_UNAVAILABLE, "no answer in time");
    stand_until_ok(&m, &op);
}
END_TEST

static const char *const nonsense[] = {
    "+OK\r\n", ":7\r\n", "$2\r\nok\r\n", "$-1\r\n", "*0\r\n", "*1\r\n:1\r\n", "*1\r\n$2\r\nok\r\n",
    "*1\r\n$9\r\nok 1 2 3 \r\n",
    "*1\r\n$-1\r\n", "*2\r\n$17\r\nok x 0 0 0 999999\r\n:1\r\n", "*1\r\n$15\r\nrefused madness\r\n",
    "*1\r\n$10\r\nok 1 0 0 0\r\n", "*2\r\n$12\r\nok 1 0 0 0 -\r\n$0\r\n\r\n", "*1\r\n$13\r\nok 1 0 0 0 - \r\n",
    "*2\r\n$7\r\nok 1 0 \r\n*1\r\n*0\r\n", "*1\r\n$30\r\nok 99999999999999999999 0 0 0 -\r\n", "%1\r\n",
    "-WHAT is this\r\n",
};

static long long connections(void)
{
    return redis_server_info(stand_server(w), "stats", "total_connections_received");
}

/* A server that answers nonsense in good form is believed nothing; nothing more is read from where it came. */
START_TEST(answers_without_sense)
{
    w = stand_begin(NULL);
    member m = member_leader(w, 0);
    static const redis_script_id scripts[] = {REDIS_SCRIPT_ADD, REDIS_SCRIPT_ROSTER, REDIS_SCRIPT_POOL};
    EXPECT_OK(read_view(w)); /* the connection is there, and has looked for its scripts */
    allot_new_id fresh;
    allot_op ops[] = {stand_add(&m, "a", &fresh), member_op(&m, ALLOT_OP_READ_ROSTER),
                      member_op(&m, ALLOT_OP_READ_POOL)};
    ops[1].u.read.limit = ops[2].u.read.limit = 10;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        spoil(scripts[i], nonsense[_i]);
        bool is_error = nonsense[_i][0] == '-';
        long long before = connections();
        const allot_answer *a = stand_call(&m, ops[i], SECOND_US);
        ck_assert_msg(a->outcome.status == (i == 0 ? ALLOT_STATUS_UNKNOWN : ALLOT_STATUS_UNAVAILABLE),
                      "op %zu: status %d", i, (int)a->outcome.status);
        stand_until_ok(&m, &ops[i]);
        ck_assert_int_eq(connections(), before + 1 + !is_error); /* one asks here */
    }
    spoil(REDIS_SCRIPT_BEAT, nonsense[_i]);
    ck_assert_int_ne(beat(&m)->outcome.status, ALLOT_STATUS_OK);
    allot_op op = member_op(&m, ALLOT_OP_READ_VIEW);
    stand_until_ok(&m, &op);
    ck_assert_str_eq(inbox_text(w), "a");
}
END_TEST

/* ---- Stopped ---------------------------------------------------------------------------------------------------- */

/* A stopped server: ops are given up in time. What it carries out when it goes on, after the lease, does no harm: the
 * publish is refused, the beat brings nothing back to life. */
START_TEST(stopped_for_longer_than_a_lease)
{
    w = stand_begin(NULL);
    w->ttl_us = SECOND_US;
    member leader = member_leader(w, 0), next = member_joined(w, 1);
    EXPECT_OK(beat(&leader));
    EXPECT_OK(read_view(w)); /* both connections are there */
    redis_server_stop(stand_server(w));
    allot_op late_beat = member_op(&leader, ALLOT_OP_BEAT), late = member_op(&leader, ALLOT_OP_PUBLISH);
    late_beat.timeout_us = late.timeout_us = BRIEF_US;
    late_beat.u.beat = (allot_op_beat){.floors.life = leader.life, .ttl_us = leader.ttl_us};
    late.u.publish = (allot_op_publish){.version = 1, .settled_age = 1, .strategy = {"x", 1}};
    uint64_t one = driver_submit(leader.handle, &late_beat), two = driver_submit(leader.handle, &late);
    const allot_answer *a = driver_await(leader.handle, one, 5000), *b = driver_await(leader.handle, two, 5000);
    ck_assert(a != NULL && a->outcome.status == ALLOT_STATUS_UNKNOWN);
    ck_assert(b != NULL && b->outcome.status == ALLOT_STATUS_UNKNOWN);
    struct timespec lease = {.tv_sec = 1, .tv_nsec = 100000000};
    nanosleep(&lease, NULL);
    redis_server_cont(stand_server(w));
    allot_op view = member_op(&next, ALLOT_OP_READ_VIEW);
    a = stand_until_ok(&next, &view);
    ck_assert_uint_eq(a->view->version, 0);
    ck_assert_int_le(read_slot(w, &leader)->expires_in_us, 0);
    EXPECT_REFUSED(beat(&leader), ALLOT_REFUSED_EXPIRED);
    EXPECT_REFUSED(publish(&leader, 1), ALLOT_REFUSED_NOT_LEADER);
    uint64_t old = leader.term;
    member fresh = member_leader(w, 2);
    ck_assert_uint_gt(fresh.term, old);
}
END_TEST

/* ---- Restarts --------------------------------------------------------------------------------------------------- */

typedef struct before {
    allot_uuid life;
    uint64_t view, term, token;
} before;

static before remember(member *m)
{
    const allot_view *v = EXPECT_OK(beat(m))->view;
    return (before){v->life, v->number, v->term, v->token};
}

/* By the bulk connection of this member's handle, and by that of the reads. */
static void until_back(member *m)
{
    allot_op op = member_op(m, ALLOT_OP_READ_VIEW);
    member reader = {.w = w, .handle = world_handle(w, 0)};
    stand_until_ok(m, &op);
    stand_until_ok(&reader, &op);
}

static const allot_answer *beat_with_floors(member *m, const before *b)
{
    until_back(m);
    allot_op op = member_op(m, ALLOT_OP_BEAT);
    op.term = 0;
    op.u.beat = (allot_op_beat){.floors = {b->life, b->view, b->term, b->token}, .fresh_life = world_uuid(w),
                                .ttl_us = m->ttl_us};
    for (int i = 0; i < 100; i++) {
        const allot_answer *a = member_call(m, &op);
        if (a->outcome.status == ALLOT_STATUS_OK || a->outcome.status == ALLOT_STATUS_REFUSED)
            return a;
    }
    ck_abort_msg("the server does not come back");
    return NULL;
}

START_TEST(restarted_with_all_its_data)
{
    w = stand_begin((const char *const[]){"--appendonly", "yes", "--appendfsync", "everysec", NULL});
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a b"));
    EXPECT_OK(grant(&m, &m, "a"));
    before b = remember(&m);
    redis_server_again(stand_server(w));
    const allot_answer *a = beat_with_floors(&m, &b);
    ck_assert_int_eq(a->outcome.status, ALLOT_STATUS_OK);
    ck_assert(uuid_equal(&a->view->life, &b.life));
    ck_assert_uint_eq(a->view->term, b.term);
    EXPECT_OK(publish(&m, 1)); /* it leads as before */
    ck_assert_str_eq(share_text(&m), "a");
    ck_assert_str_eq(inbox_text(w), "b");
    ck_assert_uint_eq(EXPECT_OK(report(&m, ALLOT_OP_ACK, "a"))->outcome.count, 1);
}
END_TEST

/* Back to a snapshot: what was granted after it is known to the replica, whose beat begins a new life. Its token is
 * never issued again. */
START_TEST(restarted_on_a_snapshot)
{
    w = stand_begin(NULL);
    w->ttl_us = SECOND_US;
    member m = member_leader(w, 0);
    EXPECT_OK(add(&m, "a b"));
    EXPECT_OK(beat(&m));
    ck_assert_str_eq(redis_server_ask(stand_server(w), "SAVE"), "OK");
    EXPECT_OK(grant(&m, &m, "a"));
    before b = remember(&m);
    allot_item item;
    ck_assert(find_item(&m, "a", &item));
    redis_server_again(stand_server(w));
    EXPECT_REFUSED(beat_with_floors(&m, &b), ALLOT_REFUSED_LIFE);
    member next = member_joined(w, 1);
    ck_assert(!uuid_equal(&next.life, &b.life));
    const allot_answer *a = campaign(&next);
    while (a->outcome.status == ALLOT_STATUS_REFUSED) {
        ck_assert_int_eq(a->outcome.reason, ALLOT_REFUSED_QUARANTINE);
        ck_assert_int_le(a->outcome.wait_us, w->ttl_us);
        EXPECT_OK(beat(&next));
        a = campaign(&next);
    }
    ck_assert_uint_gt(next.term, b.term);
    EXPECT_OK(beat(&next));
    ck_assert_uint_eq(EXPECT_OK(reap(&next, &m, 0))->outcome.more, 0);
    ck_assert_str_eq(inbox_text(w), "a b");
    EXPECT_OK(grant(&next, &next, "a"));
    allot_item again;
    ck_assert(find_item(&next, "a", &again));
    ck_assert_uint_gt(again.token, item.token);
    ck_assert_uint_gt(again.token, b.token);
}
END_TEST

START_TEST(restarted_with_nothing)
{
    w = stand_begin(NULL);
    w->ttl_us = SECOND_US;
    member m = member_leader(w, 0);
    allot_item item;
    EXPECT_OK(add(&m, "a"));
    EXPECT_OK(grant(&m, &m, NULL));
    ck_assert(find_item(&m, "a", &item));
    before b = remember(&m);
    redis_server_again(stand_server(w));
    const allot_answer *a = beat_with_floors(&m, &b);
    ck_assert_int_eq(a->outcome.status, ALLOT_STATUS_REFUSED);
    ck_assert(a->outcome.reason == ALLOT_REFUSED_LIFE || a->outcome.reason == ALLOT_REFUSED_GONE);
    allot_op op = member_op(&m, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = 1, .items = &item};
    EXPECT_REFUSED(member_call(&m, &op), ALLOT_REFUSED_GONE);
    member next = member_new(w, 1);
    op = join_op(&next, "");
    op.u.join.floors = (allot_floors){b.life, b.view, b.term, b.token};
    EXPECT_OK(member_call(&next, &op));
    EXPECT_OK(beat(&next));
    ck_assert(!uuid_equal(&next.life, &b.life));
    EXPECT_REFUSED(campaign(&next), ALLOT_REFUSED_QUARANTINE);
    while (campaign(&next)->outcome.status != ALLOT_STATUS_OK)
        EXPECT_OK(beat(&next));
    ck_assert_uint_gt(next.term, b.term);
    EXPECT_OK(add(&next, "a"));
    EXPECT_OK(grant(&next, &next, NULL));
    ck_assert(find_item(&next, "a", &item));
    ck_assert_uint_gt(item.token, b.token);
}
END_TEST

/* ---- Lanes ------------------------------------------------------------------------------------------------------ */

/* Bulk that fills a slow link does not hold up a beat. */
START_TEST(a_beat_is_not_behind_bulk)
{
    enum { OPS = 60, IDS = 500 };
    static char texts[OPS][IDS][40];
    static allot_new_id fresh[OPS][IDS];
    w = stand_begin(NULL);
    member m = member_joined(w, 0);
    tcp_proxy_limit(stand_proxy(w), 2u << 20);
    for (int i = 0; i < OPS; i++) {
        for (int k = 0; k < IDS; k++) {
            int len = snprintf(texts[i][k], sizeof(texts[i][k]), "%036d", i * IDS + k);
            fresh[i][k] = (allot_new_id){.id = {texts[i][k], (uint32_t)len}};
        }
        allot_op op = member_op(&m, ALLOT_OP_ADD);
        op.timeout_us = 60 * (int64_t)SECOND_US;
        op.u.add = (allot_op_add){.count = IDS, .ids = fresh[i], .fresh_life = m.life};
        driver_submit(m.handle, &op);
    }
    int beats = 0;
    for (; driver_pending_count(m.handle) > 0; beats++) {
        size_t before_beat = driver_pending_count(m.handle);
        EXPECT_OK(beat(&m));
        ck_assert_uint_le(before_beat - driver_pending_count(m.handle), OPS / 3);
    }
    ck_assert_int_gt(beats, 10);
    ck_assert_uint_eq(read_view(w)->view->total, OPS * IDS);
}
END_TEST

/* ---- Hints ------------------------------------------------------------------------------------------------------ */

START_TEST(hints_come_again_after_a_cut)
{
    w = stand_begin(NULL);
    member leader = member_leader(w, 0), worker = member_joined(w, 1);
    static const char *const ids[] = {"a", "b", "c"};
    EXPECT_OK(beat(&worker));
    for (int round = 0; round < 3; round++) {
        tcp_proxy_reset(stand_proxy(w));
        allot_op op = member_op(&worker, ALLOT_OP_READ_VIEW);
        stand_until_ok(&worker, &op);
        op = member_op(&leader, ALLOT_OP_READ_VIEW);
        stand_until_ok(&leader, &op);
        while (strcmp(redis_server_ask(stand_server(w), "PUBLISH " STAND_KEYS "events nothing"), "2") != 0) {
            driver_ready(worker.handle, 10);
            driver_process(worker.handle);
            driver_process(leader.handle);
        }
        driver_clear_hints(worker.handle);
        EXPECT_OK(publish(&leader, (uint64_t)round + 1));
        ck_assert(driver_await_hint(worker.handle, ALLOT_HINT_GROUP, 5000));
        EXPECT_OK(add(&leader, ids[round]));
        EXPECT_OK(grant(&leader, &worker, NULL));
        ck_assert(driver_await_hint(worker.handle, ALLOT_HINT_SHARE, 5000));
    }
}
END_TEST

Suite *redis_backend_suite(void)
{
    Suite *s = suite_create("redis backend");
    TCase *t = tcase_create("backend");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, one_command_for_each_beat);
    tcase_add_test(t, what_is_behind_a_long_read_is_sent_once);
    tcase_add_test(t, an_idle_handle_says_nothing);
    tcase_add_test(t, it_forgets_its_scripts);
    tcase_add_test(t, it_forgets_a_script_and_then_hangs_up);
    tcase_add_test(t, it_is_full);
    tcase_add_loop_test(t, data_of_somebody_else, 0, (int)(sizeof(our_keys) / sizeof(our_keys[0])));
    tcase_add_test(t, texts_of_somebody_else);
    tcase_add_test(t, it_becomes_a_replica);
    tcase_add_loop_test(t, the_answers_to_a_read_of_segments_are_lost, 0, 8);
    tcase_add_test(t, the_answer_to_an_add_is_lost);
    tcase_add_test(t, the_answer_to_a_join_is_lost);
    tcase_add_test(t, the_answers_to_reports_are_lost);
    tcase_add_test(t, the_answer_to_a_campaign_is_lost);
    tcase_add_test(t, the_answer_to_a_read_is_lost);
    tcase_add_loop_test(t, answers_without_sense, 0, (int)(sizeof(nonsense) / sizeof(nonsense[0])));
    tcase_add_test(t, stopped_for_longer_than_a_lease);
    tcase_add_test(t, restarted_with_all_its_data);
    tcase_add_test(t, restarted_on_a_snapshot);
    tcase_add_test(t, restarted_with_nothing);
    tcase_add_test(t, a_beat_is_not_behind_bulk);
    tcase_add_test(t, hints_come_again_after_a_cut);
    suite_add_tcase(s, t);
    return s;
}
