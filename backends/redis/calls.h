/* calls.h - the commands of a call, handed to the link. */
#ifndef REDIS_CALLS_H
#define REDIS_CALLS_H

#include "backends/redis/encode.h"
#include "backends/redis/link.h"

/* Room for the words of commands. Zero-initialised is empty. */
typedef struct redis_room {
    const char **argv;
    size_t *lens;
    size_t argv_capacity, lens_capacity;
} redis_room;

void redis_room_done(redis_room *room);
/* 0, or -1: out of memory. */
int redis_room_reserve(redis_room *room, size_t words);
void redis_room_put(redis_room *room, size_t i, const char *text, size_t len);

/* Sends them: the script's call with `tag`, and before it, if it has one, the read of texts with `texts_tag`. 0, or -1:
 * out of memory; then the read may be on its way, and the script is not. */
int redis_call_send(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, uint64_t texts_tag,
                    int64_t deadline_us);

/* The script's reply: within that of a transaction the last one; or the first, when it says why the place could not be
 * prepared, for then nothing was done. */
const redisReply *redis_call_reply(bool is_transaction, const redisReply *reply);

#endif
