#include "verify/merge.h"

#include <stdlib.h>

/* The next line of a history. */
typedef struct head {
    line line;
    uint32_t number; /* of the line */
    bool present;
} head;

/* Reads on to the next line that is one. */
static merge_result advance(checker *c, const history_source *from, uint32_t source, head *h)
{
    raw_line raw;
    int got;
    h->present = false;
    while ((got = from->next(from->user, &raw)) > 0) {
        const char *why = NULL;
        int code = line_read(&h->line, raw.text, raw.len, &why);
        h->number++;
        h->present = code == 0;
        if (code == 0)
            return MERGE_DONE;
        if (code != -1 || checker_take_wrong(c, (place){source, h->number}, why, !raw.ended) != 0)
            return MERGE_NOMEM;
    }
    checker_source_end(c, source);
    return got < 0 ? MERGE_UNREADABLE : MERGE_DONE;
}

static bool earliest(const head *heads, uint32_t count, uint32_t *ret_source)
{
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        if (heads[i].present && (!any || heads[i].line.at_us < heads[*ret_source].line.at_us)) {
            *ret_source = i;
            any = true;
        }
    }
    return any;
}

static merge_result play(checker *c, const history_source *sources, uint32_t count, head *heads, uint32_t *ret_source)
{
    merge_result result = MERGE_DONE;
    uint32_t i = 0;
    for (; i < count && result == MERGE_DONE; i++) {
        *ret_source = i;
        result = advance(c, &sources[i], i, &heads[i]);
    }
    while (result == MERGE_DONE && earliest(heads, count, &i)) {
        int code = checker_take(c, (place){i, heads[i].number}, &heads[i].line);
        if (code != 0)
            return code > 0 ? MERGE_OBSTACLE : MERGE_NOMEM;
        *ret_source = i;
        result = advance(c, &sources[i], i, &heads[i]);
    }
    return result;
}

merge_result merge_histories(checker *c, const history_source *sources, uint32_t count, uint32_t *ret_source)
{
    head *heads = calloc((size_t)count + 1, sizeof(*heads));
    if (heads == NULL)
        return MERGE_NOMEM;
    merge_result result = play(c, sources, count, heads, ret_source);
    for (uint32_t i = 0; i < count; i++)
        line_done(&heads[i].line);
    free(heads);
    if (result == MERGE_DONE && checker_finish(c) != 0)
        return MERGE_NOMEM;
    return result;
}
