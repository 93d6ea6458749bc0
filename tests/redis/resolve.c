/* resolve.c - names: slow, unknown, of several addresses. The program's getaddrinfo is ours (-Wl,--wrap). */
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret);

static atomic_int look_ups; /* of names */
static atomic_int slow_ms;

static int number(const char *host, const char *port, struct addrinfo **ret)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    return __real_getaddrinfo(host, port, &hints, ret);
}

/* slow.test takes a while; two.test has a first address where nobody listens. */
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
    if (hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, port, hints, ret);
    atomic_fetch_add(&look_ups, 1);
    if (strcmp(host, "slow.test") == 0) {
        poll(NULL, 0, slow_ms);
        return number("127.0.0.1", port, ret);
    }
    if (strcmp(host, "two.test") == 0) {
        struct addrinfo *second = NULL;
        int code = number("127.0.0.2", port, ret);
        if (code == 0 && (code = number("127.0.0.1", port, &second)) == 0)
            (*ret)->ai_next = second; /* freeaddrinfo frees what is linked, one by one */
        return code;
    }
    if (strcmp(host, "hung.test") == 0)
        return number("127.0.0.3", port, ret);
    return EAI_NONAME;
}

static redis_server *server;
static tcp_proxy *proxy;

static void begin(void)
{
    server = redis_server_start(NULL);
    proxy = tcp_proxy_start(redis_server_socket(server));
    look_ups = 0;
    slow_ms = 0;
}

static void end(void)
{
    tcp_proxy_free(proxy);
    redis_server_free(server);
}

static caller *to(const char *host, int64_t connect_timeout_us)
{
    redis_link_config config = config_through(proxy);
    config.host = host;
    config.connect_timeout_us = connect_timeout_us;
    return caller_new(&config);
}

START_TEST(a_number_is_not_looked_up)
{
    caller *c = to("127.0.0.1", SOON_US);
    caller_ask(c, "PING");
    ck_assert_int_eq(look_ups, 0);
    caller_free(c);
}
END_TEST

START_TEST(a_name)
{
    caller *c = to("slow.test", SOON_US);
    caller_ask(c, "PING");
    ck_assert_int_eq(look_ups, 1);
    ck_assert_uint_eq(c->downs, 0);
    /* Looked up anew at each connect: it may have moved. */
    tcp_proxy_reset(proxy);
    caller_wait_ups(c, 2);
    ck_assert_int_eq(look_ups, 2);
    caller_free(c);
}
END_TEST

/* Nothing is blocked meanwhile (the caller checks that), the attempt ends in time, and the next one takes the answer of
 * the look-up that is on its way: a name server that is down does not cost a thread with each attempt. */
START_TEST(a_slow_name)
{
    slow_ms = 800;
    caller *c = to("slow.test", 150000);
    uint64_t tag = caller_send(c, SOON_US, "PING");
    const call *done = caller_wait(c, tag);
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    ck_assert_ptr_nonnull(strstr(done->text, "no connection in time"));
    caller_wait_ups(c, 1);
    ck_assert_int_eq(look_ups, 1);
    caller_free(c);
}
END_TEST

START_TEST(freed_while_a_name_is_looked_up)
{
    slow_ms = 300;
    caller *c = to("slow.test", SOON_US);
    uint64_t tag = caller_send(c, SOON_US, "PING");
    caller_pass(c, 20000);
    ck_assert_int_eq(look_ups, 1);
    int64_t before_us = now_us();
    redis_link_free(c->link, &c->events);
    ck_assert_int_lt(now_us() - before_us, 200000);
    ck_assert(c->calls[tag].state == CALL_FAILED && !c->calls[tag].maybe_applied);
    poll(NULL, 0, 400); /* the thread ends, and cleans up what is its own */
    free(c->calls);
    free(c);
}
END_TEST

START_TEST(an_unknown_name)
{
    caller *c = to("nobody.test", SOON_US);
    const call *done = caller_wait(c, caller_send(c, SOON_US, "PING"));
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    ck_assert_ptr_nonnull(strstr(done->text, "nobody.test: Name or service not known"));
    caller_wait_downs(c, 3);
    caller_free(c);
}
END_TEST

START_TEST(the_second_address)
{
    caller *c = to("two.test", SOON_US);
    caller_ask(c, "PING");
    ck_assert_uint_eq(c->downs, 0);
    caller_free(c);
}
END_TEST

/* A host that does not answer at all, as one behind a firewall: a full backlog does the same to a SYN. */
START_TEST(a_host_that_does_not_answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fillers[8];
    inet_pton(AF_INET, "127.0.0.3", &address.sin_addr);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(fillers[i], (const struct sockaddr *)&address, sizeof(address));
    }
    redis_link_config config = {.host = "hung.test", .port = ntohs(address.sin_port), .connect_timeout_us = 200000};
    caller *c = caller_new(&config);
    int64_t before_us = now_us();
    const call *done = caller_wait(c, caller_send(c, SOON_US, "PING"));
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    ck_assert_msg(strstr(done->text, "no connection in time") != NULL, "%s", done->text);
    ck_assert_int_ge(now_us() - before_us, 200000);
    caller_free(c);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    close(listener);
}
END_TEST

Suite *redis_resolve_suite(void)
{
    Suite *s = suite_create("redis resolve");
    TCase *c = tcase_create("resolve");
    tcase_set_timeout(c, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, a_number_is_not_looked_up);
    tcase_add_test(c, a_name);
    tcase_add_test(c, a_slow_name);
    tcase_add_test(c, freed_while_a_name_is_looked_up);
    tcase_add_test(c, an_unknown_name);
    tcase_add_test(c, the_second_address);
    tcase_add_test(c, a_host_that_does_not_answer);
    suite_add_tcase(s, c);
    return s;
}
