#include "bench/lib/wire.h"
#include "bench/lib/bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_MOST (256u * 1024u)

redisContext *wire_open(const char *socket)
{
    redisContext *c = redisConnectUnix(socket);
    if (c == NULL || c->err != 0)
        bench_fail("connecting to %s: %s", socket, c != NULL ? c->errstr : "no memory");
    return c;
}

void wire_flush(redisContext *c)
{
    int done = 0;
    while (done == 0)
        if (redisBufferWrite(c, &done) != REDIS_OK)
            bench_fail("writing to the server: %s", c->errstr);
}

void wire_add(redisContext *c, int words, const char *const *argv, const size_t *lengths)
{
    if (redisAppendCommandArgv(c, words, (const char **)argv, lengths) != REDIS_OK)
        bench_fail("a command: %s", c->errstr);
    if (sdslen(c->obuf) > BUFFER_MOST)
        wire_flush(c);
}

void wire_say(redisContext *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (redisvAppendCommand(c, format, args) != REDIS_OK)
        bench_fail("a command: %s", c->errstr);
    va_end(args);
}

redisReply *wire_hear(redisContext *c)
{
    void *reply = NULL;
    if (redisGetReply(c, &reply) != REDIS_OK)
        bench_fail("the server's answer: %s", c->errstr);
    redisReply *r = reply;
    if (r->type == REDIS_REPLY_ERROR)
        bench_fail("the server says: %s", r->str);
    return r;
}

static void receive(int fd, char *to, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = recv(fd, to + done, bytes - done, 0);
        if (n <= 0)
            bench_fail("reading from the server");
        done += (size_t)n;
    }
}

char *wire_hear_string(redisContext *c, size_t *ret_bytes)
{
    char head[32] = "";
    size_t len = 0;
    while (len < 2 || head[len - 1] != '\n') {
        BENCH_MUST(len < sizeof(head) - 1);
        receive(c->fd, &head[len++], 1);
    }
    if (head[0] != '$')
        bench_fail("the server says: %s", head);
    size_t bytes = strtoul(head + 1, NULL, 10);
    char *text = malloc(bytes + 2);
    BENCH_MUST(text != NULL);
    receive(c->fd, text, bytes + 2);
    *ret_bytes = bytes;
    return text;
}

void wire_skip(redisContext *c, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        freeReplyObject(wire_hear(c));
}
