/* table.h - aligned columns. Cells are given in order, row by row; the first row is the heading. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/bytes.h"
#include "cli/output.h"
#include "cli/style.h"

#define TABLE_COLUMNS_MAX 16

typedef struct table {
    bytes text; /* all cells, each ended by a NUL */
    unsigned columns;
    unsigned right; /* bit i: column i is aligned to the right */
    unsigned next;  /* the column of the next cell */
    size_t widths[TABLE_COLUMNS_MAX];
    bool nomem;
} table;

void table_cell(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the table, the heading in bold, and frees it. Returns an exit code. */
int table_end(table *t, output *out, style s);

#endif
