/* Memory that runs out, at any place: it is told, and nothing leaks. */
#include "tests/unit/allocations.h"
#include "tests/verify/suites.h"
#include "tests/verify/text_source.h"
#include "tests/verify/world.h"

static const char *const names[SOURCES_MOST] = {"a", "b", "c", "d", "e", "f"};

typedef struct outcome {
    merge_result result;
    bool found; /* what is wrong with these */
} outcome;

/* Asserts nothing: that allocates. */
static outcome check(const bytes *texts, uint32_t count)
{
    text_source readers[SOURCES_MOST];
    history_source sources[SOURCES_MOST];
    uint32_t at;
    outcome o = {.result = MERGE_NOMEM};
    for (uint32_t i = 0; i < count; i++) {
        readers[i] = (text_source){texts[i].data, texts[i].data + texts[i].len, false};
        sources[i] = text_source_of(&readers[i]);
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
    records_texts(&r, texts);
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
    texts_done(texts, r.sources);
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
