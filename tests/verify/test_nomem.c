/* Memory that runs out, at any place: it is told, and nothing leaks. */
#include "tests/unit/allocations.h"
#include "tests/verify/suites.h"
#include "tests/verify/world.h"

#include <string.h>

static const char *const names[SOURCES_MOST] = {"a", "b", "c", "d", "e", "f"};

typedef struct reader {
    const char *at, *end;
} reader;

static int next(void *user, raw_line *ret_line)
{
    reader *r = user;
    if (r->at == r->end)
        return 0;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    *ret_line = (raw_line){.text = r->at, .len = (size_t)(stop - r->at), .ended = true};
    r->at = stop + 1;
    return 1;
}

typedef struct outcome {
    merge_result result;
    bool found; /* what is wrong with these */
} outcome;

/* Asserts nothing: that allocates. */
static outcome check(const bytes *texts, uint32_t count)
{
    reader readers[SOURCES_MOST];
    history_source sources[SOURCES_MOST];
    uint32_t at;
    outcome o = {.result = MERGE_NOMEM};
    for (uint32_t i = 0; i < count; i++) {
        readers[i] = (reader){texts[i].data, texts[i].data + texts[i].len};
        sources[i] = (history_source){.next = next, .user = &readers[i]};
    }
    checker *c = checker_new(names, count, true);
    if (c != NULL)
        o.result = merge_histories(c, sources, count, NULL, &at);
    if (o.result == MERGE_DONE)
        o.found = checker_tally(c)->wrong > 0;
    checker_free(c);
    return o;
}

START_TEST(every_allocation_may_fail)
{
    if (!allocations_can_fail())
        return;
    bytes texts[SOURCES_MOST];
    records r = world_histories(3);
    records_insert(&r, r.count, (record){.source = 0, .kind = LINE_FOLLOWS, .at_us = 9999999999, .slot = 777});
    for (uint32_t i = 0; i < r.sources; i++)
        texts[i] = records_text(&r, i);
    outcome o = {.result = MERGE_NOMEM};
    for (long n = 0; o.result != MERGE_DONE; n++) {
        long before = allocations_live();
        allocations_fail_after(n);
        o = check(texts, r.sources);
        bool failed = allocations_have_failed();
        allocations_fail_after(-1);
        ck_assert_int_eq(o.result, failed ? MERGE_NOMEM : MERGE_DONE);
        ck_assert_int_eq(allocations_live(), before);
        ck_assert(n < 100000 && o.found != failed);
    }
    for (uint32_t i = 0; i < r.sources; i++)
        bytes_done(&texts[i]);
    records_done(&r);
}
END_TEST

TCase *nomem_case(void)
{
    TCase *c = tcase_create("nomem");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, every_allocation_may_fail);
    return c;
}
