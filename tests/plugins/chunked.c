#include "plugins/strategies.h"
#include "tests/plugins/suites.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MOST 1000
#define IDS_MOST 20000

static allot_strategy_slot slots[SLOTS_MOST];
static uint32_t owner[IDS_MOST + 1];
static uint64_t sizes[SLOTS_MOST];

/* Asks, and checks what holds of every answer: each id has an owner, runs are contiguous and in the slots' order. */
static void ask(uint32_t slot_count, uint64_t id_count)
{
    allot_error error = {0};
    const allot_strategy_view view = {
        .size = sizeof(view), .slot_count = slot_count, .slots = slots, .id_count = id_count};
    memset(owner, 0xff, sizeof(owner));
    memset(sizes, 0, sizeof(sizes));
    ck_assert_msg(chunked_strategy_ops.assign(&view, owner, &error) == 0, "%s", error.message);
    for (uint64_t i = 0; i < id_count; i++) {
        ck_assert_uint_lt(owner[i], slot_count);
        ck_assert(i == 0 || owner[i - 1] <= owner[i]);
        sizes[owner[i]]++;
    }
    ck_assert_uint_eq(owner[id_count], UINT32_MAX); /* nothing behind them */
}

/* ---- The oracle: the definition, with fractions as pairs of 128-bit numbers -------------------------------------- */

__extension__ typedef unsigned __int128 wide;

typedef struct claim {
    uint32_t slot;
    uint64_t remainder;
} claim;

static int by_fullness(const void *a, const void *b)
{
    const allot_strategy_slot *x = &slots[((const claim *)a)->slot];
    const allot_strategy_slot *y = &slots[((const claim *)b)->slot];
    wide p = (wide)x->load * y->weight, q = (wide)y->load * x->weight;
    return p < q ? -1 : p > q;
}

static int by_remainder(const void *a, const void *b)
{
    const claim *x = a, *y = b;
    if (x->remainder != y->remainder)
        return x->remainder > y->remainder ? -1 : 1;
    return x->slot < y->slot ? -1 : 1;
}

/* From the least full slot on, slots take part as long as the level of those before is above their own. */
static void expect(uint32_t slot_count, uint64_t id_count, uint64_t *expected)
{
    claim claims[SLOTS_MOST];
    wide ids = id_count, weights = 0;
    uint32_t taking = 0;
    uint64_t left = id_count;
    for (uint32_t i = 0; i < slot_count; i++)
        claims[i] = (claim){.slot = i, .remainder = 0};
    qsort(claims, slot_count, sizeof(claims[0]), by_fullness);
    while (taking < slot_count) {
        const allot_strategy_slot *next = &slots[claims[taking].slot];
        if (weights > 0 && (wide)next->load * weights >= ids * next->weight)
            break;
        ids += next->load;
        weights += next->weight;
        taking++;
    }
    memset(expected, 0, slot_count * sizeof(*expected));
    for (uint32_t i = 0; i < taking; i++) {
        const allot_strategy_slot *s = &slots[claims[i].slot];
        uint64_t whole = (uint64_t)(ids * s->weight / weights);
        claims[i].remainder = (uint64_t)(ids * s->weight % weights);
        expected[claims[i].slot] = whole - s->load;
        left -= whole - s->load;
    }
    qsort(claims, taking, sizeof(claims[0]), by_remainder);
    ck_assert(id_count == 0 || left < taking);
    for (uint32_t i = 0; i < left; i++)
        expected[claims[i].slot]++;
}

static void random_slots(uint32_t count, bool with_loads)
{
    memset(slots, 0, sizeof(slots));
    for (uint32_t i = 0; i < count; i++) {
        slots[i].weight = random() % 3 != 0 ? 1 : (uint32_t)(1 + random() % (random() % 2 != 0 ? 5 : 1000));
        if (with_loads)
            slots[i].load = random() % 3 != 0 ? (uint64_t)(random() % 50) : (uint64_t)(random() % 5000);
    }
}

START_TEST(it_is_by_largest_remainders)
{
    uint64_t expected[SLOTS_MOST];
    srandom((unsigned)_i);
    for (int round = 0; round < 3000; round++) {
        uint32_t count = (uint32_t)(1 + random() % 12);
        uint64_t ids = (uint64_t)(random() % 300);
        random_slots(count, round % 2 == 1);
        ask(count, ids);
        expect(count, ids, expected);
        ck_assert_mem_eq(sizes, expected, count * sizeof(expected[0]));
    }
}
END_TEST

START_TEST(with_many_slots)
{
    uint64_t expected[SLOTS_MOST];
    srandom(7);
    for (int round = 0; round < 40; round++) {
        random_slots(SLOTS_MOST, round % 2 == 1);
        ask(SLOTS_MOST, (uint64_t)(random() % IDS_MOST));
        uint64_t ids = 0;
        for (uint32_t i = 0; i < SLOTS_MOST; i++)
            ids += sizes[i];
        expect(SLOTS_MOST, ids, expected);
        ck_assert_mem_eq(sizes, expected, sizeof(expected));
    }
}
END_TEST

/* Worked out by hand. */
START_TEST(examples)
{
    static const struct {
        uint64_t ids;
        uint32_t count;
        struct {
            uint32_t weight;
            uint64_t load, size;
        } slots[4];
    } cases[] = {
        {10, 3, {{1, 0, 4}, {1, 0, 3}, {1, 0, 3}}}, /* 3 1/3 each: the first gets the one that is left */
        {7, 2, {{1, 0, 2}, {2, 0, 5}}},             /* 2 1/3 and 4 2/3 */
        {1, 4, {{1, 0, 0}, {1000, 0, 1}, {1, 0, 0}, {1, 0, 0}}},
        {0, 2, {{1, 0, 0}, {1, 5, 0}}},
        {5, 1, {{3, 100, 5}}},
        {4, 3, {{1, 10, 0}, {1, 0, 2}, {1, 0, 2}}}, /* the first has more than its quota already */
        {6, 3, {{1, 1, 2}, {1, 0, 3}, {1, 2, 1}}},  /* 9 ids in all, 3 each */
    };
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        memset(slots, 0, sizeof(slots));
        for (uint32_t i = 0; i < cases[k].count; i++) {
            slots[i].weight = cases[k].slots[i].weight;
            slots[i].load = cases[k].slots[i].load;
        }
        ask(cases[k].count, cases[k].ids);
        for (uint32_t i = 0; i < cases[k].count; i++)
            ck_assert_msg(sizes[i] == cases[k].slots[i].size, "case %zu, slot %u: %llu", k, i,
                          (unsigned long long)sizes[i]);
    }
}
END_TEST

/* All ids again, after a split of all: the same. Nothing to place: nothing is given. */
START_TEST(a_split_of_a_split_changes_nothing)
{
    uint32_t before[IDS_MOST];
    srandom(9);
    random_slots(100, false);
    ask(100, IDS_MOST);
    memcpy(before, owner, sizeof(before));
    for (uint32_t i = 0; i < 100; i++)
        slots[i].held = sizes[i];
    ask(100, IDS_MOST);
    ck_assert_mem_eq(owner, before, sizeof(before));
    for (uint32_t i = 0; i < 100; i++)
        slots[i].load = slots[i].held;
    ask(100, 0);
}
END_TEST

/* One by one, ids do not all go to the same slot: what slots keep counts. */
START_TEST(ids_that_come_one_by_one_are_spread)
{
    memset(slots, 0, sizeof(slots));
    for (uint32_t i = 0; i < 4; i++)
        slots[i].weight = 1 + i;
    for (uint32_t i = 0; i < 1000; i++) {
        ask(4, 1);
        slots[owner[0]].load++;
    }
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(slots[i].load, 100 * (i + 1));
}
END_TEST

START_TEST(the_largest_numbers)
{
    uint64_t expected[SLOTS_MOST];
    memset(slots, 0, sizeof(slots));
    for (uint32_t i = 0; i < SLOTS_MOST; i++) {
        slots[i].weight = 1000 - i % 7;
        slots[i].load = (UINT64_C(1) << 40) - i % 3;
    }
    ask(SLOTS_MOST, IDS_MOST);
    expect(SLOTS_MOST, IDS_MOST, expected);
    ck_assert_mem_eq(sizes, expected, sizeof(expected));
}
END_TEST

START_TEST(what_cannot_be_split_is_refused)
{
    allot_error error = {0};
    memset(slots, 0, sizeof(slots));
    allot_strategy_view view = {.size = sizeof(view), .slot_count = 1, .slots = slots, .id_count = 1};
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, "slot 0 of the view: its weight is not from 1 to 1000");
    slots[0].weight = 1001;
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, NULL), ALLOT_E_INVALID);
    slots[0] = (allot_strategy_slot){.weight = 1, .load = (UINT64_C(1) << 40) + 1};
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, NULL), ALLOT_E_LIMIT);
    slots[0].load = 0;
    view.id_count = UINT64_MAX;
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, NULL), ALLOT_E_LIMIT);
    view.slot_count = 0;
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, NULL), ALLOT_E_INVALID);
    view.slot_count = ALLOT_SLOTS_MAX + 1;
    ck_assert_int_eq(chunked_strategy_ops.assign(&view, owner, NULL), ALLOT_E_LIMIT);
}
END_TEST

TCase *chunked_case(void)
{
    TCase *c = tcase_create("chunked");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, it_is_by_largest_remainders, 0, 5);
    tcase_add_test(c, with_many_slots);
    tcase_add_test(c, examples);
    tcase_add_test(c, a_split_of_a_split_changes_nothing);
    tcase_add_test(c, ids_that_come_one_by_one_are_spread);
    tcase_add_test(c, the_largest_numbers);
    tcase_add_test(c, what_cannot_be_split_is_refused);
    return c;
}
