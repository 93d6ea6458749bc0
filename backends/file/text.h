/* text.h - the words of a journal line: numbers, UUIDs and escaped bytes, separated by single spaces.
 *
 * Bytes are written as they are; only blanks, control characters, '%' and a leading '=' become %XX. The empty string is
 * a lone '%'. A line therefore holds neither a newline nor a NUL, whatever an id or payload holds. */
#ifndef FILE_TEXT_H
#define FILE_TEXT_H

#include "base/bytes.h"

#include <allot/types.h>

/* Writes words behind one another. `failed` stays set once memory ran out. */
typedef struct file_writer {
    bytes *out;
    size_t start; /* where the line begins: no blank before its first word */
    bool failed;
} file_writer;

void file_put_raw(file_writer *w, const char *data, size_t len);
/* The blank before a word. */
void file_put_gap(file_writer *w);
void file_put_word(file_writer *w, const char *word);
void file_put_u64(file_writer *w, uint64_t value);
void file_put_i64(file_writer *w, int64_t value);
/* The digits alone, without a blank before them. */
void file_put_digits(file_writer *w, uint64_t value);
/* '-' for zero. */
void file_put_uuid(file_writer *w, const allot_uuid *uuid);
void file_put_text(file_writer *w, allot_bytes text);
/* The text within a word, behind something that is not empty: no blank before it, nothing for the empty string. */
void file_put_inner_text(file_writer *w, allot_bytes text);
/* '=' and the text: a payload behind its id. */
void file_put_payload(file_writer *w, allot_bytes payload);

/* Takes words off a line, which it changes (escapes are undone in place). `bad` stays set once a word was not what was
 * asked for; values are then 0 or empty. */
typedef struct file_reader {
    char *at; /* the next word; NULL: none left */
    char *end;
    bool bad;
} file_reader;

file_reader file_reader_of(char *line, size_t len);
bool file_more(const file_reader *r);
/* The first character of the next word; NUL when there is none. */
char file_peek(const file_reader *r);
/* The next word as it stands. */
allot_bytes file_take(file_reader *r);
uint64_t file_take_u64(file_reader *r);
uint32_t file_take_u32(file_reader *r);
int64_t file_take_i64(file_reader *r);
bool file_take_bool(file_reader *r);
allot_uuid file_take_uuid(file_reader *r);
allot_bytes file_take_text(file_reader *r);
allot_bytes file_take_payload(file_reader *r);

/* What file_put_inner_text wrote, undone in place; `bad` when it is malformed. */
allot_bytes file_inner_text(file_reader *r, allot_bytes text);

bool file_parse_u64(const char *text, size_t len, uint64_t *ret_value);

#endif
