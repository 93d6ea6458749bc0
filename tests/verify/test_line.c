/* Lines: what is taken, and everything else is refused. */
#include "tests/verify/suites.h"
#include "verify/line.h"

#include <string.h>

#define SLOT "\"slot\":\"00000001-0000-4000-8000-000000000001\""
#define BOOT "\"boot\":\"00000001-0000-4000-8000-000000000002\""

static const char *const good[] = {
    "{\"event\":\"opened\",\"at\":1,\"format\":1," BOOT ",\"group\":\"g\",\"name\":\"\",\"pid\":17}",
    "{\"event\":\"joined\",\"at\":5,\"since\":4," SLOT
    ",\"until\":9,\"life\":\"00000001-0000-4000-8000-000000000003\",\"proven\":true}",
    "{\"event\":\"renewed\",\"at\":5," SLOT ",\"until\":9}",
    "{\"event\":\"leads\",\"at\":5," SLOT ",\"term\":18446744073709551615}",
    "{\"event\":\"follows\",\"at\":5," SLOT "}",
    "{\"event\":\"held\",\"at\":5," SLOT ",\"token\":7,\"ids\":[\"a\"]}",
    "{\"at\":5,\"ids\":[\"a\",\"b \\\\\\\"c\",\"\xc3\xa4\"],\"token\":7," SLOT ",\"event\":\"held\"}",
    "{\"event\":\"released\",\"at\":9223372036854775807," SLOT ",\"token\":7,\"ids\":[\"a\"]}",
    "{\"event\":\"lost\",\"at\":5," SLOT ",\"token\":7,\"why\":\"cleaned\",\"ids\":[\"a\"]}",
    "{\"event\":\"acked\",\"at\":5," SLOT ",\"token\":7,\"answer\":\"accepted\",\"ids\":[\"a\"]}",
    "{\"event\":\"failed\",\"at\":5," SLOT ",\"token\":7,\"answer\":\"unknown\",\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"fenced\",\"at\":5," SLOT ",\"why\":\"deadline\"}",
    "{\"event\":\"left\",\"at\":5," SLOT ",\"why\":\"none\"}",
    "{\"event\":\"adding\",\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"cleaned\",\"at\":5,\"since\":4,\"answer\":\"accepted\"}",
};

static const char *const bad[] = {
    "",
    "{}",
    "[]",
    "null",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]} ",
    " {\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"added\", \"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]}}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"],}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\",]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\\u0041\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\\\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\tb\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"\xff\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[7]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":\"a\"}",
    "{\"event\":\"added\",\"at\":-5,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":05,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5.0,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":\"5\",\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":9223372036854775808,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":18446744073709551616,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5}",
    "{\"event\":\"added\",\"ids\":[\"a\"]}",
    "{\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5,\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]," SLOT "}",
    "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"],\"colour\":1}",
    "{\"event\":\"gained\",\"at\":5,\"ids\":[\"a\"]}",
    "{\"event\":\"held\",\"at\":5,\"slot\":null,\"token\":7,\"ids\":[\"a\"]}",
    "{\"event\":\"held\",\"at\":5,\"slot\":\"00000001-0000-4000-8000-00000000000\",\"token\":7,\"ids\":[\"a\"]}",
    "{\"event\":\"held\",\"at\":5,\"slot\":\"00000001-0000-4000-8000-00000000000g\",\"token\":7,\"ids\":[\"a\"]}",
    "{\"event\":\"held\",\"at\":5,\"slot\":\"00000001-0000-4000-8000-0000000000011\",\"token\":7,\"ids\":[\"a\"]}",
    "{\"event\":\"acked\",\"at\":5," SLOT ",\"token\":7,\"answer\":\"yes\",\"ids\":[\"a\"]}",
    "{\"event\":\"joined\",\"at\":5," SLOT
    ",\"until\":9,\"life\":\"00000001-0000-4000-8000-000000000003\",\"proven\":1}",
    "{\"event\":\"opened\",\"at\":1,\"format\":2," BOOT ",\"group\":\"g\",\"name\":\"\",\"pid\":17}",
};

START_TEST(takes_what_is_written)
{
    line l = {.kind = 0};
    const char *why = NULL;
    int code = line_read(&l, good[_i], strlen(good[_i]), &why);
    ck_assert_msg(code == 0, "%s: %s", good[_i], why);
    ck_assert_msg(strstr(good[_i], line_word(l.kind)) != NULL, "%s", good[_i]);
    line_done(&l);
}
END_TEST

/* Also not what a kill leaves of a line. */
START_TEST(takes_no_beginning_of_it)
{
    line l = {.kind = 0};
    const char *why;
    for (size_t len = 0; len < strlen(good[_i]); len++)
        ck_assert(line_read(&l, good[_i], len, &why) == -1 && l.cut);
    line_done(&l);
}
END_TEST

START_TEST(takes_nothing_else)
{
    line l = {.kind = 0};
    const char *why = NULL;
    ck_assert_msg(line_read(&l, bad[_i], strlen(bad[_i]), &why) == -1, "%s", bad[_i]);
    ck_assert_ptr_nonnull(why);
    line_done(&l);
}
END_TEST

/* What is wrong before its end was not torn by a kill. */
START_TEST(knows_what_was_cut)
{
    static const char *const whole[] = {
        "{}",
        "{\"event\":\"added\",\"at\":5}",
        "{\"event\":\"added\",\"at\":5,\"ids\":[\"a\"]} ",
        "{\"event\":\"add",
        "{\"event\":\"added\",\"at\":x",
        "rubbish",
    };
    line l = {.kind = 0};
    const char *why = NULL;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        ck_assert_int_eq(line_read(&l, whole[i], strlen(whole[i]), &why), -1);
        ck_assert_msg(l.cut == (i == 3), "%s", whole[i]);
    }
    line_done(&l);
}
END_TEST

START_TEST(understands_it)
{
    line l = {.kind = 0};
    const char *why = NULL;
    ck_assert_int_eq(line_read(&l, good[6], strlen(good[6]), &why), 0);
    ck_assert_int_eq(l.kind, LINE_HELD);
    ck_assert_uint_eq(l.token, 7);
    ck_assert_int_eq(l.at_us, 5);
    ck_assert_int_eq(l.since_us, 5);
    ck_assert_uint_eq(l.id_count, 3);
    ck_assert_uint_eq(l.ids[1].len, 5);
    ck_assert_mem_eq(l.ids[1].data, "b \\\"c", 5);
    ck_assert_int_eq(line_read(&l, good[1], strlen(good[1]), &why), 0);
    ck_assert(l.proven && l.since_us == 4 && l.until_us == 9 && l.id_count == 0 && l.token == 0);
    ck_assert_int_eq(line_read(&l, good[9], strlen(good[9]), &why), 0);
    ck_assert_int_eq(l.answer, LINE_ACCEPTED);
    line_done(&l);
}
END_TEST

/* An id of the largest size, all of it escaped, takes 512 bytes. */
START_TEST(texts_have_a_limit)
{
    char text[700];
    line l = {.kind = 0};
    const char *why = NULL;
    for (int len = 255; len <= 256; len++) {
        size_t n = strlen(strcpy(text, "{\"event\":\"added\",\"at\":5,\"ids\":[\""));
        for (int i = 0; i < len; i++, n += 2)
            memcpy(text + n, "\\\\", 2);
        strcpy(text + n, "\"]}");
        ck_assert_int_eq(line_read(&l, text, strlen(text), &why), len == 255 ? 0 : -1);
    }
    line_done(&l);
}
END_TEST

TCase *line_case(void)
{
    TCase *c = tcase_create("line");
    tcase_add_loop_test(c, takes_what_is_written, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_loop_test(c, takes_no_beginning_of_it, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_loop_test(c, takes_nothing_else, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    tcase_add_test(c, knows_what_was_cut);
    tcase_add_test(c, understands_it);
    tcase_add_test(c, texts_have_a_limit);
    return c;
}
