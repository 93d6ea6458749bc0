#include "tests/badmodules/place.h"
#include "tests/badmodules/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Names ------------------------------------------------------------------------------------------------------- */

#define NAME_64 "abcdefghijklmnopqrstuvwxyz_0123456789-abcdefghijklmnopqrstuvwxyz"
_Static_assert(sizeof(NAME_64) - 1 == 64, "64 characters");

static const char *const no_names[] = {"",        "a/b",  "/etc/passwd", "../good", ".",
                                       "good.so", "Good", "gut\xc3\xa9", "a b",     NAME_64 "5"};

START_TEST(a_name_that_is_none)
{
    static const char *const kinds[] = {"strategy", "backend"};
    place p;
    char expected[256];
    place_init(&p);
    for (int k = 0; k < 2; k++) {
        allot_error error = {0};
        snprintf(expected, sizeof(expected), "'%s' is no name of a %s: that has 1 to 64 characters out of a-z 0-9 _ -",
                 no_names[_i], kinds[k]);
        ck_assert_int_eq(place_ask(&p, kinds[k], no_names[_i], &error), ALLOT_E_MODULE);
        ck_assert_str_eq(error.message, expected);
    }
    place_done(&p);
}
END_TEST

START_TEST(the_longest_name)
{
    place p;
    place_init(&p);
    place_copy(&p, "strategy", "good", NAME_64, SIZE_MAX);
    allot_error error = {0};
    ck_assert_int_eq(place_ask(&p, "strategy", NAME_64, &error), ALLOT_E_MODULE);
    ck_assert_msg(strstr(error.message, "its name is 'good', expected was '" NAME_64 "'") != NULL, "%s", error.message);
    place_done(&p);
}
END_TEST

/* ---- Files and directories --------------------------------------------------------------------------------------- */

START_TEST(a_module_that_is_not_there)
{
    place p;
    char path[PATH_MAX], expected[PATH_MAX];
    allot_error error = {0};
    place_init(&p);
    place_file(&p, "strategy", "paper", path);
    ck_assert_int_eq(place_ask(&p, "strategy", "paper", &error), ALLOT_E_MODULE);
    snprintf(expected, sizeof(expected), "; and no module: %.300s: No such file or directory", path);
    ck_assert_msg(strstr(error.message, "there is no strategy 'paper'; built in: ") == error.message &&
                      strstr(error.message, expected) != NULL,
                  "%s", error.message);
    place_done(&p);
    ck_assert_int_eq(place_ask(&p, "strategy", "paper", &error), ALLOT_E_MODULE);
    snprintf(expected, sizeof(expected), "the module directory %.300s: No such file or directory", p.path);
    ck_assert_str_eq(error.message, expected);
}
END_TEST

static void changed_mode(mode_t mode, const char *message)
{
    place p;
    char path[PATH_MAX];
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    place_file(&p, "strategy", "good", path);
    ck_assert_int_eq(chmod(path, mode), 0);
    place_refuses(&p, "strategy", "good", message);
    ck_assert_int_eq(chmod(path, 0755), 0);
    ck_assert_int_eq(place_ask(&p, "strategy", "good", NULL), ALLOT_OK);
    place_done(&p);
}

START_TEST(a_file_that_others_can_write)
{
    changed_mode(0666, " can be written by others (mode 0666): chmod go-w");
    changed_mode(0646, " can be written by others (mode 0646): chmod go-w");
    changed_mode(0664, " can be written by others (mode 0664): chmod go-w");
    changed_mode(01666, " can be written by others (mode 1666): chmod go-w"); /* sticky means nothing for a file */
}
END_TEST

/* The directory itself, and one above it. Sticky ones (like /tmp, above all of these) are good enough. */
START_TEST(a_directory_that_others_can_write)
{
    place p, inner;
    char message[PATH_MAX];
    allot_error error = {0};
    place_init(&p);
    snprintf(inner.path, sizeof(inner.path), "%.200s/inner", p.path);
    ck_assert_int_eq(mkdir(inner.path, 0700), 0);
    place_copy(&inner, "strategy", "good", "good", SIZE_MAX);
    const char *paths[] = {inner.path, p.path};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(chmod(paths[i], 0777), 0);
        snprintf(message, sizeof(message), "%.300s can be written by others (mode 0777): chmod go-w", paths[i]);
        ck_assert_int_eq(place_ask(&inner, "strategy", "good", &error), ALLOT_E_MODULE);
        ck_assert_str_eq(error.message, message);
        ck_assert_int_eq(chmod(paths[i], 0770), 0);
        ck_assert_int_eq(place_ask(&inner, "strategy", "good", NULL), ALLOT_E_MODULE);
        ck_assert_int_eq(chmod(paths[i], 01777), 0);
        ck_assert_int_eq(place_ask(&inner, "strategy", "good", NULL), ALLOT_OK);
        ck_assert_int_eq(chmod(paths[i], 0755), 0);
    }
    place_done(&p);
}
END_TEST

START_TEST(a_symbolic_link)
{
    place p, linked;
    char real[PATH_MAX], path[PATH_MAX];
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    place_file(&p, "strategy", "good", real);
    place_file(&p, "strategy", "link", path);
    ck_assert_int_eq(symlink(real, path), 0);
    place_refuses(&p, "strategy", "link", " is a symbolic link; it has to be the file itself");
    /* A link to the directory is followed, and where it leads is checked. */
    snprintf(linked.path, sizeof(linked.path), "%.200s/linked", p.path);
    ck_assert_int_eq(symlink(p.path, linked.path), 0);
    ck_assert_int_eq(place_ask(&linked, "strategy", "good", NULL), ALLOT_OK);
    ck_assert_int_eq(chmod(p.path, 0777), 0);
    ck_assert_int_eq(place_ask(&linked, "strategy", "good", NULL), ALLOT_E_MODULE);
    place_done(&p);
}
END_TEST

START_TEST(what_is_no_file)
{
    place p;
    char path[PATH_MAX];
    place_init(&p);
    place_file(&p, "strategy", "folder", path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    place_refuses(&p, "strategy", "folder", " is not a regular file");
    place_file(&p, "strategy", "pipe", path);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
    place_refuses(&p, "strategy", "pipe", " is not a regular file");
    place_done(&p);
}
END_TEST

START_TEST(a_file_of_another_user)
{
    place p;
    char path[PATH_MAX];
    if (geteuid() != 0)
        return; /* only root can make one */
    place_init(&p);
    place_copy(&p, "strategy", "good", "good", SIZE_MAX);
    place_file(&p, "strategy", "good", path);
    ck_assert_int_eq(chown(path, 12345, 0), 0);
    place_refuses(&p, "strategy", "good", " belongs to user 12345; it has to belong to root or to user 0");
    place_done(&p);
}
END_TEST

TCase *places_case(void)
{
    TCase *c = tcase_create("places");
    tcase_add_loop_test(c, a_name_that_is_none, 0, (int)(sizeof(no_names) / sizeof(no_names[0])));
    tcase_add_test(c, the_longest_name);
    tcase_add_test(c, a_module_that_is_not_there);
    tcase_add_test(c, a_file_that_others_can_write);
    tcase_add_test(c, a_directory_that_others_can_write);
    tcase_add_test(c, a_symbolic_link);
    tcase_add_test(c, what_is_no_file);
    tcase_add_test(c, a_file_of_another_user);
    return c;
}
