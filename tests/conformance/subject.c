#include "tests/conformance/subject.h"

#include "backends/file/file.h"
#include "backends/memory/memory.h"
#ifdef HAVE_REDIS
#include "backends/redis/redis.h"
#endif
#include "tests/lib/redis_server.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static void memory_make(place *ret_place)
{
    memset(ret_place, 0, sizeof(*ret_place));
    ret_place->shared = allot_memory_new();
    ck_assert_ptr_nonnull(ret_place->shared);
}

static void memory_destroy(place *p)
{
    allot_memory_free(p->shared);
}

/* ---- file ------------------------------------------------------------------------------------------------------- */

static void file_make(place *ret_place)
{
    const char *base = getenv("TMPDIR");
    memset(ret_place, 0, sizeof(*ret_place));
    snprintf(ret_place->path, sizeof(ret_place->path), "%s/allot-conformance-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_msg(mkdtemp(ret_place->path) != NULL, "%s: %s", ret_place->path, strerror(errno));
    strcat(ret_place->path, "/store");
    ret_place->options[0] = (allot_option){"path", ret_place->path};
    ret_place->options[1] = (allot_option){"fsync", "never"};
    ret_place->options[2] = (allot_option){"compact_above", "20000"}; /* the journal is rewritten again and again */
    ret_place->option_count = 3;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static void file_destroy(place *p)
{
    p->path[strlen(p->path) - strlen("/store")] = '\0';
    ck_assert_msg(nftw(p->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0, "%s: %s", p->path, strerror(errno));
}

static bool file_untouched(const place *p)
{
    return access(p->path, F_OK) != 0 && errno == ENOENT;
}

static int file_block(const place *p)
{
    char path[PLACE_PATH_BYTES + 32];
    snprintf(path, sizeof(path), "%s/conformance/lock", p->path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_msg(fd >= 0 && flock(fd, LOCK_EX) == 0, "%s: %s", path, strerror(errno));
    return fd;
}

static void file_unblock(const place *p, int blocked)
{
    (void)p;
    close(blocked);
}

/* ---- redis ------------------------------------------------------------------------------------------------------ */

#ifdef HAVE_REDIS

/* A file that the server maps too (tests/preload/server_clock.c). */
static void make_clock(place *p)
{
    const char *base = getenv("TMPDIR");
    snprintf(p->path, sizeof(p->path), "%s/allot-clock-XXXXXX", base != NULL ? base : "/tmp");
    int fd = mkstemp(p->path);
    ck_assert_msg(fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0, "%s: %s", p->path, strerror(errno));
    void *memory = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_msg(memory != MAP_FAILED, "mmap: %s", strerror(errno));
    close(fd);
    p->server_us = memory;
}

static void redis_make(place *ret_place)
{
    place *p = ret_place;
    memset(p, 0, sizeof(*p));
    make_clock(p);
    setenv("ALLOT_TEST_CLOCK", p->path, 1);
    setenv("LD_PRELOAD", SERVER_CLOCK, 1);
    p->server = redis_server_start(NULL);
    unsetenv("LD_PRELOAD");
    unlink(p->path);
    snprintf(p->path, sizeof(p->path), "unix://%s", redis_server_socket(p->server));
    p->options[0] = (allot_option){"url", p->path};
    p->option_count = 1;
}

static void redis_destroy(place *p)
{
    redis_server_free(p->server);
    munmap(p->server_us, sizeof(int64_t));
}

static bool redis_untouched(const place *p)
{
    return strcmp(redis_server_ask(p->server, "DBSIZE"), "0") == 0;
}

static int redis_block(const place *p)
{
    redis_server_stop(p->server);
    return 0;
}

static void redis_unblock(const place *p, int blocked)
{
    (void)blocked;
    redis_server_cont(p->server);
}

#endif

/* ---- The table -------------------------------------------------------------------------------------------------- */

static const subject subjects[] = {
    {"memory", &memory_backend_ops, memory_make, memory_destroy, NULL, NULL, NULL, false},
    {"file", &file_backend_ops, file_make, file_destroy, file_untouched, file_block, file_unblock, false},
#ifdef HAVE_REDIS
    {"redis", &redis_backend_ops, redis_make, redis_destroy, redis_untouched, redis_block, redis_unblock, false},
#endif
};

/* The last one needs a server. */
int subject_count(void)
{
    int count = (int)(sizeof(subjects) / sizeof(subjects[0]));
#ifdef HAVE_REDIS
    count -= !redis_server_is_installed();
#endif
    return count;
}

const char *subject_skipped(void)
{
#ifndef HAVE_REDIS
    return "redis: hiredis was missing when this was built";
#else
    return redis_server_is_installed() ? NULL : "redis: redis-server is missing";
#endif
}

const subject *subject_nth(int i)
{
    return &subjects[i];
}
