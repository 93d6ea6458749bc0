#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/rows.h"
#include "cli/show.h"

static void slots_json(output *out, int64_t format, const roster *r)
{
    rows list = rows_begin(out, format);
    for (size_t i = 0; i < r->count; i++) {
        rows_open(&list);
        show_slot_json(&list.json, &r->slots[i]);
        rows_close(&list);
    }
    rows_end(&list);
}

int verb_slots(const invocation *call)
{
    roster r;
    output out = {.fd = 1};
    int code = roster_read(&call->settings, &r);
    if (code != CODE_OK)
        return code;
    if (call->settings.output == OUTPUT_TABLE)
        code = show_slots_table(&r, &out, style_of(out.fd));
    else
        slots_json(&out, call->settings.output, &r);
    roster_done(&r);
    return output_end(&out, code);
}
