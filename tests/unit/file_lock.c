/* file_lock.c - the mutex: held by others, stopped, replaced, inherited. */
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A child that takes the mutex as a replica does, says so through the pipe, and stops. */
static pid_t start_stopped_holder(const char *lock_name)
{
    int pipe_fds[2];
    char byte;
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        char text[16];
        int fd = open(lock_name, O_RDWR | O_CLOEXEC);
        int len = snprintf(text, sizeof(text), "%-10ld\n", (long)getpid());
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
            _exit(1);
        if (write(pipe_fds[1], "x", 1) != 1)
            _exit(1);
        raise(SIGSTOP);
        _exit(0);
    }
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    ck_assert(WIFSTOPPED(status));
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

START_TEST(a_stopped_holder_is_named_in_time)
{
    file_world w;
    char name[256], words[64];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    pid_t child = start_stopped_holder(file_world_name(&w, name, "lock"));
    allot_op op = file_member_op(&a, ALLOT_OP_BEAT);
    op.timeout_us = 200000;
    op.u.beat.floors.life = a.life;
    int64_t begun_ms = mono_ms();
    const allot_answer *answer = driver_call(d, &op);
    int64_t took_ms = mono_ms() - begun_ms;
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    snprintf(words, sizeof(words), "lock is held by pid %ld, which is stopped", (long)child);
    ck_assert_msg(strstr(answer->message, words) != NULL, "%s", answer->message);
    ck_assert_int_ge(took_ms, 200);
    ck_assert_int_lt(took_ms, 2000);
    /* One that starts now is not held up for long, and says the same. */
    driver *late = file_world_open(&w, NULL);
    op = (allot_op){.kind = ALLOT_OP_READ_VIEW, .timeout_us = 50000};
    ck_assert_int_eq(driver_call(late, &op)->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    end_child(child);
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_view(late)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    driver_close(late);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_short_hold_is_waited_for)
{
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    int fd = open(file_world_name(&w, name, "lock"), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    allot_op op = file_member_op(&a, ALLOT_OP_BEAT);
    op.u.beat.floors.life = a.life;
    uint64_t cookie = driver_submit(d, &op);
    ck_assert_ptr_null(driver_await(d, cookie, 30));
    close(fd);
    const allot_answer *answer = driver_await(d, cookie, 5000);
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(what_comes_too_late_is_not_done)
{
    file_world w;
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    allot_op op = file_member_op(&a, ALLOT_OP_LEAVE);
    op.timeout_us = 1000;
    uint64_t cookie = driver_submit(d, &op);
    usleep(3000);
    const allot_answer *answer = driver_await(d, cookie, 1000);
    ck_assert_ptr_nonnull(answer);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

/* Somebody holds the file that was unlinked or renamed away; both handles use the one that has the name. */
START_TEST(a_replaced_lock_is_noticed)
{
    file_world w;
    char name[256], other[256];
    file_world_make(&w);
    driver *one = file_world_open(&w, NULL);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    file_member b = file_member_joined(&w, two);
    file_world_name(&w, name, "lock");
    file_world_name(&w, other, "elsewhere");
    for (int i = 0; i < 4; i++) {
        int old = open(name, O_RDWR | O_CLOEXEC);
        ck_assert_int_eq(flock(old, LOCK_EX), 0);
        ck_assert_int_eq(i % 2 == 0 ? unlink(name) : rename(name, other), 0);
        ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
        int new = open(name, O_RDWR | O_CLOEXEC);
        ck_assert_int_ge(new, 0);
        ck_assert_int_eq(flock(new, LOCK_EX), 0);
        allot_op op = file_member_op(&b, ALLOT_OP_BEAT);
        op.timeout_us = 50000;
        op.u.beat.floors.life = b.life;
        ck_assert_int_eq(driver_call(two, &op)->outcome.status, ALLOT_STATUS_UNAVAILABLE);
        close(new);
        close(old);
        ck_assert_int_eq(file_beat(&b)->outcome.status, ALLOT_STATUS_OK);
    }
    driver_close(one);
    driver_close(two);
    file_world_remove(&w);
}
END_TEST

static int use_and_close_in_child(void *user)
{
    driver *d = user;
    allot_op op = {.kind = ALLOT_OP_READ_VIEW, .timeout_us = 10000000};
    const allot_answer *answer = driver_call(d, &op);
    bool refused = answer->outcome.status == ALLOT_STATUS_UNKNOWN && strstr(answer->message, "fork") != NULL;
    driver_close(d);
    return refused ? 0 : 1;
}

START_TEST(a_forked_child_cannot_use_or_harm_the_handle)
{
    file_world w;
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    driver *other = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    file_member b = file_member_joined(&w, other);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert(file_in_child(use_and_close_in_child, d));
    /* The slot is not given up: its lock is the parent's as well. */
    ck_assert_int_eq(file_campaign(&b)->outcome.reason, ALLOT_REFUSED_LED);
    ck_assert_int_eq(file_beat(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    driver_close(other);
    file_world_remove(&w);
}
END_TEST

enum { WRITERS = 4, ROUNDS = 150 };

static int write_much(void *user)
{
    file_world *w = user;
    driver *d = file_world_open(w, (const char *const[]){"compact_above", "20000", "fsync", "never", NULL});
    file_member a = file_member_joined(w, d);
    for (int i = 0; i < ROUNDS; i++) {
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "%d %d", (int)getpid(), i);
        if (file_add(&a, prefix, 2)->outcome.count != 2 || file_beat(&a)->outcome.status != ALLOT_STATUS_OK)
            return 1;
        driver_forget(d);
    }
    driver_close(d);
    return 0;
}

START_TEST(processes_take_turns)
{
    file_world w;
    pid_t children[WRITERS];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(write_much(&w));
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_uint_eq(file_view(d)->view->total, WRITERS * ROUNDS * 2);
    driver_close(d);
    char *state = file_world_state(&w, NULL);
    ck_assert_ptr_nonnull(state);
    free(state);
    file_world_remove(&w);
}
END_TEST

Suite *file_lock_suite(void)
{
    Suite *suite = suite_create("file lock");
    TCase *c = tcase_create("lock");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_stopped_holder_is_named_in_time);
    tcase_add_test(c, a_short_hold_is_waited_for);
    tcase_add_test(c, what_comes_too_late_is_not_done);
    tcase_add_test(c, a_replaced_lock_is_noticed);
    tcase_add_test(c, a_forked_child_cannot_use_or_harm_the_handle);
    tcase_add_test(c, processes_take_turns);
    suite_add_tcase(suite, c);
    return suite;
}
