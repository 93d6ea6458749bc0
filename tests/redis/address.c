/* address.c - URLs of servers. */
#include "backends/redis/address.h"
#include "tests/redis/suites.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct address_case {
    const char *url;
    const char *host; /* NULL: a Unix socket */
    int port;
    const char *unix_path, *user, *password;
    int database;
} address_case;

static const address_case good[] = {
    {"redis://127.0.0.1", "127.0.0.1", 6379, NULL, NULL, NULL, 0},
    {"redis://127.0.0.1/", "127.0.0.1", 6379, NULL, NULL, NULL, 0},
    {"redis://127.0.0.1:6380/7", "127.0.0.1", 6380, NULL, NULL, NULL, 7},
    {"REDIS://cache.example:1?db=3", "cache.example", 1, NULL, NULL, NULL, 3},
    {"redis://[::1]:65535/0", "::1", 65535, NULL, NULL, NULL, 0},
    {"redis://[fe80::1%eth0]", "fe80::1%eth0", 6379, NULL, NULL, NULL, 0},
    {"redis://:secret@h", "h", 6379, NULL, NULL, "secret", 0},
    {"redis://bob:secret@h/2", "h", 6379, NULL, "bob", "secret", 2},
    {"redis://bob@h", "h", 6379, NULL, "bob", NULL, 0},
    {"redis://bob:@h", "h", 6379, NULL, "bob", "", 0},
    {"redis://b%40b:p%2Fw%3a%25@h", "h", 6379, NULL, "b@b", "p/w:%", 0},
    {"redis://bob:a@b:c@h:9", "h", 9, NULL, "bob", "a@b:c", 0},
    {"redis://:p\xc3\xa4@h", "h", 6379, NULL, NULL, "p\xc3\xa4", 0},
    {"unix:///run/redis.sock", NULL, 0, "/run/redis.sock", NULL, NULL, 0},
    {"unix:///run/a%20b?db=12", NULL, 0, "/run/a b", NULL, NULL, 12},
    {"unix://bob:x@/s?db=1", NULL, 0, "/s", "bob", "x", 1},
};

static const char *const bad[] = {
    "", "127.0.0.1", "http://h", "redis:/h", "rediss://h", "redis://", "redis:///1", "redis://:6379", "redis://h:",
    "redis://h:0", "redis://h:65536", "redis://h:x", "redis://h:-1", "redis://h/x", "redis://h/-1", "redis://h/1/2",
    "redis://h/99999999999", "redis://h?db=", "redis://h?db=x", "redis://h?x=1", "redis://h?db=1&x=2", "redis://[::1",
    "redis://[]", "redis://[::1]x", "redis://u:%zz@h", "redis://u:%4@h", "redis://u:%@h", "redis://u:%00@h",
    "redis://u:%0a@h", "redis://u:a\tb@h", "redis://h#1", "redis://h/1#x", "unix://", "unix:///", "unix://h/s",
    "unix:///s?x", "unix:///s%0", "redis://u:SECRET/x@h", "redis://u:SECRET#@h", "redis://u:SECRET?@h",
    "redis://u:SECRET%@h",
};

static void same(const char *is, const char *wanted, const char *url)
{
    bool equal = is == NULL || wanted == NULL ? is == wanted : strcmp(is, wanted) == 0;
    ck_assert_msg(equal, "%s: '%s' instead of '%s'", url, is, wanted);
}

START_TEST(what_is_an_address)
{
    const address_case *w = &good[_i];
    redis_address a;
    allot_error error = {0};
    ck_assert_msg(redis_address_parse(w->url, &a, &error) == 0, "%s: %s", w->url, error.message);
    same(a.host, w->host, w->url);
    same(a.unix_path, w->unix_path, w->url);
    same(a.user, w->user, w->url);
    same(a.password, w->password, w->url);
    ck_assert_int_eq(a.database, w->database);
    ck_assert_int_eq(a.port, w->port);
    redis_address_done(&a);
}
END_TEST

/* Nothing of the URL is shown: what looks like a port may be a piece of a password. */
START_TEST(what_is_none)
{
    redis_address a = {.port = 77};
    allot_error error = {0};
    ck_assert_msg(redis_address_parse(bad[_i], &a, &error) == ALLOT_E_INVALID, "%s", bad[_i]);
    ck_assert_int_eq(a.port, 77);
    ck_assert_msg(strncmp(error.message, "redis url: ", 11) == 0 && strstr(error.message, "SECRET") == NULL, "%s",
                  error.message);
    ck_assert_int_eq(redis_address_parse(bad[_i], &a, NULL), ALLOT_E_INVALID);
}
END_TEST

static int read_password(const char *content, size_t len, redis_address *a, allot_error *error)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/password", getenv("TMPDIR"));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert(fd >= 0 && write(fd, content, len) == (ssize_t)len);
    close(fd);
    int code = redis_address_read_password(a, path, error);
    unlink(path);
    return code;
}

START_TEST(a_password_out_of_a_file)
{
    redis_address a;
    allot_error error = {0};
    ck_assert_int_eq(redis_address_parse("redis://bob:old@h", &a, &error), 0);
    ck_assert_int_eq(read_password("new word\n", 9, &a, &error), 0);
    same(a.password, "new word", "file");
    ck_assert_int_eq(read_password("other\r\nrest", 11, &a, &error), 0);
    same(a.password, "other", "file");
    ck_assert_int_eq(read_password("", 0, &a, &error), ALLOT_E_INVALID);
    ck_assert_int_eq(read_password("\nx", 2, &a, &error), ALLOT_E_INVALID);
    char *large = calloc(1, 5000);
    memset(large, 'x', 5000);
    ck_assert_int_eq(read_password(large, 5000, &a, &error), ALLOT_E_INVALID);
    free(large);
    ck_assert_int_eq(redis_address_read_password(&a, "/nowhere/at/all", &error), ALLOT_E_PLACE);
    ck_assert_ptr_nonnull(strstr(error.message, "/nowhere/at/all: No such file"));
    ck_assert_int_eq(redis_address_read_password(&a, "/", &error), ALLOT_E_PLACE);
    same(a.password, "other", "file");
    redis_address_done(&a);
}
END_TEST

Suite *redis_address_suite(void)
{
    Suite *s = suite_create("redis address");
    TCase *c = tcase_create("address");
    tcase_add_loop_test(c, what_is_an_address, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_loop_test(c, what_is_none, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    tcase_add_test(c, a_password_out_of_a_file);
    suite_add_tcase(s, c);
    return s;
}
