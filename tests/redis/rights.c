/* rights.c - a user with the rights that docs/redis.md lists, and no more, can do everything. */
#include "tests/redis/scene.h"
#include "tests/redis/suites.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { RIGHTS_BYTES = 900 };

static FILE *open_docs(void)
{
    char here[] = __FILE__, path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/../../docs/redis.md", dirname(here));
    FILE *docs = fopen(path, "re");
    ck_assert_msg(docs != NULL, "%s", path);
    return docs;
}

/* What follows `ACL SETUSER allot on >PASSWORD`, as far as the end of that listing. */
static void read_rights(char *ret_rights)
{
    static const char begins[] = "ACL SETUSER allot on >PASSWORD";
    char line[512];
    bool inside = false;
    FILE *docs = open_docs();
    *ret_rights = '\0';
    while (fgets(line, sizeof(line), docs) != NULL) {
        char *text = line + strspn(line, " ");
        bool first = strncmp(text, begins, sizeof(begins) - 1) == 0;
        if (inside && strncmp(text, "```", 3) == 0)
            break;
        inside = inside || first;
        text[strcspn(text, "\n")] = '\0';
        text += first ? sizeof(begins) : 0;
        ck_assert_uint_lt(strlen(ret_rights) + strlen(text) + 2, RIGHTS_BYTES);
        if (inside)
            strcat(strcat(ret_rights, text), " ");
    }
    fclose(docs);
    ck_assert_msg(strstr(ret_rights, "+evalsha") != NULL, "rights: '%s'", ret_rights);
}

START_TEST(the_documented_rights)
{
    allot_op op;
    char rights[RIGHTS_BYTES];
    scene *s = scene_begin();
    read_rights(rights);
    ck_assert_str_eq(redis_server_ask(s->server, "ACL SETUSER default %s", rights), "OK");
    const attempt *a = scene_prepare(_i, &op);
    scene_expect_done(a, scene_call(a, &op));
    ck_assert_ptr_nonnull(strstr(redis_server_ask(s->server, "DBSIZE"), "NOPERM"));
}
END_TEST

Suite *redis_rights_suite(void)
{
    Suite *suite = suite_create("redis rights");
    TCase *t = tcase_create("rights");
    tcase_set_timeout(t, REDIS_TEST_TIMEOUT);
    tcase_add_checked_fixture(t, NULL, scene_end);
    tcase_add_loop_test(t, the_documented_rights, 0, scene_attempts());
    suite_add_tcase(suite, t);
    return suite;
}
