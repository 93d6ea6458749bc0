/* deals.c - the texts of a deal are laid under numbers before its script begins: whatever becomes of it, each segment
 * has its own text, and none is left that belongs to no segment. */
#include "tests/redis/stand.h"
#include "tests/redis/suites.h"

#include "backends/redis/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BRIEF_US = 300000 };

static world *w;
static member leader, worker;

/* What a deal points to, of one segment of two ids. */
typedef struct hand {
    allot_source source;
    allot_dealt dealt[2];
    allot_pile pile;
} hand;

static hand only;

/* A deal of the segment "m n", the other way round, to the worker. */
static allot_op make_hand(hand *h, const char *m, const char *n)
{
    allot_part first, second;
    allot_op op = member_op(&leader, ALLOT_OP_DEAL);
    ck_assert(find_part(w, m, &first) && find_part(w, n, &second) && first.segment == second.segment);
    h->source = (allot_source){.segment = first.segment, .live = 2};
    h->dealt[0] = (allot_dealt){.position = second.position, .id = {n, (uint32_t)strlen(n)}};
    h->dealt[1] = (allot_dealt){.position = first.position, .id = {m, (uint32_t)strlen(m)}};
    h->pile = (allot_pile){.count = 2, .ids = h->dealt};
    op.u.deal = (allot_op_deal){.slot_count = 1, .slots = &worker.slot, .source_count = 1, .sources = &h->source,
                                .pile_count = 1, .piles = &h->pile};
    return op;
}

static allot_op make_deal(const char *m, const char *n)
{
    return make_hand(&only, m, n);
}

static void begin(void)
{
    w = NULL;
}

static void end(void)
{
    stand_end(w);
}

/* The leader has dealt once, and knows the numbers. */
static void enter(void)
{
    w = stand_begin(NULL);
    leader = member_leader(w, 0);
    worker = member_joined(w, 1);
    EXPECT_OK(add(&leader, "a b"));
    allot_op op = make_deal("a", "b");
    ck_assert_uint_eq(EXPECT_OK(member_call(&leader, &op))->outcome.count, 2);
    EXPECT_OK(add(&leader, "c d"));
}

static long long length(const char *name)
{
    return atoll(redis_server_ask(stand_server(w), "HLEN " STAND_KEYS "%s", name));
}

static void expect_no_text_left(void)
{
    ck_assert_int_eq(length("seg"), length("live"));
    ck_assert_str_eq(redis_server_ask(stand_server(w), "HEXISTS " STAND_KEYS "state staged"), "0");
}

static void expect_dealt(void)
{
    EXPECT_OK(beat(&worker));
    ck_assert_str_eq(share_text(&worker), "b a d c");
    ck_assert_str_eq(inbox_text(w), "");
    expect_no_text_left();
}

static void expect_not_dealt(void)
{
    ck_assert_str_eq(share_text(&worker), "b a");
    ck_assert_str_eq(inbox_text(w), "c d");
    expect_no_text_left();
}

static long long last_number(void)
{
    return atoll(redis_server_ask(stand_server(w), "HGET " STAND_KEYS "state segment"));
}

/* As if others had written many segments since the leader learned of the numbers; returns the last one. */
static long long use_numbers(void)
{
    long long last = last_number() + 100000;
    redis_server_ask(stand_server(w), "HSET " STAND_KEYS "state segment %lld", last);
    return last;
}

START_TEST(each_text_where_it_belongs)
{
    enter();
    allot_op op = make_deal("c", "d");
    EXPECT_OK(member_call(&leader, &op));
    expect_dealt();
}
END_TEST

START_TEST(numbers_that_others_used)
{
    enter();
    allot_op op = make_deal("c", "d");
    long long used = use_numbers();
    EXPECT_OK(member_call(&leader, &op));
    expect_dealt();
    ck_assert_int_gt(last_number(), used);
}
END_TEST

/* Texts of a deal that was killed lie where the next one wants to lay its own. */
START_TEST(a_place_that_is_taken)
{
    enter();
    allot_op op = make_deal("c", "d");
    long long last = last_number();
    for (int i = 1; i <= 600; i++)
        redis_server_ask(stand_server(w), "HSET " STAND_KEYS "seg %lld rubbish", last + i);
    EXPECT_OK(member_call(&leader, &op));
    EXPECT_OK(beat(&worker));
    ck_assert_str_eq(share_text(&worker), "b a d c");
    long long dealt_as = last_number();
    ck_assert(dealt_as > last && dealt_as <= last + 600);
    ck_assert_str_eq(redis_server_ask(stand_server(w), "HGET " STAND_KEYS "seg %lld", dealt_as), "d\nc");
}
END_TEST

/* The script's call alone, as somebody who types it would write it. */
static const char *call_script(const redis_call *call)
{
    const char *argv[64];
    size_t lens[64];
    char line[4000];
    size_t keys = call->keys.count, count = keys + call->args.count;
    ck_assert_uint_le(count, 64);
    redis_args_list(&call->keys, argv, lens);
    redis_args_list(&call->args, argv + keys, lens + keys);
    int used = snprintf(line, sizeof(line), "EVALSHA %s %zu", redis_scripts[call->script].sha, keys);
    for (size_t i = 0; i < count; i++)
        used += snprintf(line + used, sizeof(line) - (size_t)used, " \"%.*s\"", (int)lens[i], argv[i]);
    return redis_server_ask(stand_server(w), "%s", line);
}

/* As the call that clears the place leaves it, when so many texts were there. */
static void put_mark(const redis_call *call, const redis_progress *progress, long long texts)
{
    const char *argv[64];
    size_t lens[64];
    redis_args_list(&call->args, argv, lens);
    redis_server_ask(stand_server(w), "HSET " STAND_KEYS "state staged \"%.*s %.*s %llu %lld\"", (int)lens[2], argv[2],
                     (int)lens[3], argv[3], (unsigned long long)progress->first_number, texts);
}

/* The call that clears the place was killed, say, or the texts were not let in: what lies there may be anybody's, or is
 * not there. */
static const struct {
    bool is_laid, is_marked, is_dealt;
} places[] = {{true, false, false}, {false, true, false}, {false, false, false}, {true, true, true}};

START_TEST(a_place_that_was_not_prepared)
{
    enter();
    char prefix[] = STAND_KEYS;
    const redis_names names = {.prefix = prefix, .from = "0123456789abcdef"};
    const redis_progress progress = {.first_number = (uint64_t)last_number() + 1};
    redis_call call = {0};
    allot_op op = make_deal("c", "d");
    ck_assert_int_eq(redis_encode(&names, &op, false, &progress, &call), 0);
    if (places[_i].is_marked)
        put_mark(&call, &progress, length("seg"));
    if (places[_i].is_laid)
        redis_server_ask(stand_server(w), "HSET " STAND_KEYS "seg %lld text", last_number() + 1);
    ck_assert_int_eq(strstr(call_script(&call), "again") == NULL, places[_i].is_dealt);
    redis_call_done(&call);
    if (places[_i].is_dealt)
        return;
    expect_not_dealt();
    EXPECT_OK(member_call(&leader, &op));
    expect_dealt();
}
END_TEST

/* Several deals are on their way when their numbers turn out to be used: each is carried out once, and sent twice. */
START_TEST(several_deals_and_numbers_that_others_used)
{
    enum { DEALS = 4 };
    static const char *const texts[DEALS][2] = {{"e", "f"}, {"g", "h"}, {"i", "j"}, {"k", "l"}};
    hand hands[DEALS];
    allot_op ops[DEALS];
    uint64_t cookies[DEALS];
    enter();
    for (int i = 0; i < DEALS; i++) {
        char both[8];
        snprintf(both, sizeof(both), "%s %s", texts[i][0], texts[i][1]);
        EXPECT_OK(add(&leader, both));
        ops[i] = make_hand(&hands[i], texts[i][0], texts[i][1]);
    }
    use_numbers();
    long long calls = redis_server_calls(stand_server(w), "evalsha");
    for (int i = 0; i < DEALS; i++)
        cookies[i] = driver_submit(leader.handle, &ops[i]);
    ck_assert_ptr_nonnull(driver_await(leader.handle, cookies[DEALS - 1], 10000));
    ck_assert_int_le(redis_server_calls(stand_server(w), "evalsha") - calls, 2 * 2 * DEALS);
    for (int i = 0; i < DEALS; i++)
        ck_assert_uint_eq(driver_answer(leader.handle, cookies[i])->outcome.count, 2);
    ck_assert_str_eq(share_text(&worker), "b a f e h g j i l k");
    ck_assert_str_eq(inbox_text(w), "c d");
    expect_no_text_left();
}
END_TEST

START_TEST(numbers_that_others_used_and_no_second_try)
{
    enter();
    allot_op op = make_deal("c", "d");
    use_numbers();
    tcp_proxy_refuse(stand_proxy(w));
    tcp_proxy_replace_reply_to(stand_proxy(w), redis_scripts[REDIS_SCRIPT_DEAL].sha, "", 0);
    ck_assert_int_ne(stand_call(&leader, op, BRIEF_US)->outcome.status, ALLOT_STATUS_OK);
    expect_no_text_left();
    tcp_proxy_heal(stand_proxy(w));
    stand_until_ok(&leader, &op);
    expect_dealt();
}
END_TEST

START_TEST(it_forgets_the_script)
{
    enter();
    allot_op op = make_deal("c", "d");
    ck_assert_str_eq(redis_server_ask(stand_server(w), "SCRIPT FLUSH"), "OK");
    EXPECT_OK(member_call(&leader, &op));
    expect_dealt();
}
END_TEST

START_TEST(a_deal_that_is_refused)
{
    enter();
    allot_op op = make_deal("c", "d");
    op.term++;
    ck_assert_int_eq(member_call(&leader, &op)->outcome.reason, ALLOT_REFUSED_NOT_LEADER);
    expect_not_dealt();
    op = make_deal("c", "d");
    EXPECT_OK(grant(&leader, &worker, "c")); /* meanwhile */
    const allot_answer *a = EXPECT_OK(member_call(&leader, &op));
    ck_assert(a->outcome.count == 0 && a->outcome.skipped == 2);
    ck_assert_str_eq(inbox_text(w), "d");
    expect_no_text_left();
}
END_TEST

START_TEST(the_answer_to_a_deal_is_lost)
{
    enter();
    allot_op op = make_deal("c", "d");
    tcp_proxy_replace_reply_to(stand_proxy(w), "\r\nEXEC\r\n", "", 0);
    ck_assert_int_eq(stand_call(&leader, op, BRIEF_US)->outcome.status, ALLOT_STATUS_UNKNOWN);
    ck_assert_uint_eq(stand_until_ok(&leader, &op)->outcome.count, 2); /* its first outcome */
    expect_dealt();
}
END_TEST

/* Of a request's bytes, or of its replies'. */
static const struct {
    size_t (*count)(tcp_proxy *p);
    void (*cut)(tcp_proxy *p, size_t after_bytes);
} ways[] = {{tcp_proxy_request_bytes, tcp_proxy_cut_requests}, {tcp_proxy_reply_bytes, tcp_proxy_cut_replies}};

START_TEST(cut_at_any_byte_of_a_deal)
{
    enter();
    allot_op op = make_deal("c", "d");
    size_t before = ways[_i].count(stand_proxy(w));
    EXPECT_OK(member_call(&leader, &op));
    size_t len = ways[_i].count(stand_proxy(w)) - before;
    unsigned failed = 0;
    ck_assert_uint_gt(len, 80);
    len = ways[_i].cut == tcp_proxy_cut_replies ? 80 : len;
    for (size_t n = 0; n < len; n += 1 + len / 16) {
        char m[24], both[40];
        snprintf(m, sizeof(m), "m%zu", n);
        snprintf(both, sizeof(both), "%s n", m);
        EXPECT_OK(add(&leader, both));
        op = make_deal(m, "n");
        op.u.deal.quiet = true; /* hints would be counted, too */
        ways[_i].cut(stand_proxy(w), n);
        failed += stand_call(&leader, op, 5 * SECOND_US)->outcome.status != ALLOT_STATUS_OK;
        tcp_proxy_heal(stand_proxy(w));
        ck_assert_uint_eq(stand_until_ok(&leader, &op)->outcome.count, 2);
        expect_no_text_left();
        ck_assert_uint_eq(EXPECT_OK(report(&worker, ALLOT_OP_ACK, "n"))->outcome.count, 1);
    }
    ck_assert_uint_gt(failed, 8);
    ck_assert_str_eq(inbox_text(w), "");
}
END_TEST

START_TEST(it_is_full)
{
    enter();
    allot_op op = make_deal("c", "d");
    redis_server_ask(stand_server(w), "CONFIG SET maxmemory 1");
    const allot_answer *a = member_call(&leader, &op);
    ck_assert_int_eq(a->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(a->message, "OOM") != NULL, "%s", a->message);
    redis_server_ask(stand_server(w), "CONFIG SET maxmemory 0");
    expect_not_dealt();
    EXPECT_OK(member_call(&leader, &op));
    expect_dealt();
}
END_TEST

/* Without MULTI the commands behind it are carried out one by one: nobody can tell how many of them were. */
START_TEST(transactions_are_not_allowed)
{
    enter();
    allot_op op = make_deal("c", "d");
    redis_server_ask(stand_server(w), "ACL SETUSER default -multi");
    const allot_answer *a = member_call(&leader, &op);
    ck_assert_int_eq(a->outcome.status, ALLOT_STATUS_UNKNOWN);
    ck_assert_msg(strstr(a->message, "NOPERM") != NULL && strstr(a->message, "multi") != NULL, "%s", a->message);
    redis_server_ask(stand_server(w), "ACL SETUSER default +multi");
    stand_until_ok(&leader, &op);
    expect_dealt();
}
END_TEST

Suite *redis_deals_suite(void)
{
    Suite *suite = suite_create("redis deals");
    TCase *t = tcase_create("deals");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, each_text_where_it_belongs);
    tcase_add_test(t, numbers_that_others_used);
    tcase_add_test(t, a_place_that_is_taken);
    tcase_add_loop_test(t, a_place_that_was_not_prepared, 0, (int)(sizeof(places) / sizeof(places[0])));
    tcase_add_test(t, several_deals_and_numbers_that_others_used);
    tcase_add_test(t, numbers_that_others_used_and_no_second_try);
    tcase_add_test(t, it_forgets_the_script);
    tcase_add_test(t, a_deal_that_is_refused);
    tcase_add_test(t, the_answer_to_a_deal_is_lost);
    tcase_add_loop_test(t, cut_at_any_byte_of_a_deal, 0, 2);
    tcase_add_test(t, it_is_full);
    tcase_add_test(t, transactions_are_not_allowed);
    suite_add_tcase(suite, t);
    return suite;
}
