#include "plugins/strategies.h"
#include "tests/plugins/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SLOTS_MOST 1000
#define IDS_MOST 3000
#define NAME_BYTES 8

/* ---- What is asked ----------------------------------------------------------------------------------------------- */

typedef struct question {
    allot_strategy_view view;
    allot_strategy_value value;
    allot_strategy_slot slots[SLOTS_MOST];
    char names[SLOTS_MOST][NAME_BYTES];
    allot_bytes ids[IDS_MOST];
    char texts[IDS_MOST][64];
    uint32_t owner[IDS_MOST];
} question;

static question *new_question(uint32_t slots, uint64_t ids, int64_t seed)
{
    question *q = calloc(1, sizeof(*q));
    ck_assert_ptr_nonnull(q);
    q->value.number = seed;
    q->view = (allot_strategy_view){.size = sizeof(q->view),
                                    .slot_count = slots,
                                    .slots = q->slots,
                                    .id_count = ids,
                                    .ids = q->ids,
                                    .value_count = 1,
                                    .values = &q->value};
    for (uint32_t i = 0; i < slots; i++) {
        q->slots[i].weight = 1 + (uint32_t)(random() % 1000);
        for (size_t k = 0; k < sizeof(q->slots[i].slot.bytes); k++)
            q->slots[i].slot.bytes[k] = (uint8_t)(random() % 3 == 0 ? 0xff : random());
        /* Short names out of few letters: many are equal, begin alike, or are empty. */
        q->slots[i].name = (allot_bytes){.data = q->names[i], .len = (uint32_t)(random() % NAME_BYTES)};
        for (uint32_t k = 0; k < q->slots[i].name.len; k++)
            q->names[i][k] = "ab\xc3"[random() % 3];
    }
    for (uint64_t i = 0; i < ids; i++) {
        int len = snprintf(q->texts[i], sizeof(q->texts[i]), "id-%ld-%ld", random(), random() % 10);
        q->ids[i] = (allot_bytes){.data = q->texts[i], .len = (uint32_t)len};
    }
    return q;
}

static void ask(question *q)
{
    allot_error error = {0};
    memset(q->owner, 0xff, sizeof(q->owner));
    ck_assert_msg(hash_strategy_ops.assign(&q->view, q->owner, &error) == 0, "%s", error.message);
}

/* ---- The oracle: keys as text, sorted by qsort; the hash out of the library -------------------------------------- */

typedef struct key {
    char text[2 * NAME_BYTES + 2 + 2 * 16];
    uint32_t slot;
} key;

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const key *)a)->text, ((const key *)b)->text);
}

/* In hexadecimal, byte by byte, the name, a space (which is below every digit), the UUID. */
static void sorted_keys(const question *q, key *keys)
{
    for (uint32_t i = 0; i < q->view.slot_count; i++) {
        char *at = keys[i].text;
        for (uint32_t k = 0; k < q->slots[i].name.len; k++)
            at += sprintf(at, "%02x", (unsigned)(uint8_t)q->slots[i].name.data[k]);
        at += sprintf(at, " ");
        for (size_t k = 0; k < sizeof(q->slots[i].slot.bytes); k++)
            at += sprintf(at, "%02x", q->slots[i].slot.bytes[k]);
        keys[i].slot = i;
    }
    qsort(keys, q->view.slot_count, sizeof(keys[0]), compare_keys);
}

START_TEST(it_is_the_hash_modulo_the_number_of_slots)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 64, 100, 999, 1000};
    uint32_t slots = counts[_i];
    key *keys = calloc(slots, sizeof(*keys));
    srandom((unsigned)_i);
    for (int round = 0; round < 20; round++) {
        int64_t seed = round < 10 ? 0 : random();
        question *q = new_question(slots, IDS_MOST, seed);
        ask(q);
        sorted_keys(q, keys);
        for (uint64_t i = 0; i < IDS_MOST; i++) {
            XXH64_hash_t h = seed == 0 ? XXH3_64bits(q->ids[i].data, q->ids[i].len)
                                       : XXH3_64bits_withSeed(q->ids[i].data, q->ids[i].len, (XXH64_hash_t)seed);
            ck_assert_uint_eq(q->owner[i], keys[h % slots].slot);
        }
        free(q);
    }
    free(keys);
}
END_TEST

/* What XXH3-64 is does not depend on the library that the tests and the strategy have in common. */
START_TEST(it_is_xxh3)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } known[] = {{"a", UINT64_C(0xe6c632b61e964e1f)}, {"abc", UINT64_C(0x78af5f94892f3950)}};
    question *q = new_question(SLOTS_MOST, 1, 0);
    for (uint32_t i = 0; i < SLOTS_MOST; i++) {
        sprintf(q->names[i], "%04u", i); /* in order */
        q->slots[i].name.len = 4;
    }
    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
        q->ids[0] = (allot_bytes){.data = known[k].text, .len = (uint32_t)strlen(known[k].text)};
        ask(q);
        ck_assert_uint_eq(q->owner[0], known[k].hash % SLOTS_MOST);
    }
    free(q);
}
END_TEST

/* An owner depends neither on the other ids, nor on the order of the slots, nor on loads and weights. */
START_TEST(an_owner_depends_on_id_and_slots_alone)
{
    srandom(3);
    question *q = new_question(10, 1000, 0);
    ask(q);
    allot_uuid owners[1000];
    for (int i = 0; i < 1000; i++)
        owners[i] = q->slots[q->owner[i]].slot;
    for (uint32_t i = 0; i < 5; i++) {
        allot_strategy_slot swap = q->slots[i];
        q->slots[i] = q->slots[9 - i];
        q->slots[9 - i] = swap;
        q->slots[i].load = q->slots[i].held = 77;
        q->slots[i].weight = 13;
    }
    const allot_bytes *ids = q->ids;
    for (uint64_t at = 0; at < 1000;) {
        q->view.ids = ids + at;
        q->view.id_count = at + 7 <= 1000 ? 7 : 1000 - at;
        ask(q);
        for (uint64_t i = 0; i < q->view.id_count; i++)
            ck_assert_mem_eq(&q->slots[q->owner[i]].slot, &owners[at + i], sizeof(allot_uuid));
        at += q->view.id_count;
    }
    free(q);
}
END_TEST

/* 100,000 ids over 100 slots: each share within 6 sigma of the mean. */
START_TEST(shares_are_even)
{
    uint32_t counts[100] = {0};
    srandom(4);
    for (int round = 0; round < 50; round++) {
        question *q = new_question(100, 2000, 0);
        for (uint32_t i = 0; i < 100; i++) {
            sprintf(q->names[i], "s%02u", i);
            q->slots[i].name.len = 3;
        }
        ask(q);
        for (int i = 0; i < 2000; i++)
            counts[q->owner[i]]++;
        free(q);
    }
    for (int i = 0; i < 100; i++)
        ck_assert(counts[i] > 1000 - 6 * 32 && counts[i] < 1000 + 6 * 32);
}
END_TEST

START_TEST(another_seed_is_another_split)
{
    srandom(5);
    question *q = new_question(10, 1000, 0);
    ask(q);
    uint32_t before[1000];
    memcpy(before, q->owner, sizeof(before));
    q->value.number = INT64_MAX;
    ask(q);
    int same = 0;
    for (int i = 0; i < 1000; i++)
        same += before[i] == q->owner[i];
    ck_assert_int_lt(same, 200);
    free(q);
}
END_TEST

START_TEST(no_ids_and_no_slots)
{
    question *q = new_question(3, 0, 0);
    allot_error error = {0};
    q->view.ids = NULL;
    ask(q);
    ck_assert_uint_eq(q->owner[0], UINT32_MAX);
    q->view.slot_count = 0;
    ck_assert_int_eq(hash_strategy_ops.assign(&q->view, q->owner, &error), ALLOT_E_INVALID);
    ck_assert_str_eq(error.message, "there is no slot");
    q->view.slot_count = ALLOT_SLOTS_MAX + 1;
    ck_assert_int_eq(hash_strategy_ops.assign(&q->view, q->owner, NULL), ALLOT_E_LIMIT);
    q->view.slot_count = 3;
    q->view.value_count = 0;
    ck_assert_int_eq(hash_strategy_ops.assign(&q->view, q->owner, NULL), ALLOT_E_INVALID);
    q->view.value_count = 1;
    q->view.id_count = 1;
    ck_assert_int_eq(hash_strategy_ops.assign(&q->view, q->owner, NULL), ALLOT_E_INVALID);
    free(q);
}
END_TEST

TCase *hash_case(void)
{
    TCase *c = tcase_create("hash");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, it_is_the_hash_modulo_the_number_of_slots, 0, 8);
    tcase_add_test(c, it_is_xxh3);
    tcase_add_test(c, an_owner_depends_on_id_and_slots_alone);
    tcase_add_test(c, shares_are_even);
    tcase_add_test(c, another_seed_is_another_split);
    tcase_add_test(c, no_ids_and_no_slots);
    return c;
}
