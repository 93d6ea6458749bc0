#include "cli/table.h"

#include "cli/exits.h"
#include "cli/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void table_cell(table *t, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(n >= 0 && t->columns > 0 && t->columns <= TABLE_COLUMNS_MAX);
    size_t len = strlen(text), width = utf8_count(text, len);
    if (width > t->widths[t->next])
        t->widths[t->next] = width;
    t->next = (t->next + 1) % t->columns;
    if (bytes_append(&t->text, text, len + 1) != 0)
        t->nomem = true;
}

static void write_cell(output *out, const char *cell, size_t width, bool right, bool last)
{
    size_t len = strlen(cell), used = utf8_count(cell, len);
    int pad = used < width ? (int)(width - used) : 0;
    if (right)
        output_printf(out, "%*s", pad, "");
    output_put(out, cell, len);
    if (!right && !last)
        output_printf(out, "%*s", pad, "");
    output_text(out, last ? "\n" : "  ");
}

int table_end(table *t, output *out, style s)
{
    unsigned column = 0;
    bool heading = true;
    const char *end = t->text.data + t->text.len;
    output_text(out, s.bold);
    for (const char *cell = t->text.data; !t->nomem && cell != end; cell += strlen(cell) + 1) {
        bool last = column + 1 == t->columns;
        write_cell(out, cell, t->widths[column], (t->right >> column & 1u) != 0, last);
        column = last ? 0 : column + 1;
        if (last && heading)
            output_text(out, s.off);
        heading = heading && !last;
    }
    bool nomem = t->nomem;
    bytes_done(&t->text);
    return nomem ? fail(CODE_FAILED, "out of memory") : CODE_OK;
}
