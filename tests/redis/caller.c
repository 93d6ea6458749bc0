#include "tests/redis/caller.h"

#include <check.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORDS_MAX = 32 };
/* No call takes long: far below every timeout here, far above what a busy machine does to a thread. */
#define BLOCKED_US INT64_C(700000)

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

redis_link_config config_of(const redis_server *s)
{
    return (redis_link_config){.unix_path = redis_server_socket(s), .connect_timeout_us = SOON_US};
}

redis_link_config config_through(const tcp_proxy *p)
{
    return (redis_link_config){.host = "127.0.0.1", .port = tcp_proxy_port(p), .connect_timeout_us = SOON_US};
}

static void close_call(caller *c, uint64_t tag, call_state state)
{
    ck_assert_uint_lt(tag, c->sent);
    ck_assert_msg(c->calls[tag].state == CALL_OPEN, "command %u was answered twice", (unsigned)tag);
    c->calls[tag].state = state;
    c->calls[tag].at_us = now_us();
    c->answered++;
}

static void send_again(caller *c)
{
    if (c->resend == 0)
        return;
    c->resend--;
    caller_send(c, SOON_US, "PING again");
}

static void on_reply(void *user, uint64_t tag, const redisReply *reply)
{
    caller *c = user;
    close_call(c, tag, CALL_REPLIED);
    ck_assert_msg(c->hello != NULL || c->last_replied == 0 || tag + 1 > c->last_replied, "out of order");
    c->last_replied = tag + 1;
    call *done = &c->calls[tag];
    done->type = reply->type;
    done->integer = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_ERROR)
        snprintf(done->text, sizeof(done->text), "%s", reply->str);
    send_again(c);
}

static void on_failed(void *user, uint64_t tag, bool maybe_applied, const char *why)
{
    caller *c = user;
    close_call(c, tag, CALL_FAILED);
    c->calls[tag].maybe_applied = maybe_applied;
    ck_assert_msg(strchr(why, '\n') == NULL && strlen(why) > 0, "%s", why);
    snprintf(c->calls[tag].text, sizeof(c->calls[tag].text), "%s", why);
    send_again(c);
}

static void on_up(void *user)
{
    caller *c = user;
    c->ups++;
    ck_assert(redis_link_is_up(c->link));
    if (c->hello != NULL)
        caller_send(c, SOON_US, "%s", c->hello);
    if (c->channel != NULL)
        caller_send(c, SOON_US, "SUBSCRIBE %s", c->channel);
}

static void on_down(void *user, const char *why)
{
    caller *c = user;
    c->downs++;
    ck_assert(!redis_link_is_up(c->link));
    snprintf(c->why, sizeof(c->why), "%s", why);
}

static void on_message(void *user, const char *channel, size_t channel_len, const char *payload, size_t payload_len)
{
    caller *c = user;
    c->messages++;
    snprintf(c->message, sizeof(c->message), "%.*s=%.*s", (int)channel_len, channel, (int)payload_len, payload);
}

static void on_note(void *user, const char *message)
{
    caller *c = user;
    c->notes++;
    snprintf(c->note, sizeof(c->note), "%s", message);
}

caller *caller_new(const redis_link_config *config)
{
    allot_error error = {0};
    caller *c = calloc(1, sizeof(*c));
    ck_assert_ptr_nonnull(c);
    c->calls = calloc(CALLER_TAGS_MAX, sizeof(*c->calls));
    ck_assert_ptr_nonnull(c->calls);
    c->events = (redis_link_events){.user = c, .reply = on_reply, .failed = on_failed, .up = on_up, .down = on_down,
                                    .message = on_message, .note = on_note};
    c->link = redis_link_new(config, &error);
    ck_assert_msg(c->link != NULL, "%s", error.message);
    return c;
}

void caller_free(caller *c)
{
    if (c == NULL)
        return;
    c->resend = 0;
    redis_link_free(c->link, &c->events);
    ck_assert_uint_eq(c->answered, c->sent);
    free(c->calls);
    free(c);
}

uint64_t caller_send_argv(caller *c, int64_t timeout_us, int argc, const char **argv, const size_t *lens)
{
    ck_assert_uint_lt(c->sent, CALLER_TAGS_MAX);
    uint64_t tag = c->sent++;
    ck_assert_int_eq(redis_link_send(c->link, argc, argv, lens, tag, now_us() + timeout_us), 0);
    return tag;
}

static uint64_t send_words(caller *c, int64_t timeout_us, const char *format, va_list args)
{
    char text[2048];
    const char *argv[WORDS_MAX];
    size_t lens[WORDS_MAX];
    int argc = 0;
    char *rest = text;
    int len = vsnprintf(text, sizeof(text), format, args);
    ck_assert_int_lt(len, (int)sizeof(text));
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        ck_assert_int_lt(argc, WORDS_MAX);
        argv[argc] = word;
        lens[argc++] = strlen(word);
    }
    return caller_send_argv(c, timeout_us, argc, argv, lens);
}

uint64_t caller_send(caller *c, int64_t timeout_us, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    uint64_t tag = send_words(c, timeout_us, format, args);
    va_end(args);
    return tag;
}

static void process(caller *c)
{
    int64_t before_us = now_us();
    redis_link_process(c->link, &c->events);
    ck_assert_msg(now_us() - before_us < BLOCKED_US, "a call took %d ms", (int)((now_us() - before_us) / 1000));
}

void caller_turn(caller *c, int64_t until_us)
{
    int64_t now = now_us();
    int64_t due_us = redis_link_deadline_us(c->link);
    int64_t wake_us = due_us < until_us ? due_us : until_us;
    struct pollfd p = {.fd = redis_link_fd(c->link), .events = POLLIN};
    int ready = poll(&p, 1, wake_us <= now ? 0 : (int)((wake_us - now) / 1000 + 1));
    if (ready > 0 || now_us() >= due_us)
        process(c);
}

static void turn_until(caller *c, const unsigned *count, unsigned wanted, const char *what)
{
    int64_t limit_us = now_us() + LIMIT_US;
    process(c);
    while (*count < wanted) {
        ck_assert_msg(now_us() < limit_us, "waited for %u %s; there are %u; last: %s", wanted, what, *count, c->why);
        caller_turn(c, limit_us);
    }
}

const call *caller_wait(caller *c, uint64_t tag)
{
    int64_t limit_us = now_us() + LIMIT_US;
    process(c); /* it was sent to */
    while (c->calls[tag].state == CALL_OPEN) {
        ck_assert_msg(now_us() < limit_us, "command %u was not answered; last: %s", (unsigned)tag, c->why);
        caller_turn(c, limit_us);
    }
    return &c->calls[tag];
}

const char *caller_ask(caller *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    uint64_t tag = send_words(c, SOON_US, format, args);
    va_end(args);
    const call *done = caller_wait(c, tag);
    ck_assert_msg(done->state == CALL_REPLIED && done->type != REDIS_REPLY_ERROR, "%s: %s", format, done->text);
    return done->text;
}

void caller_wait_ups(caller *c, unsigned ups)
{
    turn_until(c, &c->ups, ups, "times up");
}

void caller_wait_downs(caller *c, unsigned downs)
{
    turn_until(c, &c->downs, downs, "times down");
}

void caller_wait_messages(caller *c, unsigned messages)
{
    turn_until(c, &c->messages, messages, "messages");
}

void caller_pass(caller *c, int64_t for_us)
{
    int64_t until_us = now_us() + for_us;
    process(c);
    while (now_us() < until_us)
        caller_turn(c, until_us);
}
