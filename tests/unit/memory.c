/* memory.c - the memory backend: handles of several threads on one store. What every backend has to keep is tested in
 * tests/conformance. */
#include "backends/memory/memory.h"
#include "tests/unit/rig.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 200, BURST = 600 };

typedef struct client {
    const allot_backend_ops *ops;
    allot_backend *backend;
    allot_uuid slot;
    uint64_t sequence;
    uint64_t answered, added;
    allot_outcome last;
    uint64_t hints[5];
} client;

static void on_answer(void *user, const allot_answer *answer)
{
    client *c = user;
    c->answered++;
    c->last = answer->outcome;
    if (answer->kind == ALLOT_OP_ADD && answer->outcome.status == ALLOT_STATUS_OK)
        c->added += answer->outcome.count;
}

static void on_hint(void *user, allot_hint hint)
{
    ((client *)user)->hints[hint]++;
}

static void on_note(void *user, const char *message)
{
    (void)user;
    ck_abort_msg("a note: %s", message);
}

static allot_sink sink_of(client *c)
{
    return (allot_sink){.user = c, .answer = on_answer, .hint = on_hint, .note = on_note};
}

static client client_open(allot_memory *memory, uint64_t n)
{
    client c = {.ops = &memory_backend_ops, .slot = rig_uuid(n)};
    allot_backend_config config = {.size = sizeof(config), .group = "g", .shared = memory};
    allot_error error = {0};
    ck_assert_msg(c.ops->open(&config, &c.backend, &error) == 0, "%s", error.message);
    return c;
}

static void client_close(client *c)
{
    allot_sink sink = sink_of(c);
    c->ops->close(c->backend, &sink);
}

static void process(client *c)
{
    allot_sink sink = sink_of(c);
    c->ops->process(c->backend, &sink);
}

static allot_outcome call(client *c, allot_op *op)
{
    op->slot = op->session = c->slot;
    op->sequence = ++c->sequence;
    op->timeout_us = 60 * (int64_t)SECOND_US;
    c->ops->submit(c->backend, op);
    process(c);
    return c->last;
}

static allot_outcome simple(client *c, allot_op_kind kind)
{
    allot_op op = {.kind = kind};
    if (kind == ALLOT_OP_JOIN)
        op.u.join = (allot_op_join){.ttl_us = 60 * (int64_t)SECOND_US, .weight = 1, .fresh_life = rig_uuid(0x11fe)};
    return call(c, &op);
}

static allot_outcome add_one(client *c, const char *id)
{
    allot_new_id fresh = {.id = {id, (uint32_t)strlen(id)}};
    allot_op op = {.kind = ALLOT_OP_ADD, .u.add = {.count = 1, .ids = &fresh, .fresh_life = rig_uuid(0x11fe)}};
    return call(c, &op);
}

static void *run(void *user)
{
    client *c = user;
    for (int i = 0; i < ROUNDS; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%d", i); /* the same ids in every thread */
        add_one(c, id);
        allot_op op = {.kind = ALLOT_OP_BEAT};
        call(c, &op);
    }
    return NULL;
}

START_TEST(threads_share_one_store)
{
    allot_memory *memory = allot_memory_new();
    ck_assert_ptr_nonnull(memory);
    client clients[THREADS];
    pthread_t threads[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        clients[i] = client_open(memory, i + 1);
        ck_assert_int_eq(simple(&clients[i], ALLOT_OP_JOIN).status, ALLOT_STATUS_OK);
    }
    ck_assert_int_eq(simple(&clients[0], ALLOT_OP_CAMPAIGN).status, ALLOT_STATUS_OK);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, &clients[i]), 0);
    uint64_t added = 0;
    uint64_t answered = 0;
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        added += clients[i].added;
        answered += clients[i].answered;
    }
    ck_assert_uint_eq(added, ROUNDS); /* each id once */
    ck_assert_uint_eq(answered, THREADS * (2 * ROUNDS + 1) + 1);
    for (size_t i = 0; i < THREADS; i++)
        client_close(&clients[i]);
    allot_memory_free(memory);
}
END_TEST

static bool is_readable(client *c)
{
    struct pollfd p = {.fd = c->ops->fd(c->backend), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void clear_hints(client *c)
{
    process(c);
    memset(c->hints, 0, sizeof(c->hints));
    ck_assert(!is_readable(c));
}

START_TEST(hints_make_the_descriptor_of_others_readable)
{
    allot_memory *memory = allot_memory_new();
    client a = client_open(memory, 1);
    client b = client_open(memory, 2);
    simple(&a, ALLOT_OP_JOIN);
    simple(&b, ALLOT_OP_JOIN);
    clear_hints(&a);
    clear_hints(&b);
    ck_assert_int_eq(simple(&a, ALLOT_OP_CAMPAIGN).status, ALLOT_STATUS_OK);
    ck_assert(is_readable(&b));
    ck_assert(!is_readable(&a));
    clear_hints(&a);
    process(&b);
    ck_assert_uint_eq(b.hints[ALLOT_HINT_GROUP], 1);
    ck_assert_uint_eq(a.hints[ALLOT_HINT_GROUP], 0); /* its answer said so */
    clear_hints(&b);
    add_one(&b, "x"); /* work: to the leader alone */
    ck_assert(is_readable(&a));
    process(&a);
    ck_assert_uint_eq(a.hints[ALLOT_HINT_WORK], 1);
    ck_assert_uint_eq(b.hints[ALLOT_HINT_WORK], 0);
    clear_hints(&a);
    add_one(&a, "y"); /* the leader's own add: its answer shows no inbox */
    ck_assert_uint_eq(a.hints[ALLOT_HINT_WORK], 1);
    ck_assert_int_eq(simple(&a, ALLOT_OP_LEAVE).status, ALLOT_STATUS_OK);
    process(&b);
    ck_assert_uint_eq(b.hints[ALLOT_HINT_LEADERLESS], 1);
    client_close(&a);
    client_close(&b);
    allot_memory_free(memory);
}
END_TEST

START_TEST(many_ops_may_wait)
{
    client a = client_open(NULL, 1);
    allot_op ops[BURST];
    for (size_t i = 0; i < BURST; i++) {
        ops[i] = (allot_op){.kind = ALLOT_OP_READ_VIEW, .cookie = i};
        a.ops->submit(a.backend, &ops[i]);
    }
    ck_assert_uint_eq(a.answered, 0);
    process(&a);
    ck_assert_uint_eq(a.answered, BURST);
    for (size_t i = 0; i < 5; i++)
        a.ops->submit(a.backend, &ops[i]);
    client_close(&a);
    ck_assert_uint_eq(a.answered, BURST + 5);
    ck_assert_int_eq(a.last.status, ALLOT_STATUS_UNAVAILABLE);
    a.ops->close(NULL, NULL);
}
END_TEST

Suite *memory_suite(void)
{
    Suite *s = suite_create("backends/memory");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, threads_share_one_store);
    tcase_add_test(c, hints_make_the_descriptor_of_others_readable);
    tcase_add_test(c, many_ops_may_wait);
    suite_add_tcase(s, c);
    return s;
}
