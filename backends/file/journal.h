/* journal.h - the journal as a file of lines, whatever they say.
 *
 *   header     magic, format, the journal's random name, its generation (counts rewrites), the boot id, the chain and
 *              the place in the generation before at which the snapshot was taken, and where the snapshot ends
 *   snapshot   "= " and a line of store_dump, ...; "end " and their number
 *   records    lines of record.h, appended under the mutex
 *
 * Each line begins with 16 hex digits: XXH3-64 of the rest, seeded with the same of the line before. A line that is
 * lost, repeated, moved or changed by a single bit breaks the chain. The chain of the records goes on across a rewrite,
 * whose snapshot has a chain of its own. */
#ifndef FILE_JOURNAL_H
#define FILE_JOURNAL_H

#include "backends/file/place.h"
#include "base/bytes.h"

#include <sys/types.h>

#define FILE_JOURNAL_FORMAT 2u
#define FILE_SEAL_BYTES 17u /* 16 digits and a blank */

typedef struct file_journal_header {
    uint64_t name;
    uint64_t generation;
    allot_uuid boot;
    uint64_t chain;     /* before the first record behind the snapshot */
    int64_t from;       /* that place in the generation before */
    int64_t records_at; /* that place here */
} file_journal_header;

typedef struct file_journal {
    int fd; /* -1: not open */
    dev_t dev;
    ino_t ino;
    file_journal_header header;
    int64_t snapshot_at; /* behind the header */
    int64_t at;          /* everything before is known and good */
    uint64_t chain;      /* at `at` */
    uint64_t lines;      /* of the snapshot, so far */
    bool starved;        /* the last append failed */
    bytes chunk;         /* read ahead */
} file_journal;

/* ---- Lines ------------------------------------------------------------------------------------------------------ */

/* Begins a line: room for its seal. 0 or -1. Its content is then appended, and the line sealed. */
int file_line_begin(bytes *out, size_t *ret_start);
/* Writes the seal, ends the line by a newline, moves the chain on. 0 or -1 (out of memory). */
int file_line_seal(bytes *out, size_t start, uint64_t *chain);
/* Whether a line (without its newline) has the right seal; then moves the chain on. */
bool file_line_check(const char *line, size_t len, uint64_t *chain);

/* ---- The header ------------------------------------------------------------------------------------------------- */

/* Appends the header; all headers have the same length. 0 or -1. */
int file_header_write(const file_journal_header *header, bytes *out);
size_t file_header_len(void);
/* Errors: DAMAGED, FORMAT; the message does not name the file. */
int file_header_read(const char *text, size_t len, file_journal_header *ret_header, allot_error *ret_error);
/* The chain before the first line of the snapshot. */
uint64_t file_header_snapshot_chain(const file_journal_header *header);

/* ---- The file --------------------------------------------------------------------------------------------------- */

void file_journal_init(file_journal *j);
void file_journal_done(file_journal *j);
/* Opens the file of that name and reads its header; nothing of it is known yet (`at` stands behind the header). */
int file_journal_open(file_journal *j, const file_place *place, bool read_only, allot_error *ret_error);
/* Back to where nothing but the header is known. */
void file_journal_rewind(file_journal *j);

/* Appends sealed lines, `chain` behind them. 0; UNAVAILABLE: surely nothing of them is in the file; UNKNOWN. */
int file_journal_append(file_journal *j, const file_place *place, const bytes *lines, uint64_t chain,
                        allot_error *ret_error);
/* After an append that failed: whether there is room again, asked without writing. 0 or UNAVAILABLE. */
int file_journal_has_room(const file_journal *j, const file_place *place, allot_error *ret_error);

/* Finds the end of the last whole line between `at` and `size`: less than size when the last line is torn. */
int file_journal_tail(const file_journal *j, const file_place *place, int64_t size, int64_t *ret_good,
                      allot_error *ret_error);

typedef int (*file_line_visit)(void *user, char *content, size_t len, bool in_snapshot, allot_error *ret_error);
/* Reads the lines from `at` up to `end`, checks each, gives its content to `visit`, and moves `at` behind it. Stops at
 * the first that is wrong: ALLOT_E_DAMAGED, or what `visit` returned. */
int file_journal_read(file_journal *j, const file_place *place, int64_t end, file_line_visit visit, void *user,
                      allot_error *ret_error);

/* "FILE: damaged at byte N: WHAT; the remedy". Returns ALLOT_E_DAMAGED. */
int file_journal_damaged(const file_journal *j, const file_place *place, const char *what, allot_error *ret_error);

#endif
