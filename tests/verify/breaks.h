/* breaks.h - ways to break a history that is right, each with the rule that must refuse it. */
#ifndef TESTS_VERIFY_BREAKS_H
#define TESTS_VERIFY_BREAKS_H

#include "tests/verify/records.h"

typedef struct break_kind {
    const char *name;
    rule rule;
    /* At a place that the random numbers choose. False: there is no such place in this history. */
    bool (*apply)(records *r, uint64_t *random);
} break_kind;

/* NULL past the end. */
const break_kind *break_at(size_t index);

#endif
