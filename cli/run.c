/* run: one replica. Its ids are held, and given back when they are recalled; nothing is done with them. */
#include "cli/commands.h"
#include "cli/event_log.h"
#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/id_list.h"
#include "cli/moments.h"
#include "cli/open.h"
#include "cli/options.h"
#include "cli/random_ids.h"
#include "cli/reload.h"
#include "cli/roster.h"
#include "cli/stopper.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define GENERATE_TIMEOUT_MS 5000

typedef struct replica {
    const invocation *call;
    const settings *settings; /* at the start; of what a reload may change, `now` counts */
    invocation reloaded;
    const config *now;
    allot_node *node;
    event_log log;
    history_file history;
    stopper stopper;
    id_list gained;     /* --once: everything gained so far; allot_owns says what of it is still held */
    id_list recalled;   /* --handover-release manual: recalled, and still held */
    int64_t give_up_ns; /* --once --timeout: INT64_MAX: never */
    bool finished;      /* --once: the split has come */
    bool untold;        /* the history could not be written: nothing is done any more, as after a kill */
    int code;
} replica;

/* ---- Events ----------------------------------------------------------------------------------------------------- */

static bool still_owns(const replica *r, const allot_id *id)
{
    uint64_t token;
    return allot_owns(r->node, id->id.data, id->id.len, &token) && token == id->token;
}

/* Nothing is worked on, so what is recalled has stopped already. The event is written before the op goes out: from the
 * moment that the store has taken the op, another replica may own the ids (§12). */
static void release(replica *r, const allot_event *event, const allot_id *ids, size_t count)
{
    for (size_t done = 0; done < count; done += ALLOT_SEGMENT_IDS_MAX) {
        size_t part = count - done < ALLOT_SEGMENT_IDS_MAX ? count - done : ALLOT_SEGMENT_IDS_MAX;
        allot_event released = *event;
        released.type = ALLOT_EVENT_RECALLED;
        released.mono_ns = mono_now_ns();
        released.ids = ids + done;
        released.count = (uint32_t)part;
        if (history_file_released(&r->history, &event->slot, ids + done, part) != 0) {
            r->untold = true;
            return;
        }
        event_log_write(&r->log, "released", &released);
        /* Whatever is not accepted is told by events: lost, or the store down. */
        allot_release(r->node, ids + done, part, (int)r->settings->config.lease.ttl_ms, NULL, NULL);
    }
}

static void out_of_memory(replica *r)
{
    r->code = fail(CODE_FAILED, "out of memory");
    stopper_stop(&r->stopper);
}

static void on_recalled(replica *r, const allot_event *event)
{
    if (r->now->handover.release == CONFIG_RELEASE_AUTO || stopper_is_stopping(&r->stopper))
        release(r, event, event->ids, event->count);
    else if (id_list_add(&r->recalled, event->ids, event->count) != 0)
        out_of_memory(r);
}

/* What was recalled while it was running normally is not recalled again by the drain. */
static void release_kept(replica *r)
{
    id_list kept = r->recalled;
    allot_node_status status = {.size = sizeof(status)};
    r->recalled = (id_list){0};
    size_t held = 0;
    for (size_t i = 0; i < kept.count; i++) {
        if (still_owns(r, &kept.ids[i])) {
            allot_id swap = kept.ids[held];
            kept.ids[held++] = kept.ids[i];
            kept.ids[i] = swap;
        }
    }
    if (held > 0 && allot_status(r->node, &status) == ALLOT_OK) {
        allot_event event = {
            .slot = status.slot, .leader = status.leader, .term = status.term, .version = status.version};
        release(r, &event, kept.ids, held);
    }
    id_list_done(&kept);
}

/* An id that came, went and came again is in the list twice, under two tokens: one of them is the present one. */
static void print_share(replica *r)
{
    output out = {.fd = STDOUT_FILENO};
    for (size_t i = 0; i < r->gained.count; i++) {
        allot_bytes id = r->gained.ids[i].id;
        if (still_owns(r, &r->gained.ids[i])) {
            output_put(&out, id.data, id.len);
            output_put(&out, "\n", 1);
        }
    }
    r->code = output_end(&out, r->code);
}

static size_t owned_count(const replica *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->gained.count; i++)
        count += still_owns(r, &r->gained.ids[i]);
    return count;
}

static uint64_t recalls_of(const roster *group)
{
    uint64_t recalls = 0;
    for (size_t i = 0; i < group->count; i++)
        recalls += group->slots[i].info.recalls;
    return recalls;
}

/* A split is finished when it has marked what is recalled: what this replica is to get from others comes with a later
 * one. Its share has reached it when nothing is on its way in the group, and all of the share has been told. */
static bool share_is_complete(replica *r)
{
    roster group;
    allot_node_status status = {.size = sizeof(status)};
    if (strcmp(r->settings->config.backend.type, "memory") == 0)
        return owned_count(r) == (size_t)r->settings->generate; /* nobody else can be there */
    if (allot_status(r->node, &status) != ALLOT_OK || roster_read(r->settings, &group) != CODE_OK)
        return false;
    const roster_slot *own = roster_find(&group, &status.slot);
    bool complete = own != NULL && own->info.ids == owned_count(r) && group.view.inbox == 0 && recalls_of(&group) == 0;
    roster_done(&group);
    return complete;
}

static void on_split(replica *r)
{
    if (!r->settings->once || r->finished || !share_is_complete(r))
        return;
    r->finished = true;
    print_share(r);
    stopper_stop(&r->stopper);
}

static void on_left(replica *r, const allot_event *event)
{
    if (!stopper_is_stopping(&r->stopper) && r->code == CODE_OK)
        r->code = fail(CODE_LEASE_LOST, "left the group: %s", allot_why_word(event->why));
}

static void on_event(replica *r, const allot_event *event)
{
    if (history_file_event(&r->history, event) != 0) {
        r->untold = true;
        return;
    }
    event_log_write(&r->log, allot_event_word(event->type), event);
    switch (event->type) {
    case ALLOT_EVENT_GAINED:
        if (r->settings->once && !r->finished && id_list_add(&r->gained, event->ids, event->count) != 0)
            out_of_memory(r);
        break;
    case ALLOT_EVENT_RECALLED:
        on_recalled(r, event);
        break;
    case ALLOT_EVENT_SPLIT:
        on_split(r);
        break;
    case ALLOT_EVENT_LEFT:
        on_left(r, event);
        break;
    default:
        break;
    }
}

/* ---- The log ----------------------------------------------------------------------------------------------------- */

/* With --once, standard output is for the ids alone. */
static void set_log(event_log *log, const config *c, bool once)
{
    bool as_json =
        c->log.format == CONFIG_LOG_JSON || (c->log.format == CONFIG_LOG_AUTO && !once && !isatty(STDERR_FILENO));
    int fd = as_json && !once ? STDOUT_FILENO : STDERR_FILENO;
    if (fd != log->out.fd)
        log->out.error = 0; /* was the other one's */
    log->out.fd = fd;
    log->style = style_of(fd);
    log->as_json = as_json;
    log->with_ids = c->log.ids;
    log->level = c->log.level;
}

static void take_reload(replica *r)
{
    stopper_take_reload(&r->stopper);
    if (!reload(r->node, r->call, &r->reloaded))
        return;
    r->now = &r->reloaded.settings.config;
    set_log(&r->log, r->now, r->settings->once);
    if (r->now->handover.release == CONFIG_RELEASE_AUTO)
        release_kept(r);
}

/* ---- The loop --------------------------------------------------------------------------------------------------- */

/* Takes what there is. False when that was the last. */
static bool take_events(replica *r)
{
    const allot_event *event;
    int code = ALLOT_OK;
    while (!r->untold && (code = allot_next(r->node, &event, 0)) == ALLOT_OK)
        on_event(r, event);
    if (r->untold)
        return false;
    if (code == ALLOT_E_TIMEOUT)
        return true;
    if (code != ALLOT_E_CLOSED)
        r->code = fail_allot(code, &(allot_error){0});
    return false;
}

static int wait_ms(const replica *r)
{
    if (r->give_up_ns == INT64_MAX || stopper_is_stopping(&r->stopper))
        return -1;
    int64_t ns = r->give_up_ns - mono_now_ns();
    int64_t ms = ns > 0 ? ns / 1000000 + 1 : 0;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void give_up_when_late(replica *r)
{
    if (wait_ms(r) != 0)
        return;
    r->code = fail(CODE_TIMED_OUT, "no split has reached this replica in time");
    stopper_stop(&r->stopper);
}

static void loop(replica *r)
{
    enum { EVENTS, READER, STOPPED, RELOAD, HISTORY };
    struct pollfd fds[] = {
        [EVENTS] = {.fd = allot_event_fd(r->node), .events = POLLIN},
        [READER] = {.fd = r->log.out.fd}, /* its errors alone: whoever read the events went away */
        [STOPPED] = {.fd = r->stopper.stopped_fd, .events = POLLIN},
        [RELOAD] = {.fd = r->stopper.reload_fd, .events = POLLIN},
        [HISTORY] = {.fd = r->history.failed_fd, .events = POLLIN},
    };
    while (take_events(r)) {
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(r)) < 0)
            continue;
        give_up_when_late(r);
        if (fds[READER].revents != 0 || output_is_broken(&r->log.out)) {
            fds[READER].fd = -1;
            stopper_stop(&r->stopper);
        }
        r->untold = r->untold || fds[HISTORY].revents != 0;
        if (fds[STOPPED].revents != 0 && !r->untold) {
            fds[STOPPED].fd = -1;
            release_kept(r);
        }
        if (fds[RELOAD].revents != 0 && !r->untold) {
            take_reload(r);
            fds[READER].fd = r->log.out.fd;
        }
    }
}

/* ---- Start and end ---------------------------------------------------------------------------------------------- */

static int generate(replica *r)
{
    random_ids ids;
    allot_error error = {0};
    if (r->settings->generate == 0)
        return CODE_OK;
    int code = random_ids_make((size_t)r->settings->generate, &ids);
    if (code != CODE_OK)
        return code;
    allot_added added = {0};
    int64_t since_us = boot_now_us();
    int failed = ALLOT_OK, told = history_file_adding(&r->history, ids.ids, ids.count);
    if (told == 0) {
        failed = allot_add(r->node, ids.ids, ids.count, GENERATE_TIMEOUT_MS, &added, &error);
        told = history_file_added(&r->history, since_us, ids.ids, added.done);
    }
    r->untold = told != 0;
    random_ids_done(&ids);
    if (failed == ALLOT_OK || stopper_is_stopping(&r->stopper))
        return CODE_OK;
    return fail_allot(failed, &error);
}

static int open_node(replica *r)
{
    allot_error error = {0};
    allot_options options = options_of(&r->settings->config);
    if (r->history.path != NULL) {
        options.on_lease = history_file_lease;
        options.on_lease_user = &r->history;
    }
    int code = allot_open(&options, &r->node, &error);
    return code == ALLOT_OK ? CODE_OK : fail_open(code, &error);
}

static int run_node(replica *r)
{
    bool hangup_stops = r->settings->file == NULL && isatty(STDIN_FILENO);
    int code = stopper_start(&r->stopper, r->node, hangup_stops);
    if (code != CODE_OK)
        return code;
    r->code = generate(r);
    if (r->code != CODE_OK)
        stopper_stop(&r->stopper);
    loop(r);
    if (r->untold)
        inform("ended at once, and gave nothing back: others get what it held when its lease is over");
    else /* `left` is told before the store has heard of it: closing now would be the same to them as a crash */
        allot_leave(r->node, (int)r->settings->config.lease.ttl_ms);
    stopper_end(&r->stopper);
    return output_end(&r->log.out, r->code);
}

int verb_run(const invocation *call)
{
    const settings *s = &call->settings;
    replica r = {.call = call, .settings = s, .now = &s->config, .give_up_ns = INT64_MAX};
    set_log(&r.log, r.now, s->once);
    stopper_block();
    int code = history_file_open(&r.history, s->history, &s->config);
    if (code == CODE_OK)
        code = open_node(&r);
    if (code != CODE_OK)
        return history_file_end(&r.history, code);
    if (s->once && s->timeout_ms > 0)
        r.give_up_ns = mono_now_ns() + s->timeout_ms * 1000000;
    code = run_node(&r);
    allot_close(r.node);
    code = history_file_end(&r.history, code);
    id_list_done(&r.gained);
    id_list_done(&r.recalled);
    invocation_done(&r.reloaded);
    return code;
}
