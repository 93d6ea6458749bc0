#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/show.h"

#include <inttypes.h>

static void leader_json(output *out, const allot_view *view, const char *name)
{
    json j = {.out = out};
    json_object(&j);
    json_uuid_member(&j, "slot", &view->leader);
    json_string_member(&j, "name", name);
    json_unsigned_member(&j, "term", view->term);
    json_signed_member(&j, "expires_in_ms", remaining_ms(view->led_for_us));
    json_object_end(&j);
    output_text(out, "\n");
}

static void leader_text(output *out, const allot_view *view, const char *name)
{
    char uuid[ALLOT_UUID_TEXT_BYTES], lease[32];
    allot_uuid_text(&view->leader, uuid);
    show_seconds(view->led_for_us, lease, sizeof(lease));
    output_printf(out, "%s%s%s leads in term %" PRIu64 ", for %s more\n", name, name[0] != '\0' ? " " : "", uuid,
                  view->term, lease);
}

int verb_leader(const invocation *call)
{
    roster r;
    output out = {.fd = 1};
    int code = roster_read(&call->settings, &r);
    if (code != CODE_OK)
        return code;
    const roster_slot *slot = roster_find(&r, &r.view.leader);
    const char *name = slot != NULL ? slot->name : "";
    if (uuid_is_zero(&r.view.leader))
        code = fail(CODE_NOT_FOUND, "nobody leads the group '%s'", call->settings.config.group);
    else if (call->settings.output == OUTPUT_TABLE)
        leader_text(&out, &r.view, name);
    else
        leader_json(&out, &r.view, name);
    int ended = output_end(&out, code);
    roster_done(&r);
    return ended;
}
