#include "verify/merge.h"

#include "base/uuid_text.h"

#include <stdlib.h>

/* The next line of a history. */
typedef struct head {
    line line;
    uint32_t number; /* of the line */
    bool present;
    bool of_this_boot; /* what is written here is of the boot of the horizon */
} head;

typedef struct merge {
    checker *checker;
    const history_source *sources;
    const horizon *until;
    head *heads;
    uint32_t *heap; /* the sources that have a next line: the earliest of them first */
    uint32_t count;
} merge;

/* ---- The heads --------------------------------------------------------------------------------------------------- */

static bool is_beyond(const merge *m, head *h)
{
    if (h->line.kind == LINE_OPENED)
        h->of_this_boot = m->until != NULL && uuid_equal(&h->line.boot, &m->until->boot);
    return h->of_this_boot && h->line.at_us > m->until->until_us;
}

static int take_wrong(merge *m, uint32_t source, const raw_line *raw, const char *why)
{
    const head *h = &m->heads[source];
    return checker_take_wrong(m->checker, (place){source, h->number}, why, h->line.cut && !raw->longer, raw->ended);
}

/* Reads on to the next line that is one. */
static merge_result advance(merge *m, uint32_t source)
{
    raw_line raw = {.text = NULL};
    head *h = &m->heads[source];
    const history_source *from = &m->sources[source];
    int got;
    h->present = false;
    while ((got = from->next(from->user, &raw)) > 0) {
        const char *why = "longer than any line";
        int code = raw.longer ? -1 : line_read(&h->line, raw.text, raw.len, &why);
        h->number++;
        if (code == 0 && is_beyond(m, h)) {
            checker_source_end(m->checker, source, h->line.kind != LINE_OPENED);
            return MERGE_DONE;
        }
        h->present = code == 0;
        if (code == 0)
            return MERGE_DONE;
        if (code != -1 || take_wrong(m, source, &raw, why) != 0)
            return MERGE_NOMEM;
    }
    if (got < 0)
        return MERGE_UNREADABLE;
    checker_source_end(m->checker, source, h->of_this_boot && from->growing != NULL && from->growing(from->user));
    return MERGE_DONE;
}

/* ---- The heap ---------------------------------------------------------------------------------------------------- */

/* At one instant, in the order in which the histories were named. */
static bool is_earlier(const merge *m, uint32_t a, uint32_t b)
{
    int64_t a_us = m->heads[a].line.at_us, b_us = m->heads[b].line.at_us;
    return a_us < b_us || (a_us == b_us && a < b);
}

static void sink(merge *m, uint32_t at)
{
    uint32_t moved = m->heap[at], child;
    for (; (child = 2 * at + 1) < m->count; at = child) {
        if (child + 1 < m->count && is_earlier(m, m->heap[child + 1], m->heap[child]))
            child++;
        if (!is_earlier(m, m->heap[child], moved))
            break;
        m->heap[at] = m->heap[child];
    }
    m->heap[at] = moved;
}

static merge_result fill(merge *m, uint32_t source_count, uint32_t *ret_source)
{
    for (uint32_t i = 0; i < source_count; i++) {
        *ret_source = i;
        merge_result result = advance(m, i);
        if (result != MERGE_DONE)
            return result;
        if (m->heads[i].present)
            m->heap[m->count++] = i;
    }
    for (uint32_t i = m->count / 2; i-- > 0;)
        sink(m, i);
    return MERGE_DONE;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static merge_result play(merge *m, uint32_t source_count, uint32_t *ret_source)
{
    merge_result result = fill(m, source_count, ret_source);
    while (result == MERGE_DONE && m->count > 0) {
        uint32_t first = *ret_source = m->heap[0];
        int code = checker_take(m->checker, (place){first, m->heads[first].number}, &m->heads[first].line);
        if (code != 0)
            return code > 0 ? MERGE_OBSTACLE : MERGE_NOMEM;
        result = advance(m, first);
        if (!m->heads[first].present)
            m->heap[0] = m->heap[--m->count];
        if (m->count > 0)
            sink(m, 0);
    }
    return result;
}

merge_result merge_histories(checker *c, const history_source *sources, uint32_t count, const horizon *until,
                             uint32_t *ret_source)
{
    merge m = {.checker = c, .sources = sources, .until = until};
    m.heads = calloc((size_t)count + 1, sizeof(*m.heads));
    m.heap = calloc((size_t)count + 1, sizeof(*m.heap));
    merge_result result = m.heads != NULL && m.heap != NULL ? play(&m, count, ret_source) : MERGE_NOMEM;
    for (uint32_t i = 0; m.heads != NULL && i < count; i++)
        line_done(&m.heads[i].line);
    free(m.heads);
    free(m.heap);
    return result == MERGE_DONE && checker_finish(c) != 0 ? MERGE_NOMEM : result;
}
