/* decode.h - the reply of a script as the answer to an op. Pure; every length and number of a reply is checked. */
#ifndef REDIS_DECODE_H
#define REDIS_DECODE_H

#include "backends/redis/arena.h"
#include "backends/redis/encode.h"
#include "backends/redis/fields.h"

#include <allot/backend.h>

/* An answer on its way. Zero-initialised: nothing yet. */
typedef struct redis_reading {
    redis_arena arena; /* where what the answer points to lies, as far as it does not lie in the reply */
    redis_progress progress;
    allot_answer answer;
    uint64_t next_number; /* DEAL, to be called again: behind all that are used */
    /* READ_SEGMENTS */
    redisReply *texts; /* of the segments asked for, in their order; or an error. Comes before the script's reply */
    /* The same with payloads, which come in several steps */
    allot_new_id **ids; /* of each body */
    bool *has_payloads;
    uint32_t body; /* the one whose payloads are being read */
} redis_reading;

void redis_reading_done(redis_reading *r);

typedef enum redis_decoded {
    REDIS_DECODED,       /* r->answer is complete; it points into the reply, into r and r->texts */
    REDIS_DECODED_AGAIN, /* one more call, with what r->progress says now */
    REDIS_DECODED_BAD,   /* not what a script answers */
    REDIS_DECODED_NOMEM
} redis_decoded;

/* `reply` is no error. */
redis_decoded redis_decode(const allot_op *op, const redisReply *reply, redis_reading *r);

/* decode_outcome.c, decode_reads.c, decode_bodies.c: parts of the above. */

/* "ok COUNT SKIPPED MORE TERM BITS" or "refused REASON WAIT". False: neither. */
bool redis_outcome_parse(allot_bytes text, allot_outcome *ret_outcome);
redis_decoded redis_decode_view(redis_fields *f, redis_reading *r);
redis_decoded redis_decode_roster(redis_fields *f, redis_reading *r);
redis_decoded redis_decode_inbox(redis_fields *f, redis_reading *r);
redis_decoded redis_decode_share(redis_fields *f, redis_reading *r);
redis_decoded redis_decode_pool(redis_fields *f, redis_reading *r);
redis_decoded redis_decode_bodies(const allot_op *op, redis_fields *f, redis_reading *r);
redis_decoded redis_decode_payloads(redis_fields *f, redis_reading *r);

#endif
