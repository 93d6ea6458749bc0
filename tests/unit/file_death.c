/* file_death.c - processes that die, and how soon the others know. */
#include "tests/unit/file_suites.h"
#include "tests/unit/file_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A replica in a child: joins, leads if wished, and waits to be killed. */
static pid_t start_replica(file_world *w, file_member *ret_member, bool leads)
{
    int pipe_fds[2];
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipe_fds[0]);
        w->made_up += 1000;
        driver *d = file_world_open(w, NULL);
        file_member m = file_member_joined(w, d);
        if (leads && file_campaign(&m)->outcome.status != ALLOT_STATUS_OK)
            _exit(1);
        if (write(pipe_fds[1], &m, sizeof(m)) != (ssize_t)sizeof(m))
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_gt(child, 0);
    close(pipe_fds[1]);
    ck_assert_int_eq(read(pipe_fds[0], ret_member, sizeof(*ret_member)), sizeof(*ret_member));
    close(pipe_fds[0]);
    return child;
}

static void kill_replica(pid_t child)
{
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static allot_slot_state state_of(driver *d, const allot_uuid *slot)
{
    allot_op op = {.kind = ALLOT_OP_READ_ROSTER, .timeout_us = 10000000, .u.read = {.limit = 100}};
    const allot_answer *answer = driver_call(d, &op);
    for (uint32_t i = 0; i < answer->slot_count; i++)
        if (memcmp(&answer->slots[i].slot, slot, sizeof(*slot)) == 0)
            return answer->slots[i].state;
    return 0;
}

START_TEST(the_leaders_death_is_told_to_all)
{
    file_world w;
    file_member dead;
    file_world_make(&w);
    pid_t child = start_replica(&w, &dead, true);
    driver *one = file_world_open(&w, NULL);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    file_member b = file_member_joined(&w, two);
    ck_assert_int_eq(file_campaign(&a)->outcome.reason, ALLOT_REFUSED_LED);
    driver_clear_hints(one);
    driver_clear_hints(two);
    kill_replica(child);
    ck_assert(driver_await_hint(one, ALLOT_HINT_LEADERLESS, 5000));
    ck_assert(driver_await_hint(two, ALLOT_HINT_LEADERLESS, 5000));
    ck_assert_int_eq(state_of(one, &dead.slot), ALLOT_SLOT_DEAD);
    ck_assert_int_eq(file_campaign(&b)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_reap(&b, &dead)->outcome.status, ALLOT_STATUS_OK);
    driver_close(one);
    driver_close(two);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_followers_death_is_told_to_the_leader)
{
    file_world w;
    file_member dead;
    char name[256], uuid[64];
    file_world_make(&w);
    driver *one = file_world_open(&w, NULL);
    driver *two = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, one);
    file_member b = file_member_joined(&w, two);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    pid_t child = start_replica(&w, &dead, false);
    ck_assert_int_eq(file_reap(&a, &dead)->outcome.reason, ALLOT_REFUSED_LIVE);
    ck_assert_int_eq(file_beat(&b)->outcome.status, ALLOT_STATUS_OK);
    while (driver_ready(one, 20))
        driver_process(one);
    driver_clear_hints(one);
    kill_replica(child);
    ck_assert(driver_await_hint(one, ALLOT_HINT_WORK, 5000));
    ck_assert_int_eq(state_of(one, &dead.slot), ALLOT_SLOT_DEAD);
    ck_assert_int_eq(file_reap(&a, &dead)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(state_of(one, &dead.slot), 0);
    /* Its files went with it. */
    snprintf(uuid, sizeof(uuid), "fe000000-0000-0000-");
    for (int i = 8; i < 16; i++)
        snprintf(uuid + strlen(uuid), 4, i == 10 ? "-%02x" : "%02x", dead.slot.bytes[i]);
    for (int i = 0; i < 2; i++) {
        char relative[96];
        snprintf(relative, sizeof(relative), "%s/%s", i == 0 ? "slots" : "bells", uuid);
        ck_assert_int_ne(access(file_world_name(&w, name, relative), F_OK), 0);
    }
    driver_close(one);
    driver_close(two);
    file_world_remove(&w);
}
END_TEST

/* Whatever event was missed: who campaigns or reaps looks at the lock itself. */
START_TEST(a_transition_looks_for_itself)
{
    file_world w;
    file_member leader, follower;
    file_world_make(&w);
    pid_t child = start_replica(&w, &leader, true);
    w.made_up += 10;
    pid_t other = start_replica(&w, &follower, false);
    driver *d = file_world_open(&w, NULL);
    /* Alive when this handle looked at all, dead before it began to watch. */
    kill_replica(child);
    kill_replica(other);
    file_member a = file_member_joined(&w, d);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_reap(&a, &follower)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_reap(&a, &leader)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_stopped_replica_is_not_dead)
{
    file_world w;
    file_member stopped;
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    pid_t child = start_replica(&w, &stopped, true);
    ck_assert_int_eq(kill(child, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(child, NULL, WUNTRACED), child);
    ck_assert_int_eq(file_campaign(&a)->outcome.reason, ALLOT_REFUSED_LED);
    ck_assert_int_eq(state_of(d, &stopped.slot), ALLOT_SLOT_LIVE);
    kill_replica(child);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_group_that_was_killed_as_a_whole)
{
    file_world w;
    file_member members[3];
    pid_t children[3];
    file_world_make(&w);
    for (int i = 0; i < 3; i++) {
        w.made_up += 10;
        children[i] = start_replica(&w, &members[i], i == 0);
    }
    for (int i = 0; i < 3; i++)
        kill_replica(children[i]);
    driver *d = file_world_open(&w, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(state_of(d, &members[i].slot), ALLOT_SLOT_DEAD);
    file_member a = file_member_joined(&w, d);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_new_boot_is_the_death_of_all)
{
    static const char *const first[] = {"boot_id", "00000000-0000-0000-0000-000000000001", NULL};
    static const char *const second[] = {"boot_id", "00000000-0000-0000-0000-000000000002", NULL};
    file_world w;
    char name[256];
    file_world_make(&w);
    driver *one = file_world_open(&w, first);
    file_member a = file_member_joined(&w, one);
    ck_assert_int_eq(file_campaign(&a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_add(&a, "x", 3)->outcome.count, 3);
    /* Read-only: the deaths are shown, and nothing is written. */
    bytes before = file_read_all(file_world_name(&w, name, "journal"));
    driver *reader = NULL;
    ck_assert_int_eq(file_world_try(&w, true, second, &reader, NULL), 0);
    ck_assert_int_eq(state_of(reader, &a.slot), ALLOT_SLOT_DEAD);
    bytes after = file_read_all(name);
    ck_assert_uint_eq(after.len, before.len);
    /* Here the old process lives on, which no reboot allows: so it is another machine's, and is told. */
    driver *two = file_world_open(&w, second);
    ck_assert_int_eq(state_of(two, &a.slot), ALLOT_SLOT_DEAD);
    ck_assert_int_eq(state_of(reader, &a.slot), ALLOT_SLOT_DEAD);
    file_member b = file_member_joined(&w, two);
    ck_assert_int_eq(state_of(reader, &b.slot), ALLOT_SLOT_LIVE);
    ck_assert_int_eq(file_campaign(&b)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_uint_gt(b.term, a.term);
    ck_assert_uint_eq(file_view(two)->view->total, 3);
    ck_assert_uint_eq(file_view(reader)->view->roster_rev, file_view(two)->view->roster_rev);
    const allot_answer *answer = file_beat(&a);
    ck_assert_int_eq(answer->outcome.status, ALLOT_STATUS_UNAVAILABLE);
    ck_assert_msg(strstr(answer->message, "another machine") != NULL, "%s", answer->message);
    driver_close(one);
    driver_close(two);
    driver_close(reader);
    bytes_done(&before);
    bytes_done(&after);
    file_world_remove(&w);
}
END_TEST

START_TEST(a_duplicate_is_refused)
{
    file_world w;
    file_member twin;
    file_world_make(&w);
    pid_t child = start_replica(&w, &twin, false);
    driver *d = file_world_open(&w, NULL);
    file_member a = twin;
    a.w = &w;
    a.handle = d;
    a.sequence = 7;
    ck_assert_int_eq(file_join(&a)->outcome.reason, ALLOT_REFUSED_EXISTS);
    ck_assert_int_eq(state_of(d, &twin.slot), ALLOT_SLOT_LIVE);
    kill_replica(child);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

START_TEST(joining_anew_gives_up_the_old_slot)
{
    file_world w;
    file_world_make(&w);
    driver *one = file_world_open(&w, NULL);
    driver *two = file_world_open(&w, NULL);
    file_member leader = file_member_joined(&w, two);
    ck_assert_int_eq(file_campaign(&leader)->outcome.status, ALLOT_STATUS_OK);
    file_member a = file_member_joined(&w, one);
    file_member again = file_member_joined(&w, one);
    ck_assert_int_eq(file_reap(&leader, &a)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_eq(file_reap(&leader, &again)->outcome.reason, ALLOT_REFUSED_LIVE);
    driver_close(one);
    driver_close(two);
    file_world_remove(&w);
}
END_TEST

START_TEST(leaving_takes_the_files_along)
{
    file_world w;
    char command[256];
    file_world_make(&w);
    driver *d = file_world_open(&w, NULL);
    file_member a = file_member_joined(&w, d);
    snprintf(command, sizeof(command), "test -n \"$(ls %s/slots)\"", w.group);
    ck_assert_int_eq(system(command), 0);
    allot_op op = file_member_op(&a, ALLOT_OP_LEAVE);
    ck_assert_int_eq(driver_call(d, &op)->outcome.status, ALLOT_STATUS_OK);
    ck_assert_int_ne(system(command), 0);
    driver_close(d);
    file_world_remove(&w);
}
END_TEST

/* Killed at any moment, over and over: the journal stays whole, and what was confirmed is there. */
START_TEST(killed_writers_lose_nothing)
{
    file_world w;
    uint64_t confirmed = 0;
    file_world_make(&w);
    for (int round = 0; round < 40; round++) {
        int pipe_fds[2];
        ck_assert_int_eq(pipe(pipe_fds), 0);
        w.made_up += 3;
        pid_t child = fork();
        if (child == 0) {
            driver *d = file_world_open(&w, (const char *const[]){"compact_above", "30000", "fsync", "never", NULL});
            file_member a = file_member_joined(&w, d);
            for (int i = 0; i < 100000; i++) {
                char prefix[32];
                snprintf(prefix, sizeof(prefix), "%d/%d", round, i);
                const allot_answer *answer = file_add(&a, prefix, 3);
                if (answer->outcome.status != ALLOT_STATUS_OK || write(pipe_fds[1], "xxx", 3) != 3)
                    _exit(1);
                driver_forget(d);
            }
            _exit(0);
        }
        close(pipe_fds[1]);
        char some[64];
        uint64_t seen = 0;
        ssize_t n;
        while (seen < (uint64_t)(30 + round * 7) && (n = read(pipe_fds[0], some, sizeof(some))) > 0)
            seen += (uint64_t)n;
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        while ((n = read(pipe_fds[0], some, sizeof(some))) > 0)
            seen += (uint64_t)n;
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        close(pipe_fds[0]);
        driver *d = file_world_open(&w, NULL);
        uint64_t total = file_view(d)->view->total;
        ck_assert_uint_ge(total, confirmed + seen);
        ck_assert_uint_le(total, confirmed + seen + 3);
        confirmed = total;
        driver_close(d);
    }
    free(file_world_state(&w, NULL));
    file_world_remove(&w);
}
END_TEST

Suite *file_death_suite(void)
{
    Suite *suite = suite_create("file death");
    TCase *c = tcase_create("death");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, the_leaders_death_is_told_to_all);
    tcase_add_test(c, a_followers_death_is_told_to_the_leader);
    tcase_add_test(c, a_transition_looks_for_itself);
    tcase_add_test(c, a_stopped_replica_is_not_dead);
    tcase_add_test(c, a_group_that_was_killed_as_a_whole);
    tcase_add_test(c, a_new_boot_is_the_death_of_all);
    tcase_add_test(c, a_duplicate_is_refused);
    tcase_add_test(c, joining_anew_gives_up_the_old_slot);
    tcase_add_test(c, leaving_takes_the_files_along);
    tcase_add_test(c, killed_writers_lose_nothing);
    suite_add_tcase(suite, c);
    return suite;
}
