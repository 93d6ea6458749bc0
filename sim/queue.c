#include "sim/queue.h"

#include "base/bytes.h"

#include <stdlib.h>

static bool before(const queue_entry *a, const queue_entry *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void queue_put(queue *q, queue_entry entry)
{
    if (array_reserve((void **)&q->entries, &q->capacity, q->count + 1, sizeof(q->entries[0])) != 0)
        abort();
    entry.order = q->order++;
    size_t i = q->count++;
    for (size_t up; i > 0 && before(&entry, &q->entries[up = (i - 1) / 2]); i = up)
        q->entries[i] = q->entries[up];
    q->entries[i] = entry;
}

bool queue_take(queue *q, queue_entry *ret_entry)
{
    if (q->count == 0)
        return false;
    *ret_entry = q->entries[0];
    queue_entry last = q->entries[--q->count];
    size_t i = 0;
    for (size_t down; (down = 2 * i + 1) < q->count; i = down) {
        if (down + 1 < q->count && before(&q->entries[down + 1], &q->entries[down]))
            down++;
        if (!before(&q->entries[down], &last))
            break;
        q->entries[i] = q->entries[down];
    }
    q->entries[i] = last;
    return true;
}

void queue_done(queue *q)
{
    free(q->entries);
    *q = (queue){0};
}
