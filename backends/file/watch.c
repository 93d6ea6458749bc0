#include "backends/file/watch.h"

#include "base/uuid_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static void ring(const file_place *place, const char *name, char byte, int flags)
{
    int fd = file_place_file(place->bells, name, O_WRONLY | flags);
    if (fd < 0)
        return; /* nobody there to be woken */
    if (pwrite(fd, &byte, 1, 0) != 1) {
        close(fd); /* a full disk: a hint is lost, which is allowed */
        return;
    }
    close(fd);
}

void file_ring_group(const file_place *place, bool leaderless)
{
    ring(place, "group", leaderless ? 'l' : 'g', O_CREAT);
}

void file_ring_slot(const file_place *place, const allot_uuid *slot)
{
    char name[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(slot, name);
    ring(place, name, 's', 0);
}

/* inotify knows only paths; /proc leads through the verified descriptor. */
static int watch(int inotify, int dir, const char *name, uint32_t mask)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
    return inotify_add_watch(inotify, path, mask);
}

static void touch(const file_place *place, const char *name)
{
    int fd = file_place_file(place->bells, name, O_WRONLY | O_CREAT);
    if (fd >= 0)
        close(fd);
}

int file_watch_open(file_watch *w, const file_place *place, allot_error *ret_error)
{
    *w = (file_watch){.group_wd = -1, .own_wd = -1, .slots_wd = -1};
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd >= 0) {
        touch(place, "group");
        w->group_wd = watch(w->fd, place->bells, "group", IN_MODIFY);
    }
    if (w->group_wd >= 0)
        return 0;
    int number = errno;
    file_watch_close(w);
    return file_error(ret_error, ALLOT_E_UNAVAILABLE,
                      "%s: no inotify (%s): changes and deaths are noticed at beats only; raise fs.inotify.max_user_"
                      "instances", place->shown, strerror(number));
}

void file_watch_close(file_watch *w)
{
    if (w->fd >= 0)
        close(w->fd);
    *w = (file_watch){.fd = -1, .group_wd = -1, .own_wd = -1, .slots_wd = -1};
}

void file_watch_slot(file_watch *w, const file_place *place, const allot_uuid *slot)
{
    char name[ALLOT_UUID_TEXT_BYTES];
    if (w->fd < 0)
        return;
    if (w->own_wd >= 0)
        inotify_rm_watch(w->fd, w->own_wd);
    uuid_to_text(slot, name);
    touch(place, name);
    w->own_wd = watch(w->fd, place->bells, name, IN_MODIFY);
    if (w->slots_wd < 0)
        w->slots_wd = watch(w->fd, place->slots, ".", IN_CLOSE_WRITE);
}

static bool bell_says_leaderless(const file_place *place)
{
    char byte = 0;
    int fd = file_place_file(place->bells, "group", O_RDONLY);
    if (fd < 0)
        return false;
    bool leaderless = pread(fd, &byte, 1, 0) == 1 && byte == 'l';
    close(fd);
    return leaderless;
}

static void take_event(file_watch *w, const file_place *place, file_death *death, const struct inotify_event *event,
                       bool leading, int64_t now_us)
{
    allot_uuid slot;
    if (event->mask & IN_Q_OVERFLOW) {
        w->missed = true;
    } else if (event->wd == w->slots_wd && (event->mask & IN_CLOSE_WRITE) && event->len > 0) {
        if (uuid_from_text(event->name, strlen(event->name), &slot))
            file_death_suspect(death, &slot, now_us);
    } else if (event->wd == w->own_wd && (event->mask & IN_MODIFY)) {
        w->share = true;
        w->work = w->work || leading;
    } else if (event->wd == w->group_wd && (event->mask & IN_MODIFY)) {
        w->group = true;
        w->leaderless = w->leaderless || bell_says_leaderless(place);
    }
}

void file_watch_drain(file_watch *w, const file_place *place, file_death *death, bool leading, int64_t now_us)
{
    alignas(struct inotify_event) char events[8192];
    ssize_t n = 0;
    while (w->fd >= 0 && (n = read(w->fd, events, sizeof(events))) > 0) {
        for (char *p = events; p < events + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)p;
            take_event(w, place, death, event, leading, now_us);
            p += sizeof(*event) + event->len;
        }
    }
    if (w->missed) {
        w->missed = false;
        w->share = w->group = true;
        w->work = w->work || leading;
        w->leaderless = w->leaderless || bell_says_leaderless(place);
        death->all = true;
    }
}
