#include "tests/fuzz/words.h"

#include "tests/fuzz/fuzz.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Escapes undone, small letters. */
static bytes unescaped(const char *word, size_t len)
{
    bytes plain = {0};
    for (size_t i = 0; i < len; i++) {
        char c = word[i];
        if (c == '%' && len - i > 2 && hex_value(word[i + 1]) >= 0 && hex_value(word[i + 2]) >= 0) {
            c = (char)(hex_value(word[i + 1]) << 4 | hex_value(word[i + 2]));
            i += 2;
        }
        c = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
        REQUIRE(bytes_append(&plain, &c, 1) == 0);
    }
    return plain;
}

/* The same, without the zeros in front of each number. */
static bytes plain_of(const char *word, size_t len)
{
    bytes plain = unescaped(word, len);
    size_t count = plain.len;
    plain.len = 0;
    for (size_t i = 0; i < count; i++) {
        bool begins = plain.len == 0 || memchr(":<>-", plain.data[plain.len - 1], 4) != NULL;
        bool is_led = i + 1 < count && plain.data[i + 1] >= '0' && plain.data[i + 1] <= '9';
        if (!begins || plain.data[i] != '0' || !is_led)
            plain.data[plain.len++] = plain.data[i];
    }
    return plain;
}

static bool is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    bytes x = plain_of(a, a_len), y = plain_of(b, b_len);
    bool same = x.len == y.len && (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
    bytes_done(&x);
    bytes_done(&y);
    return same;
}

/* Nothing, written out: -0, or the UUID of zeros. */
static bool is_zero(const char *a, size_t a_len, const char *b, size_t b_len)
{
    static const char none[] = "00000000-0000-0000-0000-000000000000";
    return (is_same(a, a_len, "-0", 2) && is_same(b, b_len, "0", 1)) ||
           (is_same(a, a_len, none, sizeof(none) - 1) && (b_len == 0 || (b_len == 1 && *b == '-')));
}

bool words_are_same(const char *read, size_t read_len, const char *written, size_t written_len)
{
    return is_same(read, read_len, written, written_len) || is_zero(read, read_len, written, written_len);
}

const char *words_next(const char **at, const char *end, size_t *ret_len)
{
    const char *word = *at;
    const char *gap = word < end ? memchr(word, ' ', (size_t)(end - word)) : NULL;
    *ret_len = (size_t)((gap != NULL ? gap : end) - word);
    *at = gap != NULL ? gap + 1 : NULL;
    return word;
}

