#include "cli/show.h"

#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void show_slot_json(json *j, const roster_slot *slot)
{
    const allot_slot_info *info = &slot->info;
    json_object(j);
    json_uuid_member(j, "slot", &info->slot);
    json_string_member(j, "name", slot->name);
    json_signed_member(j, "rank", (int64_t)info->rank);
    json_signed_member(j, "ids", (int64_t)info->ids);
    json_signed_member(j, "recalls", (int64_t)info->recalls);
    json_signed_member(j, "weight", info->weight);
    json_signed_member(j, "expires_in_ms", remaining_ms(info->expires_in_us));
    json_string_member(j, "host", slot->host);
    json_signed_member(j, "pid", info->pid);
    json_string_member(j, "container", slot->container);
    json_string_member(j, "state", roster_state_word(slot));
    json_object_end(j);
}

void show_seconds(int64_t us, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%.1f s", us > 0 ? (double)us / 1e6 : 0.0);
}

static void slot_row(table *t, const roster *r, const roster_slot *slot)
{
    const allot_slot_info *info = &slot->info;
    char uuid[ALLOT_UUID_TEXT_BYTES], expires[32];
    bool leads = memcmp(&info->slot, &r->view.leader, sizeof(info->slot)) == 0;
    allot_uuid_text(&info->slot, uuid);
    show_seconds(info->expires_in_us, expires, sizeof(expires));
    table_cell(t, "%" PRIu64, info->rank);
    table_cell(t, "%s", uuid);
    table_cell(t, "%s", slot->name[0] != '\0' ? slot->name : "-");
    table_cell(t, "%s", leads ? "leader" : roster_state_word(slot));
    table_cell(t, "%" PRIu64, info->ids);
    table_cell(t, "%" PRIu64, info->recalls);
    table_cell(t, "%" PRIu32, info->weight);
    table_cell(t, "%s", expires);
    table_cell(t, "%s", slot->host);
    table_cell(t, "%" PRId64, info->pid);
    table_cell(t, "%s", slot->container[0] != '\0' ? slot->container : "-");
}

int show_slots_table(const roster *r, output *out, style s)
{
    static const char *const heading[] = {"RANK",   "SLOT",    "NAME", "STATE", "IDS",      "RECALLS",
                                          "WEIGHT", "EXPIRES", "HOST", "PID",   "CONTAINER"};
    table t = {.columns = sizeof(heading) / sizeof(heading[0]),
               .right = 1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9};
    for (unsigned i = 0; i < t.columns; i++)
        table_cell(&t, "%s", heading[i]);
    for (size_t i = 0; i < r->count; i++)
        slot_row(&t, r, &r->slots[i]);
    return table_end(&t, out, s);
}
