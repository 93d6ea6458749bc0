/* command.h - commands on their way to a server, and lists of them. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct redis_command {
    struct redis_command *next;
    uint64_t tag;
    int64_t deadline_us;
    int step; /* of the handshake (handshake.h); 0: somebody's command */
    char *data;
    size_t len;
    size_t written;
} redis_command;

/* Zero-initialised: empty. */
typedef struct redis_commands {
    redis_command *first;
    redis_command *last;
    size_t count;
} redis_commands;

/* NULL: out of memory. */
redis_command *redis_command_new(int argc, const char **argv, const size_t *argvlen);
/* Takes NULL. The bytes are wiped: a password may be among them. */
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
