#include "plugins/strategies.h"
#include "tests/plugins/suites.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MOST 12
#define IDS_MOST 200

/* Where the next id goes: the slot that is the least full afterwards; between equals, the one that holds more; then the
 * first. */
static uint32_t next_slot(const allot_strategy_view *view, const uint64_t *given)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < view->slot_count; i++) {
        const allot_strategy_slot *a = &view->slots[i];
        const allot_strategy_slot *b = &view->slots[best];
        uint64_t fill_a = (a->load + given[i] + 1) * b->weight;
        uint64_t fill_b = (b->load + given[best] + 1) * a->weight;
        if (fill_a < fill_b || (fill_a == fill_b && a->held > b->held))
            best = i;
    }
    return best;
}

static void random_slots(allot_strategy_slot *slots, uint32_t count)
{
    memset(slots, 0, count * sizeof(*slots));
    for (uint32_t i = 0; i < count; i++) {
        slots[i].weight = random() % 3 != 0 ? 1 : (uint32_t)(1 + random() % (random() % 2 != 0 ? 5 : 1000));
        slots[i].load = random() % 3 != 0 ? (uint64_t)(random() % 20) : 0;
        slots[i].held = slots[i].load + (uint64_t)(random() % 4);
    }
}

START_TEST(it_is_what_placing_one_by_one_gives)
{
    const allot_strategy_ops *ops = &round_robin_strategy_ops;
    allot_strategy_slot slots[SLOTS_MOST];
    uint32_t owner[IDS_MOST];
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        allot_strategy_view view = {.size = sizeof(view),
                                    .slot_count = (uint32_t)(1 + random() % SLOTS_MOST),
                                    .slots = slots,
                                    .id_count = (uint64_t)(random() % IDS_MOST)};
        random_slots(slots, view.slot_count);
        uint64_t got[SLOTS_MOST] = {0};
        uint64_t expected[SLOTS_MOST] = {0};
        ck_assert_int_eq(ops->assign(&view, owner, NULL), 0);
        for (uint64_t i = 0; i < view.id_count; i++) {
            ck_assert_uint_lt(owner[i], view.slot_count);
            got[owner[i]]++;
            expected[next_slot(&view, expected)]++;
        }
        ck_assert_mem_eq(got, expected, sizeof(got));
    }
}
END_TEST

START_TEST(what_cannot_be_split_is_refused)
{
    const allot_strategy_ops *ops = &round_robin_strategy_ops;
    allot_strategy_slot slot = {.weight = 0};
    allot_strategy_view view = {.size = sizeof(view), .slot_count = 1, .slots = &slot, .id_count = 1};
    uint32_t owner[1];
    allot_error error = {0};
    ck_assert_int_eq(ops->assign(&view, owner, &error), ALLOT_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "weight"));
    slot = (allot_strategy_slot){.weight = 1, .load = UINT64_MAX};
    ck_assert_int_eq(ops->assign(&view, owner, NULL), ALLOT_E_LIMIT);
    view.slot_count = 0;
    ck_assert_int_eq(ops->assign(&view, owner, NULL), ALLOT_E_INVALID);
}
END_TEST

TCase *round_robin_case(void)
{
    TCase *c = tcase_create("round_robin");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, it_is_what_placing_one_by_one_gives);
    tcase_add_test(c, what_cannot_be_split_is_refused);
    return c;
}
