/* base_bytes.c - the small parts of base/: buffers, bits, UUIDs as text. */
#include "tests/unit/rig.h"

#include <stdlib.h>
#include <string.h>

START_TEST(a_buffer_keeps_what_is_appended)
{
    bytes b = {0};
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(bytes_printf(&b, "%d,", i), 0);
    ck_assert_int_eq(bytes_append(&b, "", 1), 0);
    ck_assert_uint_eq(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 1);
    ck_assert_int_eq(strncmp(b.data, "0,1,2,", 6), 0);
    ck_assert_str_eq(b.data + b.len - 9, "998,999,");
    bytes_clear(&b);
    ck_assert_uint_eq(b.len, 0);
    bytes_done(&b);
}
END_TEST

START_TEST(what_cannot_fit_leaves_the_buffer_as_it_was)
{
    bytes b = {0};
    ck_assert_int_eq(bytes_append(&b, "abc", 3), 0);
    ck_assert_int_eq(bytes_reserve(&b, SIZE_MAX), -1);
    ck_assert_int_eq(bytes_reserve(&b, SIZE_MAX - 8), -1);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_int_eq(memcmp(b.data, "abc", 3), 0);
    void *items = NULL;
    size_t capacity = 0;
    ck_assert_int_eq(array_reserve(&items, &capacity, SIZE_MAX / 4, 16), -1);
    ck_assert_ptr_null(items);
    bytes_done(&b);
}
END_TEST

START_TEST(bits_count_only_up_to_n)
{
    uint64_t words[3] = {0};
    for (uint32_t i = 0; i < 192; i += 3)
        bits_set(words, i);
    for (uint32_t n = 0; n <= 192; n++)
        ck_assert_uint_eq(bits_count(words, n), (n + 2) / 3);
    bits_clear(words, 189);
    ck_assert(!bits_test(words, 189));
    ck_assert_uint_eq(bits_count(words, 192), 63);
}
END_TEST

START_TEST(a_uuid_comes_back_from_its_text)
{
    allot_uuid id = rig_uuid(UINT64_C(0x0123456789abcdef));
    allot_uuid back = {0};
    char text[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(&id, text);
    ck_assert_str_eq(text, "00000000-0000-0000-0123-456789abcdef");
    ck_assert(uuid_from_text(text, 36, &back));
    ck_assert(uuid_equal(&id, &back));
    ck_assert(uuid_from_text("00000000-0000-0000-0123-456789ABCDEF", 36, &back));
    ck_assert(uuid_equal(&id, &back));
}
END_TEST

START_TEST(what_is_no_uuid_is_refused_and_nothing_written)
{
    static const char *const texts[] = {"", "00000000-0000-0000-0123-456789abcde",
                                        "00000000-0000-0000-0123-456789abcdeg",
                                        "00000000+0000-0000-0123-456789abcdef", "0000000-00000-0000-0123-456789abcdef",
                                        "00000000-0000-0000-0123-456789abcdef0"};
    allot_uuid id = rig_uuid(5);
    allot_uuid before = id;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(!uuid_from_text(texts[i], strlen(texts[i]), &id), "'%s'", texts[i]);
    ck_assert(uuid_equal(&id, &before));
    ck_assert(uuid_is_zero(&(allot_uuid){0}));
    ck_assert(!uuid_is_zero(&id));
}
END_TEST

Suite *bytes_suite(void)
{
    Suite *s = suite_create("base/bytes, bits, uuid_text");
    TCase *c = tcase_create("all");
    tcase_add_test(c, a_buffer_keeps_what_is_appended);
    tcase_add_test(c, what_cannot_fit_leaves_the_buffer_as_it_was);
    tcase_add_test(c, bits_count_only_up_to_n);
    tcase_add_test(c, a_uuid_comes_back_from_its_text);
    tcase_add_test(c, what_is_no_uuid_is_refused_and_nothing_written);
    suite_add_tcase(s, c);
    return s;
}
