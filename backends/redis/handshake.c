#include "backends/redis/handshake.h"

#include "backends/redis/errors.h"

#include <stdio.h>
#include <string.h>

static int say(redis_commands *list, redis_step step, int argc, const char **argv)
{
    size_t lens[3] = {0};
    for (int i = 0; i < argc; i++)
        lens[i] = strlen(argv[i]);
    redis_command *c = redis_command_new(step, argc, argv, lens);
    if (c == NULL)
        return -1;
    c->deadline_us = INT64_MAX; /* the attempt has one */
    redis_commands_push(list, c);
    return 0;
}

static int say_all(const redis_greeting *g, redis_commands *list)
{
    char database[16];
    snprintf(database, sizeof(database), "%d", g->database);
    int failed = 0;
    if (g->password != NULL && g->user != NULL)
        failed |= say(list, REDIS_STEP_AUTH, 3, (const char *[]){"AUTH", g->user, g->password});
    else if (g->password != NULL) /* servers before 6 know no users */
        failed |= say(list, REDIS_STEP_AUTH, 2, (const char *[]){"AUTH", g->password});
    if (g->database != 0 && !g->subscribe_only) /* channels are not a database's */
        failed |= say(list, REDIS_STEP_SELECT, 2, (const char *[]){"SELECT", database});
    failed |= say(list, REDIS_STEP_ROLE, 2, (const char *[]){"INFO", "replication"});
    failed |= say(list, REDIS_STEP_PERSISTENCE, 2, (const char *[]){"INFO", "persistence"});
    if (!g->subscribe_only)
        failed |= say(list, REDIS_STEP_MEMORY, 2, (const char *[]){"INFO", "memory"});
    return failed;
}

int redis_handshake_say(const redis_greeting *greeting, redis_commands *list)
{
    redis_commands said = {0};
    if (say_all(greeting, &said) == 0) {
        redis_commands_append(list, &said);
        return 0;
    }
    for (redis_command *c = redis_commands_pop(&said); c != NULL; c = redis_commands_pop(&said))
        redis_command_free(c);
    return -1;
}

/* The value of a line "key:value" of INFO; false: there is none. */
static bool info_value(const redisReply *info, const char *key, char *ret_value, size_t size)
{
    size_t key_len = strlen(key);
    const char *end = info->str + info->len;
    for (const char *line = info->str; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop != NULL ? stop : end) - line);
        if (len > key_len && line[key_len] == ':' && memcmp(line, key, key_len) == 0) {
            const char *value = line + key_len + 1;
            snprintf(ret_value, size, "%.*s", (int)strcspn(value, "\r\n"), value); /* the string ends with a NUL */
            return true;
        }
        line += len + 1;
    }
    return false;
}

static bool judge_role(const redisReply *info, char *ret_why, size_t why_size)
{
    char role[32];
    if (!info_value(info, "role", role, sizeof(role)) || strcmp(role, "master") == 0)
        return true;
    snprintf(ret_why, why_size, "it is a replica (READONLY); the URL has to name the master");
    return false;
}

static bool judge_persistence(const redisReply *info, unsigned *notes, char *ret_why, size_t why_size)
{
    char value[32];
    if (info_value(info, "loading", value, sizeof(value)) && strcmp(value, "1") == 0) {
        snprintf(ret_why, why_size, "LOADING: it is still reading its data");
        return false;
    }
    if (info_value(info, "aof_enabled", value, sizeof(value)) && strcmp(value, "0") == 0)
        *notes |= REDIS_NOTE_PERSISTENCE;
    return true;
}

/* volatile-* evicts nothing of ours: no key of ours has a ttl. */
static void judge_memory(const redisReply *info, unsigned *notes)
{
    char policy[32], limit[32];
    if (info_value(info, "maxmemory_policy", policy, sizeof(policy)) && strncmp(policy, "allkeys-", 8) == 0 &&
        info_value(info, "maxmemory", limit, sizeof(limit)) && strcmp(limit, "0") != 0)
        *notes |= REDIS_NOTE_EVICTION;
}

bool redis_handshake_judge(redis_step step, const redisReply *reply, unsigned *notes, char *ret_why, size_t why_size)
{
    bool is_info = step >= REDIS_STEP_ROLE;
    if (reply->type == REDIS_REPLY_ERROR) {
        /* A user that may not look is no reason not to work: READONLY and LOADING come with the first command. */
        if (is_info && (strncmp(reply->str, "NOPERM", 6) == 0 || strncmp(reply->str, "ERR unknown command", 19) == 0)) {
            *notes |= REDIS_NOTE_NO_INFO;
            return true;
        }
        snprintf(ret_why, why_size, "%.200s", reply->str);
        return false;
    }
    if (is_info ? reply->type != REDIS_REPLY_STRING : reply->type != REDIS_REPLY_STATUS) {
        snprintf(ret_why, why_size, "an answer that Redis does not give; is it a Redis server?");
        return false;
    }
    if (step == REDIS_STEP_ROLE)
        return judge_role(reply, ret_why, why_size);
    if (step == REDIS_STEP_PERSISTENCE)
        return judge_persistence(reply, notes, ret_why, why_size);
    if (step == REDIS_STEP_MEMORY)
        judge_memory(reply, notes);
    return true;
}

const char *redis_handshake_note(unsigned note)
{
    switch (note) {
    case REDIS_NOTE_EVICTION:
        return "it may evict the group's data (maxmemory_policy is allkeys-*): set maxmemory-policy noeviction";
    case REDIS_NOTE_PERSISTENCE:
        return "it has no append-only file: a restart may lose changes that were confirmed; set appendonly yes";
    default:
        return "this user may not read INFO: role, persistence and eviction policy are not checked";
    }
}
