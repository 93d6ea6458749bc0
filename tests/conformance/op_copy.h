/* op_copy.h - a whole op with all that it points to, as it was or in the names of another backend. */
#ifndef CONFORMANCE_OP_COPY_H
#define CONFORMANCE_OP_COPY_H

#include "tests/conformance/numbers.h"

#include <allot/backend.h>

/* Memory of one op, freed at once. Zero-initialised is empty. Running out of memory ends the program. */
typedef struct arena {
    void **blocks;
    size_t count, capacity;
} arena;

void *arena_take(arena *a, size_t size); /* zeroed; NULL for size 0 */
void arena_done(arena *a);

/* `names` NULL: as it is. */
allot_op op_copy(const allot_op *op, const renaming *names, arena *memory);

#endif
