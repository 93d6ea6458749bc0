/* record.h - one change of the store as one line of text, and back.
 *
 *   CLOCK_US FLOOR KIND SLOT SESSION SEQUENCE NOT_AFTER_US TERM ...   an op that store_apply is to be given
 *   CLOCK_US FLOOR dead SLOT                                          proof that this slot's process is gone
 *   CLOCK_US FLOOR boot BOOT_ID                                       the machine was started anew: every slot is dead
 *
 * Pure functions. An op's cookie and timeout are its caller's and are not written. */
#ifndef FILE_RECORD_H
#define FILE_RECORD_H

#include "backends/store/store.h"
#include "base/bytes.h"

typedef enum file_record_kind { FILE_RECORD_OP = 1, FILE_RECORD_DEAD, FILE_RECORD_BOOT } file_record_kind;

typedef struct file_record {
    file_record_kind kind;
    store_moment moment;
    const allot_op *op; /* OP */
    allot_uuid uuid;    /* DEAD: the slot; BOOT: the new boot id */
} file_record;

/* The memory of a decoded op; used again for each. Zero-initialised is empty. */
typedef struct file_space {
    allot_op op;
    char *data;
    size_t capacity, used;
    size_t bitmaps; /* where the next bitmap goes: behind all arrays */
} file_space;

void file_space_done(file_space *space);

/* Appends the line, without a newline. 0 or ALLOT_E_NOMEM (`out` may then hold a part of it). */
int file_record_encode(const file_record *record, bytes *out);

/* Reads a line, which it changes; the record points into the line and into `space`. 0, ALLOT_E_DAMAGED or
 * ALLOT_E_NOMEM. */
int file_record_decode(char *line, size_t len, file_space *space, file_record *ret_record);

#endif
