#include "cli/history_file.h"

#include "cli/exits.h"
#include "cli/json.h"
#include "cli/moments.h"
#include "verify/line.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* Under the lock, so that the instants of a history grow. `since_us` 0: now. */
static json begin(history_file *h, line_kind kind, int64_t since_us)
{
    json j = {.out = &h->out};
    int64_t now_us = boot_now_us();
    json_object(&j);
    json_string_member(&j, "event", line_word(kind));
    json_signed_member(&j, "at", now_us);
    if (since_us != 0 && since_us < now_us)
        json_signed_member(&j, "since", since_us);
    return j;
}

static json begin_of_slot(history_file *h, line_kind kind, int64_t since_us, const allot_uuid *slot)
{
    json j = begin(h, kind, since_us);
    json_uuid_member(&j, "slot", slot);
    return j;
}

static void end(history_file *h, json *j)
{
    json_object_end(j);
    output_text(&h->out, "\n");
    output_flush(&h->out);
    if (h->out.error != 0)
        eventfd_write(h->failed_fd, 1);
}

/* Lets the lock go. */
static int written(history_file *h)
{
    int result = h->out.error == 0 ? 0 : -1;
    pthread_mutex_unlock(&h->lock);
    return result;
}

/* ---- Ids --------------------------------------------------------------------------------------------------------- */

/* How many from the first on have its token: one line says it for all of them. */
static size_t alike(const allot_id *ids, size_t count)
{
    size_t n = 1;
    while (n < count && ids[n].token == ids[0].token)
        n++;
    return n;
}

/* `key`, one more key, with `value`; NULL: none. */
static void ids_lines(history_file *h, line_kind kind, int64_t since_us, const allot_uuid *slot, const char *key,
                      const char *value, const allot_id *ids, size_t count)
{
    for (size_t done = 0, n; done < count; done += n) {
        n = alike(ids + done, count - done);
        json j = begin_of_slot(h, kind, since_us, slot);
        json_unsigned_member(&j, "token", ids[done].token);
        if (key != NULL)
            json_string_member(&j, key, value);
        json_key(&j, "ids");
        json_array(&j);
        for (size_t i = done; i < done + n; i++)
            json_bytes(&j, ids[i].id);
        json_array_end(&j);
        end(h, &j);
    }
}

int history_file_released(history_file *h, const allot_uuid *slot, const allot_id *ids, size_t count)
{
    if (h->path == NULL)
        return 0;
    pthread_mutex_lock(&h->lock);
    ids_lines(h, LINE_RELEASED, 0, slot, NULL, NULL, ids, count);
    return written(h);
}

/* In the words of whoever reads it. */
static const char *answer_word(history_answer answer)
{
    static const line_answer answers[] = {
        [HISTORY_UNKNOWN] = LINE_UNKNOWN, [HISTORY_ACCEPTED] = LINE_ACCEPTED, [HISTORY_REFUSED] = LINE_REFUSED};
    return line_answer_word(answers[answer]);
}

int history_file_reported(history_file *h, history_report report, history_answer answer, int64_t since_us,
                          const allot_uuid *slot, const allot_id *ids, size_t count)
{
    if (h->path == NULL)
        return 0;
    pthread_mutex_lock(&h->lock);
    ids_lines(h, report == HISTORY_ACKED ? LINE_ACKED : LINE_FAILED, since_us, slot, "answer", answer_word(answer), ids,
              count);
    return written(h);
}

static int new_ids_lines(history_file *h, line_kind kind, int64_t since_us, const allot_new *ids, size_t count)
{
    pthread_mutex_lock(&h->lock);
    for (size_t done = 0; done < count; done += ALLOT_SEGMENT_IDS_MAX) {
        json j = begin(h, kind, since_us);
        json_key(&j, "ids");
        json_array(&j);
        for (size_t i = done; i < count && i < done + ALLOT_SEGMENT_IDS_MAX; i++)
            json_bytes(&j, ids[i].id);
        json_array_end(&j);
        end(h, &j);
    }
    return written(h);
}

int history_file_adding(history_file *h, const allot_new *ids, size_t count)
{
    return h->path == NULL ? 0 : new_ids_lines(h, LINE_ADDING, 0, ids, count);
}

int history_file_added(history_file *h, int64_t since_us, const allot_new *ids, size_t count)
{
    return h->path == NULL ? 0 : new_ids_lines(h, LINE_ADDED, since_us, ids, count);
}

int history_file_cleaned(history_file *h, history_answer answer, int64_t since_us)
{
    if (h->path == NULL)
        return 0;
    pthread_mutex_lock(&h->lock);
    json j = begin(h, LINE_CLEANED, since_us);
    json_string_member(&j, "answer", answer_word(answer));
    end(h, &j);
    return written(h);
}

/* ---- Leases and events ------------------------------------------------------------------------------------------- */

static void lease_line(history_file *h, const allot_lease *lease, bool first)
{
    json j = begin_of_slot(h, first ? LINE_JOINED : LINE_RENEWED, lease->since_us, &lease->slot);
    json_signed_member(&j, "until", lease->until_us);
    if (first) {
        json_uuid_member(&j, "life", &lease->life);
        json_key(&j, "proven");
        json_bool(&j, lease->death_is_proven);
    }
    end(h, &j);
}

static void leadership_line(history_file *h, const allot_lease *lease)
{
    json j = begin_of_slot(h, lease->term != 0 ? LINE_LEADS : LINE_FOLLOWS, lease->since_us, &lease->slot);
    if (lease->term != 0)
        json_unsigned_member(&j, "term", lease->term);
    end(h, &j);
}

void history_file_lease(void *user, const allot_lease *lease)
{
    history_file *h = user;
    pthread_mutex_lock(&h->lock);
    bool first = memcmp(&h->slot, &lease->slot, sizeof(h->slot)) != 0;
    if (first || lease->until_us != h->until_us)
        lease_line(h, lease, first);
    if (lease->term != (first ? 0 : h->term))
        leadership_line(h, lease);
    h->slot = lease->slot;
    h->until_us = lease->until_us;
    h->term = lease->term;
    (void)written(h); /* failed_fd tells whoever waits */
}

static void end_line(history_file *h, line_kind kind, int64_t since_us, const allot_event *event)
{
    json j = begin_of_slot(h, kind, since_us, &event->slot);
    json_string_member(&j, "why", allot_why_word(event->why));
    end(h, &j);
}

static void event_lines(history_file *h, int64_t since_us, const allot_event *event)
{
    bool leased = memcmp(&h->slot, &event->slot, sizeof(h->slot)) == 0;
    switch (event->type) {
    case ALLOT_EVENT_GAINED:
        ids_lines(h, LINE_HELD, since_us, &event->slot, NULL, NULL, event->ids, event->count);
        break;
    case ALLOT_EVENT_LOST:
        ids_lines(h, LINE_LOST, since_us, &event->slot, "why", allot_why_word(event->why), event->ids, event->count);
        break;
    case ALLOT_EVENT_FENCED:
        end_line(h, LINE_FENCED, since_us, event);
        break;
    case ALLOT_EVENT_LEFT: /* also of one that had no slot yet */
        if (leased)
            end_line(h, LINE_LEFT, since_us, event);
        break;
    default:
        break;
    }
}

int history_file_event(history_file *h, const allot_event *event)
{
    if (h->path == NULL)
        return 0;
    int64_t since_us = boot_us_of(event->mono_ns);
    pthread_mutex_lock(&h->lock);
    event_lines(h, since_us, event);
    return written(h);
}

/* ---- The first line, and the end --------------------------------------------------------------------------------- */

void history_file_opened(history_file *h, const allot_uuid *boot, const config *c)
{
    json j = begin(h, LINE_OPENED, 0);
    json_unsigned_member(&j, "format", LINE_FORMAT);
    json_uuid_member(&j, "boot", boot);
    json_string_member(&j, "group", c->group);
    json_string_member(&j, "name", c->slot.name);
    json_signed_member(&j, "pid", getpid());
    end(h, &j);
}

int history_file_end(history_file *h, int code)
{
    if (h->path == NULL)
        return code;
    output_flush(&h->out);
    bytes_done(&h->out.text);
    if (h->out.error != 0)
        code = fail(code == CODE_OK ? CODE_FAILED : code, "%s: %s: make room, or name another file", h->path,
                    strerror(h->out.error));
    close(h->out.fd);
    close(h->failed_fd);
    pthread_mutex_destroy(&h->lock);
    *h = (history_file){.failed_fd = -1};
    return code;
}
