/* death.h - proof that a replica's process is gone: the kernel has released the lock on its slot's file.
 *
 * A joined slot's process holds flock on slots/UUID for as long as it lives. Whoever finds that lock free, under the
 * mutex (a join takes it under the mutex, too), has proof: nobody acts under that slot any more. A file that is
 * not there proves nothing. */
#ifndef FILE_DEATH_H
#define FILE_DEATH_H

#include "backends/file/place.h"
#include "backends/store/store.h"

typedef struct file_suspect {
    allot_uuid slot;
    int64_t probe_at_us; /* INT64_MAX: no more on its own account */
    uint32_t probes;     /* made */
    bool free;           /* its lock was found free: to be proven under the mutex */
} file_suspect;

typedef struct file_death {
    allot_uuid own; /* the slot that this handle speaks for; zero: none */
    int own_fd;
    allot_uuid claim; /* a join on its way */
    int claim_fd;
    bool claim_is_new; /* its file was not there before */
    file_suspect *suspects;
    size_t count, capacity;
    bool all; /* every live slot is to be probed at the next chance */
} file_death;

void file_death_init(file_death *d);
/* Closes what is open, which gives up the slot; unlinks nothing. */
void file_death_done(file_death *d);

/* Before a join, under the mutex: creates the slot's file and locks it. */
typedef enum file_claim { FILE_CLAIM_DONE, FILE_CLAIM_TAKEN, FILE_CLAIM_FAILED } file_claim;
file_claim file_death_claim(file_death *d, const file_place *place, const allot_uuid *slot, allot_error *ret_error);
/* The join stands: the slot is this handle's own, an earlier one is given up. */
void file_death_confirm(file_death *d);
/* The join does not stand. */
void file_death_abandon(file_death *d, const file_place *place);
/* The own slot has left: its files go. */
void file_death_leave(file_death *d, const file_place *place);
/* Removes the files of a slot that is reaped. */
void file_death_remove(const file_place *place, const allot_uuid *slot);

/* True when the lock of that slot's file is free. */
bool file_death_is_proven(const file_place *place, const allot_uuid *slot);

/* Something was closed in slots/: the kernel releases the lock a moment later, hence several probes. */
void file_death_suspect(file_death *d, const allot_uuid *slot, int64_t now_us);
/* Probes without the mutex those that are due and that it is this handle's part to prove: the leader proves all, anyone
 * proves the leader. `known` NULL: not loaded. */
void file_death_look(file_death *d, const file_place *place, const store *known, int64_t now_us);
/* True when something waits for the mutex. */
bool file_death_is_urgent(const file_death *d);
int64_t file_death_deadline(const file_death *d);
/* Under the mutex, with the copy up to date: the next slot that is live and whose death is proven. False: no more. */
bool file_death_next(file_death *d, const file_place *place, const store *known, allot_uuid *ret_slot);

#endif
