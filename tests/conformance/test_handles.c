/* test_handles.c - opening, lanes, answers, timeouts, closing. */
#include "tests/conformance/cases.h"
#include "tests/conformance/world.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(table_is_complete)
{
    const allot_backend_ops *ops = subject_nth(_i)->ops;
    ck_assert_uint_eq(ops->abi, ALLOT_BACKEND_ABI);
    ck_assert_uint_eq(ops->size, sizeof(*ops));
    ck_assert_str_eq(ops->name, subject_nth(_i)->name);
    ck_assert(ops->open && ops->submit && ops->process && ops->fd && ops->deadline && ops->close);
    allot_sink sink = {0};
    ops->close(NULL, &sink);
}
END_TEST

START_TEST(read_only_open_on_nothing_creates_nothing)
{
    world *w = world_open(_i);
    driver *d = NULL;
    for (int round = 0; round < 2; round++) {
        allot_error error = {0};
        int code = world_try_open(w, true, NULL, &d, &error);
        if (w->subject->ops->capabilities & ALLOT_CAP_MULTI_HOST) { /* a server tells later */
            ck_assert_int_eq(code, 0);
            driver_close(d);
            continue;
        }
        ck_assert_int_eq(code, ALLOT_E_NOT_FOUND);
        ck_assert_int_eq(error.code, ALLOT_E_NOT_FOUND);
        ck_assert_str_ne(error.message, "");
        ck_assert_ptr_null(d);
    }
    if (w->subject->untouched != NULL)
        ck_assert(w->subject->untouched(&w->place));
    world_close(w);
}
END_TEST

START_TEST(read_only_open_reads)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y"));
    allot_error error = {0};
    ck_assert_int_eq(world_try_open(w, true, NULL, &w->handles[0], &error), 0);
    ck_assert_str_eq(inbox_text(w), "x y");
    ck_assert_uint_eq(read_view(w)->view->total, 2);
    EXPECT_OK(add(&a, "z"));
    ck_assert_str_eq(inbox_text(w), "x y z");
    world_close(w);
}
END_TEST

START_TEST(unknown_option_is_named)
{
    world *w = world_open(_i);
    driver *d = NULL;
    allot_error error = {0};
    allot_option odd = {"colour", "blue"};
    ck_assert_int_eq(world_try_open(w, false, &odd, &d, &error), ALLOT_E_INVALID);
    ck_assert_int_eq(error.code, ALLOT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "colour"));
    ck_assert_ptr_null(d);
    world_close(w);
}
END_TEST

/* ---- Many ops at once ------------------------------------------------------------------------------------------- */

enum { MANY = 60 };

typedef struct batch {
    char text[MANY][16];
    allot_new_id ids[MANY];
    uint64_t cookies[MANY];
} batch;

static void submit_adds(member *m, batch *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        snprintf(b->text[i], sizeof(b->text[i]), "id-%u", i);
        b->ids[i] = (allot_new_id){.id = {b->text[i], (uint32_t)strlen(b->text[i])}};
        allot_op op = member_op(m, ALLOT_OP_ADD);
        op.u.add = (allot_op_add){.count = 1, .ids = &b->ids[i], .fresh_life = world_uuid(m->w)};
        b->cookies[i] = driver_submit(m->handle, &op);
    }
}

static void await_all(driver *d)
{
    for (int i = 0; i < 10000 && driver_pending_count(d) > 0; i++)
        if (driver_ready(d, 1) || i == 0)
            driver_process(d);
    ck_assert_uint_eq(driver_pending_count(d), 0);
}

START_TEST(lanes_keep_their_order)
{
    world *w = world_open(_i);
    member a = member_joined(w, 0);
    driver_forget(a.handle);
    batch b;
    for (uint32_t i = 0; i < 3; i++) {
        allot_op op = member_op(&a, ALLOT_OP_BEAT);
        driver_submit(a.handle, &op);
    }
    submit_adds(&a, &b, MANY);
    allot_op op = member_op(&a, ALLOT_OP_READ_VIEW);
    uint64_t view = driver_submit(a.handle, &op);
    ck_assert_uint_eq(driver_answer_count(a.handle), 0);
    await_all(a.handle);
    /* The driver checks the order of each lane; that a read sees the adds before it is the order of effect. */
    ck_assert_uint_eq(driver_answer_count(a.handle), MANY + 4);
    ck_assert_uint_eq(driver_answer(a.handle, view)->view->total, MANY);
    world_close(w);
}
END_TEST

START_TEST(control_does_not_wait_behind_bulk)
{
    world *w = world_open(_i);
    member a = member_joined(w, 0);
    driver_forget(a.handle);
    batch b;
    submit_adds(&a, &b, MANY);
    allot_op op = member_op(&a, ALLOT_OP_BEAT);
    uint64_t cookie = driver_submit(a.handle, &op);
    await_all(a.handle);
    const allot_answer *beat_answer = driver_answer(a.handle, cookie);
    ck_assert(driver_nth_answer(a.handle, MANY) != beat_answer);
    EXPECT_OK(beat_answer);
    world_close(w);
}
END_TEST

START_TEST(close_answers_everything_once)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    driver_forget(a.handle);
    batch b;
    submit_adds(&a, &b, MANY);
    allot_op op = member_op(&a, ALLOT_OP_CAMPAIGN);
    driver_submit(a.handle, &op);
    driver_shut(a.handle);
    ck_assert_uint_eq(driver_answer_count(a.handle), MANY + 1);
    for (uint32_t i = 0; i < MANY; i++) {
        allot_op_status status = driver_answer(a.handle, b.cookies[i])->outcome.status;
        bool there = read_id(w, b.text[i]) != NULL;
        ck_assert(status != ALLOT_STATUS_REFUSED);
        ck_assert(status != ALLOT_STATUS_UNAVAILABLE || !there);
        ck_assert(status != ALLOT_STATUS_OK || there);
    }
    world_close(w);
}
END_TEST

START_TEST(timeout_is_answered)
{
    world *w = world_open(_i);
    member a = member_joined(w, 1);
    batch b;
    int blocked = w->subject->block != NULL ? w->subject->block(&w->place) : -1;
    submit_adds(&a, &b, MANY);
    if (blocked >= 0) {
        driver_process(a.handle);
        ck_assert_uint_eq(driver_pending_count(a.handle), MANY);
    }
    world_advance(w, 11 * SECOND_US);
    await_all(a.handle);
    for (uint32_t i = 0; i < MANY; i++) {
        const allot_outcome *o = &driver_answer(a.handle, b.cookies[i])->outcome;
        ck_assert_msg(o->status >= ALLOT_STATUS_UNAVAILABLE, "status %d past the timeout", (int)o->status);
    }
    if (blocked >= 0)
        w->subject->unblock(&w->place, blocked);
    for (uint32_t i = 0; i < MANY; i++)
        if (driver_answer(a.handle, b.cookies[i])->outcome.status == ALLOT_STATUS_UNAVAILABLE)
            ck_assert_ptr_null(read_id(w, b.text[i]));
    world_close(w);
}
END_TEST

START_TEST(blocked_ops_go_on_when_unblocked)
{
    world *w = world_open(_i);
    if (w->subject->block == NULL) {
        world_close(w);
        return;
    }
    member a = member_joined(w, 1);
    int blocked = w->subject->block(&w->place);
    ck_assert_int_ge(blocked, 0);
    batch b;
    submit_adds(&a, &b, MANY);
    driver_process(a.handle);
    ck_assert_uint_eq(driver_pending_count(a.handle), MANY);
    w->subject->unblock(&w->place, blocked);
    for (int i = 0; i < 100 && driver_pending_count(a.handle) > 0; i++) {
        world_advance(w, 10000);
        if (driver_ready(a.handle, 10))
            driver_process(a.handle);
    }
    for (uint32_t i = 0; i < MANY; i++)
        EXPECT_OK(driver_await(a.handle, b.cookies[i], 0));
    world_close(w);
}
END_TEST

/* ---- A sink that submits ---------------------------------------------------------------------------------------- */

typedef struct chain {
    const allot_backend_ops *ops;
    allot_backend *backend;
    allot_op ops_sent[5];
    uint32_t sent, answered;
} chain;

static void chain_send(chain *c)
{
    allot_op *op = &c->ops_sent[c->sent];
    *op = (allot_op){.kind = ALLOT_OP_READ_VIEW, .cookie = c->sent++, .timeout_us = 10 * SECOND_US};
    c->ops->submit(c->backend, op);
}

static void chain_answer(void *user, const allot_answer *answer)
{
    chain *c = user;
    ck_assert_uint_eq(answer->cookie, c->answered);
    c->answered++;
    if (c->sent < 5)
        chain_send(c);
    ck_assert_uint_eq(answer->cookie + 1, c->answered);
}

static void chain_hint(void *user, allot_hint hint)
{
    (void)user;
    (void)hint;
}

static void chain_note(void *user, const char *message)
{
    (void)user;
    (void)message;
}

START_TEST(a_sink_may_submit)
{
    world *w = world_open(_i);
    member a = member_joined(w, 0);
    EXPECT_OK(beat(&a));
    chain c = {.ops = w->subject->ops};
    allot_error error = {0};
    allot_option options[PLACE_OPTIONS_MAX];
    allot_backend_config config = world_config(w, options);
    ck_assert_int_eq(c.ops->open(&config, &c.backend, &error), 0);
    allot_sink sink = {&c, chain_answer, chain_hint, chain_note};
    chain_send(&c);
    for (int i = 0; i < 1000 && c.answered < 5; i++) {
        struct pollfd p = {.fd = c.ops->fd(c.backend), .events = POLLIN};
        c.ops->process(c.backend, &sink);
        poll(&p, p.fd >= 0, 1);
    }
    ck_assert_uint_eq(c.answered, 5);
    c.ops->close(c.backend, &sink);
    ck_assert_uint_eq(c.answered, 5);
    world_close(w);
}
END_TEST

/* ---- Several handles --------------------------------------------------------------------------------------------- */

START_TEST(handles_see_each_other)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&b, "x y z"));
    EXPECT_OK(grant(&a, &b, "x z"));
    ck_assert_str_eq(share_text(&b), "x z");
    ck_assert_str_eq(inbox_text(w), "y");
    ck_assert_int_eq(world_handle(w, 3) == w->handles[2], 0);
    world_close(w);
}
END_TEST

START_TEST(state_outlives_the_handles)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    EXPECT_OK(add(&a, "x y z"));
    EXPECT_OK(grant(&a, &a, "y"));
    EXPECT_OK(publish(&a, 1));
    EXPECT_OK(leave(&a));
    uint64_t term = read_view(w)->view->term;
    allot_uuid life = read_view(w)->view->life;
    for (int i = 0; i < 2; i++) {
        driver_close(w->handles[i]);
        w->handles[i] = NULL;
    }
    ck_assert_str_eq(inbox_text(w), "x z");
    ck_assert_str_eq(share_text(&a), "y");
    const allot_view *v = read_view(w)->view;
    ck_assert_uint_eq(v->term, term);
    ck_assert_uint_eq(v->version, 1);
    ck_assert_mem_eq(&v->life, &life, sizeof(life));
    ck_assert_int_eq(read_slot(w, &a)->state, ALLOT_SLOT_LEFT);
    world_close(w);
}
END_TEST

/* A child of fork() that closes its copy of the handle tells the store nothing: the parent's slot lives on. */
START_TEST(a_forked_child_closes_quietly)
{
    world *w = world_open(_i);
    member a = member_leader(w, 1);
    member b = member_joined(w, 2);
    EXPECT_OK(add(&a, "x"));
    EXPECT_OK(grant(&a, &a, "x"));
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        driver_close(w->handles[1]);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    for (int i = 0; i < 5; i++) { /* time enough for a death to be seen */
        world_advance(w, w->ttl_us / 20);
        if (driver_ready(b.handle, 10))
            driver_process(b.handle);
    }
    EXPECT_OK(beat(&a));
    EXPECT_REFUSED(campaign(&b), ALLOT_REFUSED_LED);
    EXPECT_OK(publish(&a, 1));
    ck_assert_str_eq(share_text(&a), "x");
    world_close(w);
}
END_TEST

START_TEST(fd_is_constant)
{
    world *w = world_open(_i);
    const allot_backend_ops *ops = w->subject->ops;
    allot_backend *backend = NULL;
    allot_error error = {0};
    allot_option options[PLACE_OPTIONS_MAX];
    allot_backend_config config = world_config(w, options);
    ck_assert_int_eq(ops->open(&config, &backend, &error), 0);
    int fd = ops->fd(backend);
    allot_sink sink = {NULL, NULL, chain_hint, chain_note};
    member a = member_joined(w, 0);
    EXPECT_OK(beat(&a));
    ops->process(backend, &sink);
    ck_assert_int_eq(ops->fd(backend), fd);
    ops->close(backend, &sink);
    world_close(w);
}
END_TEST

TCase *handles_case(void)
{
    TCase *c = tcase_create("handles");
    TEST_ON_ALL(c, table_is_complete);
    TEST_ON_ALL(c, read_only_open_on_nothing_creates_nothing);
    TEST_ON_ALL(c, read_only_open_reads);
    TEST_ON_ALL(c, unknown_option_is_named);
    TEST_ON_ALL(c, lanes_keep_their_order);
    TEST_ON_ALL(c, control_does_not_wait_behind_bulk);
    TEST_ON_ALL(c, close_answers_everything_once);
    TEST_ON_ALL(c, timeout_is_answered);
    TEST_ON_ALL(c, blocked_ops_go_on_when_unblocked);
    TEST_ON_ALL(c, a_sink_may_submit);
    TEST_ON_ALL(c, handles_see_each_other);
    TEST_ON_ALL(c, state_outlives_the_handles);
    TEST_ON_ALL(c, a_forked_child_closes_quietly);
    TEST_ON_ALL(c, fd_is_constant);
    return c;
}
