#include "backends/redis/calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 24, SHA_BYTES = 40 };

/* ---- Room -------------------------------------------------------------------------------------------------------- */

void redis_room_done(redis_room *room)
{
    free(room->argv);
    free(room->lens);
    *room = (redis_room){0};
}

int redis_room_reserve(redis_room *room, size_t words)
{
    if (array_reserve((void **)&room->argv, &room->argv_capacity, words, sizeof(room->argv[0])) != 0)
        return -1;
    return array_reserve((void **)&room->lens, &room->lens_capacity, words, sizeof(room->lens[0]));
}

void redis_room_put(redis_room *room, size_t i, const char *text, size_t len)
{
    room->argv[i] = text;
    room->lens[i] = len;
}

/* ---- A script ---------------------------------------------------------------------------------------------------- */

static size_t script_words(const redis_call *call)
{
    return 3 + call->keys.count + call->args.count;
}

/* From word `at` on; `key_count` is its text. */
static redis_words put_script(const redis_call *call, redis_room *room, size_t at, const char *key_count)
{
    redis_room_put(room, at, "EVALSHA", 7);
    redis_room_put(room, at + 1, redis_scripts[call->script].sha, SHA_BYTES);
    redis_room_put(room, at + 2, key_count, strlen(key_count));
    redis_args_list(&call->keys, room->argv + at + 3, room->lens + at + 3);
    size_t args_at = at + 3 + call->keys.count;
    redis_args_list(&call->args, room->argv + args_at, room->lens + args_at);
    return (redis_words){(int)script_words(call), room->argv + at, room->lens + at};
}

static int send_script(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, int64_t deadline_us)
{
    char key_count[NUMBER_BYTES];
    snprintf(key_count, sizeof(key_count), "%zu", call->keys.count);
    redis_words script = put_script(call, room, 0, key_count);
    return redis_link_send(link, script.argc, script.argv, script.lens, tag, deadline_us);
}

/* ---- Texts that are read before it ------------------------------------------------------------------------------- */

static int send_texts(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, int64_t deadline_us)
{
    size_t count = call->args.count - call->first_text;
    redis_args_list(&call->keys, room->argv, room->lens);
    redis_room_put(room, 1, room->argv[REDIS_KEY_SEG], room->lens[REDIS_KEY_SEG]);
    redis_args_list(&call->args, room->argv + 2, room->lens + 2);
    memmove(room->argv + 2, room->argv + 2 + call->first_text, count * sizeof(room->argv[0]));
    memmove(room->lens + 2, room->lens + 2 + call->first_text, count * sizeof(room->lens[0]));
    redis_room_put(room, 0, "HMGET", 5);
    return redis_link_send(link, (int)(2 + count), room->argv, room->lens, tag, deadline_us);
}

/* ---- Texts that are written before it ---------------------------------------------------------------------------- */

/* Words of HSETNX, and of the script's first call, which prepares the place. */
enum { LAY_WORDS = 4, STAGE_WORDS = 3 + REDIS_GROUP_KEYS + REDIS_SPEAKER_ARGS + 3 };

/* A transaction while it is made up: three parts of the room, and one command for each text. */
typedef struct staged {
    char key_counts[2][NUMBER_BYTES], first[NUMBER_BYTES], count[NUMBER_BYTES];
    char (*numbers)[NUMBER_BYTES]; /* of the texts */
    redis_words *commands;
} staged;

static redis_words put_stage(const redis_call *call, redis_room *room, size_t at, const staged *s)
{
    redis_room_put(room, at, "EVALSHA", 7);
    redis_room_put(room, at + 1, redis_scripts[call->script].sha, SHA_BYTES);
    redis_room_put(room, at + 2, s->key_counts[0], strlen(s->key_counts[0]));
    size_t keys_at = at + 3, args_at = keys_at + REDIS_GROUP_KEYS, own_at = args_at + REDIS_SPEAKER_ARGS;
    /* Both lists are longer than what is wanted of them: what lies behind is written over. */
    redis_args_list(&call->keys, room->argv + keys_at, room->lens + keys_at);
    redis_args_list(&call->args, room->argv + args_at, room->lens + args_at);
    redis_room_put(room, own_at, "stage", 5);
    redis_room_put(room, own_at + 1, s->first, strlen(s->first));
    redis_room_put(room, own_at + 2, s->count, strlen(s->count));
    return (redis_words){STAGE_WORDS, room->argv + at, room->lens + at};
}

static void put_texts(const redis_call *call, redis_room *room, size_t at, staged *s)
{
    const char *seg = room->argv[3 + REDIS_KEY_SEG]; /* of the first call */
    size_t seg_len = room->lens[3 + REDIS_KEY_SEG];
    size_t texts_at = at + LAY_WORDS * call->texts.count;
    redis_args_list(&call->texts, room->argv + texts_at, room->lens + texts_at);
    for (size_t i = 0; i < call->texts.count; i++, at += LAY_WORDS) {
        snprintf(s->numbers[i], NUMBER_BYTES, "%" PRIu64, call->first_number + i);
        redis_room_put(room, at, "HSETNX", 6);
        redis_room_put(room, at + 1, seg, seg_len);
        redis_room_put(room, at + 2, s->numbers[i], strlen(s->numbers[i]));
        redis_room_put(room, at + 3, room->argv[texts_at + i], room->lens[texts_at + i]);
        s->commands[1 + i] = (redis_words){LAY_WORDS, room->argv + at, room->lens + at};
    }
}

static int send_transaction(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag,
                            int64_t deadline_us)
{
    size_t count = call->texts.count;
    staged s = {.numbers = calloc(count, NUMBER_BYTES), .commands = calloc(count + 2, sizeof(redis_words))};
    size_t texts_at = STAGE_WORDS + script_words(call); /* and what is written over */
    int rc = -1;
    if (s.numbers != NULL && s.commands != NULL &&
        redis_room_reserve(room, texts_at + (LAY_WORDS + 1) * count) == 0) {
        snprintf(s.key_counts[0], NUMBER_BYTES, "%d", REDIS_GROUP_KEYS);
        snprintf(s.key_counts[1], NUMBER_BYTES, "%zu", call->keys.count);
        snprintf(s.first, NUMBER_BYTES, "%" PRIu64, call->first_number);
        snprintf(s.count, NUMBER_BYTES, "%zu", count);
        s.commands[0] = put_stage(call, room, 0, &s);
        put_texts(call, room, texts_at, &s);
        s.commands[count + 1] = put_script(call, room, STAGE_WORDS, s.key_counts[1]);
        rc = redis_link_send_all(link, s.commands, count + 2, tag, deadline_us);
    }
    free(s.numbers);
    free(s.commands);
    return rc;
}

/* ---- Any of them ------------------------------------------------------------------------------------------------- */

int redis_call_send(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, uint64_t texts_tag,
                    int64_t deadline_us)
{
    if (redis_room_reserve(room, script_words(call)) != 0)
        return -1;
    if (call->texts.count > 0)
        return send_transaction(call, link, room, tag, deadline_us);
    if (call->first_text > 0 && send_texts(call, link, room, texts_tag, deadline_us) != 0)
        return -1;
    return send_script(call, link, room, tag, deadline_us);
}

const redisReply *redis_call_reply(bool is_transaction, const redisReply *reply)
{
    if (!is_transaction || reply->type == REDIS_REPLY_ERROR)
        return reply;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return reply;
    const redisReply *first = reply->element[0]; /* failed: without its mark, the last one did nothing */
    return first->type == REDIS_REPLY_ERROR ? first : reply->element[reply->elements - 1];
}
