/* id_file.h - the format that `add` reads: one id a line, optionally a TAB and its payload (DESIGN §12). */
#ifndef CLI_ID_FILE_H
#define CLI_ID_FILE_H

#include "base/bytes.h"

#include <allot/allot.h>

typedef struct id_file {
    bytes text;     /* the whole file: ids and payloads lie in it */
    allot_new *ids; /* the good lines, in order */
    size_t count;
    size_t capacity;
    size_t refused; /* lines with an error */
} id_file;

/* Reads and checks the whole file ("-": standard input). The first 20 errors are written to stderr as
 * FILE:LINE:COLUMN: error: ... and all are counted in ->refused. Returns CODE_OK also with refused lines; else an exit
 * code, after saying why. */
int id_file_read(const char *path, id_file *ret_file);
void id_file_done(id_file *f);

#endif
