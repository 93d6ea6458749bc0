#include "backends/file/death.h"

#include "base/bytes.h"
#include "base/uuid_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* After the first probe. */
static const int64_t probe_after_us[] = {1000, 5000, 25000};
#define PROBES_MAX (1 + sizeof(probe_after_us) / sizeof(probe_after_us[0]))
#define SUSPECTS_MAX 1024

void file_death_init(file_death *d)
{
    *d = (file_death){.own_fd = -1, .claim_fd = -1};
}

static void give_up(int *fd, allot_uuid *slot)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    *slot = (allot_uuid){0};
}

void file_death_done(file_death *d)
{
    give_up(&d->own_fd, &d->own);
    give_up(&d->claim_fd, &d->claim);
    free(d->suspects);
    file_death_init(d);
}

file_claim file_death_claim(file_death *d, const file_place *place, const allot_uuid *slot, allot_error *ret_error)
{
    char name[ALLOT_UUID_TEXT_BYTES];
    if (d->own_fd >= 0 && uuid_equal(slot, &d->own))
        return FILE_CLAIM_DONE; /* the same join again */
    uuid_to_text(slot, name);
    int fd = file_place_file(place->slots, name, O_RDWR | O_CREAT | O_EXCL);
    d->claim_is_new = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = file_place_file(place->slots, name, O_RDWR);
    if (fd < 0) {
        file_place_error(place, "slots", "the slot's file cannot be created", errno, ALLOT_E_UNAVAILABLE, ret_error);
        return FILE_CLAIM_FAILED;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return FILE_CLAIM_TAKEN;
    }
    d->claim = *slot;
    d->claim_fd = fd;
    return FILE_CLAIM_DONE;
}

void file_death_confirm(file_death *d)
{
    if (d->claim_fd < 0)
        return;
    give_up(&d->own_fd, &d->own);
    d->own = d->claim;
    d->own_fd = d->claim_fd;
    d->claim = (allot_uuid){0};
    d->claim_fd = -1;
}

void file_death_remove(const file_place *place, const allot_uuid *slot)
{
    char name[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(slot, name);
    unlinkat(place->slots, name, 0);
    unlinkat(place->bells, name, 0);
}

void file_death_abandon(file_death *d, const file_place *place)
{
    /* A file that was there before may be the proof of somebody's death. */
    if (d->claim_fd >= 0 && d->claim_is_new)
        file_death_remove(place, &d->claim);
    give_up(&d->claim_fd, &d->claim);
}

void file_death_leave(file_death *d, const file_place *place)
{
    if (d->own_fd >= 0)
        file_death_remove(place, &d->own);
    give_up(&d->own_fd, &d->own);
}

bool file_death_is_proven(const file_place *place, const allot_uuid *slot)
{
    char name[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(slot, name);
    /* Read-only: closing it must not look to the others like the close of its owner (IN_CLOSE_WRITE). */
    int fd = file_place_file(place->slots, name, O_RDONLY);
    if (fd < 0)
        return false;
    bool free = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return free;
}

void file_death_suspect(file_death *d, const allot_uuid *slot, int64_t now_us)
{
    for (size_t i = 0; i < d->count; i++) {
        if (uuid_equal(&d->suspects[i].slot, slot)) {
            d->suspects[i].probe_at_us = now_us;
            d->suspects[i].probes = 0;
            return;
        }
    }
    if (d->count >= SUSPECTS_MAX ||
        array_reserve((void **)&d->suspects, &d->capacity, d->count + 1, sizeof(*d->suspects)) != 0) {
        d->all = true;
        return;
    }
    d->suspects[d->count++] = (file_suspect){.slot = *slot, .probe_at_us = now_us};
}

static bool is_our_part(const file_death *d, const store *known, const allot_uuid *slot)
{
    if (known == NULL)
        return true;
    allot_uuid leader = store_leader(known);
    return uuid_is_zero(&leader) || uuid_equal(&leader, &d->own) || uuid_equal(&leader, slot);
}

static void remove_suspect(file_death *d, size_t i)
{
    d->suspects[i] = d->suspects[--d->count];
}

void file_death_look(file_death *d, const file_place *place, const store *known, int64_t now_us)
{
    for (size_t i = d->count; i-- > 0;) {
        file_suspect *s = &d->suspects[i];
        if (s->free || s->probe_at_us > now_us)
            continue;
        if (!is_our_part(d, known, &s->slot)) {
            s->probe_at_us = INT64_MAX; /* looked at when the mutex is taken for something else */
        } else if (file_death_is_proven(place, &s->slot)) {
            s->free = true;
        } else if (++s->probes == PROBES_MAX) {
            remove_suspect(d, i);
        } else {
            s->probe_at_us = now_us + probe_after_us[s->probes - 1];
        }
    }
}

bool file_death_is_urgent(const file_death *d)
{
    bool urgent = d->all;
    for (size_t i = 0; i < d->count; i++)
        urgent = urgent || d->suspects[i].free;
    return urgent;
}

int64_t file_death_deadline(const file_death *d)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < d->count; i++)
        if (!d->suspects[i].free && d->suspects[i].probe_at_us < first)
            first = d->suspects[i].probe_at_us;
    return first;
}

/* All live slots become suspects whose lock is to be looked at now. */
static void suspect_one(void *user, const allot_uuid *slot)
{
    file_death *d = user;
    if (array_reserve((void **)&d->suspects, &d->capacity, d->count + 1, sizeof(*d->suspects)) != 0)
        return; /* what is not probed now, its lease will tell */
    d->suspects[d->count++] = (file_suspect){.slot = *slot, .probe_at_us = INT64_MAX};
}

bool file_death_next(file_death *d, const file_place *place, const store *known, allot_uuid *ret_slot)
{
    if (d->all) {
        d->all = false;
        store_each_slot(known, suspect_one, d);
    }
    for (size_t i = d->count; i-- > 0;) {
        file_suspect *s = &d->suspects[i];
        if (!s->free && s->probe_at_us != INT64_MAX)
            continue; /* its next probe is still to come */
        allot_uuid slot = s->slot;
        remove_suspect(d, i);
        if (store_slot_is_live(known, &slot) && file_death_is_proven(place, &slot)) {
            *ret_slot = slot;
            return true;
        }
    }
    return false;
}
