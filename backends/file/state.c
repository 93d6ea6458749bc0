#include "backends/file/state.h"

#include "base/uuid_text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than this is not read under the mutex; replaying it takes some ten milliseconds. */
#define FAR_BYTES ((int64_t)1 << 20)

void file_state_init(file_state *s, const allot_uuid *own_boot, bytes *notes)
{
    *s = (file_state){.own_boot = *own_boot, .fresh = true, .notes = notes};
    file_journal_init(&s->journal);
}

void file_state_drop(file_state *s)
{
    store_free(s->store);
    s->store = NULL;
    s->fresh = true;
    s->astray = false;
}

void file_state_done(file_state *s)
{
    file_state_drop(s);
    file_journal_done(&s->journal);
    file_space_done(&s->space);
    bytes_done(&s->slots);
}

/* ---- replay ----------------------------------------------------------------------------------------------------- */

static void collect(void *user, const allot_uuid *slot)
{
    file_state *s = user;
    if (store_slot_is_live(s->store, slot))
        bytes_append(&s->slots, slot, sizeof(*slot)); /* room was made for all */
}

static void count(void *user, const allot_uuid *slot)
{
    (void)slot;
    ++*(size_t *)user;
}

int file_state_bury_all(file_state *s)
{
    size_t slots = 0;
    store_effects effects;
    store_each_slot(s->store, count, &slots);
    s->slots.len = 0;
    if (bytes_reserve(&s->slots, slots * sizeof(allot_uuid)) != 0)
        return ALLOT_E_NOMEM;
    store_each_slot(s->store, collect, s);
    for (size_t at = 0; at < s->slots.len; at += sizeof(allot_uuid)) {
        allot_uuid slot;
        memcpy(&slot, s->slots.data + at, sizeof(slot));
        if (store_prove_dead(s->store, &slot, &effects) != 0)
            return ALLOT_E_NOMEM;
    }
    return 0;
}

typedef struct replay {
    file_state *state;
    const file_place *place;
} replay;

static int damaged(const replay *r, const char *what, allot_error *ret_error)
{
    return file_journal_damaged(&r->state->journal, r->place, what, ret_error);
}

static int take_snapshot_line(replay *r, const char *text, size_t len, allot_error *ret_error)
{
    file_state *s = r->state;
    bool is_last = s->journal.at + (int64_t)(FILE_SEAL_BYTES + len + 1) == s->journal.header.records_at;
    if (!is_last && len >= 2 && memcmp(text, "= ", 2) == 0) {
        allot_error why = {0};
        int rc = store_load(s->store, text + 2, len - 2, &why);
        s->journal.lines++;
        if (rc == ALLOT_E_DAMAGED)
            return damaged(r, why.message, ret_error);
        return rc == 0 ? 0 : file_error(ret_error, rc, "out of memory");
    }
    char end[32];
    int end_len = snprintf(end, sizeof(end), "end %llu", (unsigned long long)s->journal.lines);
    if (!is_last || len != (size_t)end_len || memcmp(text, end, len) != 0)
        return damaged(r, "the snapshot is not complete", ret_error);
    allot_error why = {0};
    return store_load_end(s->store, &why) == 0 ? 0 : damaged(r, why.message, ret_error);
}

/* A process does not live through a new boot of its machine: another machine, or a clone, writes to our directory. */
static int take_boot(replay *r, const allot_uuid *boot, allot_error *ret_error)
{
    file_state *s = r->state;
    if (!s->fresh && uuid_equal(&s->boot, &s->own_boot) && !uuid_equal(boot, &s->own_boot))
        return file_error(ret_error, ALLOT_E_PLACE,
                          "%s: is used by another machine as well; a group in a directory is for one machine",
                          r->place->shown);
    s->boot = *boot;
    return file_state_bury_all(s) == 0 ? 0 : file_error(ret_error, ALLOT_E_NOMEM, "out of memory");
}

static int take_record(replay *r, char *text, size_t len, allot_error *ret_error)
{
    file_state *s = r->state;
    file_record record;
    store_effects effects = {.changed = true};
    allot_answer answer;
    int rc = file_record_decode(text, len, &s->space, &record);
    if (rc == ALLOT_E_DAMAGED)
        return damaged(r, "not a record of this format", ret_error);
    if (rc == 0 && record.kind == FILE_RECORD_BOOT)
        return take_boot(r, &record.uuid, ret_error);
    if (rc == 0 && record.kind == FILE_RECORD_OP)
        rc = store_apply(s->store, record.op, &record.moment, &answer, &effects);
    else if (rc == 0)
        rc = store_prove_dead(s->store, &record.uuid, &effects);
    if (rc != 0)
        return file_error(ret_error, rc, "out of memory");
    /* Only what changed the state was written. If it changes nothing here, this copy is not the writer's. */
    if (!effects.changed)
        return damaged(r, "the record has no effect: written by another version, or not in this place", ret_error);
    return 0;
}

static int take_line(void *user, char *text, size_t len, bool in_snapshot, allot_error *ret_error)
{
    replay *r = user;
    return in_snapshot ? take_snapshot_line(r, text, len, ret_error) : take_record(r, text, len, ret_error);
}

/* Reads up to `end`. After a failure the copy is good for nothing: a line may be half applied. */
static int read_to(file_state *s, const file_place *place, int64_t end, allot_error *ret_error)
{
    replay r = {.state = s, .place = place};
    bool was_fresh = s->fresh;
    int rc = file_journal_read(&s->journal, place, end, take_line, &r, ret_error);
    if (rc != 0) {
        file_state_drop(s);
        s->fresh = was_fresh;
    }
    return rc;
}

/* ---- following the file ----------------------------------------------------------------------------------------- */

static void note(file_state *s, const char *message)
{
    bytes_append(s->notes, message, strlen(message) + 1); /* without memory the operator misses a line */
}

static int create_journal(file_state *s, const file_place *place, allot_error *ret_error)
{
    file_image image;
    file_journal_header header;
    int fd;
    file_image_init(&image);
    int rc = file_image_first_header(&s->own_boot, &header, ret_error);
    if (rc == 0)
        rc = file_image_begin(&image, place, NULL, &header, ret_error);
    if (rc == 0)
        rc = file_image_write(&image, place, SIZE_MAX, ret_error);
    if (rc == 0)
        rc = file_image_publish(&image, place, NULL, &fd, ret_error);
    file_image_drop(&image, place);
    if (rc == 0)
        close(fd);
    return rc;
}

/* The name in the directory, made if need be. */
static int look_at(file_state *s, const file_place *place, bool read_only, struct stat *ret_named,
                   allot_error *ret_error)
{
    if (fstatat(place->group, "journal", ret_named, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno == ENOENT && read_only)
        return file_error(ret_error, ALLOT_E_NOT_FOUND, "no group here: %s/journal does not exist", place->shown);
    if (errno != ENOENT)
        return file_place_error(place, "journal", "cannot be looked at", errno, ALLOT_E_SYSTEM, ret_error);
    if (s->journal.fd >= 0) {
        char text[FILE_SHOWN_BYTES + 80];
        snprintf(text, sizeof(text), "%s/journal: was removed: the group's data is lost, and begins anew",
                 place->shown);
        note(s, text);
    }
    int rc = create_journal(s, place, ret_error);
    if (rc != 0)
        return rc;
    if (fstatat(place->group, "journal", ret_named, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    return file_place_error(place, "journal", "cannot be looked at", errno, ALLOT_E_SYSTEM, ret_error);
}

/* Puts a newly opened journal in the place of the old one, which it goes on from where the old one stood, if it can. */
static void adopt(file_state *s, file_journal *next)
{
    file_journal *old = &s->journal;
    const file_journal_header *h = &next->header;
    bool goes_on = s->store != NULL && !s->fresh && !s->astray && old->fd >= 0 && h->name == old->header.name &&
                   h->generation == old->header.generation + 1 && old->at >= h->from &&
                   (old->at > h->from || old->chain == h->chain);
    if (goes_on) {
        next->at = h->records_at + (old->at - h->from);
        next->chain = old->chain;
    } else {
        file_state_drop(s);
    }
    file_journal_done(old);
    *old = *next;
}

/* The journal was rewritten or replaced. First to the end of the old one, to which nobody appends any more. */
static int follow(file_state *s, const file_place *place, bool read_only, allot_error *ret_error)
{
    struct stat st;
    int64_t good;
    file_journal *old = &s->journal;
    if (s->store != NULL && old->fd >= 0 && fstat(old->fd, &st) == 0 && st.st_size - old->at <= FAR_BYTES &&
        file_journal_tail(old, place, st.st_size, &good, NULL) == 0)
        read_to(s, place, good, NULL);
    file_journal next;
    file_journal_init(&next);
    int rc = file_journal_open(&next, place, read_only, ret_error);
    if (rc == 0)
        adopt(s, &next);
    return rc;
}

static int cut_tail(file_state *s, const file_place *place, int64_t size, allot_error *ret_error)
{
    char text[FILE_SHOWN_BYTES + 160];
    if (ftruncate(s->journal.fd, (off_t)s->journal.at) != 0)
        return file_place_error(place, "journal", "its torn end cannot be cut off", errno, ALLOT_E_SYSTEM, ret_error);
    snprintf(text, sizeof(text),
             "%s/journal: the last record was torn (its writer died while writing, before any answer): cut off %lld "
             "bytes at byte %lld", place->shown, (long long)(size - s->journal.at), (long long)s->journal.at);
    note(s, text);
    return 0;
}

static int begin_loading(file_state *s)
{
    file_state_drop(s);
    s->store = store_new();
    if (s->store == NULL)
        return ALLOT_E_NOMEM;
    s->loads++;
    file_journal_rewind(&s->journal);
    s->boot = s->journal.header.boot;
    return 0;
}

static int sync_once(file_state *s, const file_place *place, bool read_only, allot_error *ret_error)
{
    struct stat named;
    int64_t good;
    file_journal *j = &s->journal;
    int rc = look_at(s, place, read_only, &named, ret_error);
    if (rc == 0 && (j->fd < 0 || j->ino != named.st_ino || j->dev != named.st_dev))
        rc = follow(s, place, read_only, ret_error);
    if (rc != 0)
        return rc;
    if (s->astray && named.st_size > j->at)
        file_state_drop(s);
    if (s->store == NULL && begin_loading(s) != 0)
        return file_error(ret_error, ALLOT_E_NOMEM, "out of memory");
    if (named.st_size < j->at)
        return file_journal_damaged(j, place, "the file ends before what was read from it", ret_error);
    rc = file_journal_tail(j, place, named.st_size, &good, ret_error);
    if (rc == 0 && good < j->header.records_at)
        return file_journal_damaged(j, place, "the file ends within its snapshot", ret_error);
    s->end = good;
    if (rc == 0 && good - j->at > FAR_BYTES)
        return FILE_STATE_BEHIND;
    if (rc == 0)
        rc = read_to(s, place, good, ret_error);
    if (rc == 0 && good < named.st_size && !read_only)
        rc = cut_tail(s, place, named.st_size, ret_error);
    if (rc == 0)
        s->fresh = false;
    return rc;
}

int file_state_sync(file_state *s, const file_place *place, bool read_only, allot_error *ret_error)
{
    bool was_fresh = s->fresh;
    int rc = sync_once(s, place, read_only, ret_error);
    if (rc != ALLOT_E_DAMAGED || was_fresh)
        return rc;
    /* What this process remembers may be what is wrong (the file was restored under it): let the file alone speak. */
    file_state_drop(s);
    return sync_once(s, place, read_only, ret_error);
}

int file_state_read_ahead(file_state *s, const file_place *place, allot_error *ret_error)
{
    assert(s->store != NULL);
    return read_to(s, place, s->end, ret_error);
}

int file_state_move(file_state *s, const file_place *place, int fd, const file_journal_header *header,
                    allot_error *ret_error)
{
    file_journal next;
    struct stat st;
    file_journal_init(&next);
    if (fstat(fd, &st) != 0) {
        int number = errno;
        close(fd);
        return file_place_error(place, "journal", "cannot be looked at", number, ALLOT_E_SYSTEM, ret_error);
    }
    next.fd = fd;
    next.dev = st.st_dev;
    next.ino = st.st_ino;
    next.header = *header;
    next.snapshot_at = (int64_t)file_header_len();
    adopt(s, &next);
    return 0;
}
