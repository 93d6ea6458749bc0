/* fuzz_snapshot.c - any lines as the state of a store (store_load, store_load_end).
 *
 * What is refused is told in words. A state that was taken is written as lines that say all that was read, and are
 * read as the same state; it keeps what a store promises itself (store_check), and can be read by ops. */
#include "tests/fuzz/stores.h"
#include "tests/fuzz/words.h"

/* A line in memory of its own size. */
static int load_line(store *s, const char *text, size_t len, allot_error *ret_error)
{
    char *line = malloc(len > 0 ? len : 1);
    REQUIRE(line != NULL);
    if (len > 0)
        memcpy(line, text, len);
    int rc = store_load(s, line, len, ret_error);
    free(line);
    return rc;
}

/* NULL: refused. */
static store *load(const char *text, size_t len)
{
    store *s = store_new();
    const char *at = text, *end = text + len;
    REQUIRE(s != NULL);
    while (at < end) {
        allot_error error = {0};
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        int rc = load_line(s, at, (size_t)(stop - at), &error);
        REQUIRE(rc == 0 || (rc == ALLOT_E_DAMAGED && error.code == rc && error.message[0] != '\0'));
        if (rc != 0) {
            store_free(s);
            return NULL;
        }
        at = stop + 1;
    }
    return s;
}

static bool lines_are_same(const char *read, const char *read_end, const char *written, const char *written_end)
{
    while (read != NULL && written != NULL) {
        size_t len, written_len;
        const char *a = words_next(&read, read_end, &len);
        const char *b = words_next(&written, written_end, &written_len);
        if (!words_are_same(a, len, b, written_len))
            return false;
    }
    return read == NULL && written == NULL;
}

static const char *end_of_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline : end;
}

/* Each line that was read is one of those that are written, but for outcomes: what left the window is forgotten. */
static void check_lines(const char *read, size_t read_len, const bytes *written)
{
    const char *end = read + read_len, *last = written->data + written->len;
    for (const char *at = read, *stop; at < end; at = stop + 1) {
        bool found = false;
        stop = end_of_line(at, end);
        if (memcmp(at, "outcome ", 8) == 0)
            continue;
        for (const char *to = written->data, *to_stop; to < last && !found; to = to_stop + 1) {
            to_stop = end_of_line(to, last);
            found = lines_are_same(at, stop, to, to_stop);
        }
        REQUIRE(found);
    }
}

static void check_same(const bytes *text)
{
    bytes again = {0};
    store *s = load(text->data, text->len);
    REQUIRE(s != NULL);
    dump(s, &again);
    REQUIRE(again.len == text->len && memcmp(again.data, text->data, text->len) == 0);
    store_free(s);
    bytes_done(&again);
}

static void count_slot(void *user, const allot_uuid *slot)
{
    (void)slot;
    ++*(uint32_t *)user;
}

static void check_reads(store *s)
{
    uint32_t slots = 0;
    store_each_slot(s, count_slot, &slots);
    for (allot_op_kind kind = ALLOT_OP_READ_VIEW; kind < ALLOT_OP_KIND_END; kind++) {
        store_moment moment = {.clock_us = 1000000};
        store_effects effects;
        allot_answer answer;
        allot_op op = {.kind = kind};
        if (kind != ALLOT_OP_READ_VIEW)
            op.u.read.limit = 1024;
        REQUIRE(store_apply(s, &op, &moment, &answer, &effects) == 0 && !effects.changed);
        if (kind == ALLOT_OP_READ_ROSTER)
            REQUIRE(answer.slot_count == (slots < 1024 ? slots : 1024));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes text = {0};
    allot_error error = {0};
    store *s = load((const char *)data, size);
    if (s == NULL)
        return 0;
    int rc = store_load_end(s, &error);
    REQUIRE(rc == 0 || (rc == ALLOT_E_DAMAGED && error.message[0] != '\0'));
    if (rc == 0) {
        require_in_order(s);
        dump(s, &text);
        check_lines((const char *)data, size, &text);
        check_same(&text);
        check_reads(s);
    }
    store_free(s);
    bytes_done(&text);
    return 0;
}
