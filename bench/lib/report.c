#include "bench/lib/report.h"
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16

typedef struct texts {
    char **items;
    size_t count, capacity;
} texts;

struct table {
    char *title;
    texts cells; /* the first row are the columns' names */
    texts notes;
    size_t columns;
};

struct report {
    const bench *bench;
    table *tables;
    size_t count, capacity;
};

static char *text_v(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        bench_fail("no memory");
    return text;
}

static void texts_add(texts *t, char *text)
{
    if (array_reserve((void **)&t->items, &t->capacity, t->count + 1, sizeof(t->items[0])) != 0)
        bench_fail("no memory");
    t->items[t->count++] = text;
}

static void texts_done(texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->items[i]);
    free(t->items);
}

report *report_new(const bench *b)
{
    report *r = bench_alloc(1, sizeof(*r));
    r->bench = b;
    return r;
}

table *report_table(report *r, const char *columns, const char *title, ...)
{
    va_list args;
    if (array_reserve((void **)&r->tables, &r->capacity, r->count + 1, sizeof(r->tables[0])) != 0)
        bench_fail("no memory");
    table *t = &r->tables[r->count++];
    *t = (table){.columns = 0};
    va_start(args, title);
    t->title = text_v(title, args);
    va_end(args);
    for (const char *at = columns; at != NULL; t->columns++) {
        size_t len = strcspn(at, "|");
        texts_add(&t->cells, strndup(at, len));
        at = at[len] == '|' ? at + len + 1 : NULL;
    }
    BENCH_MUST(t->columns <= COLUMNS_MAX);
    return t;
}

void table_cell(table *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    texts_add(&t->cells, text_v(format, args));
    va_end(args);
}

void table_note(table *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    texts_add(&t->notes, text_v(format, args));
    va_end(args);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void write_text(const table *t, FILE *out)
{
    size_t width[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < t->cells.count; i++)
        if (strlen(t->cells.items[i]) > width[i % t->columns])
            width[i % t->columns] = strlen(t->cells.items[i]);
    fprintf(out, "\n%s\n", t->title);
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t column = i % t->columns;
        fprintf(out, column == 0 ? "  %-*s" : "   %*s", (int)width[column], t->cells.items[i]);
        if (column == t->columns - 1)
            fputc('\n', out);
    }
    for (size_t i = 0; i < t->notes.count; i++)
        fprintf(out, "  %s\n", t->notes.items[i]);
}

static void write_markdown(const table *t, FILE *out)
{
    fprintf(out, "\n**%s**\n\n", t->title);
    for (size_t i = 0; i < t->cells.count; i++) {
        fprintf(out, "| %s ", t->cells.items[i]);
        if (i % t->columns == t->columns - 1)
            fputs("|\n", out);
        for (size_t k = 0; i == t->columns - 1 && k < t->columns; k++)
            fputs(k == 0 ? "|---" : k == t->columns - 1 ? "|---:|\n" : "|---:", out);
    }
    for (size_t i = 0; i < t->notes.count; i++)
        fprintf(out, "\n%s\n", t->notes.items[i]);
}

static void write_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_list(char *const *items, size_t count, FILE *out)
{
    fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', out);
        write_quoted(items[i], out);
    }
    fputc(']', out);
}

static void write_json(const table *t, FILE *out)
{
    fputs("{\"title\":", out);
    write_quoted(t->title, out);
    fputs(",\"columns\":", out);
    write_list(t->cells.items, t->columns, out);
    fputs(",\"rows\":[", out);
    for (size_t i = t->columns; i + t->columns <= t->cells.count; i += t->columns) {
        if (i > t->columns)
            fputc(',', out);
        write_list(&t->cells.items[i], t->columns, out);
    }
    fputs("],\"notes\":", out);
    write_list(t->notes.items, t->notes.count, out);
    fputc('}', out);
}

static void write_all(const report *r, const char *format, FILE *out)
{
    bool json = strcmp(format, "json") == 0;
    if (json) {
        fputs("{\"bench\":", out);
        write_quoted(r->bench->name, out);
        fputs(",\"tables\":[", out);
    }
    for (size_t i = 0; i < r->count; i++) {
        const table *t = &r->tables[i];
        BENCH_MUST(t->cells.count % t->columns == 0);
        if (json && i > 0)
            fputc(',', out);
        (json ? write_json : strcmp(format, "markdown") == 0 ? write_markdown : write_text)(t, out);
    }
    if (json)
        fputs("]}\n", out);
}

static void append_markdown(const report *r)
{
    FILE *out = fopen(r->bench->markdown, "ae");
    if (out == NULL)
        bench_fail("%s", r->bench->markdown);
    write_all(r, "markdown", out);
    if (fclose(out) != 0)
        bench_fail("%s", r->bench->markdown);
}

void report_end(report *r)
{
    bench_progress_end(r->bench);
    write_all(r, r->bench->output, stdout);
    if (r->bench->markdown != NULL)
        append_markdown(r);
    for (size_t i = 0; i < r->count; i++) {
        free(r->tables[i].title);
        texts_done(&r->tables[i].cells);
        texts_done(&r->tables[i].notes);
    }
    free(r->tables);
    free(r);
}
