#include "bench/lib/place.h"
#include "backends/file/file.h"
#include "backends/memory/memory.h"
#include "bench/lib/bench.h"
#ifdef HAVE_REDIS
#include "backends/redis/redis.h"
#endif
#include "tests/lib/redis_server.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

typedef struct filesystem {
    unsigned long magic;
    const char *name;
} filesystem;

static const filesystem filesystems[] = {
    {0xef53, "ext4"}, {0x58465342, "xfs"}, {0x9123683e, "btrfs"}, {0x01021994, "tmpfs"}, {0x794c7630, "overlayfs"},
};

const char *place_name(place_kind kind)
{
    return kind == PLACE_MEMORY ? "memory" : kind == PLACE_FILE ? "file" : "redis";
}

static const allot_backend_ops *ops_of(place_kind kind)
{
    if (kind == PLACE_MEMORY)
        return &memory_backend_ops;
    if (kind == PLACE_FILE)
        return &file_backend_ops;
#ifdef HAVE_REDIS
    return &redis_backend_ops;
#else
    return NULL;
#endif
}

bool place_is_there(place_kind kind)
{
    return ops_of(kind) != NULL && (kind != PLACE_REDIS || redis_server_is_installed());
}

/* ---- A directory ------------------------------------------------------------------------------------------------- */

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(name) == 0 || errno == ENOENT ? 0 : -1;
}

static void remove_dir(const place *p)
{
    if (nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        bench_fail("cannot remove %s", p->dir);
}

static void make_dir(place *p)
{
    const char *base = getenv("TMPDIR");
    struct statfs fs;
    snprintf(p->dir, sizeof(p->dir), "%.60s/allot-bench-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(p->dir) == NULL || statfs(p->dir, &fs) != 0)
        bench_fail("%s", p->dir);
    snprintf(p->filesystem, sizeof(p->filesystem), "file system %lx", (unsigned long)fs.f_type);
    for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
        if (filesystems[i].magic == (unsigned long)fs.f_type)
            snprintf(p->filesystem, sizeof(p->filesystem), "%s", filesystems[i].name);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

void place_open(place *p, place_kind kind)
{
    *p = (place){.kind = kind, .ops = ops_of(kind)};
    if (kind == PLACE_MEMORY) {
        p->memory = allot_memory_new();
        BENCH_MUST(p->memory != NULL);
    } else if (kind == PLACE_FILE) {
        make_dir(p);
        p->option = (allot_option){"path", p->value};
        snprintf(p->value, sizeof(p->value), "%s/store", p->dir);
    } else {
        p->server = redis_server_start((const char *const[]){"--maxclients", "4000", NULL});
        p->socket = redis_server_socket(p->server);
        p->option = (allot_option){"url", p->value};
        snprintf(p->value, sizeof(p->value), "unix://%s", p->socket);
    }
}

void place_close(place *p)
{
    allot_memory_free(p->memory);
    redis_server_free(p->server);
    if (p->kind == PLACE_FILE)
        remove_dir(p);
    *p = (place){.ops = NULL};
}

void place_renew(place *p)
{
    if (p->kind == PLACE_REDIS) {
        redis_server_ask(p->server, "FLUSHALL");
    } else if (p->kind == PLACE_MEMORY) {
        allot_memory_free(p->memory);
        p->memory = allot_memory_new();
        BENCH_MUST(p->memory != NULL);
    } else {
        remove_dir(p);
        if (mkdir(p->dir, 0700) != 0)
            bench_fail("%s", p->dir);
    }
}

void place_options(place *p, allot_options *ret_options)
{
    allot_options_init(ret_options);
    ret_options->group = "bench";
    ret_options->backend = place_name(p->kind);
    ret_options->shared = p->memory;
    ret_options->backend_options = &p->option;
    ret_options->backend_option_count = p->option.key != NULL;
}

/* "used_cpu_user:0.123": seconds with a fraction, which redis_server_info would cut off. */
static double seconds_of(const char *info, const char *key)
{
    const char *at = strstr(info, key);
    BENCH_MUST(at != NULL);
    return strtod(at + strlen(key), NULL);
}

double place_server_cpu_ns(const place *p)
{
    if (p->kind != PLACE_REDIS)
        return 0;
    const char *info = redis_server_ask(p->server, "INFO cpu");
    return 1e9 * (seconds_of(info, "used_cpu_user:") + seconds_of(info, "used_cpu_sys:"));
}

void place_describe(const place *p, char *ret_text, unsigned bytes)
{
    if (p->kind == PLACE_MEMORY) {
        snprintf(ret_text, bytes, "memory");
    } else if (p->kind == PLACE_FILE) {
        snprintf(ret_text, bytes, "file on %s", p->filesystem);
    } else {
        const char *info = redis_server_ask(p->server, "INFO server");
        const char *at = strstr(info, "redis_version:");
        int len = at != NULL ? (int)strcspn(at + 14, "\r\n") : 0;
        snprintf(ret_text, bytes, "Redis %.*s on a Unix socket", len, at != NULL ? at + 14 : "");
    }
}
