/* fields.h - the elements of a script's reply, taken one after the other. What is not what it should be sets `bad`, and
 * every later one reads as nothing: nothing of a reply is trusted. */
#ifndef REDIS_FIELDS_H
#define REDIS_FIELDS_H

#include <allot/types.h>

#include <hiredis/hiredis.h>

typedef struct redis_fields {
    const redisReply *reply;
    size_t at;
    bool bad;
} redis_fields;

/* Not an array: bad. */
redis_fields redis_fields_of(const redisReply *reply);
size_t redis_fields_left(const redis_fields *f);
/* Takes all that is left. */
void redis_fields_skip(redis_fields *f);

/* The bytes are the reply's. */
allot_bytes redis_take_bytes(redis_fields *f);
/* A number below 2^63, in decimal. */
uint64_t redis_take_number(redis_fields *f);
uint32_t redis_take_number_up_to(redis_fields *f, uint32_t most);
int64_t redis_take_signed(redis_fields *f);
/* "never" is INT64_MAX. */
int64_t redis_take_duration(redis_fields *f);
/* "" is the zero UUID. */
allot_uuid redis_take_uuid(redis_fields *f);
bool redis_take_flag(redis_fields *f);

/* A number at the start of `text`, without leading zeros; moves *text behind it. */
uint64_t redis_number_in(allot_bytes *text, bool *bad);
/* A space with something behind it; moves *text there. */
void redis_space_in(allot_bytes *text, bool *bad);

#endif
