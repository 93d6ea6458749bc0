/* command.h - commands on their way to a server, and lists of them. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include "base/bytes.h"

#include <hiredis/hiredis.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One command, or a transaction: several that are one to who sent them. */
typedef struct redis_command {
    struct redis_command *next;
    uint64_t tag;
    int64_t deadline_us;
    int step; /* of the handshake (handshake.h); 0: somebody's command */
    bytes text;
    size_t written;
    unsigned count;      /* of commands: 1, or those of a transaction */
    unsigned replies;    /* still to come */
    redisReply *refusal; /* of a transaction: the first of its commands that was not queued; or NULL */
} redis_command;

/* Zero-initialised: empty. */
typedef struct redis_commands {
    redis_command *first;
    redis_command *last;
    size_t count;
} redis_commands;

/* `step`: see above. NULL: out of memory. */
redis_command *redis_command_new(int step, int argc, const char **argv, const size_t *argvlen);
/* One more behind it. 0, or -1: out of memory; then it is good for nothing but redis_command_free. */
int redis_command_add(redis_command *command, int argc, const char **argv, const size_t *argvlen);
/* Takes NULL. The bytes of a handshake's are wiped: a password may be among them. */
void redis_command_free(redis_command *command);

void redis_commands_push(redis_commands *list, redis_command *command);
/* NULL: empty. */
redis_command *redis_commands_pop(redis_commands *list);
/* Moves all of `from` behind `to`. */
void redis_commands_append(redis_commands *to, redis_commands *from);
/* Takes out the first whose deadline is before or at `now_us`; NULL: none. */
redis_command *redis_commands_take_overdue(redis_commands *list, int64_t now_us);
/* The earliest deadline; INT64_MAX: empty. */
int64_t redis_commands_deadline_us(const redis_commands *list);

#endif
