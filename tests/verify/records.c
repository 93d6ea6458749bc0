#include "tests/verify/records.h"

#include "base/uuid_text.h"
#include "tests/verify/text_source.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Records ----------------------------------------------------------------------------------------------------- */

void records_insert(records *r, size_t at, record one)
{
    ck_assert_int_eq(array_reserve((void **)&r->all, &r->capacity, r->count + 1, sizeof(*r->all)), 0);
    memmove(r->all + at + 1, r->all + at, (r->count - at) * sizeof(*r->all));
    r->all[at] = one;
    r->count++;
}

void records_add(records *r, record one)
{
    records_insert(r, r->count, one);
}

void records_remove(records *r, size_t at)
{
    memmove(r->all + at, r->all + at + 1, (r->count - at - 1) * sizeof(*r->all));
    r->count--;
}

records records_copy(const records *r)
{
    records copy = {.sources = r->sources};
    for (size_t i = 0; i < r->count; i++)
        records_add(&copy, r->all[i]);
    return copy;
}

void records_done(records *r)
{
    free(r->all);
    *r = (records){.sources = 0};
}

int64_t record_since(const record *one)
{
    return one->since_us != 0 ? one->since_us : one->at_us;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

#define UUID_FORMAT "\"%08" PRIx32 "-0000-4000-8000-%012" PRIx32 "\""

static allot_uuid record_boot(uint32_t number)
{
    char text[ALLOT_UUID_TEXT_BYTES];
    allot_uuid boot;
    snprintf(text, sizeof(text), "%08x-0000-4000-8000-%012" PRIx32, 3u, number);
    ck_assert(uuid_from_text(text, strlen(text), &boot));
    return boot;
}

static void put(bytes *b, const char *text)
{
    ck_assert_int_eq(bytes_append(b, text, strlen(text)), 0);
}

static void ids_text(bytes *b, const record *one)
{
    put(b, ",\"ids\":[");
    for (uint32_t i = 0; i < one->id_count; i++)
        ck_assert_int_eq(bytes_printf(b, "%s\"id-%" PRIu32 "\"", i > 0 ? "," : "", one->ids[i]), 0);
    put(b, "]");
}

static void slot_text(bytes *b, const record *one)
{
    int failed = 0;
    if (one->kind != LINE_OPENED && one->kind != LINE_ADDED && one->kind < LINE_ADDING)
        failed |= bytes_printf(b, ",\"slot\":" UUID_FORMAT, 1u, one->slot);
    if (one->kind == LINE_JOINED || one->kind == LINE_RENEWED)
        failed |= bytes_printf(b, ",\"until\":%" PRId64, one->until_us);
    if (one->kind == LINE_JOINED)
        failed |=
            bytes_printf(b, ",\"life\":" UUID_FORMAT ",\"proven\":%s", 2u, one->life, one->proven ? "true" : "false");
    ck_assert_int_eq(failed, 0);
}

static void what_text(bytes *b, const record *one)
{
    int failed = 0;
    if (one->kind == LINE_LEADS)
        failed |= bytes_printf(b, ",\"term\":%" PRIu64, one->number);
    if (one->kind >= LINE_HELD && one->kind <= LINE_FAILED)
        failed |= bytes_printf(b, ",\"token\":%" PRIu64, one->number);
    if (one->kind == LINE_LOST || one->kind == LINE_FENCED || one->kind == LINE_LEFT)
        failed |= bytes_printf(b, ",\"why\":\"%s\"", one->cleaned ? "cleaned" : "deadline");
    if (one->kind == LINE_ACKED || one->kind == LINE_FAILED || one->kind == LINE_CLEANED)
        failed |= bytes_printf(b, ",\"answer\":\"%s\"", line_answer_word(one->answer));
    ck_assert_int_eq(failed, 0);
    if ((one->kind >= LINE_HELD && one->kind <= LINE_ADDED) || one->kind == LINE_ADDING)
        ids_text(b, one);
}

static void record_text(bytes *b, const record *one)
{
    int failed = bytes_printf(b, "{\"event\":\"%s\",\"at\":%" PRId64, line_word(one->kind), one->at_us);
    if (one->since_us != 0)
        failed |= bytes_printf(b, ",\"since\":%" PRId64, one->since_us);
    if (one->kind == LINE_OPENED)
        failed |= bytes_printf(b, ",\"format\":1,\"boot\":" UUID_FORMAT ",\"group\":\"g\",\"name\":\"r\",\"pid\":7", 3u,
                               one->boot);
    ck_assert_int_eq(failed, 0);
    slot_text(b, one);
    what_text(b, one);
    put(b, "}\n");
}

void records_texts(const records *r, bytes ret_texts[SOURCES_MOST])
{
    memset(ret_texts, 0, r->sources * sizeof(*ret_texts));
    for (size_t i = 0; i < r->count; i++)
        record_text(&ret_texts[r->all[i].source], &r->all[i]);
}

void texts_done(bytes texts[SOURCES_MOST], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes_done(&texts[i]);
}

/* ---- The verdict ------------------------------------------------------------------------------------------------- */

static merge_result merge(checker *c, const bytes *texts, uint32_t count, const horizon *until, unsigned growing)
{
    text_source readers[SOURCES_MOST];
    history_source sources[SOURCES_MOST];
    uint32_t at;
    ck_assert_uint_le(count, SOURCES_MOST);
    for (uint32_t i = 0; i < count; i++) {
        readers[i] = (text_source){texts[i].data, texts[i].data + texts[i].len, (growing >> i & 1) != 0};
        sources[i] = text_source_of(&readers[i]);
    }
    return merge_histories(c, sources, count, until, &at);
}

static const char *const names[SOURCES_MOST] = {"a", "b", "c", "d", "e", "f"};

static tally verdict_until(const bytes *texts, uint32_t count, bool complete, const horizon *until, unsigned growing,
                           char *ret_first, size_t size)
{
    checker *c = checker_new(names, count, complete);
    ck_assert_ptr_nonnull(c);
    merge_result result = merge(c, texts, count, until, growing);
    if (size > 0)
        snprintf(ret_first, size, "%s", checker_finding_count(c) > 0 ? checker_finding_at(c, 0)->text : "");
    ck_assert_msg(result == MERGE_DONE, "%s", checker_obstacle(c));
    tally t = *checker_tally(c);
    checker_free(c);
    return t;
}

tally verdict_on(const bytes *texts, uint32_t count, bool complete, char *ret_first, size_t size)
{
    return verdict_until(texts, count, complete, NULL, 0, ret_first, size);
}

tally records_verdict(const records *r, bool complete, char *ret_first, size_t size)
{
    bytes texts[SOURCES_MOST];
    records_texts(r, texts);
    tally t = verdict_on(texts, r->sources, complete, ret_first, size);
    texts_done(texts, r->sources);
    return t;
}

tally records_verdict_until(const records *r, int64_t until_us, unsigned growing, char *ret_first, size_t size)
{
    bytes texts[SOURCES_MOST];
    const horizon until = {.boot = record_boot(1), .until_us = until_us};
    records_texts(r, texts);
    tally t = verdict_until(texts, r->sources, false, &until, growing, ret_first, size);
    texts_done(texts, r->sources);
    return t;
}

/* The line of the broken record. */
static place broken_place(const records *r)
{
    place at = {.source = r->all[r->broken].source};
    for (size_t i = 0; i <= r->broken; i++)
        at.line += r->all[i].source == at.source;
    return at;
}

static bool is_named(const checker *c, rule wanted, place at)
{
    for (size_t i = 0; i < checker_finding_count(c); i++) {
        const finding *f = checker_finding_at(c, i);
        for (uint32_t k = 0; k < f->place_count; k++) {
            if (f->rule == wanted && f->places[k].source == at.source && f->places[k].line == at.line)
                return true;
        }
    }
    return false;
}

bool records_broken_is_named(const records *r, rule wanted)
{
    bytes texts[SOURCES_MOST];
    records_texts(r, texts);
    checker *c = checker_new(names, r->sources, true);
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(merge(c, texts, r->sources, NULL, 0), MERGE_DONE);
    bool named = is_named(c, wanted, broken_place(r));
    checker_free(c);
    texts_done(texts, r->sources);
    return named;
}

merge_result records_merge(const records *r, char *ret_obstacle, size_t size)
{
    bytes texts[SOURCES_MOST];
    records_texts(r, texts);
    checker *c = checker_new(names, r->sources, false);
    ck_assert_ptr_nonnull(c);
    merge_result result = merge(c, texts, r->sources, NULL, 0);
    snprintf(ret_obstacle, size, "%s", checker_obstacle(c));
    checker_free(c);
    texts_done(texts, r->sources);
    return result;
}
