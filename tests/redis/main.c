/* main.c - the Redis backend: what needs no other store to be compared with (that is the conformance suite's). */
#include "tests/lib/redis_server.h"
#include "tests/lib/suite.h"
#include "tests/redis/suites.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(name);
}

static int run(void)
{
    if (!redis_server_is_installed()) {
        Suite *const suites[] = {redis_address_suite(), redis_guard_suite(), redis_errors_suite(), redis_decode_suite(),
                                 NULL};
        printf("SKIPPED: redis-server is missing: no test with a server was run\n");
        return suite_run(suites);
    }
    Suite *const suites[] = {redis_address_suite(), redis_guard_suite(),  redis_errors_suite(), redis_decode_suite(),
                             redis_link_suite(),    redis_nomem_suite(),  redis_resolve_suite(), redis_network_suite(),
                             redis_states_suite(),  redis_storm_suite(),  redis_backend_suite(), redis_foreign_suite(),
                             redis_rights_suite(),  redis_deals_suite(),  NULL};
    return suite_run(suites);
}

/* A test that fails ends its process at once: what its server has left is removed here. */
int main(void)
{
    const char *base = getenv("TMPDIR");
    char dir[60];
    snprintf(dir, sizeof(dir), "%.30s/allot-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(dir) == NULL || setenv("TMPDIR", dir, 1) != 0) {
        perror(dir);
        return 1;
    }
    int code = run();
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}
