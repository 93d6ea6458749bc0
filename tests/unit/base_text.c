/* base_text.c - what may be an id, a name, a reason. */
#include "base/text.h"
#include "tests/unit/rig.h"

#include <string.h>

typedef struct text_case {
    const char *text;
    size_t len;
    bool valid;
} text_case;

#define TEXT(literal, is_valid) {(literal), sizeof(literal) - 1, (is_valid)}

static const text_case cases[] = {
    TEXT("a", true),
    TEXT("order 17/b", true),
    TEXT("%", true),
    TEXT("~", true),
    TEXT("\xc3\xa4", true),                 /* U+00E4 */
    TEXT("\xc2\xa0", true),                 /* U+00A0: the first behind the C1 controls */
    TEXT("\xdf\xbf", true),                 /* U+07FF */
    TEXT("\xe0\xa0\x80", true),             /* U+0800 */
    TEXT("\xed\x9f\xbf", true),             /* U+D7FF: the last before the surrogates */
    TEXT("\xee\x80\x80", true),             /* U+E000: the first behind them */
    TEXT("\xef\xbf\xbd", true),             /* U+FFFD */
    TEXT("\xf0\x90\x80\x80", true),         /* U+10000 */
    TEXT("\xf4\x8f\xbf\xbf", true),         /* U+10FFFF */
    TEXT("a\xe2\x82\xac" "b", true),
    TEXT("\0", false),
    TEXT("a\nb", false),
    TEXT("a\tb", false),
    TEXT("\x1f", false),
    TEXT("\x7f", false),
    TEXT("\xc2\x80", false),                /* U+0080 to U+009F: controls */
    TEXT("\xc2\x9f", false),
    TEXT("\x80", false),                    /* a byte that only follows */
    TEXT("\xbf", false),
    TEXT("\xc0\xaf", false),                /* overlong */
    TEXT("\xc1\xbf", false),
    TEXT("\xe0\x80\xaf", false),
    TEXT("\xe0\x9f\xbf", false),
    TEXT("\xf0\x80\x80\xaf", false),
    TEXT("\xf0\x8f\xbf\xbf", false),
    TEXT("\xed\xa0\x80", false),            /* surrogates */
    TEXT("\xed\xbf\xbf", false),
    TEXT("\xf4\x90\x80\x80", false),        /* past U+10FFFF */
    TEXT("\xf5\x80\x80\x80", false),
    TEXT("\xff", false),
    TEXT("\xfe", false),
    TEXT("\xc3", false),                    /* cut off */
    TEXT("a\xe2\x82", false),
    TEXT("\xf0\x90\x80", false),
    TEXT("\xc3" "a", false),                /* what follows does not */
    TEXT("\xe2\x82" "a", false),
    TEXT("\xf0\x90" "aa", false),
};

START_TEST(text_is_utf8_without_controls)
{
    const text_case *c = &cases[_i];
    allot_bytes text = {.data = c->text, .len = (uint32_t)c->len};
    ck_assert_msg(id_is_valid(text) == c->valid, "case %d", _i);
    ck_assert_msg(text_is_valid(text, 255) == c->valid, "case %d", _i);
}
END_TEST

/* Plain text is looked at eight bytes at a time: that misses no byte, whatever stands beside it. */
START_TEST(every_byte_at_every_place)
{
    static const char fillers[] = {' ', 'x', '~'};
    for (uint32_t at = 0; at < 20; at++)
        for (unsigned byte = 0; byte < 256; byte++)
            for (size_t f = 0; f < sizeof(fillers); f++) {
                char text[20];
                memset(text, fillers[f], sizeof(text));
                text[at] = (char)byte;
                bool valid = byte >= 0x20 && byte <= 0x7e;
                uint32_t good = text_valid_bytes((allot_bytes){.data = text, .len = sizeof(text)});
                ck_assert_msg(good == (valid ? sizeof(text) : at), "0x%02x at %u: %u", byte, at, good);
            }
}
END_TEST

START_TEST(an_id_has_1_to_255_bytes)
{
    char long_id[256];
    memset(long_id, 'x', sizeof(long_id));
    ck_assert(!id_is_valid((allot_bytes){.data = "", .len = 0}));
    ck_assert(!id_is_valid((allot_bytes){0}));
    ck_assert(id_is_valid((allot_bytes){.data = long_id, .len = 255}));
    ck_assert(!id_is_valid((allot_bytes){.data = long_id, .len = 256}));
    ck_assert(!id_is_valid((allot_bytes){.data = NULL, .len = 5}));
}
END_TEST

START_TEST(no_bytes_are_text_but_no_id)
{
    ck_assert(text_is_valid((allot_bytes){0}, 0));
    ck_assert(text_is_valid((allot_bytes){.data = "abc", .len = 3}, 3));
    ck_assert(!text_is_valid((allot_bytes){.data = "abc", .len = 3}, 2));
    ck_assert(!text_is_valid((allot_bytes){.data = NULL, .len = 1}, 9));
}
END_TEST

START_TEST(every_character_by_itself)
{
    for (uint32_t c = 0; c <= 0x10ffff + 1; c++) {
        char t[4];
        uint32_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
        t[0] = (char)(heads[len] | (len == 1 ? c : c >> (6 * (len - 1))));
        for (uint32_t i = 1; i < len; i++)
            t[i] = (char)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3f));
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        bool wanted = !control && !(c >= 0xd800 && c <= 0xdfff) && c <= 0x10ffff;
        if (id_is_valid((allot_bytes){.data = t, .len = len}) != wanted)
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

Suite *text_suite(void)
{
    Suite *s = suite_create("base/text");
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, text_is_utf8_without_controls, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(c, an_id_has_1_to_255_bytes);
    tcase_add_test(c, every_byte_at_every_place);
    tcase_add_test(c, no_bytes_are_text_but_no_id);
    tcase_add_test(c, every_character_by_itself);
    suite_add_tcase(s, c);
    return s;
}
