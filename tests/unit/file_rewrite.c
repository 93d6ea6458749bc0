/* file_rewrite.c - compaction: the journal is rewritten while others use it. */
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const soon[] = {"compact_above", "3000", NULL};

static uint64_t generation_of(file_world *w)
{
    char name[256];
    bytes journal = file_read_all(file_world_name(w, name, "journal"));
    ck_assert_int_eq(bytes_append(&journal, "", 1), 0);
    const char *at = strstr(journal.data, " generation ");
    ck_assert_ptr_nonnull(at);
    uint64_t generation = strtoull(at + strlen(" generation "), NULL, 10);
    bytes_done(&journal);
    return generation;
}

static int count_images(file_world *w)
{
    int count = 0;
    DIR *entries = opendir(w->group);
    ck_assert_ptr_nonnull(entries);
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL)
        count += strncmp(entry->d_name, "journal.tmp-", 12) == 0;
    closedir(entries);
    return count;
}

static char *state_of(file_world *w)
{
    allot_error error = {0};
    char *state = file_world_state(w, &error);
    ck_assert_msg(state != NULL, "%s", error.message);
    return state;
}

START_TEST(two_handles_rewrite_by_turns)
{
    file_world w;
    file_world_make(&w);
    driver *one = file_world_open(&w, soon);
    driver *two = file_world_open(&w, soon);
    driver *idle = file_world_open(&w, soon);
    file_member a = file_member_joined(&w, one);
    file_member b = file_member_joined(&w, two);
    uint64_t total = 0;
    for (int i = 0; i < 300; i++) {
        file_member *m = i % 2 == 0 ? &a : &b;
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "r%d", i);
        if (i % 50 == 0)
            total += file_add(m, prefix, 7)->outcome.count;
        ck_assert_int_eq(file_beat(m)->outcome.status, ALLOT_STATUS_OK);
        driver_process(m->handle);
        if (i % 37 == 0)
            ck_assert_uint_eq(file_view(idle)->view->total, total);
    }
    ck_assert_uint_eq(total, 42);
    ck_assert_uint_gt(generation_of(&w), 5);
    ck_assert_int_eq(count_images(&w), 0);
    /* One that missed many rewrites, and those that followed each, agree with a new reader. */
    ck_assert_uint_eq(file_view(idle)->view->number, file_view(one)->view->number);
    driver *fresh = file_world_open(&w, NULL);
    ck_assert_uint_eq(file_view(fresh)->view->number, file_view(two)->view->number);
    ck_assert_uint_eq(file_view(fresh)->view->total, total);
    driver_close(fresh);
    driver_close(idle);
    driver_close(one);
    driver_close(two);
    free(state_of(&w));
    file_world_remove(&w);
}
END_TEST

/* Whoever has followed the old journal goes on in the new one from where it stood: no byte of the snapshot is read. */
START_TEST(a_follower_needs_no_snapshot)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *one = file_world_open(&w, soon);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    ck_assert_int_eq(file_add(&a, "some", 20)->outcome.count, 20);
    ck_assert_uint_eq(file_view(two)->view->total, 20);
    uint64_t before = generation_of(&w);
    for (int i = 0; i < 1000 && generation_of(&w) == before; i++) {
        file_beat(&a);
        driver_process(one);
    }
    ck_assert_uint_eq(generation_of(&w), before + 1);
    bytes journal = file_read_all(file_world_name(&w, name, "journal"));
    char *id = memmem(journal.data, journal.len, "some%203", 8);
    ck_assert_ptr_nonnull(id);
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pwrite(fd, "X", 1, id - journal.data), 1);
    close(fd);
    ck_assert_uint_eq(file_view(two)->view->total, 20);
    ck_assert_uint_eq(file_view(two)->view->number, file_view(one)->view->number);
    allot_error error = {0};
    ck_assert_ptr_null(file_world_state(&w, &error));
    ck_assert_int_eq(error.code, ALLOT_E_DAMAGED);
    driver_close(one);
    driver_close(two);
    bytes_done(&journal);
    file_world_remove(&w);
}
END_TEST

/* A journal far larger than what is read under the mutex at once, rewritten in many pieces while ops go on. */
START_TEST(a_large_group_is_rewritten_in_pieces)
{
    enum { OPS = 240, IDS = 500 };
    file_world w;
    file_world_make(&w);
    driver *one = file_world_open(&w, (const char *const[]){"fsync", "never", NULL});
    file_member a = file_member_joined(&w, one);
    for (int i = 0; i < OPS; i++) {
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "a rather long name %d", i % 7);
        prefix[0] = (char)('A' + i % 60);
        ck_assert_int_eq(file_add(&a, prefix, IDS)->outcome.status, ALLOT_STATUS_OK);
        driver_forget(one);
    }
    uint64_t total = file_view(one)->view->total;
    ck_assert_uint_gt(total, 50000);
    driver *two = file_world_open(&w, (const char *const[]){"compact_above", "100000", "fsync", "never", NULL});
    file_member b = file_member_joined(&w, two);
    uint64_t before = generation_of(&w);
    int beats = 0;
    for (; beats < 100000 && generation_of(&w) == before; beats += 50) {
        for (int i = 0; i < 50; i++) {
            ck_assert_int_eq(file_beat(&b)->outcome.status, ALLOT_STATUS_OK);
            ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
        }
        driver_forget(one);
        driver_forget(two);
    }
    ck_assert_uint_eq(generation_of(&w), before + 1);
    ck_assert_uint_eq(file_view(one)->view->total, total);
    ck_assert_uint_eq(file_view(two)->view->number, file_view(one)->view->number);
    char *state = state_of(&w);
    driver_close(one);
    driver_close(two);
    free(state);
    file_world_remove(&w);
}
END_TEST

/* The file was put back under its users (docs/file.md says to stop them first). A rewrite on its way is of what the
 * file does not say any more: to put it in place would bring that back, and mix two histories in one file. */
START_TEST(a_rewrite_of_what_is_no_more_is_dropped)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *one = file_world_open(&w, soon);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    bytes before = file_read_all(file_world_name(&w, name, "journal"));
    ck_assert_uint_eq(file_add(&a, "x", 3)->outcome.count, 3);
    while (count_images(&w) == 0)
        ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    uint64_t generation = generation_of(&w);
    ck_assert_int_eq(truncate(name, (off_t)before.len), 0);
    uint64_t total = 0;
    if (_i == 1) { /* and is longer again than where the rewrite began */
        file_member b = file_member_joined(&w, two);
        total = file_add(&b, "y", 50)->outcome.count;
        for (int i = 0; i < 60; i++)
            ck_assert_int_eq(file_beat(&b)->outcome.status, ALLOT_STATUS_OK);
    }
    ck_assert_uint_eq(file_view(one)->view->total, total);
    ck_assert_uint_eq(file_view(two)->view->total, total);
    ck_assert_uint_eq(generation_of(&w), generation);
    ck_assert_int_eq(count_images(&w), 0);
    free(state_of(&w));
    driver_close(one);
    driver_close(two);
    bytes_done(&before);
    file_world_remove(&w);
}
END_TEST

/* A writer that died in a rewrite leaves a file behind; one that lives is left alone. */
START_TEST(leavings_are_swept)
{
    file_world w;
    char image[256], slot[256], bell[256];
    file_world_make(&w);
    driver *one = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    file_write_whole(file_world_name(&w, image, "journal.tmp-0123456789abcdef"), "half", 4);
    file_write_whole(file_world_name(&w, slot, "slots/01234567-89ab-cdef-0123-456789abcdef"), "", 0);
    file_write_whole(file_world_name(&w, bell, "bells/01234567-89ab-cdef-0123-456789abcdef"), "", 0);
    driver *two = file_world_open(&w, NULL);
    ck_assert_int_ne(access(image, F_OK), 0);
    ck_assert_int_ne(access(slot, F_OK), 0);
    ck_assert_int_ne(access(bell, F_OK), 0);
    ck_assert_int_eq(access(file_world_name(&w, bell, "bells/group"), F_OK), 0);
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(one);
    driver_close(two);
    file_world_remove(&w);
}
END_TEST

Suite *file_rewrite_suite(void)
{
    Suite *suite = suite_create("file rewrite");
    TCase *c = tcase_create("rewrite");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, two_handles_rewrite_by_turns);
    tcase_add_test(c, a_follower_needs_no_snapshot);
    tcase_add_test(c, a_large_group_is_rewritten_in_pieces);
    tcase_add_loop_test(c, a_rewrite_of_what_is_no_more_is_dropped, 0, 2);
    tcase_add_test(c, leavings_are_swept);
    suite_add_tcase(suite, c);
    return suite;
}
