/* stores.h - what fuzz targets ask of a store: what it promises itself, and its state as text. */
#ifndef TESTS_FUZZ_STORES_H
#define TESTS_FUZZ_STORES_H

#include "backends/store/store.h"
#include "base/bytes.h"
#include "tests/fuzz/fuzz.h"

static inline void require_in_order(const store *s)
{
    allot_error error = {0};
    int rc = store_check(s, &error);
    if (rc != 0)
        fprintf(stderr, "taken, but: %s\n", error.message);
    REQUIRE(rc == 0);
}

static inline int stores_emit(void *user, const char *line, size_t len)
{
    bytes *out = user;
    REQUIRE(memchr(line, '\n', len) == NULL && memchr(line, '\0', len) == NULL);
    REQUIRE(bytes_append(out, line, len) == 0 && bytes_append(out, "\n", 1) == 0);
    return 0;
}

/* Appends its lines. */
static inline void dump(const store *s, bytes *out)
{
    REQUIRE(store_dump(s, stores_emit, out) == 0);
}

#endif
