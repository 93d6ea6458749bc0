/* link.c - a link to a server that is well. */
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static redis_server *server;
static caller *c;

static void begin(void)
{
    server = redis_server_start(NULL);
    redis_link_config config = config_of(server);
    c = caller_new(&config);
}

static void end(void)
{
    caller_free(c);
    redis_server_free(server);
}

START_TEST(a_command_waits_until_the_link_is_up)
{
    uint64_t tag = caller_send(c, SOON_US, "SET k v");
    ck_assert(!redis_link_is_up(c->link));
    ck_assert_uint_eq(redis_link_pending(c->link), 1);
    ck_assert_str_eq(caller_wait(c, tag)->text, "OK");
    ck_assert_int_eq(c->calls[tag].type, REDIS_REPLY_STATUS);
    ck_assert(redis_link_is_up(c->link));
    ck_assert_uint_eq(redis_link_pending(c->link), 0);
    ck_assert_str_eq(redis_server_ask(server, "GET k"), "v");
}
END_TEST

START_TEST(by_a_port_and_in_a_database)
{
    tcp_proxy *p = tcp_proxy_start(redis_server_socket(server));
    redis_link_config config = config_through(p);
    config.database = 5;
    caller *other = caller_new(&config);
    char name[64];
    snprintf(name, sizeof(name), "127.0.0.1:%d/5", tcp_proxy_port(p));
    ck_assert_str_eq(redis_link_name(other->link), name);
    caller_ask(other, "SET k five");
    ck_assert_str_eq(caller_ask(other, "GET k"), "five");
    ck_assert_str_eq(redis_server_ask(server, "GET k"), "");
    caller_free(other);
    tcp_proxy_free(p);
}
END_TEST

/* Ten thousand at once, larger than what a socket takes: order is checked for every reply. */
START_TEST(many_at_once_in_order)
{
    for (int i = 0; i < 10000; i++)
        caller_send(c, SOON_US, "ECHO %0200d", i);
    const call *last = caller_wait(c, 9999);
    ck_assert_uint_eq(c->answered, 10000);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(atoi(c->calls[i].text), i);
    ck_assert_int_eq(last->state, CALL_REPLIED);
    ck_assert_uint_eq(c->ups, 1);
}
END_TEST

START_TEST(bytes_of_any_kind_and_size)
{
    size_t size = 8u << 20;
    char *data = malloc(size);
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7 + i / 251);
    const char *argv[] = {"SET", "large", data};
    uint64_t tag = caller_send_argv(c, SOON_US, 3, argv, (const size_t[]){3, 5, size});
    ck_assert_str_eq(caller_wait(c, tag)->text, "OK");
    tag = caller_send(c, SOON_US, "GET large");
    ck_assert_int_eq(caller_wait(c, tag)->type, REDIS_REPLY_STRING);
    ck_assert_mem_eq(c->calls[tag].text, data, strlen(data) < 300 ? strlen(data) : 300);
    ck_assert_int_eq(atoi(caller_ask(c, "EVAL return('x'..#redis.call('get','large')):sub(2) 0")), (int)size);
    free(data);
}
END_TEST

START_TEST(all_kinds_of_replies)
{
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 1);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "GET none"))->type, REDIS_REPLY_NIL);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "EVAL return{1,{2,{3,{4,{5,{6}}}}}} 0"))->type,
                     REDIS_REPLY_ARRAY);
    const call *wrong = caller_wait(c, caller_send(c, SOON_US, "LPUSH n x"));
    ck_assert(wrong->state == CALL_REPLIED && wrong->type == REDIS_REPLY_ERROR);
    ck_assert_uint_eq(c->ups, 1); /* an error of that kind is an answer like any other */
    ck_assert_uint_eq(c->downs, 0);
}
END_TEST

START_TEST(sends_from_within_events)
{
    c->resend = 500;
    caller_wait(c, caller_send(c, SOON_US, "PING first"));
    caller_wait(c, 500);
    ck_assert_uint_eq(c->answered, 501);
}
END_TEST

/* What `up` sends comes before what waited, each time. */
START_TEST(up_sends_first)
{
    c->hello = "PING";
    uint64_t waiting = caller_send(c, SOON_US, "EVAL redis.call('set','first','waiting') 0");
    caller_wait(c, waiting);
    ck_assert_uint_eq(c->sent, 2);
    ck_assert_uint_eq(c->last_replied, waiting + 1); /* the one of `up`, tag 1, was answered before */
    ck_assert_uint_eq(c->answered, 2);
}
END_TEST

START_TEST(messages_and_replies_of_a_subscription)
{
    redis_link_config config = config_of(server);
    config.subscribe_only = true;
    config.database = 3; /* channels are of no database */
    caller *listener = caller_new(&config);
    listener->channel = "news";
    caller_wait_ups(listener, 1);
    ck_assert_int_eq(caller_wait(listener, 0)->type, REDIS_REPLY_ARRAY);
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_str_eq(redis_server_ask(server, "PUBLISH news \"number %u\"", i), "1");
        caller_wait_messages(listener, i);
    }
    ck_assert_str_eq(listener->message, "news=number 3");
    caller_wait(listener, caller_send(listener, SOON_US, "SUBSCRIBE more"));
    redis_server_ask(server, "PUBLISH more x");
    caller_wait_messages(listener, 4);
    ck_assert_str_eq(listener->message, "more=x");
    caller_wait(listener, caller_send(listener, SOON_US, "UNSUBSCRIBE more"));
    ck_assert_str_eq(redis_server_ask(server, "PUBLISH more x"), "0");

    /* Cut off, it comes back and subscribes again. */
    redis_server_ask(server, "CLIENT KILL TYPE pubsub");
    caller_wait_ups(listener, 2);
    caller_wait(listener, listener->sent - 1);
    redis_server_ask(server, "PUBLISH news again");
    caller_wait_messages(listener, 5);
    ck_assert_str_eq(listener->message, "news=again");
    caller_free(listener);
}
END_TEST

/* With idle_us a link is there only while there is something to do, and nobody is told when it is not. */
START_TEST(an_idle_link)
{
    long long before = redis_server_info(server, "stats", "total_connections_received");
    redis_link_config config = config_of(server);
    config.idle_us = 200000;
    caller *idle = caller_new(&config);
    caller_pass(idle, 50000);
    ck_assert_uint_eq(idle->ups, 0);
    ck_assert_int_eq(redis_link_deadline_us(idle->link), INT64_MAX);
    for (unsigned round = 1; round <= 3; round++) {
        int64_t asked_us = now_us();
        caller_ask(idle, "PING");
        caller_ask(idle, "PING");
        ck_assert_uint_eq(idle->ups, round);
        int64_t limit_us = now_us() + LIMIT_US;
        while (redis_link_is_up(idle->link)) {
            ck_assert_int_lt(now_us(), limit_us);
            caller_turn(idle, limit_us);
        }
        ck_assert_int_ge(now_us() - asked_us, 200000);
        ck_assert_int_eq(redis_link_deadline_us(idle->link), INT64_MAX);
    }
    ck_assert_uint_eq(idle->downs, 0);
    caller_free(idle);
    /* Three of ours, and one for each question to the server. */
    ck_assert_int_eq(redis_server_info(server, "stats", "total_connections_received"), before + 4);
}
END_TEST

START_TEST(nothing_to_do_is_nothing_done)
{
    caller_ask(c, "PING");
    struct pollfd p = {.fd = redis_link_fd(c->link), .events = POLLIN};
    ck_assert_int_eq(redis_link_deadline_us(c->link), INT64_MAX);
    ck_assert_int_eq(poll(&p, 1, 100), 0);
}
END_TEST

START_TEST(freed_with_commands_on_their_way)
{
    for (int i = 0; i < 50; i++)
        caller_send(c, SOON_US, "PING");
    caller_wait(c, 10);
    redis_server_stop(server);
    uint64_t written = caller_send(c, SOON_US, "INCR n");
    caller_pass(c, 20000);
    uint64_t waiting = caller_send(c, SOON_US, "INCR n");
    redis_link_free(c->link, &c->events);
    ck_assert_uint_eq(c->answered, c->sent);
    ck_assert(c->calls[written].state == CALL_FAILED && c->calls[written].maybe_applied);
    ck_assert(c->calls[waiting].state == CALL_FAILED && !c->calls[waiting].maybe_applied);
    redis_server_cont(server);
    redis_link_config config = config_of(server);
    c->link = redis_link_new(&config, NULL);
}
END_TEST

/* The child's copy says nothing, and takes nothing from the parent's. */
START_TEST(freed_in_a_forked_child)
{
    caller_ask(c, "PING");
    uint64_t tag = caller_send(c, SOON_US, "INCR n");
    pid_t child = fork();
    if (child == 0) {
        redis_link_free(c->link, NULL);
        _exit(0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(caller_wait(c, tag)->integer, 1);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 2);
    ck_assert_uint_eq(c->ups, 1);
}
END_TEST

START_TEST(what_cannot_be_a_link)
{
    allot_error error = {0};
    redis_link_config config = {.connect_timeout_us = SOON_US};
    ck_assert_ptr_null(redis_link_new(&config, &error));
    ck_assert_int_eq(error.code, ALLOT_E_INVALID);
    config.host = "h";
    ck_assert_ptr_null(redis_link_new(&config, &error));
    config.port = 1;
    config.user = "bob";
    ck_assert_ptr_null(redis_link_new(&config, &error));
    char path[200];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    config = (redis_link_config){.connect_timeout_us = SOON_US, .unix_path = path};
    ck_assert_ptr_null(redis_link_new(&config, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "too long"));
    redis_link_free(NULL, NULL);
}
END_TEST

Suite *redis_link_suite(void)
{
    Suite *s = suite_create("redis link");
    TCase *t = tcase_create("link");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, a_command_waits_until_the_link_is_up);
    tcase_add_test(t, by_a_port_and_in_a_database);
    tcase_add_test(t, many_at_once_in_order);
    tcase_add_test(t, bytes_of_any_kind_and_size);
    tcase_add_test(t, all_kinds_of_replies);
    tcase_add_test(t, sends_from_within_events);
    tcase_add_test(t, up_sends_first);
    tcase_add_test(t, messages_and_replies_of_a_subscription);
    tcase_add_test(t, an_idle_link);
    tcase_add_test(t, nothing_to_do_is_nothing_done);
    tcase_add_test(t, freed_with_commands_on_their_way);
    tcase_add_test(t, freed_in_a_forked_child);
    tcase_add_test(t, what_cannot_be_a_link);
    suite_add_tcase(s, t);
    return s;
}
