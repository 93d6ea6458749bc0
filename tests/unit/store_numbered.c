/* store_numbered.c - items by growing numbers, against a naive model. */
#include "backends/store/numbered.h"
#include "tests/unit/random.h"
#include "tests/unit/rig.h"

#include <stdlib.h>

enum { NUMBERS = 20000 };

typedef struct model {
    numbered n;
    bool there[NUMBERS];
    char items[NUMBERS];
    uint32_t last;
    size_t count;
} model;

static void check_number(const model *m, uint32_t number)
{
    ck_assert_ptr_eq(numbered_find(&m->n, number), m->there[number] ? &m->items[number] : NULL);
}

static void check_walk(const model *m, uint32_t from)
{
    size_t at = numbered_from(&m->n, from);
    const char *item;
    for (uint32_t number = from; number <= m->last; number++) {
        if (!m->there[number])
            continue;
        item = numbered_next(&m->n, &at);
        ck_assert_ptr_eq(item, &m->items[number]);
    }
    ck_assert_ptr_null(numbered_next(&m->n, &at));
}

static void step(model *m, uint64_t *random, uint32_t removes)
{
    uint32_t number = random_below(random, m->last + 1);
    if (random_below(random, 10) >= removes && m->last + 3 < NUMBERS) {
        m->last += 1 + (random_below(random, 8) == 0);
        ck_assert_int_eq(numbered_append(&m->n, m->last, &m->items[m->last]), 0);
        m->there[m->last] = true;
        m->count++;
    } else if (m->there[number]) {
        numbered_remove(&m->n, number);
        m->there[number] = false;
        m->count--;
    }
    check_number(m, number);
    check_number(m, m->last);
    ck_assert_uint_eq(m->n.count, m->count);
}

START_TEST(appends_and_removes_match_a_naive_model)
{
    model *m = calloc(1, sizeof(*m));
    ck_assert_ptr_nonnull(m);
    uint64_t random = 5 + (uint64_t)_i;
    for (int i = 0; i < 20000; i++) {
        step(m, &random, i % 4000 < 2000 ? 3 : 9);
        if (i % 500 == 0)
            check_walk(m, random_below(&random, m->last + 1));
    }
    check_walk(m, 0);
    for (uint32_t number = 0; number < NUMBERS; number++)
        check_number(m, number);
    numbered_done(&m->n);
    free(m);
}
END_TEST

START_TEST(holes_do_not_stay)
{
    char item;
    numbered n = {0};
    for (uint64_t i = 1; i <= 100000; i++) {
        ck_assert_int_eq(numbered_append(&n, i, &item), 0);
        if (i > 10)
            numbered_remove(&n, i - 10);
    }
    ck_assert_uint_eq(n.count, 10);
    ck_assert_uint_le(n.len, 65);
    numbered_done(&n);
}
END_TEST

Suite *numbered_suite(void)
{
    Suite *s = suite_create("store/numbered");
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, appends_and_removes_match_a_naive_model, 0, 3);
    tcase_add_test(c, holes_do_not_stay);
    suite_add_tcase(s, c);
    return s;
}
