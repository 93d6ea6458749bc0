#include "tests/api/faulty.h"
#include "backends/memory/memory.h"

#include <pthread.h>

typedef struct faulty_state {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopped;
    int hanging;
    int lose_count;
    allot_op_status lose_status;
} faulty_state;

static faulty_state state = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void faulty_stop(void)
{
    pthread_mutex_lock(&state.lock);
    state.stopped = true;
    pthread_mutex_unlock(&state.lock);
}

void faulty_go(void)
{
    pthread_mutex_lock(&state.lock);
    state.stopped = false;
    pthread_cond_broadcast(&state.changed);
    pthread_mutex_unlock(&state.lock);
}

bool faulty_hangs(void)
{
    pthread_mutex_lock(&state.lock);
    bool hangs = state.hanging > 0;
    pthread_mutex_unlock(&state.lock);
    return hangs;
}

void faulty_lose(int count, allot_op_status status)
{
    pthread_mutex_lock(&state.lock);
    state.lose_count = count;
    state.lose_status = status;
    pthread_mutex_unlock(&state.lock);
}

static bool is_bulk_change(allot_op_kind kind)
{
    return kind >= ALLOT_OP_ADD && kind <= ALLOT_OP_CLEAN;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void on_answer(void *user, const allot_answer *answer)
{
    const allot_sink *sink = user;
    pthread_mutex_lock(&state.lock);
    bool lost = is_bulk_change(answer->kind) && state.lose_count > 0;
    state.lose_count -= lost;
    allot_op_status status = state.lose_status;
    pthread_mutex_unlock(&state.lock);
    allot_answer changed = *answer;
    if (lost) {
        changed.outcome = (allot_outcome){.status = status};
        changed.message = "the answer was lost";
    }
    sink->answer(sink->user, &changed);
}

static void on_hint(void *user, allot_hint hint)
{
    const allot_sink *sink = user;
    sink->hint(sink->user, hint);
}

static void on_note(void *user, const char *message)
{
    const allot_sink *sink = user;
    sink->note(sink->user, message);
}

static void process(allot_backend *backend, const allot_sink *sink)
{
    const allot_sink wrapped = {.user = (void *)sink, .answer = on_answer, .hint = on_hint, .note = on_note};
    pthread_mutex_lock(&state.lock);
    state.hanging++;
    while (state.stopped)
        pthread_cond_wait(&state.changed, &state.lock);
    state.hanging--;
    pthread_mutex_unlock(&state.lock);
    memory_backend_ops.process(backend, &wrapped);
}

static int open_it(const allot_backend_config *config, allot_backend **ret_backend, allot_error *ret_error)
{
    return memory_backend_ops.open(config, ret_backend, ret_error);
}

static void submit(allot_backend *backend, const allot_op *op)
{
    memory_backend_ops.submit(backend, op);
}

static int fd(allot_backend *backend)
{
    return memory_backend_ops.fd(backend);
}

static int64_t deadline(allot_backend *backend)
{
    return memory_backend_ops.deadline(backend);
}

static void close_it(allot_backend *backend, const allot_sink *sink)
{
    memory_backend_ops.close(backend, sink);
}

const allot_backend_ops *faulty_backend(void)
{
    static const allot_backend_ops ops = {.abi = ALLOT_BACKEND_ABI,
                                          .size = sizeof(ops),
                                          .name = "faulty",
                                          .open = open_it,
                                          .submit = submit,
                                          .process = process,
                                          .fd = fd,
                                          .deadline = deadline,
                                          .close = close_it};
    return &ops;
}
