/* world.h - a group that keeps its promises, and writes histories: replicas that join, lead, hold, give back, ack,
 * fail, are killed, are stopped past their lease, and come again; and somebody who adds ids, and empties the pool.
 * Lines may come long after what they tell; answers may not come, or be refusals. */
#ifndef TESTS_VERIFY_WORLD_H
#define TESTS_VERIFY_WORLD_H

#include "tests/verify/records.h"

/* The same for the same seed. In the end every id is done, parked or held. The store of some proves a death at once, of
 * the others a lease has to end. */
records world_histories(uint64_t seed);

#endif
