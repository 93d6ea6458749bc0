#include "backends/redis/lane_scripts.h"

#include <stdio.h>

enum { SCRIPTS_TIMEOUT_US = 5000000 };

static int send_now(redis_lane *lane, int argc, uint64_t tag)
{
    int64_t deadline_us = lane->clock.boot_us(lane->clock.user) + SCRIPTS_TIMEOUT_US;
    return redis_link_send(lane->link, argc, lane->room.argv, lane->room.lens, tag, deadline_us);
}

int redis_lane_ask_for_scripts(redis_lane *lane)
{
    if (redis_room_reserve(&lane->room, 2 + REDIS_SCRIPT_COUNT) != 0)
        return -1;
    redis_room_put(&lane->room, 0, "SCRIPT", 6);
    redis_room_put(&lane->room, 1, "EXISTS", 6);
    for (size_t i = 0; i < REDIS_SCRIPT_COUNT; i++)
        redis_room_put(&lane->room, 2 + i, redis_scripts[i].sha, REDIS_SHA_BYTES);
    if (send_now(lane, 2 + REDIS_SCRIPT_COUNT, REDIS_TAG_EXISTS) != 0)
        return -1;
    lane->scripts = REDIS_SCRIPTS_ASKED;
    return 0;
}

int redis_lane_load_script(redis_lane *lane, redis_script_id id)
{
    if (redis_room_reserve(&lane->room, 3) != 0)
        return -1;
    redis_room_put(&lane->room, 0, "SCRIPT", 6);
    redis_room_put(&lane->room, 1, "LOAD", 4);
    redis_room_put(&lane->room, 2, redis_scripts[id].text, redis_scripts[id].len);
    return send_now(lane, 3, REDIS_TAG_LOAD);
}

void redis_lane_load_missing(redis_lane *lane, const redisReply *reply)
{
    bool known = reply->type == REDIS_REPLY_ARRAY && reply->elements == REDIS_SCRIPT_COUNT;
    if (!known && reply->type != REDIS_REPLY_ERROR)
        redis_link_distrust(lane->link);
    for (size_t i = 0; i < REDIS_SCRIPT_COUNT; i++) {
        bool there = known && reply->element[i]->type == REDIS_REPLY_INTEGER && reply->element[i]->integer == 1;
        if (!there && redis_lane_load_script(lane, (redis_script_id)i) != 0)
            lane->load_again = true;
    }
    lane->scripts = REDIS_SCRIPTS_LOADED; /* asked for anew when the link goes down */
}

void redis_lane_take_loaded(redis_lane *lane, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        snprintf(lane->load_error, sizeof(lane->load_error), "%s", reply->str);
    else if (reply->type == REDIS_REPLY_STRING && reply->len == REDIS_SHA_BYTES)
        lane->load_error[0] = '\0';
    else
        redis_link_distrust(lane->link);
}
