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
    uint64_t first_number; /* deal.lua: of its first pile, behind all that are used; 0: that has to be asked for */
} redis_progress;

/* A script's call. READ_SEGMENTS has two commands: the texts are read first, by HMGET, because a script that had them
 * in its hands would be slow (Lua looks at each byte of a string). A text never changes, and no number is used again:
 * so the texts of all that the script finds afterwards have been read. */
typedef struct redis_call {
    redis_script_id script;
    redis_args keys, args;
    size_t first_text; /* the fields of HMGET are the arguments from here on; 0: there is no HMGET */
    /* The same the other way round, for a deal whose numbers are known (deal.lua): a transaction of a call of the
     * script that prepares the place, of one HSETNX for each text, and of the script. Words of whole commands, in
     * `texts` REDIS_TEXT_WORDS for each; empty when there is no transaction. */
    redis_args stage, texts;
} redis_call;

/* The key with the segments' texts, among a call's keys. */
#define REDIS_KEY_SEG 2
#define REDIS_TEXT_WORDS 4

void redis_call_done(redis_call *call);

/* Writes the call of an op that is well formed (store_validate), or over a limit: then it is the call that refuses it.
 * 0, or -1: out of memory. `progress` may be NULL. */
int redis_encode(const redis_names *names, const allot_op *op, bool over_limit, const redis_progress *progress,
                 redis_call *call);

/* Bit 63 of a READ_POOL's cursor: parked ids, by order; else segment * 1024 + position. */
#define REDIS_CURSOR_PARKED (UINT64_C(1) << 63)

#endif
