#include "cli/rows.h"

rows rows_begin(output *out, int64_t format)
{
    rows r = {.out = out, .json = {.out = out}, .format = format};
    if (format == OUTPUT_JSON)
        json_array(&r.json);
    return r;
}

void rows_open(rows *r)
{
    if (r->format == OUTPUT_JSON && r->json.comma)
        json_break(&r->json);
}

void rows_close(rows *r)
{
    if (r->format != OUTPUT_JSONL)
        return;
    output_text(r->out, "\n");
    r->json.comma = false;
}

void rows_end(rows *r)
{
    if (r->format != OUTPUT_JSON)
        return;
    json_array_end(&r->json);
    output_text(r->out, "\n");
}
