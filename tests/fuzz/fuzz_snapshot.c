/* fuzz_snapshot.c - any lines as the state of a store (store_load, store_load_end).
 *
 * What is refused is told in words. A state that was taken is written as lines which are read as the same state, keeps
 * what a store promises itself (store_check), and can be read by ops. */
#include "backends/store/store.h"
#include "base/bytes.h"
#include "tests/fuzz/fuzz.h"

static int emit(void *user, const char *line, size_t len)
{
    bytes *out = user;
    REQUIRE(memchr(line, '\n', len) == NULL && memchr(line, '\0', len) == NULL);
    REQUIRE(bytes_append(out, line, len) == 0 && bytes_append(out, "\n", 1) == 0);
    return 0;
}

/* False. */
static bool tell(const char *message)
{
    fprintf(stderr, "taken, but: %s\n", message);
    return false;
}

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

static void check_same(const bytes *text)
{
    bytes again = {0};
    store *s = load(text->data, text->len);
    REQUIRE(s != NULL && store_dump(s, emit, &again) == 0);
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
        REQUIRE(store_check(s, &error) == 0 || tell(error.message));
        REQUIRE(store_dump(s, emit, &text) == 0);
        check_same(&text);
        check_reads(s);
    }
    store_free(s);
    bytes_done(&text);
    return 0;
}
