/* states.c - what servers can be in the way of: loading, busy, full, replicas, stopped, closed to us. */
#include "backends/redis/errors.h"
#include "tests/redis/caller.h"
#include "tests/redis/suites.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static redis_server *server;
static caller *c;

static void end(void)
{
    caller_free(c);
    redis_server_free(server);
    c = NULL;
    server = NULL;
}

static void begin(void)
{
    c = NULL;
    server = NULL;
}

static void connect_to(const char *const *options, redis_link_config extra)
{
    server = redis_server_start(options);
    redis_link_config config = config_of(server);
    config.user = extra.user;
    config.password = extra.password;
    config.database = extra.database;
    config.connect_timeout_us = extra.connect_timeout_us != 0 ? extra.connect_timeout_us : SOON_US;
    c = caller_new(&config);
}

/* Nobody is let in: what waits fails at once, not applied, with the server's words. */
static void check_refused(const char *words)
{
    int64_t before_us = now_us();
    const call *done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    ck_assert_int_lt(now_us() - before_us, SOON_US / 2);
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    ck_assert_msg(strstr(done->text, words) != NULL, "'%s' not in: %s", words, done->text);
    ck_assert_uint_eq(c->ups, 0);
    caller_wait_downs(c, 3); /* and it goes on trying */
}

/* The reply is an error of this kind, which says that nothing was changed; the connection stays. */
static void check_error(const char *command, const char *words, redis_error_kind kind)
{
    caller_wait_ups(c, 1);
    unsigned ups = c->ups;
    const call *done = caller_wait(c, caller_send(c, SOON_US, "%s", command));
    ck_assert_msg(done->state == CALL_REPLIED && done->type == REDIS_REPLY_ERROR, "%s: %s", command, done->text);
    ck_assert_msg(strncmp(done->text, words, strlen(words)) == 0, "'%s' is not: %s", words, done->text);
    ck_assert_msg(redis_error_kind_of(done->text) == kind, "%s", done->text);
    ck_assert_msg(!redis_error_maybe_applied(done->text), "%s", done->text);
    ck_assert_uint_eq(c->ups, ups);
}

/* ---- Who we are ------------------------------------------------------------------------------------------------- */

START_TEST(no_password)
{
    connect_to((const char *const[]){"--requirepass", "secret", NULL}, (redis_link_config){0});
    check_refused("NOAUTH");
}
END_TEST

START_TEST(the_wrong_password)
{
    connect_to((const char *const[]){"--requirepass", "secret", NULL}, (redis_link_config){.password = "SECRET"});
    check_refused("WRONGPASS");
    ck_assert_ptr_null(strstr(c->why, "SECRET"));
}
END_TEST

START_TEST(the_right_password)
{
    connect_to((const char *const[]){"--requirepass", "secret", NULL}, (redis_link_config){.password = "secret"});
    caller_ask(c, "PING");
}
END_TEST

START_TEST(a_password_where_none_is_wanted)
{
    connect_to(NULL, (redis_link_config){.password = "secret"});
    check_refused("ERR AUTH");
}
END_TEST

START_TEST(a_user_who_may_not_do_everything)
{
    connect_to((const char *const[]){"--user", "bob", "on", ">secret", "~*", "&*", "+@all", "-info", "-del", NULL},
               (redis_link_config){.user = "bob", .password = "secret"});
    caller_ask(c, "SET k v");
    ck_assert_str_eq(redis_server_ask(server, "ACL WHOAMI"), "default");
    ck_assert_str_eq(caller_ask(c, "ACL WHOAMI"), "bob");
    ck_assert_ptr_nonnull(strstr(c->note, "may not read INFO"));
    check_error("DEL k", "NOPERM", REDIS_ERROR_CONFIG);
    /* The user is gone: so is the connection, and there will be none. */
    ck_assert_str_eq(redis_server_ask(server, "ACL DELUSER bob"), "1");
    caller_wait_downs(c, 2);
    ck_assert_ptr_nonnull(strstr(c->why, "WRONGPASS"));
    redis_server_ask(server, "ACL SETUSER bob on >secret ~* +@all");
    caller_wait_ups(c, 2);
    caller_ask(c, "DEL k");
}
END_TEST

START_TEST(a_database_that_is_not_there)
{
    connect_to((const char *const[]){"--databases", "4", NULL}, (redis_link_config){.database = 4});
    check_refused("DB index is out of range");
}
END_TEST

START_TEST(too_many_clients)
{
    connect_to((const char *const[]){"--maxclients", "2", NULL}, (redis_link_config){0});
    redis_link_config config = config_of(server);
    caller *one = caller_new(&config), *two = caller_new(&config);
    caller_wait_ups(one, 1);
    caller_wait_ups(two, 1);
    /* The server may hang up before its words are read. */
    const call *done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    caller_wait_downs(c, 3);
    ck_assert_uint_eq(c->ups, 0);
    caller_free(one);
    ck_assert_str_eq(caller_ask(two, "EXISTS n"), "");
    caller_wait_ups(c, 1);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 1);
    caller_free(two);
}
END_TEST

/* ---- What it can do now ----------------------------------------------------------------------------------------- */

/* Enough keys for `key-load-delay` to make loading last about a second. */
static void fill(unsigned keys)
{
    ck_assert_str_eq(
        redis_server_ask(server, "EVAL \"for i=1,%u do redis.call('set','k'..i,i) end return 1\" 0", keys), "1");
    ck_assert_str_eq(redis_server_ask(server, "SAVE"), "OK");
}

#define LOADS_SLOWLY "--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"

START_TEST(it_starts_and_loads)
{
    connect_to((const char *const[]){LOADS_SLOWLY, NULL}, (redis_link_config){0});
    caller_ask(c, "PING");
    fill(2000);
    redis_server_again_loading(server);
    caller_wait_downs(c, 1);
    for (unsigned downs = c->downs; strstr(c->why, "LOADING") == NULL; downs++) /* the old connection's end is first */
        caller_wait_downs(c, downs + 1);
    const call *done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    caller_wait_ups(c, 2);
    ck_assert_str_eq(caller_ask(c, "GET k2000"), "2000");
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 1);
}
END_TEST

START_TEST(it_loads_under_us)
{
    connect_to((const char *const[]){LOADS_SLOWLY, NULL}, (redis_link_config){0});
    caller_ask(c, "PING");
    fill(2000);
    redis_server_tell(server, "DEBUG RELOAD");
    const call *done = NULL;
    int64_t limit_us = now_us() + LIMIT_US;
    do {
        ck_assert_int_lt(now_us(), limit_us);
        done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    } while (done->type != REDIS_REPLY_ERROR);
    ck_assert_msg(strncmp(done->text, "LOADING", 7) == 0, "%s", done->text);
    ck_assert(redis_error_kind_of(done->text) == REDIS_ERROR_RETRY && !redis_error_maybe_applied(done->text));
    while (done->type == REDIS_REPLY_ERROR) {
        ck_assert_int_lt(now_us(), limit_us);
        caller_pass(c, 20000);
        done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    }
    ck_assert_uint_eq(c->ups, 1); /* the connection was good all along */
}
END_TEST

/* Turns until a command is answered with an error that begins like this. */
static const call *until_error(const char *command, const char *words)
{
    int64_t limit_us = now_us() + LIMIT_US;
    for (;;) {
        const call *done = caller_wait(c, caller_send(c, SOON_US, "%s", command));
        if (done->type == REDIS_REPLY_ERROR && strncmp(done->text, words, strlen(words)) == 0)
            return done;
        ck_assert_int_lt(now_us(), limit_us);
        poll(NULL, 0, 1); /* the server has something else to do first */
    }
}

START_TEST(busy_with_a_script)
{
    connect_to((const char *const[]){"--lua-time-limit", "100", NULL}, (redis_link_config){0});
    caller_ask(c, "PING");
    redis_server_tell(server, "EVAL \"while true do end\" 0");
    const call *done = until_error("INCR n", "BUSY");
    ck_assert(redis_error_kind_of(done->text) == REDIS_ERROR_RETRY && !redis_error_maybe_applied(done->text));
    redis_server_ask(server, "SCRIPT KILL");
    for (int64_t limit_us = now_us() + LIMIT_US; done->type == REDIS_REPLY_ERROR;) {
        ck_assert_int_lt(now_us(), limit_us);
        done = caller_wait(c, caller_send(c, SOON_US, "INCR n"));
    }
    ck_assert_uint_eq(c->ups, 1);
}
END_TEST

/* With nothing left, what a script may still do is what its flags say. Its first write is refused before any. */
START_TEST(out_of_memory)
{
    connect_to(NULL, (redis_link_config){0});
    caller_ask(c, "SET k v");
    redis_server_ask(server, "CONFIG SET maxmemory 1");
    check_error("SET k w", "OOM", REDIS_ERROR_RETRY);
    check_error("EVAL return(redis.call('set','k','w')) 0", "OOM", REDIS_ERROR_RETRY);
    const char *argv[] = {"EVAL", "#!lua flags=allow-oom\nreturn redis.call('set','k','x')", "0"};
    const call *done = caller_wait(c, caller_send_argv(c, SOON_US, 3, argv, (const size_t[]){4, strlen(argv[1]), 1}));
    ck_assert_str_eq(done->text, "OK");
}
END_TEST

START_TEST(data_of_another_kind)
{
    connect_to(NULL, (redis_link_config){0});
    caller_ask(c, "SET k v");
    caller_ask(c, "EVAL return(redis.call('hset','h','a','b')) 0");
    check_error("HSET k a b", "WRONGTYPE", REDIS_ERROR_CONFIG);
    const call *late =
        caller_wait(c, caller_send(c, SOON_US, "EVAL redis.call('set','x',1)redis.call('hset','k','a','b') 0"));
    ck_assert(late->type == REDIS_REPLY_ERROR && redis_error_maybe_applied(late->text));
    ck_assert_str_eq(caller_ask(c, "GET x"), "1"); /* indeed */
    check_error("EVALSHA 0123456789012345678901234567890123456789 0", "NOSCRIPT", REDIS_ERROR_NOSCRIPT);
    check_error("NOSUCHCOMMAND", "ERR unknown command", REDIS_ERROR_CONFIG);
}
END_TEST

START_TEST(too_few_replicas)
{
    connect_to((const char *const[]){"--min-replicas-to-write", "1", NULL}, (redis_link_config){0});
    check_error("SET k v", "NOREPLICAS", REDIS_ERROR_RETRY);
    check_error("EVAL return(redis.call('set','k','w')) 0", "NOREPLICAS", REDIS_ERROR_RETRY);
}
END_TEST

START_TEST(it_cannot_save)
{
    connect_to((const char *const[]){"--save", "3600 100000", NULL}, (redis_link_config){0});
    caller_ask(c, "SET k v");
    char dir[128];
    snprintf(dir, sizeof(dir), "%s", redis_server_socket(server));
    strcpy(strrchr(dir, '/'), "/dump.rdb");
    ck_assert_int_eq(mkdir(dir, 0700), 0); /* nobody, not even root, renames a file over a directory */
    redis_server_ask(server, "BGSAVE");
    const call *done = until_error("SET k w", "MISCONF");
    ck_assert(redis_error_kind_of(done->text) == REDIS_ERROR_RETRY && !redis_error_maybe_applied(done->text));
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* ---- Roles ------------------------------------------------------------------------------------------------------ */

START_TEST(a_replica_is_not_for_us)
{
    connect_to((const char *const[]){"--replicaof", "127.0.0.1 1", NULL}, (redis_link_config){0});
    check_refused("replica (READONLY)");
    redis_server_ask(server, "REPLICAOF NO ONE");
    caller_wait_ups(c, 1);
    caller_ask(c, "INCR n");
}
END_TEST

/* Its answers are delivered; then the connection goes, for the next one may lead to another server. */
START_TEST(it_becomes_a_replica)
{
    connect_to(NULL, (redis_link_config){0});
    caller_ask(c, "SET k v");
    redis_server_ask(server, "REPLICAOF 127.0.0.1 1");
    uint64_t read = caller_send(c, SOON_US, "GET k"), write = caller_send(c, SOON_US, "INCR n");
    uint64_t script = caller_send(c, SOON_US, "EVAL return(redis.call('incr','n')) 0");
    ck_assert_str_eq(caller_wait(c, read)->text, "v");
    const call *done = caller_wait(c, write);
    ck_assert(done->state == CALL_REPLIED && redis_error_kind_of(done->text) == REDIS_ERROR_RECONNECT);
    ck_assert(!redis_error_maybe_applied(done->text));
    done = caller_wait(c, script);
    ck_assert(done->state == CALL_REPLIED && redis_error_kind_of(done->text) == REDIS_ERROR_RECONNECT);
    ck_assert(!redis_error_maybe_applied(done->text));
    caller_wait_downs(c, 2);
    ck_assert_ptr_nonnull(strstr(c->why, "replica"));
    redis_server_ask(server, "REPLICAOF NO ONE");
    caller_wait_ups(c, 2);
    ck_assert_int_eq(caller_wait(c, caller_send(c, SOON_US, "INCR n"))->integer, 1);
}
END_TEST

START_TEST(its_master_is_down)
{
    connect_to((const char *const[]){"--replica-serve-stale-data", "no", NULL}, (redis_link_config){0});
    caller_ask(c, "PING");
    redis_server_ask(server, "REPLICAOF 127.0.0.1 1");
    check_error("GET k", "MASTERDOWN", REDIS_ERROR_RETRY);
}
END_TEST

/* ---- Stopped ---------------------------------------------------------------------------------------------------- */

/* What was sent to a server that is stopped is done when it goes on, long after we have given it up. */
START_TEST(stopped_and_continued)
{
    connect_to(NULL, (redis_link_config){.connect_timeout_us = 300000});
    caller_ask(c, "PING");
    redis_server_stop(server);
    uint64_t zombie = caller_send(c, 300000, "APPEND log zombie");
    const call *done = caller_wait(c, zombie);
    ck_assert(done->state == CALL_FAILED && done->maybe_applied);
    /* The kernel accepts connections for it: there is no answer. */
    done = caller_wait(c, caller_send(c, SOON_US, "APPEND log waiting"));
    ck_assert(done->state == CALL_FAILED && !done->maybe_applied);
    ck_assert_ptr_nonnull(strstr(done->text, "no answer in time"));
    redis_server_cont(server);
    caller_wait_ups(c, 2);
    ck_assert_str_eq(caller_ask(c, "GET log"), "zombie");
}
END_TEST

/* ---- Notes ------------------------------------------------------------------------------------------------------ */

START_TEST(notes_on_how_it_is_set_up)
{
    connect_to((const char *const[]){"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru", NULL},
               (redis_link_config){0});
    caller_ask(c, "PING");
    ck_assert_uint_eq(c->notes, 2);
    /* The same ones are not told again; one that was mended and came back is. */
    redis_server_ask(server, "CLIENT KILL TYPE normal");
    caller_wait_ups(c, 2);
    ck_assert_uint_eq(c->notes, 2);
    redis_server_ask(server, "CONFIG SET maxmemory-policy volatile-lru");
    redis_server_ask(server, "CLIENT KILL TYPE normal");
    caller_wait_ups(c, 3);
    redis_server_ask(server, "CONFIG SET maxmemory-policy allkeys-random");
    redis_server_ask(server, "CLIENT KILL TYPE normal");
    caller_wait_ups(c, 4);
    ck_assert_uint_eq(c->notes, 3);
    ck_assert_ptr_nonnull(strstr(c->note, "evict"));
}
END_TEST

START_TEST(no_note_when_all_is_well)
{
    connect_to((const char *const[]){"--appendonly", "yes", "--maxmemory", "100mb", NULL}, (redis_link_config){0});
    caller_ask(c, "PING");
    ck_assert_uint_eq(c->notes, 0);
}
END_TEST

Suite *redis_states_suite(void)
{
    Suite *s = suite_create("redis states");
    TCase *t = tcase_create("states");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, no_password);
    tcase_add_test(t, the_wrong_password);
    tcase_add_test(t, the_right_password);
    tcase_add_test(t, a_password_where_none_is_wanted);
    tcase_add_test(t, a_user_who_may_not_do_everything);
    tcase_add_test(t, a_database_that_is_not_there);
    tcase_add_test(t, too_many_clients);
    tcase_add_test(t, it_starts_and_loads);
    tcase_add_test(t, it_loads_under_us);
    tcase_add_test(t, busy_with_a_script);
    tcase_add_test(t, out_of_memory);
    tcase_add_test(t, data_of_another_kind);
    tcase_add_test(t, too_few_replicas);
    tcase_add_test(t, it_cannot_save);
    tcase_add_test(t, a_replica_is_not_for_us);
    tcase_add_test(t, it_becomes_a_replica);
    tcase_add_test(t, its_master_is_down);
    tcase_add_test(t, stopped_and_continued);
    tcase_add_test(t, notes_on_how_it_is_set_up);
    tcase_add_test(t, no_note_when_all_is_well);
    suite_add_tcase(s, t);
    return s;
}
