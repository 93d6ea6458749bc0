#include "bench/lib/bench.h"
#include "bench/lib/wire.h"
#include "bench/split_plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The leader's connection, and two of each slot: one that waits for the word, one that reads. */
typedef struct hall {
    redisContext *leader;
    redisContext **ear, **slot;
    uint32_t count;
} hall;

#define PIECE (1u << 20) /* of the inbox, when it is written */

static void hall_open(hall *h, const char *socket, uint32_t count, const ids *all)
{
    *h = (hall){.leader = wire_open(socket),
                .ear = bench_alloc(count, sizeof(redisContext *)),
                .slot = bench_alloc(count, sizeof(redisContext *)),
                .count = count};
    for (uint32_t i = 0; i < count; i++) {
        h->ear[i] = wire_open(socket);
        h->slot[i] = wire_open(socket);
        wire_say(h->ear[i], "SUBSCRIBE word:%u", i);
        wire_skip(h->ear[i], 1);
        wire_say(h->slot[i], "PING");
        wire_skip(h->slot[i], 1);
    }
    size_t bytes = all->count * LINE_BYTES;
    for (size_t at = 0; at < bytes; at += PIECE) {
        size_t piece = bytes - at < PIECE ? bytes - at : PIECE;
        wire_add(h->leader, 3, (const char *const[]){"APPEND", "inbox", all->text + at}, (size_t[]){6, 5, piece});
        wire_skip(h->leader, 1);
    }
    bench_sleep_ms(10);
}

static void hall_close(hall *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        redisFree(h->ear[i]);
        redisFree(h->slot[i]);
    }
    redisFree(h->leader);
    free(h->ear);
    free(h->slot);
}

static void take_all(hall *h, ids *all)
{
    for (uint32_t i = 0; i < h->count; i++) {
        size_t bytes;
        char *mine = wire_hear_string(h->slot[i], &bytes);
        ids_got_lines(all, i, mine, bytes);
        free(mine);
    }
}

static void write_blob(hall *h, uint32_t i, const char *text, size_t bytes)
{
    char key[32];
    size_t len = (size_t)snprintf(key, sizeof(key), "share:%u", i);
    wire_add(h->leader, 3, (const char *const[]){"SET", key, text}, (size_t[]){3, len, bytes});
    wire_say(h->leader, "PUBLISH word:%u there", i);
}

int64_t plain_blobs_redis(const char *socket, uint32_t slots, ids *all)
{
    hall h;
    piles s;
    hall_open(&h, socket, slots, all);
    int64_t start_ns = bench_now_ns();
    wire_say(h.leader, "GET inbox");
    wire_flush(h.leader);
    size_t bytes;
    char *inbox = wire_hear_string(h.leader, &bytes);
    piles_init(&s, slots, bytes);
    piles_deal(&s, inbox, bytes);
    for (uint32_t i = 0; i < slots; i++)
        write_blob(&h, i, s.text[i], s.bytes[i]);
    wire_flush(h.leader);
    for (uint32_t i = 0; i < slots; i++) {
        wire_skip(h.ear[i], 1);
        wire_say(h.slot[i], "GET share:%u", i);
        wire_flush(h.slot[i]);
    }
    take_all(&h, all);
    int64_t took_ns = bench_now_ns() - start_ns;
    wire_skip(h.leader, 2ul * slots);
    free(inbox);
    piles_done(&s);
    hall_close(&h);
    return took_ns;
}

/* An interval is both written to a hash, where a slot that comes later would find it, and said. */
static void write_interval(hall *h, uint32_t i, interval at)
{
    char range[64];
    snprintf(range, sizeof(range), "%zu-%zu", at.from, at.from + at.bytes - 1);
    wire_say(h->leader, "HSET split %u %s", i, range);
    wire_say(h->leader, "PUBLISH word:%u %s", i, range);
}

static void ask_for_range(hall *h, uint32_t i)
{
    unsigned long long from, to;
    redisReply *word = wire_hear(h->ear[i]);
    BENCH_MUST(word->elements == 3 && sscanf(word->element[2]->str, "%llu-%llu", &from, &to) == 2);
    freeReplyObject(word);
    wire_say(h->slot[i], "GETRANGE inbox %llu %llu", from, to);
    wire_flush(h->slot[i]);
}

int64_t plain_intervals_redis(const char *socket, uint32_t slots, ids *all)
{
    hall h;
    hall_open(&h, socket, slots, all);
    int64_t start_ns = bench_now_ns();
    for (uint32_t i = 0; i < slots; i++)
        write_interval(&h, i, interval_of(all->count, slots, i));
    wire_flush(h.leader);
    for (uint32_t i = 0; i < slots; i++)
        ask_for_range(&h, i);
    take_all(&h, all);
    int64_t took_ns = bench_now_ns() - start_ns;
    wire_skip(h.leader, 2ul * slots);
    hall_close(&h);
    return took_ns;
}
