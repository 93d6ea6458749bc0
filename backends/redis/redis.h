/* redis.h - a backend whose state lives in a Redis server (docs/redis.md). Options: see options.h. */
#ifndef REDIS_H
#define REDIS_H

#include <allot/backend.h>

extern const allot_backend_ops redis_backend_ops;

#endif
