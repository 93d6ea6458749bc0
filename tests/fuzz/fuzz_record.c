/* fuzz_record.c - any bytes as one record of the journal, as text.
 *
 * What is refused leaves the outputs alone. What is taken is written as one line, which is read as the same record, and
 * no word of the original is lost in it. */
#include "backends/file/record.h"
#include "tests/fuzz/fuzz.h"

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

static size_t count_words(const char *line, size_t len)
{
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += line[i] == ' ';
    return count;
}

static void check_taken(const char *text, size_t len, const file_record *record)
{
    file_space space = {0};
    file_record again;
    bytes once = {0}, twice = {0};
    char *line;
    encode(record, &once);
    REQUIRE(count_words(once.data, once.len) == count_words(text, len));
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
