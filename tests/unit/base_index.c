/* base_index.c - the hash table against a naive model. */
#include "base/index.h"
#include "tests/unit/random.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 3000 };

/* The keys are the decimal texts of 0 to KEYS - 1; a value is the key's number, and a generation in its upper bits. */
static bool same_number(const void *context, uint64_t value, const void *key, size_t key_len)
{
    (void)context;
    char text[16];
    int len = snprintf(text, sizeof(text), "%u", (unsigned)(value & 0xffff));
    return (size_t)len == key_len && memcmp(text, key, key_len) == 0;
}

typedef struct model {
    index_table table;
    uint64_t values[KEYS];
    bool there[KEYS];
    size_t count;
} model;

static size_t key_text(uint32_t n, char text[16])
{
    return (size_t)snprintf(text, 16, "%u", (unsigned)n);
}

static void check_key(const model *m, uint32_t n)
{
    char key[16];
    uint64_t value = 0;
    bool found = index_get(&m->table, key, key_text(n, key), &value);
    ck_assert_int_eq(found, m->there[n]);
    if (found)
        ck_assert_uint_eq(value, m->values[n]);
}

static void step(model *m, uint64_t *random)
{
    char key[16];
    uint32_t n = random_below(random, KEYS);
    size_t len = key_text(n, key);
    if (random_below(random, 5) < 3) {
        m->values[n] = random_next(random) << 16 | n;
        ck_assert_int_eq(index_put(&m->table, key, len, m->values[n]), 0);
        m->count += !m->there[n];
        m->there[n] = true;
    } else {
        ck_assert_int_eq(index_remove(&m->table, key, len), m->there[n]);
        m->count -= m->there[n];
        m->there[n] = false;
    }
    check_key(m, n);
    check_key(m, random_below(random, KEYS));
    ck_assert_uint_eq(m->table.count, m->count);
}

START_TEST(puts_and_removes_match_a_naive_model)
{
    model m = {0};
    uint64_t random = 17 + (uint64_t)_i;
    index_init(&m.table, same_number, NULL);
    for (int i = 0; i < 40000; i++)
        step(&m, &random);
    for (uint32_t n = 0; n < KEYS; n++)
        check_key(&m, n);
    index_clear(&m.table);
    memset(m.there, 0, sizeof(m.there));
    m.count = 0;
    for (uint32_t n = 0; n < KEYS; n++)
        check_key(&m, n);
    for (int i = 0; i < 2000; i++)
        step(&m, &random);
    index_done(&m.table);
}
END_TEST

START_TEST(an_empty_table_has_nothing)
{
    index_table t;
    uint64_t value = 5;
    index_init(&t, same_number, NULL);
    ck_assert(!index_get(&t, "1", 1, &value));
    ck_assert(!index_remove(&t, "1", 1));
    ck_assert_uint_eq(value, 5);
    index_clear(&t);
    index_done(&t);
}
END_TEST

START_TEST(after_reserve_puts_need_no_memory)
{
    index_table t;
    char key[16];
    index_init(&t, same_number, NULL);
    ck_assert_int_eq(index_reserve(&t, 1000), 0);
    const index_entry *entries = t.entries;
    for (uint32_t n = 0; n < 1000; n++) {
        size_t len = key_text(n, key);
        ck_assert_int_eq(index_put(&t, key, len, n), 0);
    }
    ck_assert_ptr_eq(t.entries, entries);
    ck_assert_int_eq(index_reserve(&t, SIZE_MAX), -1);
    ck_assert_uint_eq(t.count, 1000);
    index_done(&t);
}
END_TEST

Suite *index_suite(void)
{
    Suite *s = suite_create("base/index");
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, puts_and_removes_match_a_naive_model, 0, 4);
    tcase_add_test(c, an_empty_table_has_nothing);
    tcase_add_test(c, after_reserve_puts_need_no_memory);
    suite_add_tcase(s, c);
    return s;
}
