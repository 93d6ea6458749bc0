#include "backends/redis/ear.h"

#include "base/uuid_text.h"

#include <stdio.h>
#include <string.h>

enum { SUBSCRIBE_TIMEOUT_US = 5000000, CHANNEL_BYTES = 256 };

enum { TAG_GROUP = 1, TAG_SLOT, TAG_UNSUBSCRIBE };

static void say(redis_ear *ear, const char *command, const allot_uuid *slot, uint64_t tag)
{
    char text[ALLOT_UUID_TEXT_BYTES] = "";
    char channel[CHANNEL_BYTES];
    if (slot != NULL)
        uuid_to_text(slot, text);
    snprintf(channel, sizeof(channel), "%sevents%s%s", ear->names->prefix, slot != NULL ? ":" : "", text);
    const char *argv[] = {command, channel};
    const size_t lens[] = {strlen(command), strlen(channel)};
    int64_t deadline_us = ear->clock.boot_us(ear->clock.user) + SUBSCRIBE_TIMEOUT_US;
    redis_link_send(ear->link, 2, argv, lens, tag, deadline_us); /* out of memory: no hints */
}

static void follow_slot(redis_ear *ear)
{
    if (!redis_link_is_up(ear->link) || uuid_equal(&ear->slot, &ear->subscribed))
        return;
    if (!uuid_is_zero(&ear->subscribed))
        say(ear, "UNSUBSCRIBE", &ear->subscribed, TAG_UNSUBSCRIBE);
    say(ear, "SUBSCRIBE", &ear->slot, TAG_SLOT);
    ear->subscribed = ear->slot;
}

/* ---- what the link tells ----------------------------------------------------------------------------------------- */

static void on_up(void *user)
{
    redis_ear *ear = user;
    ear->subscribed = (allot_uuid){{0}};
    say(ear, "SUBSCRIBE", NULL, TAG_GROUP);
    follow_slot(ear);
}

static void on_reply(void *user, uint64_t tag, const redisReply *reply)
{
    redis_ear *ear = user;
    /* What was published before is missed: look. */
    if (tag == TAG_SLOT && reply->type != REDIS_REPLY_ERROR && ear->joined)
        ear->hints |= 1u << ALLOT_HINT_GROUP;
}

static void on_failed(void *user, uint64_t tag, bool maybe_applied, const char *why)
{
    (void)user;
    (void)tag;
    (void)maybe_applied;
    (void)why;
}

typedef struct message {
    const char *word;
    unsigned hints;
} message;

static const message messages[] = {
    {"share", 1u << ALLOT_HINT_SHARE},
    {"work", 1u << ALLOT_HINT_WORK},
    {"group", 1u << ALLOT_HINT_GROUP},
    {"leaderless", 1u << ALLOT_HINT_LEADERLESS},
};

/* "WORD" or "WORD HANDLE": the handle that caused it knows it already. */
static void on_message(void *user, const char *channel, size_t channel_len, const char *payload, size_t payload_len)
{
    redis_ear *ear = user;
    const char *space = payload_len > 0 ? memchr(payload, ' ', payload_len) : NULL;
    size_t word_len = space == NULL ? payload_len : (size_t)(space - payload);
    size_t from_len = space == NULL ? 0 : payload_len - word_len - 1;
    (void)channel;
    (void)channel_len;
    if (from_len == strlen(ear->names->from) && memcmp(space + 1, ear->names->from, from_len) == 0)
        return;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (word_len == strlen(messages[i].word) && memcmp(payload, messages[i].word, word_len) == 0)
            ear->hints |= messages[i].hints;
}

/* ------------------------------------------------------------------------------------------------------------------ */

void redis_ear_listen(redis_ear *ear, const redis_link_config *where, const allot_uuid *slot)
{
    if (uuid_equal(&ear->slot, slot))
        return;
    ear->slot = *slot;
    ear->joined = false;
    if (ear->link == NULL) {
        redis_link_config config = *where;
        config.subscribe_only = true;
        ear->link = redis_link_new(&config, NULL);
    } else {
        follow_slot(ear);
    }
}

void redis_ear_process(redis_ear *ear, const allot_sink *sink)
{
    const redis_link_events events = {
        .user = ear, .reply = on_reply, .failed = on_failed, .up = on_up, .message = on_message};
    if (ear->link != NULL)
        redis_link_process(ear->link, &events);
    unsigned hints = ear->hints;
    ear->hints = 0;
    for (unsigned hint = ALLOT_HINT_SHARE; hint <= ALLOT_HINT_LEADERLESS; hint++)
        if (hints & 1u << hint)
            sink->hint(sink->user, (allot_hint)hint);
}

int64_t redis_ear_deadline_us(const redis_ear *ear)
{
    return ear->link == NULL ? INT64_MAX : redis_link_deadline_us(ear->link);
}

void redis_ear_done(redis_ear *ear)
{
    redis_link_free(ear->link, NULL);
    *ear = (redis_ear){0};
}
