#include "backends/redis/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { KEY_COUNT_BYTES = 24 };

static size_t script_words(const redis_call *call)
{
    return 3 + call->keys.count + call->args.count;
}

/* From word `at` on. */
static redis_words put_script(const redis_call *call, redis_room *room, size_t at, char ret_key_count[KEY_COUNT_BYTES])
{
    int len = snprintf(ret_key_count, KEY_COUNT_BYTES, "%zu", call->keys.count);
    redis_room_put(room, at, "EVALSHA", 7);
    redis_room_put(room, at + 1, redis_scripts[call->script].sha, REDIS_SHA_BYTES);
    redis_room_put(room, at + 2, ret_key_count, (size_t)len);
    redis_args_list(&call->keys, room->argv + at + 3, room->lens + at + 3);
    size_t args_at = at + 3 + call->keys.count;
    redis_args_list(&call->args, room->argv + args_at, room->lens + args_at);
    return (redis_words){(int)script_words(call), room->argv + at, room->lens + at};
}

static int send_script(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, int64_t deadline_us)
{
    char key_count[KEY_COUNT_BYTES];
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

static redis_words put_words(const redis_args *args, redis_room *room, size_t at)
{
    redis_args_list(args, room->argv + at, room->lens + at);
    return (redis_words){(int)args->count, room->argv + at, room->lens + at};
}

static int send_transaction(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag,
                            int64_t deadline_us)
{
    char key_count[KEY_COUNT_BYTES];
    size_t count = call->texts.count / REDIS_TEXT_WORDS;
    size_t script_at = call->stage.count + call->texts.count;
    redis_words *commands = calloc(count + 2, sizeof(*commands));
    if (commands == NULL || redis_room_reserve(room, script_at + script_words(call)) != 0) {
        free(commands);
        return -1;
    }
    commands[0] = put_words(&call->stage, room, 0);
    redis_words texts = put_words(&call->texts, room, call->stage.count);
    for (size_t i = 0; i < count; i++)
        commands[1 + i] = (redis_words){REDIS_TEXT_WORDS, texts.argv + REDIS_TEXT_WORDS * i,
                                        texts.lens + REDIS_TEXT_WORDS * i};
    commands[1 + count] = put_script(call, room, script_at, key_count);
    int rc = redis_link_send_all(link, commands, count + 2, tag, deadline_us);
    free(commands);
    return rc;
}

/* ---- Any of them ------------------------------------------------------------------------------------------------- */

int redis_call_send(const redis_call *call, redis_link *link, redis_room *room, uint64_t tag, uint64_t texts_tag,
                    int64_t deadline_us)
{
    if (call->stage.count > 0)
        return send_transaction(call, link, room, tag, deadline_us);
    if (redis_room_reserve(room, script_words(call)) != 0)
        return -1;
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
