/* replies.h - an answer as the reply that the scripts would give: the writer that redis_decode reads. */
#ifndef TESTS_FUZZ_REPLIES_H
#define TESTS_FUZZ_REPLIES_H

#include "backends/redis/decode.h"
#include "base/bytes.h"

/* Appends the whole reply, in RESP. The bodies of segments without their payloads. */
void reply_write(const allot_op *op, const allot_answer *answer, bytes *out);
/* The texts of the segments that the op asks for: those of the answer; nil for all others. */
void reply_write_texts(const allot_op *op, const allot_answer *answer, bytes *out);
/* Payloads of a body from position `from` up to `to`; all when that is its count. */
void reply_write_payloads(const allot_segment_body *body, uint32_t from, uint32_t to, bytes *out);

/* One whole reply by hiredis; the caller frees it. */
redisReply *reply_parse(const bytes *text);

#endif
