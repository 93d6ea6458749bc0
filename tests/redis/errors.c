/* errors.c - error replies as servers of several versions word them. states.c provokes them in a real one. */
#include "backends/redis/errors.h"
#include "tests/redis/suites.h"

typedef struct error_case {
    const char *text;
    redis_error_kind kind;
    bool maybe_applied;
} error_case;

static const error_case cases[] = {
    {"LOADING Redis is loading the dataset in memory", REDIS_ERROR_RETRY, false},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", REDIS_ERROR_RETRY,
     false},
    {"TRYAGAIN Multiple keys request during rehashing of slot", REDIS_ERROR_RETRY, false},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", REDIS_ERROR_RETRY, false},
    {"CLUSTERDOWN The cluster is down", REDIS_ERROR_RETRY, false},
    {"NOREPLICAS Not enough good replicas to write.", REDIS_ERROR_RETRY, false},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
     REDIS_ERROR_RETRY, false},
    {"OOM command not allowed when used memory > 'maxmemory'.", REDIS_ERROR_RETRY, false},
    {"OOM command not allowed when used memory > 'maxmemory'. script: 5a3f, on @user_script:1.", REDIS_ERROR_RETRY,
     false},
    {"ERR Error running script (call to f_5a3f): @user_script:1: @user_script: 1: -OOM command not allowed when used "
     "memory > 'maxmemory'.", REDIS_ERROR_RETRY, false},
    {"ERR Error running script (call to f_5a3f): @user_script:1: -READONLY You can't write against a read only "
     "replica.", REDIS_ERROR_RECONNECT, false},
    {"ERR Error running script (call to f_5a3f): @user_script:1: WRONGTYPE Operation against a key holding the wrong "
     "kind of value", REDIS_ERROR_OTHER, true},
    {"ERR max number of clients reached", REDIS_ERROR_RETRY, false},
    {"READONLY You can't write against a read only replica.", REDIS_ERROR_RECONNECT, false},
    {"UNBLOCKED force unblock from blocking operation, instance state changed", REDIS_ERROR_RECONNECT, false},
    {"NOAUTH Authentication required.", REDIS_ERROR_CONFIG, false},
    {"WRONGPASS invalid username-password pair or user is disabled.", REDIS_ERROR_CONFIG, false},
    {"NOPERM this user has no permissions to run the 'eval' command", REDIS_ERROR_CONFIG, false},
    {"NOPERM this user has no permissions to access one of the keys used as arguments script: 5a, on @user_script:1.",
     REDIS_ERROR_CONFIG, true},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", REDIS_ERROR_CONFIG, false},
    {"WRONGTYPE Operation against a key holding the wrong kind of value script: 5a3f, on @user_script:1.",
     REDIS_ERROR_CONFIG, true},
    {"MOVED 3999 127.0.0.1:6381", REDIS_ERROR_CONFIG, false},
    {"ASK 3999 127.0.0.1:6381", REDIS_ERROR_CONFIG, false},
    {"CROSSSLOT Keys in request don't hash to the same slot", REDIS_ERROR_CONFIG, false},
    {"DENIED Redis is running in protected mode", REDIS_ERROR_CONFIG, false},
    {"ERR invalid DB index", REDIS_ERROR_CONFIG, false},
    {"ERR DB index is out of range", REDIS_ERROR_CONFIG, false},
    {"ERR SELECT is not allowed in cluster mode", REDIS_ERROR_CONFIG, false},
    {"ERR AUTH <password> called without any password configured for the default user.", REDIS_ERROR_CONFIG, false},
    {"ERR unknown command 'EVALSHA', with args beginning with: ", REDIS_ERROR_CONFIG, false},
    {"NOSCRIPT No matching script. Please use EVAL.", REDIS_ERROR_NOSCRIPT, false},
    {"NOSCRIPT", REDIS_ERROR_NOSCRIPT, false},
    {"ERR value is not an integer or out of range", REDIS_ERROR_OTHER, true},
    {"ERR user_script:1: attempt to index a nil value script: 5a3f, on @user_script:1.", REDIS_ERROR_OTHER, true},
    {"EXECABORT Transaction discarded", REDIS_ERROR_RETRY, false}, /* nothing of it was done */
    {"EXECABORT Transaction discarded because of previous errors.", REDIS_ERROR_RETRY, false},
    {"EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
     REDIS_ERROR_RETRY, false},
    {"EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
     REDIS_ERROR_RECONNECT, false},
    {"EXECABORT Transaction discarded because of: something else", REDIS_ERROR_OTHER, false},
    {"EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the 'exec' command",
     REDIS_ERROR_CONFIG, false},
    {"BUSYKEY Target key name already exists.", REDIS_ERROR_OTHER, true},
    {"BUSYGROUP Consumer Group name already exists", REDIS_ERROR_OTHER, true},
    {"ERR", REDIS_ERROR_OTHER, true},
    {"", REDIS_ERROR_OTHER, true},
};

START_TEST(what_it_means)
{
    const error_case *w = &cases[_i];
    ck_assert_msg(redis_error_kind_of(w->text) == w->kind, "%s", w->text);
    ck_assert_msg(redis_error_maybe_applied(w->text) == w->maybe_applied, "%s", w->text);
}
END_TEST

Suite *redis_errors_suite(void)
{
    Suite *s = suite_create("redis errors");
    TCase *c = tcase_create("errors");
    tcase_add_loop_test(c, what_it_means, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    suite_add_tcase(s, c);
    return s;
}
