#include "bench/split_plain.h"
#include "bench/lib/bench.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void piles_init(piles *s, uint32_t count, size_t bytes)
{
    *s = (piles){
        .count = count, .text = bench_alloc(count, sizeof(char *)), .bytes = bench_alloc(count, sizeof(size_t))};
    /* By hash they are never quite even. */
    size_t room = bytes / count + bytes / count / 4 + 64 * LINE_BYTES;
    for (uint32_t i = 0; i < count; i++)
        s->text[i] = bench_alloc(room, 1);
}

void piles_done(piles *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        free(s->text[i]);
    free(s->text);
    free(s->bytes);
}

void piles_deal(piles *s, const char *lines, size_t bytes)
{
    const char *end = lines + bytes;
    while (lines < end) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        size_t len = (size_t)(newline - lines);
        uint32_t i = (uint32_t)(XXH3_64bits(lines, len) % s->count);
        memcpy(s->text[i] + s->bytes[i], lines, len + 1);
        s->bytes[i] += len + 1;
        lines = newline + 1;
    }
}

interval interval_of(size_t count, uint32_t slots, uint32_t slot)
{
    size_t from = count * slot / slots, to = count * (slot + 1) / slots;
    return (interval){.from = from * LINE_BYTES, .bytes = (to - from) * LINE_BYTES};
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

int64_t plain_blobs_memory(uint32_t slots, ids *all)
{
    piles s;
    size_t bytes = all->count * LINE_BYTES;
    int64_t start_ns = bench_now_ns();
    piles_init(&s, slots, bytes);
    piles_deal(&s, all->text, bytes);
    for (uint32_t i = 0; i < slots; i++) {
        char *mine = malloc(s.bytes[i] + 1);
        BENCH_MUST(mine != NULL);
        memcpy(mine, s.text[i], s.bytes[i]);
        ids_got_lines(all, i, mine, s.bytes[i]);
        free(mine);
    }
    int64_t took_ns = bench_now_ns() - start_ns;
    piles_done(&s);
    return took_ns;
}

int64_t plain_intervals_memory(uint32_t slots, ids *all)
{
    int64_t start_ns = bench_now_ns();
    for (uint32_t i = 0; i < slots; i++) {
        interval at = interval_of(all->count, slots, i);
        char *mine = malloc(at.bytes + 1);
        BENCH_MUST(mine != NULL);
        memcpy(mine, all->text + at.from, at.bytes);
        ids_got_lines(all, i, mine, at.bytes);
        free(mine);
    }
    return bench_now_ns() - start_ns;
}

/* ---- By store ---------------------------------------------------------------------------------------------------- */

int64_t plain_blobs(place *p, uint32_t slots, ids *all)
{
    if (p->kind == PLACE_MEMORY)
        return plain_blobs_memory(slots, all);
    if (p->kind == PLACE_FILE)
        return plain_blobs_file(p->dir, slots, all);
#ifdef HAVE_REDIS
    return plain_blobs_redis(p->socket, slots, all);
#else
    bench_fail("built without hiredis");
#endif
}

int64_t plain_intervals(place *p, uint32_t slots, ids *all)
{
    if (p->kind == PLACE_MEMORY)
        return plain_intervals_memory(slots, all);
    if (p->kind == PLACE_FILE)
        return plain_intervals_file(p->dir, slots, all);
#ifdef HAVE_REDIS
    return plain_intervals_redis(p->socket, slots, all);
#else
    bench_fail("built without hiredis");
#endif
}
