/* handshake.h - what is said at each connect, and what the answers mean. All of it goes out at once. Pure. */
#ifndef REDIS_HANDSHAKE_H
#define REDIS_HANDSHAKE_H

#include "backends/redis/command.h"

#include <hiredis/hiredis.h>

/* In the order in which they are said; those that are not needed are left out. */
typedef enum redis_step {
    REDIS_STEP_AUTH = 1,
    REDIS_STEP_SELECT,
    REDIS_STEP_ROLE,        /* INFO replication */
    REDIS_STEP_PERSISTENCE, /* INFO persistence: the last one of a link that only subscribes */
    REDIS_STEP_MEMORY       /* INFO memory */
} redis_step;

typedef struct redis_greeting {
    const char *user, *password; /* NULL: none */
    int database;
    bool subscribe_only;
} redis_greeting;

/* Appends what is to be said. 0, or -1 (out of memory; the list is as it was). */
int redis_handshake_say(const redis_greeting *greeting, redis_commands *list);

/* What is worth an operator's attention, bit by bit. */
enum { REDIS_NOTE_EVICTION = 1u << 0, REDIS_NOTE_PERSISTENCE = 1u << 1, REDIS_NOTE_NO_INFO = 1u << 2 };

/* False: not a server for us (now); why is in `ret_why`, one line. What is remarkable is added to *notes. */
bool redis_handshake_judge(redis_step step, const redisReply *reply, unsigned *notes, char *ret_why, size_t why_size);

/* The words for one of the notes. Static. */
const char *redis_handshake_note(unsigned note);

#endif
