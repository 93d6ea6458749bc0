#include "backends/file/handle.h"
#include "base/uuid_text.h"

#include <assert.h>
#include <string.h>

static bool has_message(allot_op_status status)
{
    return status == ALLOT_STATUS_UNAVAILABLE || status == ALLOT_STATUS_UNKNOWN;
}

void file_answer_one(const allot_op *op, allot_op_status status, const char *message, const allot_sink *sink)
{
    assert(has_message(status));
    allot_answer answer = {.cookie = op->cookie, .kind = op->kind, .outcome = {.status = status}, .message = message};
    sink->answer(sink->user, &answer);
}

void file_answer_results(allot_backend *b, const allot_sink *sink, uint32_t first, uint32_t end, const char *message)
{
    file_batch *batch = &b->batch;
    for (uint32_t i = first; i < end; i++) {
        file_result *r = &batch->results[i];
        if (batch->ends_with_read && i + 1 == batch->count) {
            sink->answer(sink->user, &batch->read);
            continue;
        }
        allot_answer answer = {.cookie = r->op->cookie, .kind = r->op->kind, .outcome = r->outcome};
        if (has_message(r->outcome.status))
            answer.message = message[0] != '\0' ? message : "its time ran out before its turn came";
        if (r->has_view) {
            if (r->view.strategy.len > 0)
                r->view.strategy.data = b->batch.texts.data + r->strategy_at;
            answer.view = &r->view;
        }
        sink->answer(sink->user, &answer);
    }
}

static void answer_lane(allot_backend *b, file_lane *lane, int64_t due_us, allot_op_status status, const char *message,
                        const allot_sink *sink)
{
    (void)b;
    /* What a sink submits meanwhile waits for the next round. */
    for (size_t n = lane->count; n > 0; n--) {
        const file_entry *head = file_lane_head(lane);
        if (head->deadline_us > due_us)
            return; /* those behind it wait as well: a lane is answered in its order */
        const allot_op *op = head->op;
        file_lane_pop(lane);
        file_answer_one(op, status, message, sink);
    }
}

void file_answer_waiting(allot_backend *b, allot_op_status status, const char *message, const allot_sink *sink)
{
    answer_lane(b, &b->control, INT64_MAX, status, message, sink);
    answer_lane(b, &b->bulk, INT64_MAX, status, message, sink);
}

void file_answer_overdue(allot_backend *b, const char *message, const allot_sink *sink)
{
    int64_t now_us = file_now_us(b);
    answer_lane(b, &b->control, now_us, ALLOT_STATUS_UNAVAILABLE, message, sink);
    answer_lane(b, &b->bulk, now_us, ALLOT_STATUS_UNAVAILABLE, message, sink);
}

void file_note(allot_backend *b, const char *message)
{
    bytes_append(&b->notes, message, strlen(message) + 1); /* without memory the operator misses a line */
}

void file_answer_notes(allot_backend *b, const allot_sink *sink)
{
    for (size_t at = 0; at < b->notes.len; at += strlen(b->notes.data + at) + 1)
        sink->note(sink->user, b->notes.data + at);
    b->notes.len = 0;
}

void file_answer_hints(allot_backend *b, const allot_sink *sink)
{
    file_watch *w = &b->watch;
    const struct {
        bool *wanted;
        allot_hint hint;
    } hints[] = {{&w->leaderless, ALLOT_HINT_LEADERLESS},
                 {&w->group, ALLOT_HINT_GROUP},
                 {&w->share, ALLOT_HINT_SHARE},
                 {&w->work, ALLOT_HINT_WORK}};
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (*hints[i].wanted)
            sink->hint(sink->user, hints[i].hint);
        *hints[i].wanted = false;
    }
}
