/* test_processes.c - several processes hammer one group of a backend that outlives them, and some are killed at random
 * moments, inside a transition as well. */
#include "tests/conformance/cases.h"
#include "tests/conformance/hammer.h"
#include "tests/conformance/world.h"

#include "base/bytes.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 4, HAMMER_MS = 2500, STOP_MS = 15000, SETTLE_MS = 8000, STEP_MS = 5 };

typedef struct gang {
    world *w;
    hammer *hammer;
    pid_t pids[AT_ONCE]; /* 0: none */
    uint32_t processes;  /* begun so far */
    uint32_t killed;
    uint64_t random;
    char failed[600];
} gang;

static uint64_t draw(gang *g, uint64_t below)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return g->random % below;
}

static void begin_process(gang *g, int at)
{
    if (g->processes == HAMMER_PROCESSES)
        return;
    pid_t parent = getpid();
    uint32_t process = g->processes++;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test, nothing stays behind */
        if (getppid() != parent)
            _exit(1);
        allot_option options[PLACE_OPTIONS_MAX];
        allot_backend_config config = world_config(g->w, options);
        _exit(hammer_work(g->hammer, process, g->w->subject->ops, &config));
    }
    g->pids[at] = pid;
}

/* The process has ended; `killed`: by us, if it had not ended before. */
static void judge(gang *g, int status, bool killed)
{
    bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || (killed && was_killed))
        return;
    snprintf(g->failed, sizeof(g->failed), "a process ended with status %#x", (unsigned)status);
}

static void kill_one(gang *g)
{
    int at = (int)draw(g, AT_ONCE);
    int status;
    if (g->pids[at] == 0)
        return;
    kill(g->pids[at], SIGKILL);
    ck_assert_int_eq(waitpid(g->pids[at], &status, 0), g->pids[at]);
    judge(g, status, true);
    g->pids[at] = 0;
    g->killed++;
    begin_process(g, at);
}

/* Waits for those that are told to stop; who does not, is killed, and that is a failure. */
static void end_all(gang *g)
{
    atomic_store(&g->hammer->stop, true);
    for (int waited_ms = 0; waited_ms <= STOP_MS; waited_ms += STEP_MS) {
        int left = 0;
        for (int i = 0; i < AT_ONCE; i++) {
            int status;
            if (g->pids[i] == 0)
                continue;
            if (waitpid(g->pids[i], &status, WNOHANG) == 0) {
                left++;
                continue;
            }
            judge(g, status, false);
            g->pids[i] = 0;
        }
        if (left == 0)
            return;
        usleep(STEP_MS * 1000);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        if (g->pids[i] == 0)
            continue;
        kill(g->pids[i], SIGKILL);
        waitpid(g->pids[i], NULL, 0);
        snprintf(g->failed, sizeof(g->failed), "a process did not stop within %d ms", STOP_MS);
    }
}

static void hammer_for_a_while(gang *g)
{
    for (int i = 0; i < AT_ONCE; i++)
        begin_process(g, i);
    for (int passed_ms = 0; passed_ms < HAMMER_MS && g->failed[0] == '\0';) {
        int pause_ms = 20 + (int)draw(g, 120);
        usleep((useconds_t)pause_ms * 1000);
        passed_ms += pause_ms;
        kill_one(g);
    }
    end_all(g);
    for (uint32_t i = 0; i < g->processes; i++)
        if (g->hammer->histories[i].broken[0] != '\0')
            snprintf(g->failed, sizeof(g->failed), "%s", g->hammer->histories[i].broken);
}

/* ---- Afterwards ------------------------------------------------------------------------------------------------- */

/* All processes are gone: a new slot has to come to lead, and to reap all others, within the ttl and a little. */
static member take_over(world *w)
{
    member m = member_joined(w, 0);
    for (int waited_ms = 0; waited_ms <= SETTLE_MS; waited_ms += STEP_MS) {
        EXPECT_OK(beat(&m));
        if (m.term == 0)
            campaign(&m);
        allot_op op = member_op(&m, ALLOT_OP_READ_ROSTER);
        op.u.read = (allot_op_read){.limit = 1024, .reapable_only = true};
        const allot_answer *dead = EXPECT_OK(member_call(&m, &op));
        for (uint32_t i = 0; m.term != 0 && i < dead->slot_count; i++) {
            member target = {.slot = dead->slots[i].slot};
            EXPECT_OK(reap(&m, &target, 0));
        }
        if (m.term != 0 && read_view(w)->view->slots == 1)
            return m;
        usleep(STEP_MS * 1000);
    }
    ck_abort_msg("after %d ms there are still %llu slots, and term %llu", SETTLE_MS,
                 (unsigned long long)read_view(w)->view->slots, (unsigned long long)m.term);
}

/* Copies of all entries of the pool; the texts belong to the driver. */
static allot_pool_id *read_pool(member *m, size_t *ret_count)
{
    allot_pool_id *pool = NULL;
    size_t count = 0, capacity = 0;
    allot_op op = member_op(m, ALLOT_OP_READ_POOL);
    op.u.read.limit = 1024;
    do {
        const allot_answer *a = EXPECT_OK(member_call(m, &op));
        ck_assert_int_eq(array_reserve((void **)&pool, &capacity, count + a->id_count, sizeof(*pool)), 0);
        if (a->id_count > 0)
            memcpy(pool + count, a->ids, a->id_count * sizeof(*pool));
        count += a->id_count;
        op.u.read.cursor = a->next_cursor;
    } while (op.u.read.cursor != 0);
    *ret_count = count;
    return pool;
}

static void check_history(gang *g, member *m)
{
    char text[400];
    size_t count;
    allot_pool_id *pool = read_pool(m, &count);
    const char *what = hammer_check(g->hammer, g->processes, pool, count, text, sizeof(text));
    free(pool);
    ck_assert_msg(what == NULL, "%s", what);
    const allot_view *v = read_view(g->w)->view;
    ck_assert_uint_eq(v->total, count);
    ck_assert_uint_eq(v->total, v->inbox + v->placed + v->parked);
}

static uint64_t ack_segment(member *m, uint64_t segment)
{
    allot_item items[ALLOT_OP_ITEMS_MAX];
    allot_op op = member_op(m, ALLOT_OP_READ_SEGMENTS);
    op.u.read = (allot_op_read){.target = m->slot, .segment_count = 1, .segments = &segment};
    const allot_answer *a = EXPECT_OK(member_call(m, &op));
    ck_assert_uint_eq(a->body_count, 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->bodies[0].count && count < ALLOT_OP_ITEMS_MAX; i++)
        if (a->bodies[0].ids[i].id.len > 0)
            items[count++] = (allot_item){segment, a->bodies[0].token, i, a->bodies[0].ids[i].id};
    op = member_op(m, ALLOT_OP_ACK);
    op.u.items = (allot_op_items){.count = count, .items = items};
    return EXPECT_OK(member_call(m, &op))->outcome.count;
}

static uint64_t ack_share(member *m)
{
    uint64_t acked = 0;
    allot_op op = member_op(m, ALLOT_OP_READ_SHARE);
    op.u.read = (allot_op_read){.target = m->slot, .limit = 1024};
    const allot_answer *share = EXPECT_OK(member_call(m, &op));
    for (uint32_t i = 0; i < share->segment_count; i++)
        acked += ack_segment(m, share->segments[i].segment);
    return acked;
}

static void grant_page(member *m)
{
    allot_part parts[256];
    allot_grant grants[256];
    allot_op op = member_op(m, ALLOT_OP_READ_INBOX);
    op.u.read.limit = 256;
    const allot_answer *inbox = EXPECT_OK(member_call(m, &op));
    for (uint32_t i = 0; i < inbox->segment_count; i++) {
        parts[i] = (allot_part){.segment = inbox->segments[i].segment, .position = ALLOT_ALL};
        grants[i] = (allot_grant){.part_count = 1, .parts = &parts[i]};
    }
    op = member_op(m, ALLOT_OP_ASSIGN);
    op.u.assign = (allot_op_assign){1, &m->slot, inbox->segment_count, grants};
    EXPECT_OK(member_call(m, &op));
}

/* Whatever is left can be granted and acked, each id once. */
static void drain(member *m)
{
    uint64_t total = read_view(m->w)->view->total;
    uint64_t acked = 0;
    for (int waited_ms = 0; waited_ms <= SETTLE_MS && acked < total; waited_ms += STEP_MS) {
        EXPECT_OK(beat(m));
        EXPECT_OK(unpark(m, ""));
        grant_page(m);
        acked += ack_share(m);
        usleep(STEP_MS * 1000);
    }
    ck_assert_uint_eq(acked, total);
    ck_assert_uint_eq(read_view(m->w)->view->total, 0);
}

START_TEST(killed_processes_break_no_invariant)
{
    if (!(subject_nth(_i)->ops->capabilities & (ALLOT_CAP_SURVIVES_RESTART | ALLOT_CAP_MULTI_HOST)))
        return;
    gang g = {.w = world_open(_i), .random = 20240229};
    g.w->real_time = true;
    if (g.w->place.server_us != NULL)
        *g.w->place.server_us = 0;
    g.w->ttl_us = 2 * SECOND_US;
    g.hammer = mmap(NULL, sizeof(*g.hammer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert(g.hammer != MAP_FAILED);
    hammer_for_a_while(&g);
    ck_assert_msg(g.failed[0] == '\0', "%s", g.failed);
    ck_assert_uint_ge(g.killed, 5);
    member m = take_over(g.w);
    check_history(&g, &m);
    drain(&m);
    world_close(g.w);
    munmap(g.hammer, sizeof(*g.hammer));
}
END_TEST

TCase *processes_case(void)
{
    TCase *c = tcase_create("processes");
    TEST_ON_ALL(c, killed_processes_break_no_invariant);
    return c;
}
