#include "tests/conformance/twins.h"

#include "base/bytes.h"
#include "tests/conformance/show.h"

#include <stdlib.h>
#include <string.h>

enum { REAL_APART_US = 123456789, AWAIT_MS = 20000, BODIES = 16 };

twins *twins_open(int subject_index, uint64_t seed)
{
    twins *t = calloc(1, sizeof(*t));
    ck_assert_ptr_nonnull(t);
    t->seed = seed;
    t->trace = getenv("ALLOT_CONFORMANCE_TRACE") != NULL;
    t->sides[0] = world_open(0);
    t->sides[1] = world_open(subject_index);
    t->sides[0]->clock.boot_us = t->sides[1]->clock.boot_us;
    t->sides[1]->clock.real_us += REAL_APART_US; /* so that terms and tokens are not the same by chance */
    t->agreement = (agreement){.names = &t->names, .timeless = t->sides[1]->subject->own_clock};
    if (t->agreement.timeless)
        t->sides[0]->clock.step_us = 1; /* no two ops at one moment, as where the clock is a real one */
    script_init(&t->script, seed, t->agreement.timeless);
    return t;
}

void twins_close(twins *t)
{
    world_close(t->sides[0]);
    world_close(t->sides[1]);
    renaming_done(&t->names);
    script_done(&t->script);
    arena_done(&t->memory);
    free(t);
}

/* `op` NULL: in the lists behind it. */
static void expect_same(twins *t, const char *difference, const allot_op *op, const allot_answer *a,
                        const allot_answer *b)
{
    if (difference == NULL)
        return;
    fprintf(stderr, "seed %llu, op %u: %s differs: ", (unsigned long long)t->seed, t->number, difference);
    show_op(stderr, op);
    show_answer(stderr, t->sides[0]->subject->name, a);
    show_answer(stderr, t->sides[1]->subject->name, b);
    ck_abort_msg("ALLOT_CONFORMANCE_SEED=%llu, op %u, %s: %s differs between %s and %s", (unsigned long long)t->seed,
                 t->number, show_kind(op->kind), difference, t->sides[0]->subject->name, t->sides[1]->subject->name);
}

static void compare_answers(twins *t, const allot_op *op, const allot_answer *a, const allot_answer *b)
{
    expect_same(t, answers_differ(&t->agreement, a, b), op, a, b);
    script_learn(&t->script, op, a);
}

/* ---- The script's ops ------------------------------------------------------------------------------------------- */

void twins_flush(twins *t)
{
    for (uint32_t i = 0; i < t->pending_count; i++) {
        twins_op *p = &t->pending[i];
        const allot_answer *answers[2];
        for (int k = 0; k < 2; k++) {
            answers[k] = driver_await(world_handle(t->sides[k], p->first.handle), p->cookies[k], AWAIT_MS);
            ck_assert_msg(answers[k] != NULL, "seed %llu, op %u: no answer to %s from %s", (unsigned long long)t->seed,
                          t->number, show_kind(p->first.op.kind), t->sides[k]->subject->name);
        }
        if (t->trace)
            show_answer(stderr, "answer", answers[0]);
        compare_answers(t, &p->first.op, answers[0], answers[1]);
    }
    t->pending_count = 0;
    arena_done(&t->memory);
    for (int i = 0; i < SCRIPT_HANDLES; i++)
        for (int k = 0; k < 2; k++)
            if (t->sides[k]->handles[i] != NULL)
                driver_forget(t->sides[k]->handles[i]);
}

static void pass_time(twins *t)
{
    int64_t boot_us, real_us;
    script_time(&t->script, &boot_us, &real_us);
    for (int k = 0; k < 2; k++) {
        t->sides[k]->clock.boot_us += boot_us;
        t->sides[k]->clock.real_us += real_us;
    }
}

/* Ops to one lane of one handle take effect in their order on every backend; of others this is not said. */
static bool goes_with_pending(const twins *t, const script_op *o)
{
    const script_op *last = &t->pending[t->pending_count - 1].first;
    return t->pending_count < TWINS_PENDING && o->handle == last->handle &&
           (o->op.kind <= ALLOT_OP_RESIGN) == (last->op.kind <= ALLOT_OP_RESIGN);
}

void twins_step(twins *t)
{
    script_op o = script_next(&t->script, &t->memory);
    if (t->pending_count > 0 && !goes_with_pending(t, &o)) {
        arena kept = t->memory; /* the op at hand lies there too */
        t->memory = (arena){0};
        twins_flush(t);
        t->memory = kept;
    }
    if (t->pending_count == 0)
        pass_time(t);
    twins_op *p = &t->pending[t->pending_count++];
    p->first = o;
    p->second = op_copy(&o.op, &t->names, &t->memory);
    t->number++;
    if (t->trace) {
        fprintf(stderr, "%u: handle %d: ", t->number, o.handle);
        show_op(stderr, &o.op);
    }
    p->cookies[0] = driver_submit(world_handle(t->sides[0], o.handle), &p->first.op);
    p->cookies[1] = driver_submit(world_handle(t->sides[1], o.handle), &p->second);
    if (script_random(&t->script, 100) < 80)
        twins_flush(t);
}

/* ---- Closing ---------------------------------------------------------------------------------------------------- */

static void close_handle(twins *t, int handle)
{
    for (int k = 0; k < 2; k++) {
        driver_close(t->sides[k]->handles[handle]);
        t->sides[k]->handles[handle] = NULL;
    }
}

void twins_reopen(twins *t, int handle)
{
    twins_flush(t);
    if (script_may_close(&t->script, handle))
        close_handle(t, handle);
}

/* ---- Everything ------------------------------------------------------------------------------------------------- */

/* All pages of one list, of one side. */
typedef struct pile {
    allot_slot_info *slots;
    allot_segment_info *segments;
    allot_pool_id *ids;
    size_t slot_count, slot_capacity, segment_count, segment_capacity, id_count, id_capacity;
} pile;

static void pile_done(pile *p)
{
    free(p->slots);
    free(p->segments);
    free(p->ids);
}

#define PUT_ALL(pile, entries, count, capacity, answer)                                                                \
    do {                                                                                                               \
        ck_assert(array_reserve((void **)&(pile)->entries, &(pile)->capacity, (pile)->count + (answer)->count,         \
                                sizeof(*(pile)->entries)) == 0);                                                       \
        if ((answer)->count > 0)                                                                                       \
            memcpy((pile)->entries + (pile)->count, (answer)->entries, (answer)->count * sizeof(*(pile)->entries));    \
        (pile)->count += (answer)->count;                                                                              \
    } while (0)

static pile read_all(twins *t, int side, allot_op op)
{
    pile p = {0};
    do {
        const allot_answer *a = EXPECT_OK(driver_call(world_handle(t->sides[side], 0), &op));
        if (side == 0)
            script_learn(&t->script, &op, a);
        PUT_ALL(&p, slots, slot_count, slot_capacity, a);
        PUT_ALL(&p, segments, segment_count, segment_capacity, a);
        PUT_ALL(&p, ids, id_count, id_capacity, a);
        op.u.read.cursor = a->next_cursor;
    } while (op.u.read.cursor != 0);
    return p;
}

static int by_id(const void *a, const void *b)
{
    const allot_pool_id *x = a, *y = b;
    int order = memcmp(x->id.data, y->id.data, x->id.len < y->id.len ? x->id.len : y->id.len);
    return order != 0 ? order : (int)x->id.len - (int)y->id.len;
}

/* An answer with one entry of each pile, to be shown. */
static allot_answer one_entry(const pile *p, size_t i)
{
    allot_answer a = {.outcome.status = ALLOT_STATUS_OK};
    if (i < p->slot_count)
        a.slots = &p->slots[i], a.slot_count = 1;
    if (i < p->segment_count)
        a.segments = &p->segments[i], a.segment_count = 1;
    if (i < p->id_count)
        a.ids = &p->ids[i], a.id_count = 1;
    return a;
}

static const char *entries_differ(const twins *t, const pile *a, const pile *b, size_t i)
{
    const agreement *g = &t->agreement;
    const char *difference = NULL;
    if (i < a->slot_count)
        difference = slots_differ(g, &a->slots[i], &b->slots[i]);
    if (difference == NULL && i < a->segment_count)
        difference = segments_differ(g, &a->segments[i], &b->segments[i]);
    if (difference == NULL && i < a->id_count)
        difference = pool_ids_differ(g, &a->ids[i], &b->ids[i]);
    return difference;
}

/* Reads one list from both, in pages of random sizes, and compares. The reference's is the caller's. */
static pile compare_list(twins *t, allot_op_kind kind, const allot_uuid *target)
{
    allot_op op = {.kind = kind, .timeout_us = 10 * SECOND_US};
    op.u.read = (allot_op_read){.limit = 1 + (uint32_t)script_random(&t->script, 60), .with_payloads = true};
    if (target != NULL)
        op.u.read.target = *target;
    pile a = read_all(t, 0, op);
    op.u.read.limit = 1 + (uint32_t)script_random(&t->script, 60);
    pile b = read_all(t, 1, op);
    if (a.id_count > 0)
        qsort(a.ids, a.id_count, sizeof(*a.ids), by_id);
    if (b.id_count > 0)
        qsort(b.ids, b.id_count, sizeof(*b.ids), by_id);
    size_t count = a.slot_count + a.segment_count + a.id_count; /* one of them is not 0 */
    bool same = a.slot_count == b.slot_count && a.segment_count == b.segment_count && a.id_count == b.id_count;
    for (size_t i = 0; i < count || !same; i++) {
        const char *difference = same ? entries_differ(t, &a, &b, i) : "the number of entries";
        allot_answer x = one_entry(&a, i), y = one_entry(&b, i);
        expect_same(t, difference, &op, &x, &y);
    }
    pile_done(&b);
    return a;
}

static void compare_bodies(twins *t, const allot_uuid *target, const pile *list)
{
    for (size_t at = 0; at < list->segment_count; at += BODIES) {
        uint64_t segments[BODIES];
        uint32_t count = 0;
        while (count < BODIES && at + count < list->segment_count) {
            segments[count] = list->segments[at + count].segment;
            count++;
        }
        allot_op op = {.kind = ALLOT_OP_READ_SEGMENTS, .timeout_us = 10 * SECOND_US};
        op.u.read = (allot_op_read){.segment_count = count, .segments = segments, .with_payloads = true};
        if (target != NULL)
            op.u.read.target = *target;
        arena memory = {0};
        allot_op second = op_copy(&op, &t->names, &memory);
        const allot_answer *a = EXPECT_OK(driver_call(world_handle(t->sides[0], 0), &op));
        const allot_answer *b = driver_call(world_handle(t->sides[1], 0), &second);
        ck_assert_uint_eq(a->body_count, count);
        compare_answers(t, &op, a, b);
        arena_done(&memory);
    }
}

static void compare_segments(twins *t, allot_op_kind kind, const allot_uuid *target)
{
    pile list = compare_list(t, kind, target);
    compare_bodies(t, target, &list);
    pile_done(&list);
}

static void compare_pool(twins *t)
{
    pile pool = compare_list(t, ALLOT_OP_READ_POOL, NULL);
    for (size_t i = 1; i < pool.id_count; i++) /* I2: no id is there twice */
        ck_assert_msg(by_id(&pool.ids[i - 1], &pool.ids[i]) != 0, "seed %llu, op %u: an id is in two places",
                      (unsigned long long)t->seed, t->number);
    pile_done(&pool);
}

void twins_compare(twins *t)
{
    twins_flush(t);
    t->script.inbox_count = t->script.body_count = 0;
    allot_op op = {.kind = ALLOT_OP_READ_VIEW, .timeout_us = 10 * SECOND_US};
    const allot_answer *a = driver_call(world_handle(t->sides[0], 0), &op);
    compare_answers(t, &op, a, driver_call(world_handle(t->sides[1], 0), &op));
    pile roster = compare_list(t, ALLOT_OP_READ_ROSTER, NULL);
    compare_segments(t, ALLOT_OP_READ_INBOX, NULL);
    for (size_t i = 0; i < roster.slot_count; i++)
        compare_segments(t, ALLOT_OP_READ_SHARE, &roster.slots[i].slot);
    pile_done(&roster);
    compare_pool(t);
}

void twins_restart(twins *t)
{
    twins_flush(t);
    for (int i = 0; i < SCRIPT_HANDLES; i++)
        close_handle(t, i);
    compare_segments(t, ALLOT_OP_READ_INBOX, NULL);
    compare_pool(t);
}
