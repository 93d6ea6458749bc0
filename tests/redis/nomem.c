/* nomem.c - every allocation of a link fails once: it is told, or the link tries again; nothing breaks or leaks. */
#include "backends/redis/address.h"
#include "backends/redis/link.h"
#include "tests/lib/redis_server.h"
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"
#include "tests/unit/allocations.h"

#include <poll.h>
#include <string.h>

static redis_server *server;

static void begin(void)
{
    server = redis_server_start((const char *const[]){"--requirepass", "secret", NULL});
}

static void end(void)
{
    redis_server_free(server);
}

static void count_reply(void *user, uint64_t tag, const redisReply *reply)
{
    (void)tag;
    *(int *)user += reply->type != REDIS_REPLY_ERROR;
}

static void count_failed(void *user, uint64_t tag, bool maybe_applied, const char *why)
{
    (void)tag;
    (void)maybe_applied;
    (void)why;
    *(int *)user += 100;
}

/* Until something more was told, and the link is up; false: not in time. */
static bool run(redis_link *link, const redis_link_events *events, const int *told, int before)
{
    int64_t limit_us = now_us() + LIMIT_US;
    redis_link_process(link, events);
    while ((*told == before || !redis_link_is_up(link)) && now_us() < limit_us) {
        int64_t wait_us = redis_link_deadline_us(link) - now_us();
        struct pollfd p = {.fd = redis_link_fd(link), .events = POLLIN};
        poll(&p, 1, wait_us < 0 ? 0 : wait_us > 1000000 ? 1000 : (int)(wait_us / 1000 + 1));
        redis_link_process(link, events);
    }
    return *told != before && redis_link_is_up(link);
}

typedef struct outcome {
    int code; /* of redis_link_new */
    int told, unsent, untold;
} outcome;

/* One link from its beginning to its end. Nothing of Check in here: it allocates too. */
static outcome live_and_die(void)
{
    outcome out = {0};
    allot_error error = {0};
    redis_link_events events = {.user = &out.told, .reply = count_reply, .failed = count_failed};
    redis_link_config config = config_of(server);
    config.password = "secret";
    redis_link *link = redis_link_new(&config, &error);
    out.code = error.code;
    for (int i = 0; link != NULL && i < 3; i++) {
        int before = out.told;
        if (redis_link_send(link, 2, (const char *[]){"ECHO", "hello"}, (const size_t[]){4, 5}, 1,
                            now_us() + SOON_US) != 0)
            out.unsent++;
        else
            out.untold += !run(link, &events, &out.told, before);
    }
    redis_link_free(link, &events);
    return out;
}

static void check_outcome(const outcome *o)
{
    if (o->code != 0) {
        ck_assert_int_eq(o->code, ALLOT_E_NOMEM);
        return;
    }
    ck_assert_int_eq(o->untold, 0);
    ck_assert_int_eq(o->told % 100 + o->told / 100 + o->unsent, 3);
    ck_assert_int_ge(o->told % 100, 2); /* only one allocation failed: one command at most went wrong */
}

START_TEST(every_allocation_of_a_link)
{
    if (!allocations_can_fail())
        return;
    live_and_die(); /* whatever the libraries keep for ever */
    for (long n = 0;; n++) {
        long live = allocations_live();
        allocations_fail_after(n);
        outcome o = live_and_die();
        bool has_failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_int_eq(allocations_live(), live);
        check_outcome(&o);
        if (!has_failed) {
            ck_assert_int_gt(n, 20);
            break;
        }
    }
}
END_TEST

START_TEST(every_allocation_of_an_address)
{
    if (!allocations_can_fail())
        return;
    for (long n = 0;; n++) {
        redis_address a;
        long live = allocations_live();
        allocations_fail_after(n);
        int code = redis_address_parse("redis://bob:secret@host:1/2", &a, NULL);
        bool has_failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_int_eq(code, has_failed ? ALLOT_E_NOMEM : 0);
        if (code == 0)
            redis_address_done(&a);
        ck_assert_int_eq(allocations_live(), live);
        if (!has_failed)
            break;
    }
}
END_TEST

Suite *redis_nomem_suite(void)
{
    Suite *s = suite_create("redis nomem");
    TCase *c = tcase_create("nomem");
    tcase_set_timeout(c, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, every_allocation_of_a_link);
    tcase_add_test(c, every_allocation_of_an_address);
    suite_add_tcase(s, c);
    return s;
}
