/* network.c - what networks do to a link: cuts, losses, delays, garbage, silence. */
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redis_server *server;
static tcp_proxy *proxy;
static caller *c;

static void begin(void)
{
    server = redis_server_start(NULL);
    proxy = tcp_proxy_start(redis_server_socket(server));
    redis_link_config config = config_through(proxy);
    c = caller_new(&config);
    caller_wait_ups(c, 1);
}

static void end(void)
{
    caller_free(c);
    tcp_proxy_free(proxy);
    redis_server_free(server);
}

/* A new link: its backoff is short again. */
static void renew(void)
{
    caller_free(c);
    redis_link_config config = config_through(proxy);
    c = caller_new(&config);
    caller_wait_ups(c, 1);
}

/* It is back, and what it is answered belongs to what it asks. */
static void check_well(void)
{
    static int n;
    char text[32];
    tcp_proxy_heal(proxy);
    snprintf(text, sizeof(text), "well-%d", n++);
    ck_assert_str_eq(caller_ask(c, "ECHO %s", text), text);
}

static const call *fails(uint64_t tag, bool maybe_applied)
{
    const call *done = caller_wait(c, tag);
    ck_assert_msg(done->state == CALL_FAILED, "command %u: %s", (unsigned)tag, done->text);
    ck_assert(done->maybe_applied == maybe_applied);
    return done;
}

START_TEST(cut_at_any_byte_of_a_request)
{
    uint64_t tag = caller_send(c, SOON_US, "SET key-000 value");
    size_t before = tcp_proxy_request_bytes(proxy);
    caller_wait(c, tag);
    size_t len = tcp_proxy_request_bytes(proxy) - before;
    ck_assert_uint_gt(len, 30);
    for (size_t n = 0; n < len; n++) {
        tcp_proxy_cut_requests(proxy, n);
        tag = caller_send(c, SOON_US, "SET key-%03d value", (int)n + 1);
        fails(tag, true);
        if (n % 5 == 0)
            check_well();
        ck_assert_str_eq(redis_server_ask(server, "EXISTS key-%03d", (int)n + 1), "0");
        renew();
    }
    tcp_proxy_cut_requests(proxy, len);
    ck_assert_str_eq(caller_ask(c, "SET key-000 value"), "OK");
    fails(caller_send(c, SOON_US, "PING"), true);
}
END_TEST

#define NESTED "EVAL redis.call('incr','n');return{1,'ab',{'',{}},redis.status_reply('fine')} 0"

START_TEST(cut_at_any_byte_of_a_reply)
{
    size_t before = tcp_proxy_reply_bytes(proxy);
    caller_ask(c, NESTED);
    size_t len = tcp_proxy_reply_bytes(proxy) - before;
    ck_assert_uint_gt(len, 30);
    for (size_t n = 0; n < len; n++) {
        tcp_proxy_cut_replies(proxy, n);
        fails(caller_send(c, SOON_US, NESTED), true);
        if (n % 5 == 0)
            check_well();
        ck_assert_int_eq(atoi(redis_server_ask(server, "GET n")), (int)n + 2); /* it was done all the same */
        renew();
    }
    tcp_proxy_cut_replies(proxy, len);
    caller_ask(c, NESTED);
    fails(caller_send(c, SOON_US, "PING"), true);
}
END_TEST

/* The handshake too; what waits is told that it was not written, and the link comes up by itself. */
START_TEST(cut_anywhere_in_the_handshake)
{
    size_t requests = tcp_proxy_request_bytes(proxy), replies = tcp_proxy_reply_bytes(proxy);
    ck_assert(requests > 50 && replies > 1000);
    for (size_t n = 0; n < replies; n += n < requests ? 5 : 151) {
        bool of_requests = n < requests && n % 2 == 0;
        caller_free(c);
        (of_requests ? tcp_proxy_cut_requests : tcp_proxy_cut_replies)(proxy, n);
        redis_link_config config = config_through(proxy);
        c = caller_new(&config);
        fails(caller_send(c, SOON_US, "INCR n"), false);
        check_well();
    }
    ck_assert_str_eq(redis_server_ask(server, "EXISTS n"), "0");
}
END_TEST

START_TEST(a_reply_that_is_lost)
{
    tcp_proxy_replace_reply(proxy, 1, "", 0);
    uint64_t first = caller_send(c, SOON_US, "INCR n"), lost = caller_send(c, 300000, "INCR n");
    ck_assert_int_eq(caller_wait(c, first)->integer, 1);
    ck_assert_ptr_nonnull(strstr(fails(lost, true)->text, "no answer in time"));
    check_well();
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 3);
    ck_assert_uint_eq(c->ups, 2);
}
END_TEST

/* The reply to the second would be taken for the first one's: the connection goes, and with it both. */
START_TEST(a_lost_reply_takes_the_others_with_it)
{
    tcp_proxy_replace_reply(proxy, 0, "", 0);
    tcp_proxy_hang_replies(proxy);
    uint64_t lost = caller_send(c, 300000, "INCR n"), other = caller_send(c, SOON_US, "ECHO other");
    fails(lost, true);
    fails(other, true);
    check_well();
}
END_TEST

START_TEST(a_reply_that_comes_late)
{
    tcp_proxy_delay(proxy, 400000);
    uint64_t late = caller_send(c, 200000, "INCR n");
    fails(late, true);
    tcp_proxy_heal(proxy);
    caller_wait_ups(c, 2);
    caller_pass(c, 500000); /* by now it is there, if anybody listened */
    ck_assert_str_eq(caller_ask(c, "ECHO other"), "other");
    ck_assert_str_eq(redis_server_ask(server, "GET n"), "1");
}
END_TEST

/* A slow answer within its time is an answer. */
START_TEST(a_slow_reply)
{
    tcp_proxy_delay(proxy, 100000);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(caller_ask(c, "ECHO slow"), "slow");
    ck_assert_uint_eq(c->ups, 1);
}
END_TEST

typedef struct piece {
    const char *data;
    size_t len;
} piece;

#define PIECE(literal) {(literal), sizeof(literal) - 1}

static const piece garbage[] = {
    PIECE("HTTP/1.1 400 Bad Request\r\n\r\n"), PIECE("\0\0\0\0"), PIECE("\r\n"), PIECE("%1\r\n:1\r\n:2\r\n"),
    PIECE("$-7\r\n"), PIECE("$999999999999\r\n"), PIECE("$2147483647\r\nx"), PIECE("*2147483647\r\n"),
    PIECE("*4294967297\r\n"), PIECE("*-3\r\n"), PIECE(":99999999999999999999\r\n"), PIECE(":1e5\r\n"),
    PIECE("$3\r\nabcde\r\n"), PIECE("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
};

START_TEST(garbage_in_place_of_a_reply)
{
    tcp_proxy_replace_reply(proxy, 1, garbage[_i].data, garbage[_i].len);
    uint64_t first = caller_send(c, SOON_US, "ECHO first");
    ck_assert_str_eq(caller_wait(c, first)->text, "first");
    uint64_t tag = caller_send(c, SOON_US, "INCR n"), behind = caller_send(c, SOON_US, "INCR n");
    ck_assert_ptr_nonnull(strstr(fails(tag, true)->text, "cannot be parsed"));
    ck_assert_uint_ge(c->downs, 1);
    /* What comes behind is on the connection that is gone, or waits for the next one. */
    caller_wait(c, behind);
    check_well();
}
END_TEST

START_TEST(a_million_levels_of_nesting)
{
    size_t len = 4000000;
    char *data = malloc(len);
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < len; i += 4)
        memcpy(data + i, "*1\r\n", 4);
    tcp_proxy_replace_reply(proxy, 0, data, len);
    ck_assert_ptr_nonnull(strstr(fails(caller_send(c, SOON_US, "INCR n"), true)->text, "nested too deeply"));
    free(data);
    check_well();
}
END_TEST

/* One reply too many: the next one would be the wrong one. */
START_TEST(a_reply_to_nothing)
{
    tcp_proxy_replace_reply(proxy, 0, ":1\r\n:2\r\n", 8);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 1);
    caller_wait_downs(c, 1);
    ck_assert_ptr_nonnull(strstr(c->why, "a reply to nothing"));
    check_well();
}
END_TEST

START_TEST(a_link_that_hangs)
{
    redis_link_config config = config_through(proxy);
    config.connect_timeout_us = 300000;
    caller_free(c);
    c = caller_new(&config);
    caller_ask(c, "PING");
    tcp_proxy_hang(proxy);
    uint64_t tag = caller_send(c, 250000, "INCR n");
    int64_t before_us = now_us();
    fails(tag, true);
    ck_assert_int_ge(now_us() - before_us, 240000);
    /* New connections hang as well. */
    const call *waiting = fails(caller_send(c, SOON_US, "INCR n"), false);
    ck_assert_msg(strstr(waiting->text, "no answer in time") != NULL, "%s", waiting->text);
    caller_wait_downs(c, 3);
    check_well();
    ck_assert_uint_eq(c->ups, 2);
}
END_TEST

/* Past its deadline, a command that was not written fails alone, and is not written later. */
START_TEST(what_waits_expires_alone)
{
    tcp_proxy_hang(proxy);
    tcp_proxy_reset(proxy);
    caller_wait_downs(c, 1);
    uint64_t brief = caller_send(c, 100000, "SET brief 1"), patient = caller_send(c, SOON_US, "SET patient 1");
    fails(brief, false);
    ck_assert_int_eq(c->calls[patient].state, CALL_OPEN);
    tcp_proxy_heal(proxy);
    ck_assert_str_eq(caller_wait(c, patient)->text, "OK");
    ck_assert_str_eq(redis_server_ask(server, "EXISTS brief"), "0");
}
END_TEST

/* What is behind a large request in the socket's way is another link's business: that one goes on. */
START_TEST(a_slow_link_holds_up_nobody)
{
    size_t size = 2u << 20;
    char *data = calloc(1, size);
    ck_assert_ptr_nonnull(data);
    tcp_proxy_limit(proxy, 4u << 20);
    const char *argv[] = {"SET", "large", data};
    uint64_t tag = caller_send_argv(c, SOON_US, 3, argv, (const size_t[]){3, 5, size});
    redis_link_config config = config_of(server);
    caller *other = caller_new(&config);
    unsigned pings = 0;
    caller_pass(c, 0);
    while (c->calls[tag].state == CALL_OPEN) {
        caller_turn(c, now_us() + 2000);
        caller_ask(other, "PING");
        pings++;
    }
    ck_assert_str_eq(c->calls[tag].text, "OK");
    ck_assert_uint_gt(pings, 20);
    caller_free(other);
    free(data);
}
END_TEST

START_TEST(nobody_listens_and_then_somebody_does)
{
    redis_server_kill(server);
    caller_wait_downs(c, 1);
    int64_t before_us = now_us();
    fails(caller_send(c, SOON_US, "PING"), false);
    ck_assert_int_lt(now_us() - before_us, SOON_US / 2); /* by the attempt that failed, not by its deadline */
    caller_wait_downs(c, 5);
    redis_server_again(server);
    caller_wait_ups(c, 2);
    check_well();
}
END_TEST

/* Fifty milliseconds at first, then twice as long each time, a second at most. */
START_TEST(attempts_become_rare)
{
    tcp_proxy_refuse(proxy);
    tcp_proxy_reset(proxy);
    caller_wait_downs(c, 1);
    int64_t before_us = now_us();
    caller_wait_downs(c, 5); /* 50, 100, 200 and 400 ms, each less a quarter or more a quarter */
    ck_assert_int_ge(now_us() - before_us, 750 * 750);
    unsigned attempts = tcp_proxy_connections(proxy);
    caller_pass(c, 1000000);
    ck_assert_uint_le(tcp_proxy_connections(proxy), attempts + 2);
    ck_assert_uint_ge(tcp_proxy_connections(proxy), attempts + 1);
    check_well();
}
END_TEST

Suite *redis_network_suite(void)
{
    Suite *s = suite_create("redis network");
    TCase *t = tcase_create("network");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, cut_at_any_byte_of_a_request);
    tcase_add_test(t, cut_at_any_byte_of_a_reply);
    tcase_add_test(t, cut_anywhere_in_the_handshake);
    tcase_add_test(t, a_reply_that_is_lost);
    tcase_add_test(t, a_lost_reply_takes_the_others_with_it);
    tcase_add_test(t, a_reply_that_comes_late);
    tcase_add_test(t, a_slow_reply);
    tcase_add_loop_test(t, garbage_in_place_of_a_reply, 0, (int)(sizeof(garbage) / sizeof(garbage[0])));
    tcase_add_test(t, a_million_levels_of_nesting);
    tcase_add_test(t, a_reply_to_nothing);
    tcase_add_test(t, a_link_that_hangs);
    tcase_add_test(t, what_waits_expires_alone);
    tcase_add_test(t, a_slow_link_holds_up_nobody);
    tcase_add_test(t, nobody_listens_and_then_somebody_does);
    tcase_add_test(t, attempts_become_rare);
    suite_add_tcase(s, t);
    return s;
}
