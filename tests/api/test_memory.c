/* test_memory.c - memory that runs out at every possible place. The linker sends every malloc, calloc and realloc of
 * this program's objects through here (--wrap). */
#include "tests/api/suites.h"
#include "tests/api/team.h"

#include <stdlib.h>

#define ALWAYS (-1)

static _Atomic long countdown; /* 0: none fails; n: the n-th from now does */
static _Atomic bool for_good;  /* and all after it */
static _Atomic long refused;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
    long left = atomic_load(&countdown);
    while (left > 0)
        if (atomic_compare_exchange_weak(&countdown, &left, left == 1 ? ALWAYS : left - 1))
            break;
    if (left != 1 && !(left == ALWAYS && atomic_load(&for_good)))
        return false;
    atomic_fetch_add(&refused, 1);
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

static void disarm(void)
{
    atomic_store(&countdown, 0);
    atomic_store(&for_good, false);
}

/* Check itself needs memory, also for an assertion that holds. */
#define EXPECT(condition, code)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            disarm();                                                                                                  \
            ck_abort_msg("%s: %s", #condition, allot_code_text(code));                                                 \
        }                                                                                                              \
    } while (0)

/* Pulls until the event comes. False: it will not, because memory has run out in the node or in the store. */
static bool await(allot_node *node, allot_event_type type, allot_id *ret_id)
{
    const allot_event *event;
    for (int64_t until = team_patience();;) {
        int code = allot_next(node, &event, TEAM_PATIENCE_MS);
        EXPECT(code == ALLOT_OK || code == ALLOT_E_NOMEM, code);
        EXPECT(team_now_ms() < until, ALLOT_E_TIMEOUT);
        if (code != ALLOT_OK || event->type == ALLOT_EVENT_STORE_DOWN)
            return false;
        if (event->type != type)
            continue;
        if (ret_id != NULL)
            *ret_id = (allot_id){.id = {"a", 1}, .token = event->ids[0].token};
        return true;
    }
}

static bool is_shortage(int code)
{
    return code == ALLOT_OK || code == ALLOT_E_NOMEM || code == ALLOT_E_UNKNOWN || code == ALLOT_E_TIMEOUT ||
           code == ALLOT_E_FENCED || code == ALLOT_E_CLOSED;
}

/* A short life. When memory runs out in it, it ends early, and says so where it can. */
static void live(allot_node *node, const allot_options *options)
{
    const allot_new new = {.id = {"a", 1}, .payload = {"p", 1}};
    allot_id id;
    allot_node_status status = {.size = sizeof(status)};
    if (!await(node, ALLOT_EVENT_SPLIT, NULL))
        return;
    int code = allot_add(node, &new, 1, 300, NULL, NULL);
    EXPECT(is_shortage(code), code);
    if (code != ALLOT_OK || !await(node, ALLOT_EVENT_GAINED, &id))
        return;
    code = allot_working(node, &id, 1);
    EXPECT(is_shortage(code), code);
    code = allot_ack(node, &id, 1, 300, NULL, NULL);
    EXPECT(is_shortage(code), code);
    code = allot_reload(node, options, NULL);
    EXPECT(is_shortage(code), code);
    code = allot_status(node, &status);
    EXPECT(is_shortage(code), code);
    code = allot_leave(node, 300);
    EXPECT(is_shortage(code), code);
}

/* True when memory ran out: the n-th piece was asked for. */
static bool live_with(long n, bool rest_too)
{
    allot_options options;
    allot_node *node;
    allot_memory *memory = allot_memory_new();
    ck_assert_ptr_nonnull(memory);
    allot_options_init(&options);
    options.backend = "memory";
    options.shared = memory;
    options.settle_ms = 0;
    options.ttl_ms = 1000; /* what has failed is tried again after a third of it */
    atomic_store(&refused, 0);
    atomic_store(&for_good, rest_too);
    atomic_store(&countdown, n);
    int code = allot_open(&options, &node, NULL);
    if (code == ALLOT_OK) {
        live(node, &options);
        allot_close(node);
    } else {
        EXPECT(code == ALLOT_E_NOMEM, code);
    }
    disarm();
    allot_memory_free(memory);
    return atomic_load(&refused) > 0;
}

START_TEST(memory_runs_out_everywhere)
{
    long n = 1;
    while (live_with(n, _i == 1))
        n++;
    ck_assert_int_gt(n, 50);
}
END_TEST

static int see(void *user, const allot_pool_id *id)
{
    *(int *)user += id->id.len == 1;
    return 0;
}

static bool operate_with(long n)
{
    const allot_new new = {.id = {"a", 1}, .payload = {"p", 1}};
    allot_options options;
    allot_group *group;
    allot_view view;
    int seen = 0;
    allot_memory *memory = allot_memory_new();
    ck_assert_ptr_nonnull(memory);
    allot_options_init(&options);
    options.backend = "memory";
    options.shared = memory;
    atomic_store(&refused, 0);
    atomic_store(&countdown, n);
    int code = allot_group_open(&options, false, &group, NULL);
    EXPECT(code == ALLOT_OK || code == ALLOT_E_NOMEM, code);
    if (code == ALLOT_OK) {
        code = allot_group_add(group, &new, 1, 100, NULL, NULL);
        if (code == ALLOT_OK)
            code = allot_group_view(group, 100, &view, NULL);
        if (code == ALLOT_OK)
            code = allot_group_ids(group, NULL, true, 100, see, &seen, NULL);
        EXPECT(seen == (code == ALLOT_OK), code);
        allot_group_close(group);
    }
    disarm();
    bool ran_out = atomic_load(&refused) > 0;
    ck_assert(ran_out || code == ALLOT_OK);
    allot_memory_free(memory);
    return ran_out;
}

START_TEST(memory_runs_out_for_an_operator)
{
    long n = 1;
    while (operate_with(n))
        n++;
    ck_assert_int_gt(n, 10);
}
END_TEST

TCase *memory_case(void)
{
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 240);
    tcase_add_loop_test(c, memory_runs_out_everywhere, 0, 2);
    tcase_add_test(c, memory_runs_out_for_an_operator);
    return c;
}
