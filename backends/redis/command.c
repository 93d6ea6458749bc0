#include "backends/redis/command.h"

#include <stdlib.h>
#include <string.h>

redis_command *redis_command_new(int step, int argc, const char **argv, const size_t *argvlen)
{
    redis_command *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->step = step;
    if (redis_command_add(c, argc, argv, argvlen) == 0)
        return c;
    redis_command_free(c);
    return NULL;
}

int redis_command_add(redis_command *c, int argc, const char **argv, const size_t *argvlen)
{
    char *text;
    long long len = redisFormatCommandArgv(&text, argc, argv, argvlen); /* an int before hiredis 1.0 */
    if (len <= 0)
        return -1;
    int rc = bytes_append(&c->text, text, (size_t)len);
    if (c->step != 0)
        explicit_bzero(text, (size_t)len);
    redisFreeCommand(text);
    c->replies = ++c->count;
    return rc;
}

void redis_command_free(redis_command *c)
{
    if (c == NULL)
        return;
    if (c->step != 0 && c->text.data != NULL)
        explicit_bzero(c->text.data, c->text.len);
    bytes_done(&c->text);
    if (c->refusal != NULL)
        freeReplyObject(c->refusal);
    free(c);
}

void redis_commands_push(redis_commands *list, redis_command *command)
{
    command->next = NULL;
    if (list->last != NULL)
        list->last->next = command;
    else
        list->first = command;
    list->last = command;
    list->count++;
}

redis_command *redis_commands_pop(redis_commands *list)
{
    redis_command *c = list->first;
    if (c == NULL)
        return NULL;
    list->first = c->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    c->next = NULL;
    return c;
}

void redis_commands_append(redis_commands *to, redis_commands *from)
{
    if (from->first == NULL)
        return;
    if (to->last != NULL)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    to->count += from->count;
    *from = (redis_commands){0};
}

redis_command *redis_commands_take_overdue(redis_commands *list, int64_t now_us)
{
    redis_command *before = NULL;
    redis_command *c = list->first;
    while (c != NULL && c->deadline_us > now_us) {
        before = c;
        c = c->next;
    }
    if (c == NULL)
        return NULL;
    if (before != NULL)
        before->next = c->next;
    else
        list->first = c->next;
    if (list->last == c)
        list->last = before;
    list->count--;
    c->next = NULL;
    return c;
}

int64_t redis_commands_deadline_us(const redis_commands *list)
{
    int64_t deadline_us = INT64_MAX;
    for (const redis_command *c = list->first; c != NULL; c = c->next)
        deadline_us = c->deadline_us < deadline_us ? c->deadline_us : deadline_us;
    return deadline_us;
}
