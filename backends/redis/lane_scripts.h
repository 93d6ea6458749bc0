/* lane_scripts.h - whether the server knows the scripts, and how it gets them; within a lane. */
#ifndef REDIS_LANE_SCRIPTS_H
#define REDIS_LANE_SCRIPTS_H

#include "backends/redis/lane.h"

/* Tags that are no op's serial. */
#define REDIS_TAG_EXISTS UINT64_MAX
#define REDIS_TAG_LOAD (UINT64_MAX - 1)

/* 0, or -1: out of memory. */
int redis_lane_ask_for_scripts(redis_lane *lane);
int redis_lane_load_script(redis_lane *lane, redis_script_id id);

/* The replies. */
void redis_lane_load_missing(redis_lane *lane, const redisReply *reply);
void redis_lane_take_loaded(redis_lane *lane, const redisReply *reply);

#endif
