/* file_full.c - a disk that takes no more, and one that fails. */
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CANNOT = 77 };

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Adds until it fails: everything confirmed is there, nothing else, and after `make_room` it goes on. */
static int fill_up(file_world *w, driver *d, file_member *a, int (*make_room)(void *user), void *user)
{
    uint64_t confirmed = 0;
    const allot_answer *answer = NULL;
    for (int i = 0; i < 1000; i++) {
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "%d", i);
        answer = file_add(a, prefix, 40);
        if (answer->outcome.status != ALLOT_STATUS_OK)
            break;
        confirmed += answer->outcome.count;
    }
    MUST(confirmed > 0);
    MUST(answer->outcome.status == ALLOT_STATUS_UNAVAILABLE);
    MUST(strstr(answer->message, "journal: cannot be written") != NULL);
    MUST(file_beat(a)->outcome.status != ALLOT_STATUS_UNKNOWN);
    char *state = file_world_state(w, NULL);
    MUST(state != NULL);
    free(state);
    driver *reader = NULL;
    MUST(file_world_try(w, true, NULL, &reader, NULL) == 0);
    MUST(file_view(reader)->view->total == confirmed);
    driver_close(reader);
    MUST(make_room(user) == 0);
    MUST(file_beat(a)->outcome.status == ALLOT_STATUS_OK);
    MUST(file_add(a, "after", 40)->outcome.count == 40);
    MUST(file_view(d)->view->total == confirmed + 40);
    return 0;
}

static int lift_limit(void *user)
{
    return setrlimit(RLIMIT_FSIZE, user);
}

static int with_limit(void *user)
{
    file_world *w = user;
    struct rlimit old, low;
    driver *d = file_world_open(w, NULL);
    file_member a = file_member_joined(w, d);
    signal(SIGXFSZ, SIG_IGN);
    MUST(getrlimit(RLIMIT_FSIZE, &old) == 0);
    low = old;
    low.rlim_cur = 20000;
    MUST(setrlimit(RLIMIT_FSIZE, &low) == 0);
    int rc = fill_up(w, d, &a, lift_limit, &old);
    driver_close(d);
    return rc;
}

START_TEST(file_size_limit)
{
    file_world w;
    file_world_make(&w);
    ck_assert(file_in_child(with_limit, &w));
    char *state = file_world_state(&w, NULL);
    ck_assert_ptr_nonnull(state);
    free(state);
    file_world_remove(&w);
}
END_TEST

/* A join that could not be written leaves nothing behind that would be in the way of the same join again. */
static int join_with_limit(void *user)
{
    file_world *w = user;
    struct rlimit limit;
    char name[256];
    driver *d = file_world_open(w, NULL);
    signal(SIGXFSZ, SIG_IGN);
    MUST(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 100;
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    file_member a = file_member_new(w, d, true);
    MUST(file_join(&a)->outcome.status == ALLOT_STATUS_UNAVAILABLE);
    MUST(rmdir(file_world_name(w, name, "slots")) == 0 && mkdir(name, 0700) == 0);
    limit.rlim_cur = before;
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    driver_close(d);
    d = file_world_open(w, NULL);
    a.handle = d;
    a.sequence = 0;
    MUST(file_join(&a)->outcome.status == ALLOT_STATUS_OK);
    driver_close(d);
    return 0;
}

START_TEST(a_join_that_failed_leaves_nothing)
{
    file_world w;
    file_world_make(&w);
    ck_assert(file_in_child(join_with_limit, &w));
    file_world_remove(&w);
}
END_TEST

static int remove_ballast(void *user)
{
    return unlink(user);
}

static int with_full_disk(void *user)
{
    file_world *w = user;
    char ballast[160];
    static char bytes_of_ballast[32768];
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", w->path, "tmpfs", 0, "mode=700,size=128k") != 0)
        return CANNOT;
    snprintf(ballast, sizeof(ballast), "%s/ballast", w->path);
    file_write_whole(ballast, bytes_of_ballast, sizeof(bytes_of_ballast));
    driver *d = file_world_open(w, NULL);
    file_member a = file_member_joined(w, d);
    int rc = fill_up(w, d, &a, remove_ballast, ballast);
    driver_close(d);
    return rc;
}

static int with_full_disk_if_allowed(void *user)
{
    int rc = with_full_disk(user);
    return rc == CANNOT ? 0 : rc;
}

START_TEST(disk_is_full)
{
    file_world w;
    file_world_make(&w);
    ck_assert_int_eq(mkdir(w.path, 0700), 0);
    ck_assert(file_in_child(with_full_disk_if_allowed, &w));
    file_world_remove(&w);
}
END_TEST

/* No file can be opened for the rewrite: the old journal goes on, and the operator is told. */
static int without_room_for_rewrite(void *user)
{
    file_world *w = user;
    struct rlimit limit;
    driver *d = file_world_open(w, (const char *const[]){"compact_above", "9000", NULL});
    file_member a = file_member_joined(w, d);
    MUST(file_add(&a, "x", 100)->outcome.count == 100);
    int next = dup(0);
    MUST(next > 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)next;
    MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int i = 0; i < 200; i++)
        MUST(file_beat(&a)->outcome.status == ALLOT_STATUS_OK);
    MUST(strstr(driver_last_note(d), "could not be compacted") != NULL);
    MUST(strstr(driver_last_note(d), "raise the limit of open files") != NULL);
    uint64_t notes = driver_note_count(d);
    limit.rlim_cur = before;
    MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int i = 0; i < 200; i++)
        MUST(file_beat(&a)->outcome.status == ALLOT_STATUS_OK);
    MUST(driver_note_count(d) == notes);
    driver_close(d);
    return 0;
}

START_TEST(no_room_for_a_rewrite)
{
    file_world w;
    file_world_make(&w);
    ck_assert(file_in_child(without_room_for_rewrite, &w));
    char *state = file_world_state(&w, NULL);
    ck_assert_ptr_nonnull(state);
    free(state);
    file_world_remove(&w);
}
END_TEST

/* ---- a disk that fails ------------------------------------------------------------------------------------------ */

/* The number of the descriptor that is open on the journal. */
static int journal_fd(void)
{
    char link[64], target[256];
    for (int fd = 3; fd < 256; fd++) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        if (n > 8 && memcmp(target + n - 8, "/journal", 8) == 0)
            return fd;
    }
    return -1;
}

/* From now on fdatasync of that descriptor fails, as it does once when the disk could not take what was written. */
static int break_sync(int fd)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fdatasync, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)fd, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(steps) / sizeof(steps[0]), .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

static int with_failing_sync(void *user)
{
    file_world *w = user;
    driver *d = file_world_open(w, NULL);
    file_member a = file_member_joined(w, d);
    MUST(file_add(&a, "before", 10)->outcome.count == 10);
    int fd = journal_fd();
    MUST(fd >= 0);
    if (break_sync(fd) != 0)
        return 0; /* not allowed here */
    const allot_answer *answer = file_add(&a, "lost", 10);
    MUST(answer->outcome.status == ALLOT_STATUS_UNKNOWN);
    MUST(strstr(answer->message, "cannot be brought to disk") != NULL);
    /* The next is not confirmed by the same file: the state was written to a new one first. */
    MUST(file_add(&a, "after", 10)->outcome.count == 10);
    MUST(journal_fd() >= 0 && journal_fd() != fd);
    MUST(file_view(d)->view->total == 30);
    driver_close(d);
    return 0;
}

START_TEST(a_failed_sync_is_never_repeated)
{
    file_world w;
    file_world_make(&w);
    ck_assert(file_in_child(with_failing_sync, &w));
    char *state = file_world_state(&w, NULL);
    ck_assert_ptr_nonnull(state);
    free(state);
    file_world_remove(&w);
}
END_TEST

Suite *file_full_suite(void)
{
    Suite *suite = suite_create("file full");
    TCase *c = tcase_create("full");
    tcase_set_timeout(c, 20);
    tcase_add_test(c, file_size_limit);
    tcase_add_test(c, disk_is_full);
    tcase_add_test(c, no_room_for_a_rewrite);
    tcase_add_test(c, a_join_that_failed_leaves_nothing);
    tcase_add_test(c, a_failed_sync_is_never_repeated);
    suite_add_tcase(suite, c);
    return suite;
}
