/* wire.h - plain hiredis, for contestants and floors: blocking, commands and answers apart so that they can be
 * pipelined. What fails ends the process. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <hiredis/hiredis.h>

redisContext *wire_open(const char *socket);
/* Puts a command into the connection's buffer; one that holds more than a quarter megabyte is written at once. */
void wire_add(redisContext *c, int words, const char *const *argv, const size_t *lengths);
void wire_say(redisContext *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes what is buffered. */
void wire_flush(redisContext *c);
/* The next answer: an error ends the process. freeReplyObject it. */
redisReply *wire_hear(redisContext *c);
/* The next answer, which is a string, straight from the socket into memory of its size: the least that a client can do.
 * Only where nothing else was asked on this connection. free() it. */
char *wire_hear_string(redisContext *c, size_t *ret_bytes);
/* The next `count` answers, which are of no interest. */
void wire_skip(redisContext *c, unsigned long count);

#endif
