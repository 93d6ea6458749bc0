#include "backends/redis/errors.h"
#include "backends/redis/handshake.h"
#include "backends/redis/link_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES 65536u
/* Of one call: another link of the same thread waits its turn. */
#define CHUNKS_MAX 16
#define PARTS_MAX 64u

void redis_link_fail_all(const redis_link_events *events, redis_commands *list, const char *why)
{
    for (redis_command *c = redis_commands_pop(list); c != NULL; c = redis_commands_pop(list)) {
        if (c->step == 0 && events != NULL)
            events->failed(events->user, c->tag, c->written > 0, why);
        redis_command_free(c);
    }
}

static void tell_notes(redis_link *l, const redis_link_events *events)
{
    unsigned fresh = l->notes & ~l->noted;
    l->noted = l->notes;
    for (unsigned note = 1; note != 0 && note <= fresh; note <<= 1) {
        char text[REDIS_WHY_BYTES];
        if ((fresh & note) == 0 || events->note == NULL)
            continue;
        snprintf(text, sizeof(text), "redis %s: %s", l->name, redis_handshake_note(note));
        events->note(events->user, text);
    }
}

/* What `up` sends goes before what waits. */
static void enter_up(redis_link *l, const redis_link_events *events)
{
    redis_commands waited = {0};
    redis_commands_append(&waited, &l->waiting);
    l->phase = REDIS_UP;
    l->up_since_us = l->busy_at_us = redis_link_now_us(l);
    l->why[0] = '\0';
    tell_notes(l, events);
    if (events->up != NULL)
        events->up(events->user);
    redis_commands_append(&l->waiting, &waited);
}

static void take_greeting(redis_link *l, const redis_link_events *events, redis_step step, const redisReply *reply)
{
    char why[256];
    if (!redis_handshake_judge(step, reply, &l->notes, why, sizeof(why)))
        redis_link_lose(l, events, "%s", why);
    else if (l->sent.count == 0 && l->greeting.count == 0)
        enter_up(l, events);
}

/* This server is not ours any more, or this connection never was: nothing more goes there. */
static bool must_leave(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && (redis_error_kind_of(reply->str) == REDIS_ERROR_RECONNECT ||
                                                strncmp(reply->str, "NOAUTH", 6) == 0);
}

/* Messages come unasked, also between the reply to one SUBSCRIBE and the next. */
static bool take_message(redis_link *l, const redis_link_events *events, const redisReply *r)
{
    if (!l->config.subscribe_only || r->type != REDIS_REPLY_ARRAY || r->elements != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (r->element[i]->type != REDIS_REPLY_STRING)
            return false;
    }
    if (r->element[0]->len != 7 || memcmp(r->element[0]->str, "message", 7) != 0)
        return false;
    if (events->message != NULL)
        events->message(events->user, r->element[1]->str, r->element[1]->len, r->element[2]->str, r->element[2]->len);
    return true;
}

static bool is_status(const redisReply *reply, const char *status)
{
    return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, status) == 0;
}

/* Of a transaction, all but the last: MULTI, and commands that are queued or refused. Without MULTI they would be
 * carried out one by one: then nothing more is believed. */
static void take_part(redis_link *l, const redis_link_events *events, redis_command *c, redisReply *reply)
{
    bool is_error = reply->type == REDIS_REPLY_ERROR;
    bool is_first = c->replies == c->count;
    c->replies--;
    if (is_error ? is_first : !is_status(reply, is_first ? "OK" : "QUEUED")) {
        redis_link_lose(l, events, "%.200s", is_error ? reply->str : "an answer that makes no sense");
    } else if (is_error && c->refusal == NULL) {
        c->refusal = reply;
        l->is_kept = true;
    }
}

/* The transaction that the next reply belongs to, unless it is its last one; NULL: none. Its first commands are replied
 * to while the rest is still being written. */
static redis_command *transaction_at_work(const redis_link *l)
{
    redis_command *c = l->sent.first;
    if (c == NULL && l->waiting.first != NULL && l->waiting.first->written > 0)
        c = l->waiting.first;
    return c != NULL && c->replies > 1 ? c : NULL;
}

/* EXEC does not say why, the command that was refused does. */
static const redisReply *final_reply(const redis_command *c, const redisReply *reply)
{
    bool is_refused = reply->type == REDIS_REPLY_ERROR && redis_error_is_abort(reply->str);
    return is_refused && c->refusal != NULL ? c->refusal : reply;
}

static void take_reply(redis_link *l, const redis_link_events *events, redisReply *reply)
{
    if (take_message(l, events, reply))
        return;
    redis_command *in_part = transaction_at_work(l);
    if (in_part != NULL) {
        take_part(l, events, in_part, reply);
        return;
    }
    redis_command *c = redis_commands_pop(&l->sent);
    if (c == NULL) {
        bool has_text = reply->type == REDIS_REPLY_ERROR;
        redis_link_lose(l, events, "%.200s", has_text ? reply->str : "a reply to nothing");
        return;
    }
    l->busy_at_us = redis_link_now_us(l);
    if (c->step != 0) {
        take_greeting(l, events, (redis_step)c->step, reply);
    } else {
        const redisReply *told = final_reply(c, reply);
        l->is_leaving = l->is_leaving || must_leave(told);
        events->reply(events->user, c->tag, told);
        if (l->is_distrusted)
            redis_link_lose(l, events, "an answer that makes no sense");
    }
    redis_command_free(c);
}

/* False: the connection is lost. */
static bool parse(redis_link *l, const redis_link_events *events)
{
    void *reply = NULL;
    while (l->reader != NULL) {
        if (redisReaderGetReply(l->reader, &reply) != REDIS_OK) {
            redis_link_lose(l, events, "its reply cannot be parsed: %.120s", l->reader->errstr);
            return false;
        }
        if (reply == NULL)
            return true;
        l->is_kept = false;
        take_reply(l, events, reply);
        if (!l->is_kept)
            freeReplyObject(reply);
    }
    return false;
}

static bool take_bytes(redis_link *l, const redis_link_events *events, const char *data, size_t len)
{
    const char *why = redis_guard_look(&l->guard, data, len);
    if (why != NULL) {
        redis_link_lose(l, events, "its reply cannot be parsed: %s", why);
        return false;
    }
    if (redisReaderFeed(l->reader, data, len) != REDIS_OK) {
        redis_link_lose(l, events, "out of memory");
        return false;
    }
    return parse(l, events);
}

bool redis_link_receive(redis_link *l, const redis_link_events *events)
{
    char data[CHUNK_BYTES];
    for (int i = 0; i < CHUNKS_MAX; i++) {
        ssize_t n = redis_socket_read(l->fd, data, sizeof(data));
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            redis_link_lose(l, events, "%s", n == 0 ? "it closed the connection" : strerror(errno));
            return false;
        }
        if (!take_bytes(l, events, data, (size_t)n))
            return false;
        if (l->is_leaving && l->sent.count == 0) {
            redis_link_lose(l, events, "it refuses our commands");
            return false;
        }
    }
    return true;
}

/* What the kernel has taken of the list's first commands moves to those that wait for a reply. */
static void account(redis_link *l, redis_commands *from, size_t taken)
{
    while (from->first != NULL && taken > 0) {
        redis_command *c = from->first;
        size_t left = c->text.len - c->written;
        size_t part = left < taken ? left : taken;
        c->written += part;
        taken -= part;
        if (c->written == c->text.len)
            redis_commands_push(&l->sent, redis_commands_pop(from));
    }
}

void redis_link_transmit(redis_link *l, const redis_link_events *events)
{
    redis_commands *from = l->phase == REDIS_GREETING ? &l->greeting : &l->waiting;
    while (from->first != NULL && !l->is_leaving) {
        struct iovec parts[PARTS_MAX];
        size_t count = 0;
        for (redis_command *c = from->first; c != NULL && count < PARTS_MAX; c = c->next)
            parts[count++] = (struct iovec){.iov_base = c->text.data + c->written, .iov_len = c->text.len - c->written};
        ssize_t n = redis_socket_write(l->fd, parts, count);
        if (n < 0) {
            if (errno != EAGAIN)
                redis_link_lose(l, events, "%s", strerror(errno));
            return;
        }
        account(l, from, (size_t)n);
        l->busy_at_us = redis_link_now_us(l);
    }
}
