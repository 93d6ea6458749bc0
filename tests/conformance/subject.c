#include "tests/conformance/subject.h"

#include "backends/file/file.h"
#include "backends/memory/memory.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* ---- The table -------------------------------------------------------------------------------------------------- */

static const subject subjects[] = {
    {"memory", allot_backend_memory, memory_make, memory_destroy, NULL, NULL, NULL, false},
    {"file", allot_backend_file, file_make, file_destroy, file_untouched, file_block, file_unblock, false},
};

int subject_count(void)
{
    return (int)(sizeof(subjects) / sizeof(subjects[0]));
}

const subject *subject_nth(int i)
{
    return &subjects[i];
}
