/* encode.h - an op as the call of a script: KEYS and ARGV. Pure. */
#ifndef REDIS_ENCODE_H
#define REDIS_ENCODE_H

#include "backends/redis/args.h"
#include "backends/redis/scripts.h"

#include <allot/backend.h>

/* What the scripts' calls of one handle have in common. */
typedef struct redis_names {
    char *prefix;  /* of all keys and channels */
    char from[17]; /* a random name of the handle, by which it knows its own hints */
} redis_names;

/* Where an op that takes several calls has got to (roster, pool, segments with payloads). */
typedef struct redis_progress {
    allot_uuid *slots; /* whose keys are needed, as the server said */
    uint32_t slot_count;
    uint64_t segment; /* payloads.lua: not 0: of this one, from `position` on */
    uint32_t position;
} redis_progress;

/* A script's call. */
typedef struct redis_call {
    redis_script_id script;
    redis_args keys, args;
} redis_call;

void redis_call_done(redis_call *call);

/* Writes the call of an op that is well formed (store_validate), or over a limit: then it is the call that refuses it.
 * 0, or -1: out of memory. `progress` may be NULL. */
int redis_encode(const redis_names *names, const allot_op *op, bool over_limit, const redis_progress *progress,
                 redis_call *call);

/* Bit 63 of a READ_POOL's cursor: parked ids, by order; else segment * 1024 + position. */
#define REDIS_CURSOR_PARKED (UINT64_C(1) << 63)

#endif
