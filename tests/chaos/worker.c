/* worker.c - a replica as `allot run` is one, with the same flags and the same log, that works: ids whose names begin
 * with "job-" it reports as done, some as failed, and some it gives back; all others it holds. It writes into its
 * history what it reports: before a report goes out, and with its answer. */
#include "cli/commands.h"
#include "cli/event_log.h"
#include "cli/exits.h"
#include "cli/history_file.h"
#include "cli/id_list.h"
#include "cli/moments.h"
#include "cli/open.h"
#include "cli/options.h"
#include "cli/stopper.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define BATCH 8 /* ids that are worked on together, and reported by one op */
#define WORK_NS (8 * 1000000LL)
#define REPORT_TIMEOUT_MS 1000

typedef struct worker {
    const settings *settings;
    allot_node *node;
    event_log log;
    history_file history;
    stopper stopper;
    id_list jobs;       /* to be done, as far as they are still owned */
    size_t at_work;     /* the first so many of them are being worked on */
    int64_t done_at_ns; /* when they will be done */
    uint64_t batches;
    bool untold; /* its history could not be written: it does nothing any more */
    int code;
} worker;

static bool is_job(const allot_id *id)
{
    return id->id.len > 4 && memcmp(id->id.data, "job-", 4) == 0;
}

static bool still_owns(const worker *w, const allot_id *id)
{
    uint64_t token;
    return allot_owns(w->node, id->id.data, id->id.len, &token) && token == id->token;
}

static allot_event event_now(const worker *w)
{
    allot_node_status status = {.size = sizeof(status)};
    allot_event event = {.mono_ns = mono_now_ns()};
    if (allot_status(w->node, &status) == ALLOT_OK) {
        event.slot = status.slot;
        event.leader = status.leader;
        event.term = status.term;
        event.version = status.version;
    }
    return event;
}

static void tell(worker *w, const char *word, const allot_id *id)
{
    allot_event event = event_now(w);
    event.ids = id;
    event.count = 1;
    event_log_write(&w->log, word, &event);
}

/* ---- Jobs -------------------------------------------------------------------------------------------------------- */

static void out_of_memory(worker *w)
{
    w->code = fail(CODE_FAILED, "out of memory");
    stopper_stop(&w->stopper);
}

static bool is_among(const allot_id *id, const allot_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i].id.len == id->id.len && memcmp(ids[i].id.data, id->id.data, id->id.len) == 0)
            return true;
    }
    return false;
}

/* Those stay that are still owned, and are none of `without`. Of what is owned no more since a report that had no
 * answer in time, nothing else tells that it is gone. */
static void keep_owned(worker *w, const allot_id *without, size_t count)
{
    id_list kept = {0};
    for (size_t i = 0; i < w->jobs.count; i++) {
        const allot_id *id = &w->jobs.ids[i];
        if (is_among(id, without, count))
            continue;
        if (!still_owns(w, id))
            tell(w, "dropped", id);
        else if (id_list_add(&kept, id, 1) != 0)
            out_of_memory(w);
    }
    id_list_done(&w->jobs);
    w->jobs = kept;
    w->at_work = 0;
}

static void take_jobs(worker *w, const allot_event *event)
{
    for (uint32_t i = 0; i < event->count; i++) {
        if (is_job(&event->ids[i]) && id_list_add(&w->jobs, &event->ids[i], 1) != 0)
            out_of_memory(w);
    }
}

static void begin_work(worker *w)
{
    if (w->at_work > 0 || w->jobs.count == 0)
        return;
    w->at_work = w->jobs.count < BATCH ? w->jobs.count : BATCH;
    w->done_at_ns = mono_now_ns() + WORK_NS;
    allot_working(w->node, w->jobs.ids, w->at_work);
}

/* ---- Reports ----------------------------------------------------------------------------------------------------- */

static void give_back(worker *w, const allot_id *ids, size_t count)
{
    allot_event event = event_now(w);
    event.ids = ids;
    event.count = (uint32_t)count;
    event_log_write(&w->log, "released", &event);
    w->untold = w->untold || history_file_released(&w->history, &event.slot, ids, count) != 0;
    if (w->untold)
        return;
    allot_release(w->node, ids, count, REPORT_TIMEOUT_MS, NULL, NULL);
}

/* Ids of one answer are told together. */
static void tell_answers(worker *w, history_report kind, const allot_event *event, int64_t since_us,
                         const allot_id *ids, size_t count, const bool *accepted, bool rest_is_refused)
{
    for (size_t i = 0; i < count; i++) {
        history_answer answer = accepted[i]       ? HISTORY_ACCEPTED
                                : rest_is_refused ? HISTORY_REFUSED
                                                  : HISTORY_UNKNOWN;
        history_file_reported(&w->history, kind, answer, since_us, &event->slot, &ids[i], 1);
        if (!accepted[i])
            continue;
        allot_event told = *event;
        told.ids = &ids[i];
        told.count = 1;
        event_log_write(&w->log, kind == HISTORY_ACKED ? "acked" : "failed", &told);
    }
}

/* Those that were accepted come first then; returns how many. */
static size_t report(worker *w, history_report kind, allot_id *ids, size_t count)
{
    bool accepted[BATCH] = {false};
    allot_report sum = {0};
    allot_event event = event_now(w);
    int64_t since_us = boot_now_us();
    w->untold = w->untold ||
                history_file_reported(&w->history, kind, HISTORY_UNKNOWN, since_us, &event.slot, ids, count) != 0;
    if (w->untold)
        return 0;
    if (kind == HISTORY_ACKED)
        allot_ack(w->node, ids, count, REPORT_TIMEOUT_MS, accepted, &sum);
    else
        allot_fail(w->node, ids, count, "on purpose", REPORT_TIMEOUT_MS, accepted, &sum);
    tell_answers(w, kind, &event, since_us, ids, count, accepted, sum.accepted + sum.refused == count);
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (accepted[i])
            ids[done++] = ids[i];
    }
    return done;
}

/* What was not accepted, and is still owned, is done again. */
static void end_work(worker *w)
{
    allot_id done[BATCH];
    size_t count = 0;
    if (w->at_work == 0 || mono_now_ns() < w->done_at_ns)
        return;
    for (size_t i = 0; i < w->at_work; i++) {
        if (still_owns(w, &w->jobs.ids[i]))
            done[count++] = w->jobs.ids[i];
    }
    w->batches++;
    allot_working(w->node, NULL, 0);
    if (count > 0 && w->batches % 7 == 0)
        give_back(w, done, count);
    else if (count > 0)
        count = report(w, w->batches % 5 == 0 ? HISTORY_FAILED : HISTORY_ACKED, done, count);
    keep_owned(w, done, count);
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

static void on_event(worker *w, const allot_event *event)
{
    w->untold = w->untold || history_file_event(&w->history, event) != 0;
    if (w->untold)
        return;
    event_log_write(&w->log, allot_event_word(event->type), event);
    if (event->type == ALLOT_EVENT_GAINED)
        take_jobs(w, event);
    if (event->type == ALLOT_EVENT_RECALLED) {
        keep_owned(w, event->ids, event->count);
        give_back(w, event->ids, event->count);
    }
    if (event->type == ALLOT_EVENT_LEFT && !stopper_is_stopping(&w->stopper))
        w->code = fail(CODE_LEASE_LOST, "left the group: %s", allot_why_word(event->why));
}

static bool take_events(worker *w)
{
    const allot_event *event;
    int code;
    while ((code = allot_next(w->node, &event, 0)) == ALLOT_OK)
        on_event(w, event);
    return code == ALLOT_E_TIMEOUT;
}

static int wait_ms(const worker *w)
{
    if (w->at_work == 0)
        return -1;
    int64_t ns = w->done_at_ns - mono_now_ns();
    return ns > 0 ? (int)(ns / 1000000 + 1) : 0;
}

static void loop(worker *w)
{
    struct pollfd fds[] = {
        {.fd = allot_event_fd(w->node), .events = POLLIN},
        {.fd = w->stopper.stopped_fd, .events = POLLIN},
        {.fd = w->history.failed_fd, .events = POLLIN},
        {.fd = w->log.out.fd}, /* its errors alone */
    };
    while (take_events(w) && !w->untold) {
        end_work(w);
        begin_work(w);
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), wait_ms(w)) <= 0)
            continue;
        if (fds[1].revents != 0)
            fds[1].fd = -1; /* what is held is recalled by the drain */
        w->untold = w->untold || fds[2].revents != 0; /* as a crash: others get what it holds when its lease ends */
        if (fds[3].revents != 0) {
            fds[3].fd = -1;
            stopper_stop(&w->stopper);
        }
    }
}

/* ---- Start and end ----------------------------------------------------------------------------------------------- */

static int work(worker *w)
{
    allot_error error = {0};
    allot_options options = options_of(&w->settings->config);
    options.on_lease = w->history.path == NULL ? NULL : history_file_lease;
    options.on_lease_user = &w->history;
    int code = allot_open(&options, &w->node, &error);
    if (code != ALLOT_OK)
        return fail_open(code, &error);
    code = stopper_start(&w->stopper, w->node, false);
    if (code == CODE_OK) {
        loop(w);
        if (!w->untold)
            allot_leave(w->node, (int)w->settings->config.lease.ttl_ms);
        stopper_end(&w->stopper);
        code = w->code;
    }
    allot_close(w->node);
    return code;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    invocation call = {.command = command_named("run")};
    worker w = {.settings = &call.settings};
    if (argc < 2 || strcmp(argv[1], "run") != 0)
        return fail(CODE_USAGE, "usage: chaos_worker run [OPTIONS OF allot run]");
    int code = options_read(&call, argc - 2, argv + 2);
    if (code == CODE_OK) {
        w.log = (event_log){.out.fd = STDOUT_FILENO, .as_json = true, .with_ids = call.settings.config.log.ids};
        stopper_block();
        code = history_file_open(&w.history, call.settings.history, &call.settings.config);
    }
    if (code == CODE_OK)
        code = work(&w);
    code = history_file_end(&w.history, code);
    id_list_done(&w.jobs);
    invocation_done(&call);
    return code;
}
