/* scripts.h - the transitions as the server gets them: scripts/NAME.lua with the shared pieces that it names, embedded
 * by the build (embed.cmake). */
#ifndef REDIS_SCRIPTS_H
#define REDIS_SCRIPTS_H

#include <stddef.h>

typedef enum redis_script_id {
    REDIS_SCRIPT_JOIN,
    REDIS_SCRIPT_BEAT,
    REDIS_SCRIPT_LEAVE,
    REDIS_SCRIPT_CAMPAIGN,
    REDIS_SCRIPT_RESIGN,
    REDIS_SCRIPT_ADD,
    REDIS_SCRIPT_ASSIGN,
    REDIS_SCRIPT_DEAL,
    REDIS_SCRIPT_RECALL,
    REDIS_SCRIPT_RETIRE,
    REDIS_SCRIPT_REAP,
    REDIS_SCRIPT_PUBLISH,
    REDIS_SCRIPT_RELEASE,
    REDIS_SCRIPT_ACK,
    REDIS_SCRIPT_FAIL,
    REDIS_SCRIPT_UNPARK,
    REDIS_SCRIPT_CLEAN,
    REDIS_SCRIPT_LIMIT,
    REDIS_SCRIPT_VIEW,
    REDIS_SCRIPT_ROSTER,
    REDIS_SCRIPT_INBOX,
    REDIS_SCRIPT_SHARE,
    REDIS_SCRIPT_BODIES,
    REDIS_SCRIPT_PAYLOADS,
    REDIS_SCRIPT_POOL,
    REDIS_SCRIPT_COUNT
} redis_script_id;

#define REDIS_SHA_BYTES 40

typedef struct redis_script {
    const char *name;
    const char *sha; /* REDIS_SHA_BYTES hexadecimal digits */
    const char *text;
    size_t len;
} redis_script;

extern const redis_script redis_scripts[REDIS_SCRIPT_COUNT];

#endif
