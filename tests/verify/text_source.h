/* text_source.h - a history that is in memory, as a source of lines. Allocates nothing and asserts nothing: also for
 * whoever lets allocations fail, and for fuzzing. */
#ifndef TESTS_VERIFY_TEXT_SOURCE_H
#define TESTS_VERIFY_TEXT_SOURCE_H

#include "verify/merge.h"

#include <string.h>

typedef struct text_source {
    const char *at, *end;
    bool growing;
} text_source;

static inline int text_source_next(void *user, raw_line *ret_line)
{
    text_source *s = user;
    if (s->at == s->end)
        return 0;
    const char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
    const char *end = stop != NULL ? stop : s->end;
    *ret_line = (raw_line){.text = s->at, .len = (size_t)(end - s->at), .ended = stop != NULL};
    s->at = stop != NULL ? stop + 1 : end;
    return 1;
}

static inline bool text_source_is_growing(void *user)
{
    return ((const text_source *)user)->growing;
}

static inline history_source text_source_of(text_source *s)
{
    return (history_source){.next = text_source_next, .growing = text_source_is_growing, .user = s};
}

#endif
