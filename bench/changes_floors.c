#include "bench/changes_floors.h"
#include "bench/lib/bench.h"
#ifdef HAVE_REDIS
#include "bench/lib/wire.h"
#endif

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE 512u /* as many as an op of allot has */

struct floors {
    place_kind kind;
    int fd;
#ifdef HAVE_REDIS
    redisContext *redis;
#endif
};

floors *floors_open(const place *p)
{
    floors *f = bench_alloc(1, sizeof(*f));
    char path[128];
    f->kind = p->kind;
    f->fd = -1;
    if (p->kind == PLACE_FILE) {
        snprintf(path, sizeof(path), "%s/floor", p->dir);
        f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        BENCH_MUST(f->fd >= 0);
    }
#ifdef HAVE_REDIS
    if (p->kind == PLACE_REDIS)
        f->redis = wire_open(p->socket);
#endif
    return f;
}

void floors_close(floors *f)
{
    if (f->fd >= 0)
        close(f->fd);
#ifdef HAVE_REDIS
    if (f->redis != NULL)
        redisFree(f->redis);
#endif
    free(f);
}

static void append(floors *f, const char *data, size_t bytes)
{
    if (write(f->fd, data, bytes) != (ssize_t)bytes || fdatasync(f->fd) != 0)
        bench_fail("writing to a file");
}

#ifdef HAVE_REDIS
static void say(floors *f, const ids *all, size_t from, size_t count, bool add)
{
    const char *words[2 + 2 * AT_ONCE] = {add ? "HSET" : "HDEL", "floor"};
    size_t lengths[2 + 2 * AT_ONCE] = {4, 5};
    unsigned long commands = 0;
    for (size_t done = 0; done < count; commands++) {
        int n = 2;
        for (size_t k = 0; k < AT_ONCE && done < count; k++, done++) {
            words[n] = all->added[from + done].id.data;
            lengths[n++] = ID_BYTES;
            words[n] = "";
            lengths[n] = 0;
            n += add;
        }
        wire_add(f->redis, n, words, lengths);
    }
    wire_skip(f->redis, commands);
}
#endif

void floors_add(floors *f, const ids *all, size_t from, size_t count)
{
    const char *text = all->text + from * LINE_BYTES;
    if (f->kind == PLACE_FILE)
        append(f, text, count * LINE_BYTES);
#ifdef HAVE_REDIS
    if (f->kind == PLACE_REDIS)
        say(f, all, from, count, true);
#endif
}

void floors_remove(floors *f, const ids *all, size_t from, size_t count)
{
    if (f->kind == PLACE_FILE)
        append(f, all->text + from * LINE_BYTES, count * LINE_BYTES);
#ifdef HAVE_REDIS
    if (f->kind == PLACE_REDIS)
        say(f, all, from, count, false);
#endif
}
