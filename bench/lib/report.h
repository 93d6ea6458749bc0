/* report.h - tables of what was measured: as text, JSON or Markdown. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench/lib/bench.h"

typedef struct report report;
typedef struct table table;

report *report_new(const bench *b);
/* Writes every table as the command line wants it; frees. */
void report_end(report *r);

/* A table with these columns ("a|b|c"; the first is a text, the rest are figures, aligned to the right). Belongs to the
 * report; valid until the next one. */
table *report_table(report *r, const char *columns, const char *title, ...) __attribute__((format(printf, 3, 4)));
/* The next cell; rows fill themselves. */
void table_cell(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line under the table. */
void table_note(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
