#include "backends/redis/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct redis_block {
    redis_block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

enum { BLOCK_BYTES = 16384, ALIGN = alignof(max_align_t) };

static redis_block *block_with(redis_arena *arena, size_t need)
{
    redis_block *first = arena->first;
    if (first != NULL && first->size - first->used >= need)
        return first;
    size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
    redis_block *b = malloc(sizeof(*b) + size);
    if (b == NULL)
        return NULL;
    b->used = 0;
    b->size = size;
    b->next = first;
    arena->first = b;
    return b;
}

void *redis_arena_take(redis_arena *arena, size_t count, size_t size)
{
    size_t need;
    if (__builtin_mul_overflow(count, size, &need) || need > SIZE_MAX - sizeof(redis_block) - ALIGN)
        return NULL;
    need = need == 0 ? ALIGN : (need + ALIGN - 1) / ALIGN * ALIGN;
    redis_block *b = block_with(arena, need);
    if (b == NULL)
        return NULL;
    void *piece = b->data + b->used;
    b->used += need;
    return memset(piece, 0, need);
}

char *redis_arena_copy(redis_arena *arena, const char *data, size_t len)
{
    char *copy = redis_arena_take(arena, len, 1);
    if (copy != NULL && len > 0)
        memcpy(copy, data, len);
    return copy;
}

void redis_arena_done(redis_arena *arena)
{
    while (arena->first != NULL) {
        redis_block *b = arena->first;
        arena->first = b->next;
        free(b);
    }
}
