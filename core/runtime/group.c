#include "core/runtime/group.h"
#include "base/uuid_text.h"
#include "core/runtime/modules.h"
#include "core/runtime/clock.h"
#include "core/runtime/fail.h"
#include "core/runtime/hooks.h"
#include "core/runtime/node.h"
#include "core/runtime/words.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRY_US_MOST 10000000 /* how long one try of an op may take */
#define TRY_US_LEAST 1000
#define AGAIN_US_FIRST 20000
#define AGAIN_US_MOST 1000000

/* ---- Open and close ---------------------------------------------------------------------------------------------- */

static void free_group(allot_group *group)
{
    settings_done(&group->settings);
    free(group->strategy);
    free(group);
}

int group_open(const allot_options *options, bool read_only, const hooks *hooked, allot_group **ret_group,
               allot_error *ret_error)
{
    static const hooks none;
    if (ret_group == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "there is no place to return the group to");
    allot_group *group = calloc(1, sizeof(*group));
    if (group == NULL)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    if (hooked == NULL)
        hooked = &none;
    group->pid = getpid();
    group->clock = hooked->clock;
    group->read_only = read_only;
    int code = settings_init_group(&group->settings, options, ret_error);
    if (code == ALLOT_OK)
        code = modules_open(&group->settings.options, hooked, group->read_only, &group->backend, ret_error);
    if (code != ALLOT_OK) {
        free_group(group);
        return code;
    }
    *ret_group = group;
    return ALLOT_OK;
}

int allot_group_open(const allot_options *options, bool read_only, allot_group **ret_group, allot_error *ret_error)
{
    return group_open(options, read_only, NULL, ret_group, ret_error);
}

void allot_group_close(allot_group *group)
{
    if (group == NULL)
        return;
    if (!fork_is_child(group->pid))
        call_close(&group->backend);
    else if (!group->busy) /* else another thread was within the backend, and may have left it half changed */
        call_close_in_child(&group->backend);
    free_group(group);
}

int group_enter(allot_group *group, allot_error *ret_error)
{
    if (fork_is_child(group->pid))
        return fail_plainly(ret_error, ALLOT_E_FORKED);
    if (group->busy)
        return fail(ret_error, ALLOT_E_INVALID, "this handle is within another call");
    group->busy = true;
    return ALLOT_OK;
}

int group_leave(allot_group *group, int code)
{
    group->busy = false;
    return code;
}

int64_t group_until_us(const allot_group *group, int timeout_ms)
{
    if (timeout_ms < 0)
        return INT64_MAX;
    return clock_boot_us(&group->clock) + (int64_t)timeout_ms * 1000;
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

static int keep_view(allot_group *group, exchange *x, const allot_view *view)
{
    char *strategy = malloc(view->strategy.len + 1u);
    if (strategy == NULL)
        return ALLOT_E_NOMEM;
    if (view->strategy.len > 0)
        memcpy(strategy, view->strategy.data, view->strategy.len);
    strategy[view->strategy.len] = '\0';
    free(group->strategy);
    group->strategy = strategy;
    x->view = *view;
    x->view.strategy.data = strategy;
    return ALLOT_OK;
}

static bool has_no_answer(const exchange *x)
{
    return x->outcome.status == ALLOT_STATUS_UNAVAILABLE || x->outcome.status == ALLOT_STATUS_UNKNOWN;
}

static void on_answer(void *user, const allot_answer *answer)
{
    allot_group *group = user;
    size_t i = 0;
    while (i < group->exchange_count && group->exchanges[i].op.cookie != answer->cookie)
        i++;
    assert(i < group->exchange_count);
    exchange *x = &group->exchanges[i];
    x->sent = false;
    x->outcome = answer->outcome;
    x->unknown |= answer->outcome.status == ALLOT_STATUS_UNKNOWN;
    snprintf(x->message, sizeof(x->message), "%s", answer->message != NULL ? answer->message : "");
    x->done = !has_no_answer(x) || !x->is_change;
    if (answer->outcome.status != ALLOT_STATUS_OK || x->is_change)
        return;
    x->code = answer->kind == ALLOT_OP_READ_VIEW ? keep_view(group, x, answer->view) : page_copy(answer, &x->page);
}

static void on_hint(void *user, allot_hint hint)
{
    (void)user;
    (void)hint;
}

/* Notes are for replicas, which live long enough to have them read. */
static void on_note(void *user, const char *message)
{
    (void)user;
    (void)message;
}

/* ---- Exchanging -------------------------------------------------------------------------------------------------- */

static int send(allot_group *group, exchange *x, int64_t now_us, int64_t until_us)
{
    int64_t left_us = until_us - now_us;
    x->op.cookie = ++group->cookie;
    x->op.timeout_us = left_us < TRY_US_LEAST ? TRY_US_LEAST : left_us;
    if (x->op.timeout_us > TRY_US_MOST)
        x->op.timeout_us = TRY_US_MOST;
    int64_t pause_us = (int64_t)AGAIN_US_FIRST << (x->tries < 6 ? x->tries : 6);
    x->tries++;
    x->again_us = now_us + (pause_us < AGAIN_US_MOST ? pause_us : AGAIN_US_MOST);
    int code = call_submit(&group->backend, &x->op);
    x->sent = code == ALLOT_OK;
    return code;
}

/* Sends what is due, ends what is overdue. Returns how many are not done. */
static size_t advance(allot_group *group, int64_t until_us, int *code)
{
    size_t left = 0;
    int64_t now_us = clock_boot_us(&group->clock);
    for (size_t i = 0; i < group->exchange_count; i++) {
        exchange *x = &group->exchanges[i];
        if (x->done)
            continue;
        if (!x->sent && (*code != ALLOT_OK || (x->tries > 0 && now_us >= until_us)))
            x->done = true;
        else if (!x->sent && now_us >= x->again_us)
            *code = send(group, x, now_us, until_us);
        left += !x->done;
    }
    return left;
}

static int64_t wake_us(allot_group *group, int64_t until_us)
{
    int64_t wake = call_deadline_us(&group->backend);
    for (size_t i = 0; i < group->exchange_count; i++) {
        const exchange *x = &group->exchanges[i];
        if (x->done || x->sent)
            continue;
        wake = x->again_us < wake ? x->again_us : wake;
        wake = until_us < wake ? until_us : wake;
    }
    return wake;
}

static void wait_for_backend(allot_group *group, int64_t wake)
{
    struct pollfd fd = {.fd = call_fd(&group->backend), .events = POLLIN};
    int64_t left_us = wake - clock_boot_us(&group->clock);
    if (wake == INT64_MAX) {
        ppoll(&fd, 1, NULL, NULL);
        return;
    }
    if (left_us <= 0)
        return;
    struct timespec left = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    ppoll(&fd, 1, &left, NULL);
}

int group_exchange(allot_group *group, exchange *exchanges, size_t count, int64_t until_us, allot_error *ret_error)
{
    const allot_sink sink = {.user = group, .answer = on_answer, .hint = on_hint, .note = on_note};
    int code = ALLOT_OK;
    group->exchanges = exchanges;
    group->exchange_count = count;
    while (advance(group, until_us, &code) > 0) {
        call_process(&group->backend, &sink);
        bool waits = false;
        for (size_t i = 0; i < count; i++)
            waits |= !exchanges[i].done;
        if (waits)
            wait_for_backend(group, wake_us(group, until_us));
    }
    group->exchanges = NULL;
    group->exchange_count = 0;
    return code == ALLOT_OK ? ALLOT_OK : fail_plainly(ret_error, code);
}

/* ---- What came of it --------------------------------------------------------------------------------------------- */

static int refusal_code(const exchange *x, allot_error *ret_error)
{
    int code = ALLOT_E_REFUSED;
    if (x->outcome.reason == ALLOT_REFUSED_LIMIT)
        code = ALLOT_E_LIMIT;
    else if (x->outcome.reason == ALLOT_REFUSED_STALE) /* the session ended while the store could not be reached */
        code = x->unknown ? ALLOT_E_UNKNOWN : ALLOT_E_UNAVAILABLE;
    return fail(ret_error, code, "refused by the store: %s", reason_text(x->outcome.reason));
}

int exchange_code(const exchange *x, allot_error *ret_error)
{
    if (x->code != ALLOT_OK)
        return fail_plainly(ret_error, x->code);
    switch (x->outcome.status) {
    case ALLOT_STATUS_OK:
        return ALLOT_OK;
    case ALLOT_STATUS_REFUSED:
        return refusal_code(x, ret_error);
    default:
        return fail(ret_error, x->unknown ? ALLOT_E_UNKNOWN : ALLOT_E_UNAVAILABLE, "%s", x->message);
    }
}

int group_look(allot_group *group, int64_t until_us, bool must_be, allot_view *ret_view, allot_error *ret_error)
{
    exchange x = {.op = {.kind = ALLOT_OP_READ_VIEW}};
    int code = group_exchange(group, &x, 1, until_us, ret_error);
    if (code == ALLOT_OK)
        code = exchange_code(&x, ret_error);
    if (code != ALLOT_OK)
        return code;
    group->found = !uuid_is_zero(&x.view.life);
    if (must_be && !group->found)
        return fail(ret_error, ALLOT_E_NOT_FOUND, "there is no group '%s' here", group->settings.options.group);
    *ret_view = x.view;
    return ALLOT_OK;
}
