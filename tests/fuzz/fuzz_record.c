/* fuzz_record.c - any bytes as one record of the journal, as text.
 *
 * What is refused leaves the outputs alone. What is taken is written as one line, which says the same, word by word, as
 * the one that was read, and is read as the same record. */
#include "backends/file/record.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/words.h"

enum { SESSION = 4 }; /* which word of an op */

/* Reads a copy of exactly that size, which the reader changes; what was read lies in `*ret_line` and `space`. */
static int decode(const char *text, size_t len, file_space *space, file_record *ret_record, char **ret_line)
{
    char *line = malloc(len > 0 ? len : 1);
    REQUIRE(line != NULL);
    if (len > 0)
        memcpy(line, text, len);
    *ret_line = line;
    return file_record_decode(line, len, space, ret_record);
}

static void encode(const file_record *record, bytes *out)
{
    REQUIRE(file_record_encode(record, out) == 0);
    REQUIRE(memchr(out->data, '\n', out->len) == NULL && memchr(out->data, '\0', out->len) == NULL);
}

/* `written` is what came of `read`. */
static void check_words(const char *read, size_t read_len, const bytes *written)
{
    const char *from = read, *to = written->data, *slot = NULL;
    size_t slot_len = 0;
    for (uint32_t i = 0; from != NULL && to != NULL; i++) {
        size_t a_len, b_len;
        const char *a = words_next(&from, read + read_len, &a_len);
        const char *b = words_next(&to, written->data + written->len, &b_len);
        if (i == SESSION && b_len == 1 && *b == '=' && !(a_len == 1 && *a == '=')) /* written so when it is the slot */
            REQUIRE(words_are_same(a, a_len, slot, slot_len));
        else
            REQUIRE(words_are_same(a, a_len, b, b_len));
        slot = a;
        slot_len = a_len;
    }
    REQUIRE(from == NULL && to == NULL);
}

/* ---- A record ---------------------------------------------------------------------------------------------------- */

static void check_taken(const char *text, size_t len, const file_record *record)
{
    file_space space = {0};
    file_record again;
    bytes once = {0}, twice = {0};
    char *line;
    encode(record, &once);
    check_words(text, len, &once);
    REQUIRE(decode(once.data, once.len, &space, &again, &line) == 0);
    encode(&again, &twice);
    REQUIRE(twice.len == once.len && memcmp(twice.data, once.data, once.len) == 0);
    free(line);
    file_space_done(&space);
    bytes_done(&once);
    bytes_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    file_space space = {0};
    file_record record, untouched;
    char *line;
    memset(&record, 0xa5, sizeof(record));
    memset(&untouched, 0xa5, sizeof(untouched));
    int rc = decode((const char *)data, size, &space, &record, &line);
    REQUIRE(rc == 0 || rc == ALLOT_E_DAMAGED);
    if (rc == 0)
        check_taken((const char *)data, size, &record);
    else
        REQUIRE(memcmp(&record, &untouched, sizeof(record)) == 0);
    free(line);
    file_space_done(&space);
    return 0;
}
