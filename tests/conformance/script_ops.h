/* script_ops.h - one random op of each kind; see script.h. */
#ifndef CONFORMANCE_SCRIPT_OPS_H
#define CONFORMANCE_SCRIPT_OPS_H

#include "tests/conformance/script.h"

#define SECOND INT64_C(1000000)
#define TTL_US (10 * SECOND)
#define TIMELESS_TTL_US (3600 * SECOND)

bool script_percent(script *s, uint32_t percent);
allot_uuid script_uuid(script *s);

script_op script_join(script *s, arena *memory);
script_op script_beat(script *s, arena *memory);
script_op script_leave(script *s, arena *memory);
script_op script_campaign(script *s, arena *memory);
script_op script_resign(script *s, arena *memory);
script_op script_add(script *s, arena *memory);
script_op script_assign(script *s, arena *memory);
script_op script_deal(script *s, arena *memory);
script_op script_recall(script *s, arena *memory);
script_op script_retire(script *s, arena *memory);
script_op script_reap(script *s, arena *memory);
script_op script_publish(script *s, arena *memory);
script_op script_items(script *s, arena *memory);
script_op script_unpark(script *s, arena *memory);
script_op script_clean(script *s, arena *memory);
script_op script_again(script *s, arena *memory);

#endif
