/* arena.h - memory for one answer: taken piece by piece, given back at once. Zero-initialised is empty. */
#ifndef REDIS_ARENA_H
#define REDIS_ARENA_H

#include <stddef.h>

typedef struct redis_block redis_block;

typedef struct redis_arena {
    redis_block *first;
} redis_arena;

/* Zeroed memory for `count` elements of `size` bytes (never NULL for nothing); NULL: out of memory. */
void *redis_arena_take(redis_arena *arena, size_t count, size_t size);
/* A copy of these bytes. */
char *redis_arena_copy(redis_arena *arena, const char *data, size_t len);
void redis_arena_done(redis_arena *arena);

#endif
