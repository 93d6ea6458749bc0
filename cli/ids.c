/* ids and db: the pool's ids, with who owns them, or with their payloads as well. */
#include "cli/commands.h"
#include "cli/exits.h"
#include "cli/open.h"
#include "cli/roster.h"
#include "cli/rows.h"

typedef struct listing {
    rows rows;
    output *out;
    bool full; /* db: payloads, and why an id is parked */
} listing;

static void key_bytes(json *j, const char *key, allot_bytes value)
{
    json_key(j, key);
    json_bytes(j, value);
}

static void parked_json(json *j, const allot_pool_id *id)
{
    json_key(j, "parked");
    json_object(j);
    json_unsigned_member(j, "attempts", id->attempts);
    key_bytes(j, "reason", id->reason);
    json_key(j, "due_in_ms");
    if (id->due_in_us == INT64_MAX)
        json_null(j);
    else
        json_signed(j, id->due_in_us > 0 ? id->due_in_us / 1000 : 0);
    json_object_end(j);
}

static void id_json(json *j, const allot_pool_id *id, bool full)
{
    json_object(j);
    key_bytes(j, "id", id->id);
    if (id->place == ALLOT_PLACE_SHARE) {
        json_unsigned_member(j, "token", id->token);
        json_uuid_member(j, "slot", &id->slot);
    }
    if (full && id->payload.len > 0)
        key_bytes(j, "payload", id->payload);
    if (full && id->place == ALLOT_PLACE_PARKED)
        parked_json(j, id);
    json_object_end(j);
}

/* Ends the reading when nobody reads any more. */
static int take_id(void *user, const allot_pool_id *id)
{
    listing *l = user;
    if (l->rows.format == OUTPUT_TABLE) {
        output_put(l->out, id->id.data, id->id.len);
        output_put(l->out, "\n", 1);
    } else {
        rows_open(&l->rows);
        id_json(&l->rows.json, id, l->full);
        rows_close(&l->rows);
    }
    return l->out->error == 0 ? ALLOT_OK : ALLOT_E_CLOSED;
}

static int list(const settings *s, const allot_uuid *slot, bool full)
{
    allot_group *group;
    allot_error error = {0};
    output out = {.fd = 1};
    int code = open_group(s, true, &group);
    if (code != CODE_OK)
        return code;
    listing l = {.rows = rows_begin(&out, s->output), .out = &out, .full = full};
    int failed = allot_group_ids(group, slot, full, (int)s->timeout_ms, take_id, &l, &error);
    if (failed == ALLOT_OK)
        rows_end(&l.rows);
    else if (out.error == 0)
        code = fail_allot(failed, &error);
    allot_group_close(group);
    return output_end(&out, code);
}

/* A slot that owns nothing is not the same as one that is not there. */
static int check_slot(const settings *s, const allot_uuid *slot)
{
    roster r;
    int code = roster_read(s, &r);
    if (code != CODE_OK)
        return code;
    if (roster_find(&r, slot) == NULL)
        code = fail(CODE_NOT_FOUND, "no such slot: %s", s->slot);
    roster_done(&r);
    return code;
}

int verb_ids(const invocation *call)
{
    allot_uuid slot;
    const char *text = call->settings.slot;
    if (text == NULL)
        return list(&call->settings, NULL, false);
    if (allot_uuid_parse(text, &slot) != ALLOT_OK)
        return fail(CODE_USAGE, "--slot: expected a UUID; got '%s'", text);
    int code = check_slot(&call->settings, &slot);
    return code == CODE_OK ? list(&call->settings, &slot, false) : code;
}

int verb_db(const invocation *call)
{
    return list(&call->settings, NULL, true);
}
