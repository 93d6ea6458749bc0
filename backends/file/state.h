/* state.h - this process's copy of the store, and how it follows the journal.
 *
 * Under the mutex, `file_state_sync` brings the copy up to the journal's end. When that is far (at the start, or after
 * a rewrite that was missed), it only marks how far; that part of the file never changes any more and is read without
 * the mutex, so that nobody waits for a replica that loads a million ids. */
#ifndef FILE_STATE_H
#define FILE_STATE_H

#include "backends/file/image.h"
#include "backends/file/record.h"

#define FILE_STATE_BEHIND 1 /* beside 0 and the negative codes */

typedef struct file_state {
    store *store; /* NULL: not loaded */
    file_journal journal;
    allot_uuid own_boot; /* of this machine, or of the test */
    allot_uuid boot;     /* the last that the journal tells of */
    bool fresh;          /* loading began with the file's first byte and has not come to its end yet */
    bool astray;         /* a read-only copy has taken a step that the journal has not: to be loaded anew */
    uint64_t loads;      /* how often loading began */
    int64_t end;         /* BEHIND: read up to here */
    bytes *notes;        /* NUL-terminated messages for the operator */
    file_space space;
    bytes slots; /* scratch */
} file_state;

void file_state_init(file_state *s, const allot_uuid *own_boot, bytes *notes);
void file_state_done(file_state *s);
/* Frees the copy; the next sync loads it anew. */
void file_state_drop(file_state *s);

/* Under the mutex. 0: the copy is what the journal says. BEHIND: release the mutex, file_state_read_ahead, come again.
 * A torn last record is cut off and noted (read_only: left alone). A journal that is not there is begun (read_only:
 * NOT_FOUND). Errors: DAMAGED, FORMAT, PLACE, SYSTEM, NOMEM, UNAVAILABLE. */
int file_state_sync(file_state *s, const file_place *place, bool read_only, allot_error *ret_error);
int file_state_read_ahead(file_state *s, const file_place *place, allot_error *ret_error);

/* Marks dead, in the copy, every slot that is live, as a new boot does. 0 or NOMEM. */
int file_state_bury_all(file_state *s);

/* After an image was published: the journal is now `fd`. */
int file_state_move(file_state *s, const file_place *place, int fd, const file_journal_header *header,
                    allot_error *ret_error);

#endif
