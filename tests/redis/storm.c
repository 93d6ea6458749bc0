/* storm.c - random faults, one after the other, under load: what was said of each command is true in the end. */
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"
#include "tests/unit/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 40, COMMANDS = 25 };

static redis_server *server;
static tcp_proxy *proxy;

static void begin(void)
{
    server = redis_server_start(NULL);
    proxy = tcp_proxy_start(redis_server_socket(server));
}

static void end(void)
{
    tcp_proxy_free(proxy);
    redis_server_free(server);
}

static void do_harm(uint64_t *seed)
{
    static const char *const rubbish[] = {"",        ":1\r\n:2\r\n", "*9\r\n", "-ERR\r\n",
                                          "rubbish", "$5\r\nab\r\n", "*-9\r\n"};
    const char *one = rubbish[random_below(seed, sizeof(rubbish) / sizeof(rubbish[0]))];
    switch (random_below(seed, 9)) {
    case 0:
        tcp_proxy_cut_requests(proxy, random_below(seed, 2000));
        break;
    case 1:
        tcp_proxy_cut_replies(proxy, random_below(seed, 4000));
        break;
    case 2:
        tcp_proxy_hang(proxy);
        break;
    case 3:
        tcp_proxy_hang_replies(proxy);
        break;
    case 4:
        tcp_proxy_delay(proxy, 1000 * (int64_t)random_below(seed, 60));
        break;
    case 5:
        tcp_proxy_reset(proxy);
        break;
    case 6:
        tcp_proxy_limit(proxy, 5000 + random_below(seed, 50000));
        break;
    case 7:
        tcp_proxy_replace_reply(proxy, random_below(seed, 20), one, strlen(one));
        break;
    default:
        tcp_proxy_refuse(proxy);
    }
}

/* Each command sets a key of its own. "Replied" is to mean that it is set, "not applied" that it is not; the link is to
 * find back by itself. A reply of rubbish that could be one may deceive, so it never looks like the one expected. */
static void check_truth(caller *c)
{
    unsigned replied = 0, maybe = 0, not_applied = 0;
    for (unsigned tag = 0; tag < c->sent; tag++) {
        const call *one = &c->calls[tag];
        bool is_set = strcmp(redis_server_ask(server, "EXISTS k%u", tag), "1") == 0;
        if (one->state == CALL_REPLIED && strcmp(one->text, "OK") == 0) {
            ck_assert_msg(is_set, "k%u was replied to, and is not set", tag);
            replied++;
        } else if (one->state == CALL_FAILED && !one->maybe_applied) {
            ck_assert_msg(!is_set, "k%u was said not to be applied, and is set", tag);
            not_applied++;
        } else {
            maybe++;
        }
    }
    ck_assert_msg(replied > 10 && maybe > 0 && not_applied > 0, "%u, %u, %u", replied, maybe, not_applied);
}

START_TEST(a_storm)
{
    uint64_t seed = (uint64_t)_i;
    redis_link_config config = config_through(proxy);
    config.connect_timeout_us = 100000;
    caller *c = caller_new(&config);
    for (int round = 0; round < ROUNDS; round++) {
        tcp_proxy_heal(proxy);
        if (random_below(&seed, 4) > 0)
            do_harm(&seed);
        for (int i = 0; i < COMMANDS; i++) {
            caller_send(c, 1000 * (int64_t)(1 + random_below(&seed, 150)), "SET k%u v", c->sent);
            if (random_below(&seed, 5) == 0)
                caller_pass(c, 1000 * (int64_t)random_below(&seed, 20));
        }
    }
    tcp_proxy_heal(proxy);
    while (redis_link_pending(c->link) > 0) /* one that expires takes what is written behind it along */
        caller_pass(c, 10000);
    ck_assert_str_eq(caller_wait(c, caller_send(c, SOON_US, "SET k%u v", c->sent))->text, "OK");
    redis_link_free(c->link, &c->events);
    ck_assert_uint_eq(c->answered, c->sent);
    check_truth(c);
    free(c->calls);
    free(c);
}
END_TEST

Suite *redis_storm_suite(void)
{
    Suite *s = suite_create("redis storm");
    TCase *t = tcase_create("storm");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, a_storm, 1, 4);
    suite_add_tcase(s, t);
    return s;
}
