/* rows.h - a list on standard output: lines of text, one JSON array, or one object a line. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/json.h"
#include "cli/settings.h"

typedef struct rows {
    output *out;
    json json;
    int64_t format; /* output_format */
} rows;

rows rows_begin(output *out, int64_t format);

/* Before and after each element that is written through ->json. */
void rows_open(rows *r);
void rows_close(rows *r);

void rows_end(rows *r);

#endif
