/* watch.h - hints: files in bells/ that are written to, and inotify that wakes those who watch them.
 *
 *   bells/group  leader or version; its byte is 'l' when leadership became free, else 'g'
 *   bells/UUID   the share of that slot, or, if it leads, inbox or roster
 *
 * A replica watches its own bell, the group's, and slots/ (for deaths): beats of others wake nobody. Without inotify
 * (no instance left) everything works, from beat to beat. */
#ifndef FILE_WATCH_H
#define FILE_WATCH_H

#include "backends/file/death.h"

typedef struct file_watch {
    int fd; /* inotify; -1: none */
    int group_wd, own_wd, slots_wd;
    bool share, group, leaderless, work; /* hints to be given */
    bool missed; /* events were lost */
} file_watch;

/* Without inotify the error says why, and the watch is of no use. 0 or UNAVAILABLE. */
int file_watch_open(file_watch *w, const file_place *place, allot_error *ret_error);
void file_watch_close(file_watch *w);
/* From now on, this slot's bell and the deaths of others. */
void file_watch_slot(file_watch *w, const file_place *place, const allot_uuid *slot);

/* Takes what inotify has; suspects go to `death`. `leading`: this handle's slot leads, as far as known. */
void file_watch_drain(file_watch *w, const file_place *place, file_death *death, bool leading, int64_t now_us);

void file_ring_group(const file_place *place, bool leaderless);
void file_ring_slot(const file_place *place, const allot_uuid *slot);

#endif
