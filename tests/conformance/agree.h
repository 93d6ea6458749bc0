/* agree.h - whether two backends say the same (up to a renaming of terms, tokens and segment numbers). */
#ifndef CONFORMANCE_AGREE_H
#define CONFORMANCE_AGREE_H

#include "tests/conformance/numbers.h"

#include <allot/backend.h>

typedef struct agreement {
    renaming *names;
    bool timeless; /* durations and instants are not compared: one store has a clock of its own */
} agreement;

/* Each returns NULL when they agree, else the name of what differs. Lists are compared entry by entry. */
const char *answers_differ(const agreement *g, const allot_answer *a, const allot_answer *b);
const char *views_differ(const agreement *g, const allot_view *a, const allot_view *b);
const char *slots_differ(const agreement *g, const allot_slot_info *a, const allot_slot_info *b);
const char *segments_differ(const agreement *g, const allot_segment_info *a, const allot_segment_info *b);
const char *bodies_differ(const agreement *g, const allot_segment_body *a, const allot_segment_body *b);
const char *pool_ids_differ(const agreement *g, const allot_pool_id *a, const allot_pool_id *b);

#endif
