#include "backends/file/handle.h"
#include "base/uuid_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(allot_uuid));
}

typedef struct known {
    bytes slots; /* of the store, sorted */
    bool failed;
} known;

static void add_slot(void *user, const allot_uuid *slot)
{
    known *k = user;
    if (bytes_append(&k->slots, slot, sizeof(*slot)) != 0)
        k->failed = true;
}

static bool is_known(const known *k, const allot_uuid *slot)
{
    return k->slots.len > 0 &&
           bsearch(slot, k->slots.data, k->slots.len / sizeof(*slot), sizeof(*slot), compare) != NULL;
}

/* A file of a slot that the store does not know: its process died between creating it and joining, or between the
 * last reap and removing it. A join in progress would hold the mutex. */
static bool is_orphan(const char *name, const known *k)
{
    allot_uuid slot;
    return uuid_from_text(name, strlen(name), &slot) && !is_known(k, &slot);
}

/* A rewrite whose writer is gone. */
static bool is_stale_image(int dir, const char *name)
{
    if (strncmp(name, FILE_IMAGE_PREFIX, strlen(FILE_IMAGE_PREFIX)) != 0)
        return false;
    int fd = file_place_file(dir, name, O_RDONLY);
    if (fd < 0)
        return false;
    bool stale = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return stale;
}

static void sweep_directory(int dir, const known *k, bool images)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL)
        if (images ? is_stale_image(dir, entry->d_name) : is_orphan(entry->d_name, k))
            unlinkat(dir, entry->d_name, 0);
    closedir(entries);
}

void file_sweep(allot_backend *b)
{
    known k = {0};
    b->swept = true;
    store_each_slot(b->state.store, add_slot, &k);
    if (!k.failed) {
        if (k.slots.len > 0)
            qsort(k.slots.data, k.slots.len / sizeof(allot_uuid), sizeof(allot_uuid), compare);
        sweep_directory(b->place.slots, &k, false);
        sweep_directory(b->place.bells, &k, false);
        sweep_directory(b->place.group, &k, true);
    }
    bytes_done(&k.slots);
}
