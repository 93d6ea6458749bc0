/* Any bytes as histories, one after the other with a NUL between: never a crash; the same verdict twice; every finding
 * is counted, names its line, and can be shown on a terminal. */
#include "tests/fuzz/fuzz.h"
#include "tests/verify/text_source.h"

#define SOURCES_MOST 4

static const char *const names[SOURCES_MOST] = {"a", "b", "c", "d"};

static uint32_t split(const char *data, size_t size, text_source ret_readers[SOURCES_MOST])
{
    uint32_t count = 0;
    const char *at = data, *end = data + size;
    while (count < SOURCES_MOST) {
        const char *stop = count + 1 < SOURCES_MOST && at != end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
        ret_readers[count++] = (text_source){at, stop != NULL ? stop : end, false};
        if (stop == NULL)
            break;
        at = stop + 1;
    }
    return count;
}

static void check_findings(const checker *c, uint32_t sources)
{
    const tally *t = checker_tally(c);
    uint64_t sum = 0, shown = 0;
    for (rule r = 0; r < RULE_COUNT; r++) {
        sum += t->found[r];
        shown += t->found[r] < FINDINGS_SHOWN_MAX ? t->found[r] : FINDINGS_SHOWN_MAX;
    }
    REQUIRE(sum == t->wrong && shown == checker_finding_count(c));
    for (size_t i = 0; i < checker_finding_count(c); i++) {
        const finding *f = checker_finding_at(c, i);
        REQUIRE(f->place_count >= 1 && f->place_count <= 2 && f->places[0].source < sources);
        REQUIRE(f->text[0] == names[f->places[0].source][0] && strlen(f->text) > 3);
        for (const char *p = f->text; *p != '\0'; p++)
            REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
    }
}

static merge_result check(const uint8_t *data, size_t size, bool complete, tally *ret_tally)
{
    text_source readers[SOURCES_MOST];
    history_source sources[SOURCES_MOST];
    uint32_t at = 0, count = split((const char *)data, size, readers);
    for (uint32_t i = 0; i < count; i++)
        sources[i] = text_source_of(&readers[i]);
    checker *c = checker_new(names, count, complete);
    REQUIRE(c != NULL);
    merge_result result = merge_histories(c, sources, count, NULL, &at);
    REQUIRE(result == MERGE_DONE || result == MERGE_OBSTACLE);
    REQUIRE((checker_obstacle(c)[0] != '\0') == (result == MERGE_OBSTACLE));
    if (result == MERGE_DONE)
        check_findings(c, count);
    *ret_tally = *checker_tally(c);
    checker_free(c);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tally once, complete;
    merge_result result = check(data, size, false, &once);
    REQUIRE(check(data, size, true, &complete) == result);
    if (result != MERGE_DONE)
        return 0;
    /* Whoever asks for more finds the same, and perhaps what was lost. */
    REQUIRE(complete.wrong - complete.found[RULE_NOTHING_LOST] == once.wrong && once.found[RULE_NOTHING_LOST] == 0);
    REQUIRE(once.wrong > 0 || once.processes > 0);
    return 0;
}
