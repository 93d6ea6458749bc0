#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/show.h"

#include <inttypes.h>

static void leader_json(json *j, const roster *r)
{
    json_key(j, "leader");
    if (uuid_is_zero(&r->view.leader)) {
        json_null(j);
        return;
    }
    json_object(j);
    json_uuid_member(j, "slot", &r->view.leader);
    json_unsigned_member(j, "term", r->view.term);
    json_signed_member(j, "expires_in_ms", remaining_ms(r->view.led_for_us));
    json_object_end(j);
}

static void pool_json(json *j, const allot_view *view)
{
    const struct {
        const char *key;
        uint64_t count;
    } counts[] = {{"total", view->total}, {"inbox", view->inbox}, {"placed", view->placed}, {"parked", view->parked}};
    json_key(j, "pool");
    json_object(j);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        json_unsigned_member(j, counts[i].key, counts[i].count);
    json_object_end(j);
}

static void status_json(output *out, const char *group, const roster *r)
{
    json j = {.out = out};
    json_object(&j);
    json_string_member(&j, "group", group);
    json_uuid_member(&j, "life", &r->view.life);
    leader_json(&j, r);
    json_unsigned_member(&j, "version", r->view.version);
    json_string_member(&j, "strategy", r->strategy);
    pool_json(&j, &r->view);
    json_key(&j, "slots");
    json_array(&j);
    for (size_t i = 0; i < r->count; i++)
        show_slot_json(&j, &r->slots[i]);
    json_array_end(&j);
    json_object_end(&j);
    output_text(out, "\n");
}

static void leader_line(output *out, const roster *r, style s)
{
    output_printf(out, "%sleader%s    ", s.dim, s.off);
    if (uuid_is_zero(&r->view.leader)) {
        output_printf(out, "%snone%s\n", s.yellow, s.off);
        return;
    }
    char uuid[ALLOT_UUID_TEXT_BYTES], lease[32];
    const roster_slot *leader = roster_find(r, &r->view.leader);
    allot_uuid_text(&r->view.leader, uuid);
    show_seconds(r->view.led_for_us, lease, sizeof(lease));
    if (leader != NULL && leader->name[0] != '\0')
        output_printf(out, "%s (%s)", leader->name, uuid);
    else
        output_text(out, uuid);
    output_printf(out, " in term %" PRIu64 ", for %s more\n", r->view.term, lease);
}

static int status_table(output *out, const char *group, const roster *r)
{
    style s = style_of(out->fd);
    const allot_view *v = &r->view;
    char life[ALLOT_UUID_TEXT_BYTES];
    allot_uuid_text(&v->life, life);
    output_printf(out, "%sgroup%s     %s\n", s.dim, s.off, group);
    output_printf(out, "%slife%s      %s\n", s.dim, s.off, uuid_is_zero(&v->life) ? "not begun" : life);
    leader_line(out, r, s);
    output_printf(out, "%ssplit%s     version %" PRIu64 "%s%s\n", s.dim, s.off, v->version,
                  r->strategy[0] != '\0' ? " by " : "", r->strategy);
    output_printf(out,
                  "%spool%s      %" PRIu64 " ids: %" PRIu64 " placed, %" PRIu64 " in the inbox, %" PRIu64 " parked\n",
                  s.dim, s.off, v->total, v->placed, v->inbox, v->parked);
    output_printf(out, "%sslots%s     %zu\n", s.dim, s.off, r->count);
    if (r->count == 0)
        return CODE_OK;
    output_text(out, "\n");
    return show_slots_table(r, out, s);
}

int verb_status(const invocation *call)
{
    roster r;
    output out = {.fd = 1};
    int code = roster_read(&call->settings, &r);
    if (code != CODE_OK)
        return code;
    if (call->settings.output == OUTPUT_TABLE)
        code = status_table(&out, call->settings.config.group, &r);
    else
        status_json(&out, call->settings.config.group, &r);
    roster_done(&r);
    return output_end(&out, code);
}
