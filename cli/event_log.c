#include "cli/event_log.h"

#include "cli/json.h"
#include "cli/moments.h"

#include <inttypes.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void key_number_or_null(json *j, const char *key, uint64_t n)
{
    json_key(j, key);
    if (n == 0)
        json_null(j);
    else
        json_unsigned(j, n);
}

static void ids_json(json *j, const allot_event *event)
{
    json_key(j, "ids");
    json_array(j);
    for (uint32_t i = 0; i < event->count; i++) {
        json_object(j);
        json_key(j, "id");
        json_bytes(j, event->ids[i].id);
        json_unsigned_member(j, "token", event->ids[i].token);
        json_object_end(j);
    }
    json_array_end(j);
}

/* Events that are about ids have a count, also of 0; for the others it is unknown. */
static bool is_about_ids(const allot_event *event)
{
    return event->type == ALLOT_EVENT_GAINED || event->type == ALLOT_EVENT_RECALLED ||
           event->type == ALLOT_EVENT_LOST || event->count > 0;
}

static void count_json(json *j, const event_log *log, const allot_event *event)
{
    json_key(j, "count");
    if (!is_about_ids(event)) {
        json_null(j);
        return;
    }
    json_unsigned(j, event->count);
    if (log->with_ids)
        ids_json(j, event);
}

static void details_json(json *j, const allot_event *event)
{
    if (event->why != ALLOT_WHY_NONE)
        json_string_member(j, "why", allot_why_word(event->why));
    if (event->type == ALLOT_EVENT_AT_RISK)
        json_signed_member(j, "valid_for_ms", event->valid_for_ms);
    if (event->message != NULL && event->message[0] != '\0')
        json_string_member(j, "message", event->message);
}

static void write_json(event_log *log, const char *word, const allot_event *event)
{
    char ts[MOMENT_BYTES];
    json j = {.out = &log->out};
    moment_utc(event->mono_ns, ts);
    json_object(&j);
    json_string_member(&j, "ts", ts);
    json_signed_member(&j, "mono_ns", event->mono_ns);
    json_string_member(&j, "event", word);
    json_uuid_member(&j, "slot", &event->slot);
    json_uuid_member(&j, "leader", &event->leader);
    key_number_or_null(&j, "term", event->term);
    key_number_or_null(&j, "version", event->version);
    count_json(&j, log, event);
    details_json(&j, event);
    json_object_end(&j);
    output_text(&log->out, "\n");
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

static const char *colour_of(const style *s, allot_event_type type)
{
    switch (type) {
    case ALLOT_EVENT_LEADER:
    case ALLOT_EVENT_SPLIT:
        return s->cyan;
    case ALLOT_EVENT_GAINED:
    case ALLOT_EVENT_JOINED:
    case ALLOT_EVENT_STORE_UP:
        return s->green;
    case ALLOT_EVENT_RECALLED:
    case ALLOT_EVENT_AT_RISK:
    case ALLOT_EVENT_NOTE:
        return s->yellow;
    case ALLOT_EVENT_LOST:
    case ALLOT_EVENT_FENCED:
    case ALLOT_EVENT_STORE_DOWN:
        return s->red;
    default:
        return s->dim;
    }
}

static void ids_words(event_log *log, const allot_event *event)
{
    output_printf(&log->out, "%" PRIu32 " id%s", event->count, event->count == 1 ? "" : "s");
    if (event->why != ALLOT_WHY_NONE)
        output_printf(&log->out, " (%s)", allot_why_word(event->why));
    for (uint32_t i = 0; log->with_ids && i < event->count; i++) {
        output_text(&log->out, i == 0 ? ": " : " ");
        output_put(&log->out, event->ids[i].id.data, event->ids[i].id.len);
    }
}

static void follower_words(output *out, const allot_event *event)
{
    char leader[ALLOT_UUID_TEXT_BYTES];
    if (uuid_is_zero(&event->leader)) {
        output_text(out, "nobody leads");
        return;
    }
    allot_uuid_text(&event->leader, leader);
    output_printf(out, "%s leads in term %" PRIu64, leader, event->term);
}

static void details_words(event_log *log, const allot_event *event)
{
    output *out = &log->out;
    char slot[ALLOT_UUID_TEXT_BYTES];
    if (is_about_ids(event)) {
        ids_words(log, event);
    } else if (event->type == ALLOT_EVENT_JOINED) {
        allot_uuid_text(&event->slot, slot);
        output_printf(out, "as slot %s", slot);
    } else if (event->type == ALLOT_EVENT_LEADER) {
        output_printf(out, "in term %" PRIu64, event->term);
    } else if (event->type == ALLOT_EVENT_FOLLOWER) {
        follower_words(out, event);
    } else if (event->type == ALLOT_EVENT_SPLIT) {
        output_printf(out, "version %" PRIu64, event->version);
    } else if (event->type == ALLOT_EVENT_AT_RISK) {
        output_printf(out, "fenced in %" PRId64 " ms unless a beat succeeds", event->valid_for_ms);
    } else if (event->why != ALLOT_WHY_NONE) {
        output_text(out, allot_why_word(event->why));
    }
    if (event->message != NULL)
        output_text(out, event->message);
}

static config_log_level level_of(const allot_event *event)
{
    switch (event->type) {
    case ALLOT_EVENT_FENCED:
    case ALLOT_EVENT_STORE_DOWN:
        return CONFIG_LOG_ERROR;
    case ALLOT_EVENT_LOST:
    case ALLOT_EVENT_AT_RISK:
    case ALLOT_EVENT_NOTE:
        return CONFIG_LOG_WARN;
    default:
        return CONFIG_LOG_INFO;
    }
}

static void write_words(event_log *log, const char *word, const allot_event *event)
{
    char time[MOMENT_BYTES];
    moment_local(event->mono_ns, time);
    output_printf(&log->out, "%s%s%s  %s%-10s%s  ", log->style.dim, time, log->style.off,
                  colour_of(&log->style, event->type), word, log->style.off);
    details_words(log, event);
    output_text(&log->out, "\n");
}

void event_log_write(event_log *log, const char *word, const allot_event *event)
{
    if (log->as_json)
        write_json(log, word, event);
    else if ((int)level_of(event) <= log->level)
        write_words(log, word, event);
    output_flush(&log->out);
}
