/* Every allocation fails once: no crash, no leak, no success by mistake. */
#include "tests/config/suites.h"
#include "tests/unit/allocations.h"

#include <string.h>

static const char text[] = "group: ${GROUP}\nlease: { ttl: 10s }\nslot: { name: \"x$$\", wieght: 1 }\n"
                           "split: { options: { a: 1, secret: 2 }, strategey: hash }\nwork: { retry_after: 0s }\n"
                           "handover: { timeout: 5, timeout: 6s }\nlog: &a { ids: *b }\n"
                           "backend:\n  type: etcd\n  etcd: { at: here }\n  rediss: { x: y }\n  redis: { url: "
                           "'redis://a:b@c', username: d }\nwork2: [ 1, 2 ]\nbad: {\n";

static char *const variables[] = {(char *)"GROUP=g",
                                  (char *)"ALLOT_TTL=5",
                                  (char *)"ALLOT_SPLIT_OPTIONS_A=1",
                                  (char *)"ALLOT_BACKEND_ETCD_MORE=1",
                                  (char *)"ALLOT_MAX_ATTEMPTS=0",
                                  NULL};

static int ignore(void *user, const config_setting *s)
{
    (void)user;
    return s->path == NULL;
}

/* Everything that can be done to a config. 0 or -1. */
static int do_all(bytes *out)
{
    config c, other;
    if (config_init(&c) != 0)
        return -1;
    int rc = config_init(&other);
    if (rc == 0) {
        rc = config_read_env(&c, variables) != 0 || config_read_text(&c, "a.yaml", text, strlen(text)) != 0 ||
             config_set_flag(&c, "weight", "7", NULL) != 0 || config_set_flag(&c, "settle", "7", "-s") != 0 ||
             config_set_flag(&c, "backend-option", "k=v", NULL) != 0 || config_finish(&c) != 0 ||
             config_add_error(&c, "split.options.a", "bad", "note") != 0 || config_write_errors(&c, true, out) != 0 ||
             config_dump(&c, true, out) != 0 || config_changes(&other, &c, ignore, NULL) != 0 ||
             config_write_schema(out) != 0 || config_write_sample(out) != 0 || config_write_reference(out) != 0;
        config_done(&other);
    }
    config_done(&c);
    return rc != 0 ? -1 : 0;
}

START_TEST(every_allocation_fails_once)
{
    bytes out = {0};
    ck_assert_int_eq(do_all(&out), 0);
    bytes_done(&out);
    if (!allocations_can_fail())
        return;
    long live = allocations_live();
    long n = 0;
    for (;; n++) {
        allocations_fail_after(n);
        int rc = do_all(&out);
        bool failed = allocations_have_failed();
        allocations_fail_after(-1);
        bytes_done(&out);
        ck_assert_int_eq(allocations_live(), live);
        ck_assert_msg(rc == (failed ? -1 : 0), "allocation %ld: %d", n, rc);
        if (!failed)
            break;
    }
    ck_assert_int_gt(n, 100);
}
END_TEST

/* Also a file that is read from disk. */
START_TEST(every_allocation_of_a_file_fails_once)
{
    if (!allocations_can_fail())
        return;
    long live = allocations_live();
    bool failed = true;
    for (long n = 0; failed; n++) {
        config c;
        allocations_fail_after(n);
        int rc = config_init(&c);
        if (rc == 0) {
            rc = config_read_file(&c, SOURCE_DIR "/config/allot.full.yaml");
            config_done(&c);
        }
        failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_int_eq(allocations_live(), live);
        ck_assert_int_eq(rc, failed ? -1 : 0);
    }
}
END_TEST

Suite *config_nomem_suite(void)
{
    Suite *suite = suite_create("nomem");
    TCase *tcase = tcase_create("nomem");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, every_allocation_fails_once);
    tcase_add_test(tcase, every_allocation_of_a_file_fails_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
