/* allocations.h - makes allocations of this program fail, and counts those that live.
 *
 * It replaces malloc and its kin. Where a sanitizer needs them for itself nothing is replaced, and
 * allocations_can_fail() says so. Threads: one, while a failure is due. */
#ifndef UNIT_ALLOCATIONS_H
#define UNIT_ALLOCATIONS_H

#include <stdbool.h>

bool allocations_can_fail(void);
/* The allocation after `n` further ones fails, and only that; a negative number: none does. */
void allocations_fail_after(long n);
/* True when the one that was due to fail has failed. */
bool allocations_have_failed(void);
/* Allocated and not freed yet. */
long allocations_live(void);

#endif
