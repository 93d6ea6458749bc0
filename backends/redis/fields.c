#include "backends/redis/fields.h"

#include "base/uuid_text.h"

redis_fields redis_fields_of(const redisReply *reply)
{
    return (redis_fields){.reply = reply, .bad = reply == NULL || reply->type != REDIS_REPLY_ARRAY};
}

size_t redis_fields_left(const redis_fields *f)
{
    return f->bad ? 0 : f->reply->elements - f->at;
}

void redis_fields_skip(redis_fields *f)
{
    f->at += redis_fields_left(f);
}

allot_bytes redis_take_bytes(redis_fields *f)
{
    const redisReply *element = redis_fields_left(f) > 0 ? f->reply->element[f->at++] : NULL;
    if (element == NULL || element->type != REDIS_REPLY_STRING || (uint64_t)element->len > UINT32_MAX) {
        f->bad = true;
        return (allot_bytes){.data = ""};
    }
    return (allot_bytes){.data = element->str, .len = (uint32_t)element->len};
}

uint64_t redis_number_in(allot_bytes *text, bool *bad)
{
    uint64_t number = 0;
    uint32_t len = 0;
    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text->data[len++] - '0'), &number))
            *bad = true;
    if (len == 0 || (len > 1 && text->data[0] == '0') || number > INT64_MAX)
        *bad = true;
    if (*bad)
        return 0;
    text->data += len;
    text->len -= len;
    return number;
}

void redis_space_in(allot_bytes *text, bool *bad)
{
    if (text->len < 2 || text->data[0] != ' ')
        *bad = true;
    if (*bad)
        return;
    text->data++;
    text->len--;
}

uint64_t redis_take_number(redis_fields *f)
{
    allot_bytes text = redis_take_bytes(f);
    uint64_t number = redis_number_in(&text, &f->bad);
    f->bad = f->bad || text.len > 0;
    return f->bad ? 0 : number;
}

uint32_t redis_take_number_up_to(redis_fields *f, uint32_t most)
{
    uint64_t number = redis_take_number(f);
    f->bad = f->bad || number > most;
    return f->bad ? 0 : (uint32_t)number;
}

static int64_t signed_of(redis_fields *f, allot_bytes text)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    if (negative) {
        text.data++;
        text.len--;
    }
    uint64_t number = redis_number_in(&text, &f->bad);
    f->bad = f->bad || text.len > 0;
    return f->bad ? 0 : negative ? -(int64_t)number : (int64_t)number;
}

int64_t redis_take_signed(redis_fields *f)
{
    return signed_of(f, redis_take_bytes(f));
}

int64_t redis_take_duration(redis_fields *f)
{
    allot_bytes text = redis_take_bytes(f);
    if (text.len == 5 && memcmp(text.data, "never", 5) == 0)
        return INT64_MAX;
    return signed_of(f, text);
}

allot_uuid redis_take_uuid(redis_fields *f)
{
    allot_uuid uuid = {{0}};
    allot_bytes text = redis_take_bytes(f);
    if (text.len > 0 && !uuid_from_text(text.data, text.len, &uuid))
        f->bad = true;
    return uuid;
}

bool redis_take_flag(redis_fields *f)
{
    return redis_take_number_up_to(f, 1) != 0;
}
