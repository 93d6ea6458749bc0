#include "core/runtime/call.h"
#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static call_lane *lane_of(call *c, allot_op_kind kind)
{
    assert(kind >= ALLOT_OP_JOIN && kind < ALLOT_OP_KIND_END);
    return kind <= ALLOT_OP_RESIGN ? &c->control : &c->bulk;
}

int call_open(call *c, const allot_backend_ops *ops, const allot_backend_config *config, allot_error *ret_error)
{
    assert(ops->abi == ALLOT_BACKEND_ABI && ops->size == sizeof(*ops));
    *c = (call){.ops = ops};
    int code = ops->open(config, &c->handle, ret_error);
    assert(code <= 0 && (code == 0) == (c->handle != NULL));
    return code;
}

int call_submit(call *c, const allot_op *op)
{
    call_lane *lane = lane_of(c, op->kind);
    if (array_reserve((void **)&lane->ops, &lane->capacity, lane->count + 1, sizeof(lane->ops[0])) != 0)
        return ALLOT_E_NOMEM;
    lane->ops[lane->count++] = op;
    assert(c->sink == NULL);
    c->ops->submit(c->handle, op);
    return ALLOT_OK;
}

static void check_status(const allot_answer *answer)
{
    const allot_outcome *o = &answer->outcome;
    assert(o->status >= ALLOT_STATUS_OK && o->status <= ALLOT_STATUS_UNKNOWN);
    assert(o->reason < ALLOT_REASON_END);
    assert((o->status == ALLOT_STATUS_REFUSED) == (o->reason != ALLOT_REFUSED_NOTHING));
    bool no_answer = o->status == ALLOT_STATUS_UNAVAILABLE || o->status == ALLOT_STATUS_UNKNOWN;
    assert(no_answer == (answer->message != NULL));
    bool must_view = answer->kind == ALLOT_OP_BEAT || answer->kind == ALLOT_OP_READ_VIEW;
    assert(o->status != ALLOT_STATUS_OK || !must_view || answer->view != NULL);
    (void)no_answer;
    (void)must_view;
}

static void on_answer(void *user, const allot_answer *answer)
{
    call *c = user;
    assert(c->sink != NULL);
    call_lane *lane = lane_of(c, answer->kind);
    assert(lane->count > 0);
    assert(lane->ops[0]->cookie == answer->cookie && lane->ops[0]->kind == answer->kind);
    check_status(answer);
    lane->count--;
    memmove(&lane->ops[0], &lane->ops[1], lane->count * sizeof(lane->ops[0]));
    c->sink->answer(c->sink->user, answer);
}

static void on_hint(void *user, allot_hint hint)
{
    call *c = user;
    assert(c->sink != NULL);
    assert(hint >= ALLOT_HINT_SHARE && hint <= ALLOT_HINT_LEADERLESS);
    c->sink->hint(c->sink->user, hint);
}

static void on_note(void *user, const char *message)
{
    call *c = user;
    assert(c->sink != NULL && message != NULL);
    c->sink->note(c->sink->user, message);
}

static void drop_answer(void *user, const allot_answer *answer)
{
    (void)user;
    (void)answer;
}

static void drop_hint(void *user, allot_hint hint)
{
    (void)user;
    (void)hint;
}

static void drop_note(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static const allot_sink deaf = {.user = NULL, .answer = drop_answer, .hint = drop_hint, .note = drop_note};

void call_process(call *c, const allot_sink *sink)
{
    const allot_sink checking = {.user = c, .answer = on_answer, .hint = on_hint, .note = on_note};
    c->sink = sink;
    c->ops->process(c->handle, &checking);
    c->sink = NULL;
}

int call_fd(call *c)
{
    return c->ops->fd(c->handle);
}

int64_t call_deadline_us(call *c)
{
    return c->ops->deadline(c->handle);
}

static void free_lanes(call *c)
{
    free(c->control.ops);
    free(c->bulk.ops);
    *c = (call){.handle = NULL};
}

void call_close(call *c)
{
    if (c->handle != NULL) {
        const allot_sink checking = {.user = c, .answer = on_answer, .hint = on_hint, .note = on_note};
        c->sink = &deaf;
        c->ops->close(c->handle, &checking);
        assert(c->control.count == 0 && c->bulk.count == 0);
    }
    free_lanes(c);
}

void call_close_in_child(call *c)
{
    if (c->handle != NULL)
        c->ops->close(c->handle, &deaf);
    free_lanes(c);
}
