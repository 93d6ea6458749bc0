/* file_place.c - places that are refused, and what the message says then. */
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_refused(file_world *w, bool read_only, int code, const char *words)
{
    allot_error error = {0};
    driver *d = NULL;
    int rc = file_world_try(w, read_only, NULL, &d, &error);
    ck_assert_msg(rc == code, "code %d: %s", rc, error.message);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(strstr(error.message, words) != NULL, "'%s' does not say '%s'", error.message, words);
}

static void make_group(file_world *w)
{
    file_world_make(w);
    driver_close(file_world_open(w, NULL));
}

START_TEST(everything_is_private)
{
    file_world w;
    struct stat st;
    char name[256];
    mode_t before = umask(0);
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    const char *const directories[] = {"", "slots", "bells"};
    const char *const files[] = {"lock", "journal", "bells/group"};
    ck_assert_int_eq(stat(w.path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(stat(file_world_name(&w, name, directories[i]), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        ck_assert_int_eq(stat(file_world_name(&w, name, files[i]), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
    }
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    umask(before);
    file_world_remove(&w);
}
END_TEST

START_TEST(open_to_others_is_refused)
{
    file_world w;
    make_group(&w);
    ck_assert_int_eq(chmod(w.path, 0750), 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "mode 0750); make it private with chmod 700");
    expect_refused(&w, true, ALLOT_E_PLACE, "chmod 700");
    ck_assert_int_eq(chmod(w.path, 0700), 0);
    ck_assert_int_eq(chmod(w.group, 0702), 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "mode 0702");
    file_world_remove(&w);
}
END_TEST

START_TEST(of_another_user_is_refused)
{
    if (geteuid() != 0)
        return; /* only root can give a directory away */
    file_world w;
    make_group(&w);
    ck_assert_int_eq(chown(w.path, 65534, 65534), 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "belongs to user 65534, this process runs as user 0");
    file_world_remove(&w);
}
END_TEST

START_TEST(symbolic_links_are_refused)
{
    file_world w;
    char name[256], other[300];
    make_group(&w);
    snprintf(other, sizeof(other), "%s/elsewhere", w.base);
    ck_assert_int_eq(rename(w.path, other), 0);
    ck_assert_int_eq(symlink(other, w.path), 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "is a symbolic link");
    strcat(w.path, "/");
    expect_refused(&w, false, ALLOT_E_PLACE, "is a symbolic link");
    w.path[strlen(w.path) - 1] = '\0';
    ck_assert_int_eq(unlink(w.path), 0);
    ck_assert_int_eq(rename(other, w.path), 0);
    snprintf(other, sizeof(other), "%s/journal", w.base);
    ck_assert_int_eq(rename(file_world_name(&w, name, "journal"), other), 0);
    ck_assert_int_eq(symlink(other, name), 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "must not be a symbolic link");
    file_world_remove(&w);
}
END_TEST

START_TEST(reading_creates_nothing)
{
    file_world w;
    file_world_make(&w);
    expect_refused(&w, true, ALLOT_E_NOT_FOUND, "no group here");
    ck_assert_int_ne(access(w.path, F_OK), 0);
    ck_assert_int_eq(mkdir(w.path, 0700), 0);
    expect_refused(&w, true, ALLOT_E_NOT_FOUND, "no group here");
    ck_assert_int_ne(access(w.group, F_OK), 0);
    file_world_remove(&w);
}
END_TEST

START_TEST(only_the_last_component_is_created)
{
    file_world w;
    file_world_make(&w);
    snprintf(w.path, sizeof(w.path), "%s/a/b", w.base);
    expect_refused(&w, false, ALLOT_E_PLACE, "create the directory above it first");
    file_world_remove(&w);
}
END_TEST

START_TEST(a_file_in_the_way_is_refused)
{
    file_world w;
    file_world_make(&w);
    file_write_whole(w.path, "", 0);
    expect_refused(&w, false, ALLOT_E_PLACE, "Not a directory");
    file_world_remove(&w);
}
END_TEST

START_TEST(options_are_checked)
{
    static const char *const bad[][3] = {{"fsync", "often", NULL}, {"force", "1", NULL}, {"pfad", "x", NULL},
                                         {"boot_id", "x", NULL},   {"path", "", NULL},   {"compact_above", "1k", NULL}};
    file_world w;
    file_world_make(&w);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        allot_error error = {0};
        driver *d = NULL;
        ck_assert_int_eq(file_world_try(&w, false, bad[i], &d, &error), ALLOT_E_INVALID);
        ck_assert_msg(strstr(error.message, bad[i][0]) != NULL, "%s", error.message);
    }
    ck_assert_int_ne(access(w.path, F_OK), 0);
    file_world_remove(&w);
}
END_TEST

/* ---- mounts: in a child with its own mount namespace, as far as that is allowed here ---------------------------- */

enum { SAID = 0, NOT_SAID = 1, CANNOT = 77 };

typedef struct mounted {
    file_world *w;
    const char *type;
    bool read_only;
    const char *const *options;
    int code;
    const char *words;
} mounted;

static int open_on_mount(void *user)
{
    mounted *m = user;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", m->w->path, m->type, 0, "mode=700") != 0)
        return CANNOT;
    allot_error error = {0};
    driver *d = NULL;
    if (m->read_only && mount(NULL, m->w->path, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
        return CANNOT;
    int rc = file_world_try(m->w, false, m->options, &d, &error);
    if (rc == 0)
        driver_close(d);
    if (rc == m->code && (rc == 0 || strstr(error.message, m->words) != NULL))
        return SAID;
    fprintf(stderr, "open: %d %s\n", rc, error.message);
    return NOT_SAID;
}

static int ignore_cannot(void *user)
{
    int rc = open_on_mount(user);
    return rc == CANNOT ? 0 : rc;
}

START_TEST(file_systems_are_checked)
{
    file_world w;
    file_world_make(&w);
    ck_assert_int_eq(mkdir(w.path, 0700), 0);
    mounted foreign = {.w = &w, .type = "ramfs", .code = ALLOT_E_PLACE, .words = "not known to be local"};
    ck_assert(file_in_child(ignore_cannot, &foreign));
    mounted forced = {.w = &w, .type = "ramfs", .options = (const char *const[]){"force", "true", NULL}};
    ck_assert(file_in_child(ignore_cannot, &forced));
    mounted known = {.w = &w, .type = "tmpfs"};
    ck_assert(file_in_child(ignore_cannot, &known));
    mounted frozen = {.w = &w, .type = "tmpfs", .read_only = true, .code = ALLOT_E_PLACE, .words = "mount it writable"};
    ck_assert(file_in_child(ignore_cannot, &frozen));
    file_world_remove(&w);
}
END_TEST

Suite *file_place_suite(void)
{
    Suite *suite = suite_create("file place");
    TCase *c = tcase_create("place");
    tcase_add_test(c, everything_is_private);
    tcase_add_test(c, open_to_others_is_refused);
    tcase_add_test(c, of_another_user_is_refused);
    tcase_add_test(c, symbolic_links_are_refused);
    tcase_add_test(c, reading_creates_nothing);
    tcase_add_test(c, only_the_last_component_is_created);
    tcase_add_test(c, a_file_in_the_way_is_refused);
    tcase_add_test(c, options_are_checked);
    tcase_add_test(c, file_systems_are_checked);
    suite_add_tcase(suite, c);
    return suite;
}
