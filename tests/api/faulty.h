/* faulty.h - the memory backend behind a wrapper that a test can stop, or make lose answers. All handles
 * behind it are stopped together. */
#ifndef TESTS_API_FAULTY_H
#define TESTS_API_FAULTY_H

#include <allot/backend.h>

const allot_backend_ops *faulty_backend(void);

/* Every process() hangs until faulty_go: the store does not answer, and the thread that asks it does not come back. */
void faulty_stop(void);
void faulty_go(void);
/* True when some process() hangs. */
bool faulty_hangs(void);

/* The next `count` bulk changes are applied, and answered so. */
void faulty_lose(int count, allot_op_status status);

#endif
