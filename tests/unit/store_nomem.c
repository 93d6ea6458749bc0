/* store_nomem.c - every allocation fails once: nothing crashes, nothing is lost from sight, and the code says so. */
#include "backends/memory/memory.h"
#include "tests/unit/allocations.h"
#include "tests/unit/rig.h"

#include <stdio.h>

enum { MANY = 40 };

/* One run of a fixed story on a fresh store, which ends at the first op that has no memory, or is refused. Nothing of
 * Check is used while it runs: it allocates too. */
typedef struct story {
    store *s;
    store_moment moment;
    uint64_t sequence;
    uint64_t term;
    int rc;
    allot_answer answer;
} story;

static const allot_answer *tell(story *t, allot_op *op)
{
    store_effects effects;
    if (t->rc != 0)
        return NULL;
    if (op->kind < ALLOT_OP_READ_VIEW) {
        op->session = uuid_is_zero(&op->slot) ? rig_uuid(77) : op->slot;
        op->sequence = ++t->sequence;
        op->not_after_us = INT64_MAX;
    }
    op->term = op->kind == ALLOT_OP_UNPARK && uuid_is_zero(&op->slot) ? 0 : t->term;
    t->rc = store_apply(t->s, op, &t->moment, &t->answer, &effects);
    if (t->rc != 0)
        return NULL;
    if (t->answer.outcome.status != ALLOT_STATUS_OK)
        t->rc = ALLOT_E_REFUSED;
    return &t->answer;
}

static void tell_slots(story *t)
{
    for (uint64_t n = 1; n <= 3; n++) {
        allot_op op = {.kind = ALLOT_OP_JOIN, .slot = rig_uuid(n)};
        op.u.join = (allot_op_join){.ttl_us = TTL_US, .weight = 1, .fresh_life = rig_uuid(9)};
        tell(t, &op);
    }
    allot_op op = {.kind = ALLOT_OP_CAMPAIGN, .slot = rig_uuid(1)};
    const allot_answer *a = tell(t, &op);
    t->term = a == NULL ? 0 : a->outcome.term;
}

static void tell_adds(story *t)
{
    for (unsigned i = 0; i < MANY; i++) {
        char text[3][16];
        allot_new_id fresh[3];
        for (unsigned j = 0; j < 3; j++) {
            int len = snprintf(text[j], sizeof(text[j]), "%u.%u", i, j);
            fresh[j] = (allot_new_id){.id = {text[j], (uint32_t)len}, .payload = {"load", j == 1 ? 4 : 0}};
        }
        allot_op op = {.kind = ALLOT_OP_ADD};
        if (i % 2 == 0)
            op.slot = rig_uuid(1);
        op.u.add = (allot_op_add){.count = 3, .ids = fresh};
        tell(t, &op);
    }
}

/* Two segments more, dealt to two slots; one of the ids is recalled by bitmap. */
static void tell_deal(story *t)
{
    static const allot_new_id fresh[] = {{.id = {"even", 4}}, {.id = {"odd", 3}, .payload = {"load", 4}}};
    allot_uuid slots[] = {rig_uuid(2), rig_uuid(3)};
    for (uint32_t i = 0; i < 2; i++) {
        allot_op op = {.kind = ALLOT_OP_ADD, .slot = rig_uuid(1), .u.add = {.count = 1, .ids = &fresh[i]}};
        tell(t, &op);
    }
    allot_op read = {.kind = ALLOT_OP_READ_INBOX, .u.read = {.limit = 1024}};
    const allot_answer *a = tell(t, &read);
    if (a == NULL || a->segment_count != 2)
        return;
    allot_source sources[] = {{.segment = a->segments[0].segment, .live = 1},
                              {.segment = a->segments[1].segment, .live = 1}};
    allot_dealt ids[] = {{.source = 0, .id = fresh[0].id}, {.source = 1, .id = fresh[1].id}};
    allot_pile piles[] = {{.slot_index = 0, .count = 1, .ids = &ids[1]}, {.slot_index = 1, .count = 1, .ids = ids}};
    allot_op op = {.kind = ALLOT_OP_DEAL, .slot = rig_uuid(1)};
    op.u.deal = (allot_op_deal){.slot_count = 2, .slots = slots, .source_count = 2, .sources = sources,
                                .pile_count = 2, .piles = piles};
    a = tell(t, &op);
    if (a != NULL && a->outcome.count != 2)
        t->rc = ALLOT_E_REFUSED;
    uint64_t which[ALLOT_SEGMENT_IDS_MAX / 64] = {1};
    allot_part part = {.segment = sources[1].segment + 1, .position = ALLOT_ALL, .which = which};
    op = (allot_op){.kind = ALLOT_OP_RECALL, .slot = rig_uuid(1)};
    op.u.recall = (allot_op_recall){.target = slots[0], .part_count = 1, .parts = &part};
    tell(t, &op);
}

/* All to the second slot, half of it by number and half of it anew; then some of it back, acked or failed. */
static void tell_moves(story *t)
{
    allot_uuid to = rig_uuid(2);
    for (uint64_t segment = 1; segment <= MANY; segment++) {
        allot_part parts[] = {{.segment = segment, .position = ALLOT_ALL}, {.segment = 1}};
        allot_grant grant = {.part_count = segment % 2 == 0 ? 1 : 2, .parts = parts};
        allot_op op = {.kind = ALLOT_OP_ASSIGN, .slot = rig_uuid(1)};
        op.u.assign = (allot_op_assign){.slot_count = 1, .slots = &to, .grant_count = 1, .grants = &grant};
        tell(t, &op);
    }
    tell_deal(t);
    static const allot_op_kind kinds[] = {ALLOT_OP_RELEASE, ALLOT_OP_ACK, ALLOT_OP_FAIL, ALLOT_OP_FAIL};
    for (uint32_t i = 0; i < MANY; i++) {
        allot_op read = {.kind = ALLOT_OP_READ_SHARE, .u.read = {.target = to, .limit = 64}};
        const allot_answer *a = tell(t, &read);
        if (a == NULL || a->segment_count <= i % 16)
            continue;
        const allot_segment_info *g = &a->segments[i % 16];
        allot_item item = {.segment = g->segment, .token = g->token, .position = i % 3};
        allot_op op = {.kind = kinds[i % 4], .slot = to};
        op.u.items = (allot_op_items){.count = 1, .items = &item, .reason = {"why", 3}};
        tell(t, &op);
    }
}

static void tell_end(story *t)
{
    allot_ref working[] = {{.segment = 2, .position = 2}, {.segment = 4, .position = 2}, {.segment = 6, .position = 2}};
    allot_op beat = {.kind = ALLOT_OP_BEAT, .slot = rig_uuid(2)};
    beat.u.beat = (allot_op_beat){.working = working, .working_count = 3};
    tell(t, &beat);
    if (t->rc != 0)
        return;
    allot_uuid dead = rig_uuid(2);
    store_effects effects;
    t->rc = store_prove_dead(t->s, &dead, &effects);
    allot_op ops[] = {{.kind = ALLOT_OP_REAP, .slot = rig_uuid(1), .u.target = {.target = dead, .max_attempts = 1}},
                      {.kind = ALLOT_OP_UNPARK, .slot = rig_uuid(1)},
                      {.kind = ALLOT_OP_READ_ROSTER, .u.read = {.limit = 100}},
                      {.kind = ALLOT_OP_READ_INBOX, .u.read = {.limit = 100}},
                      {.kind = ALLOT_OP_READ_POOL, .u.read = {.limit = 100}}};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        tell(t, &ops[i]);
    uint64_t segments[] = {1, 2, 3, MANY + 1, MANY + 2};
    allot_op read = {.kind = ALLOT_OP_READ_SEGMENTS, .u.read = {.segment_count = 5, .segments = segments}};
    tell(t, &read);
}

static int load_into(void *user, const char *line, size_t len)
{
    return store_load(user, line, len, NULL);
}

static int dump_and_load(const store *s)
{
    store *copy = store_new();
    if (copy == NULL)
        return ALLOT_E_NOMEM;
    int rc = store_dump(s, load_into, copy);
    store_free(copy);
    return rc;
}

static int tell_all(void)
{
    story t = {.s = store_new(), .moment = {.clock_us = 1000, .floor = 1}};
    if (t.s == NULL)
        return ALLOT_E_NOMEM;
    tell_slots(&t);
    tell_adds(&t);
    tell_moves(&t);
    tell_end(&t);
    if (t.rc == 0)
        t.rc = dump_and_load(t.s);
    store_free(t.s);
    return t.rc;
}

START_TEST(each_allocation_of_the_store_fails_once)
{
    long live = allocations_live();
    long n = 0;
    for (;; n++) {
        allocations_fail_after(n);
        int rc = tell_all();
        bool failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_msg(allocations_live() == live, "allocation %ld: %ld leaked", n, allocations_live() - live);
        ck_assert_msg(rc == (failed ? ALLOT_E_NOMEM : 0), "allocation %ld: code %d", n, rc);
        if (!failed)
            break;
    }
    ck_assert_int_gt(n, 300);
}
END_TEST

static void on_answer(void *user, const allot_answer *answer)
{
    *(allot_op_status *)user = answer->outcome.status;
}

static void on_hint(void *user, allot_hint hint)
{
    (void)user;
    (void)hint;
}

/* Opens, joins twice, closes. The status of the first join, or 0 when it did not open. */
static allot_op_status use_memory(allot_op_status *ret_second)
{
    const allot_backend_ops *ops = &memory_backend_ops;
    allot_backend_config config = {.size = sizeof(config)};
    allot_backend *b = NULL;
    allot_error error = {0};
    allot_op_status status[2] = {0};
    if (ops->open(&config, &b, &error) != 0)
        return error.code == ALLOT_E_NOMEM && b == NULL ? 0 : ALLOT_STATUS_OK;
    for (uint64_t n = 1; n <= 2; n++) {
        allot_sink sink = {.user = &status[n - 1], .answer = on_answer, .hint = on_hint};
        allot_op op = {.kind = ALLOT_OP_JOIN, .slot = rig_uuid(n), .session = rig_uuid(n), .sequence = 1};
        op.u.join = (allot_op_join){.ttl_us = TTL_US, .weight = 1, .fresh_life = rig_uuid(9)};
        ops->submit(b, &op);
        ops->process(b, &sink);
    }
    ops->close(b, NULL);
    *ret_second = status[1];
    return status[0];
}

START_TEST(a_memory_store_that_was_lost_is_unavailable)
{
    long live = allocations_live();
    bool unknown = false;
    for (long n = 0;; n++) {
        allot_op_status second = 0;
        allocations_fail_after(n);
        allot_op_status first = use_memory(&second);
        bool failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_int_eq(allocations_live(), live);
        ck_assert(first != ALLOT_STATUS_OK || second != 0);
        if (first == ALLOT_STATUS_UNKNOWN) {
            ck_assert_int_eq(second, ALLOT_STATUS_UNAVAILABLE);
            unknown = true;
        }
        if (!failed)
            break;
    }
    ck_assert(unknown);
}
END_TEST

Suite *nomem_suite(void)
{
    Suite *s = suite_create("store: out of memory");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 60);
    if (allocations_can_fail()) {
        tcase_add_test(c, each_allocation_of_the_store_fails_once);
        tcase_add_test(c, a_memory_store_that_was_lost_is_unavailable);
    }
    suite_add_tcase(s, c);
    return s;
}
