#include "cli/roster.h"

#include "base/bytes.h"
#include "cli/exits.h"
#include "cli/open.h"

#include <stdlib.h>
#include <string.h>

static void copy_text(char *ret_text, size_t size, allot_bytes from)
{
    size_t len = from.len < size ? from.len : size - 1;
    if (len > 0)
        memcpy(ret_text, from.data, len);
    ret_text[len] = '\0';
}

static int take_slot(void *user, const allot_slot_info *info)
{
    roster *r = user;
    if (array_reserve((void **)&r->slots, &r->capacity, r->count + 1, sizeof(*r->slots)) != 0)
        return ALLOT_E_NOMEM;
    roster_slot *slot = &r->slots[r->count++];
    slot->info = *info;
    copy_text(slot->name, sizeof(slot->name), info->name);
    copy_text(slot->host, sizeof(slot->host), info->host);
    copy_text(slot->container, sizeof(slot->container), info->container);
    slot->info.name = slot->info.host = slot->info.container = (allot_bytes){0};
    return ALLOT_OK;
}

static int read_group(allot_group *group, int timeout_ms, roster *r, allot_error *ret_error)
{
    int code = allot_group_view(group, timeout_ms, &r->view, ret_error);
    if (code != ALLOT_OK)
        return code;
    copy_text(r->strategy, sizeof(r->strategy), r->view.strategy);
    r->view.strategy = (allot_bytes){0};
    return allot_group_slots(group, timeout_ms, take_slot, r, ret_error);
}

int roster_read(const settings *s, roster *ret_roster)
{
    allot_group *group;
    roster r = {0};
    int code = open_group(s, true, &group);
    if (code != CODE_OK)
        return code;
    allot_error error = {0};
    int failed = read_group(group, (int)s->timeout_ms, &r, &error);
    allot_group_close(group);
    if (failed != ALLOT_OK) {
        roster_done(&r);
        return fail_allot(failed, &error);
    }
    *ret_roster = r;
    return CODE_OK;
}

void roster_done(roster *r)
{
    free(r->slots);
    *r = (roster){0};
}

const roster_slot *roster_find(const roster *r, const allot_uuid *slot)
{
    for (size_t i = 0; i < r->count; i++) {
        if (memcmp(&r->slots[i].info.slot, slot, sizeof(*slot)) == 0)
            return &r->slots[i];
    }
    return NULL;
}

const char *roster_state_word(const roster_slot *slot)
{
    switch (slot->info.state) {
    case ALLOT_SLOT_RETIRED:
        return "retired";
    case ALLOT_SLOT_LEFT:
        return "left";
    case ALLOT_SLOT_DEAD:
        return "dead";
    default:
        if (slot->info.expires_in_us <= 0)
            return "expired";
        return slot->info.draining ? "draining" : "live";
    }
}

int64_t remaining_ms(int64_t us)
{
    return us > 0 ? us / 1000 : 0;
}
