#include "base/text.h"
#include "core/runtime/clock.h"
#include "core/runtime/fail.h"
#include "core/runtime/group.h"
#include "core/runtime/news.h"

#include <stdlib.h>

/* A session of no slot is remembered for so long; a new one is begun at half of it, so that a change has the other half
 * to be sent again in. */
#define SESSION_US INT64_C(60000000)

/* ---- Sessions ---------------------------------------------------------------------------------------------------- */

static int begin_session(allot_group *group, int64_t until_us, bool must_be, allot_error *ret_error)
{
    allot_view view;
    int64_t now_us = clock_boot_us(&group->clock);
    if (now_us < group->renew_us && (group->found || !must_be))
        return ALLOT_OK;
    int code = group_look(group, until_us, must_be, &view, ret_error);
    if (code != ALLOT_OK)
        return code;
    allot_uuid_random(&group->session);
    group->sequence = 0;
    group->not_after_us = view.store_us + SESSION_US;
    group->renew_us = now_us + SESSION_US / 2;
    return ALLOT_OK;
}

static exchange change(allot_group *group, allot_op_kind kind)
{
    return (exchange){.op = {.kind = kind,
                             .session = group->session,
                             .sequence = ++group->sequence,
                             .not_after_us = group->not_after_us},
                      .is_change = true};
}

static int enter_to_change(allot_group *group, allot_error *ret_error)
{
    int code = group_enter(group, ret_error);
    if (code == ALLOT_OK && group->read_only)
        return group_leave(group, fail(ret_error, ALLOT_E_INVALID, "this handle was opened read-only"));
    return code;
}

/* ---- Many ids: in rounds of as many ops as may be under way at once ---------------------------------------------- */

typedef struct round {
    exchange exchanges[GROUP_OPS_MOST];
    size_t sizes[GROUP_OPS_MOST];
    size_t count;
    allot_new_id ids[]; /* of an add: GROUP_OPS_MOST * ALLOT_OP_ITEMS_MAX */
} round;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many ids were put into the round. */
static size_t fill_adds(allot_group *group, round *r, const allot_new *ids, size_t count)
{
    size_t at = 0;
    for (r->count = 0; r->count < GROUP_OPS_MOST && at < count; r->count++) {
        size_t n = r->sizes[r->count] = smaller(count - at, ALLOT_OP_ITEMS_MAX);
        allot_op_add *add = &r->exchanges[r->count].op.u.add;
        r->exchanges[r->count] = change(group, ALLOT_OP_ADD);
        *add = (allot_op_add){.count = (uint32_t)n, .ids = &r->ids[at]};
        allot_uuid_random(&add->fresh_life);
        for (size_t end = at + n; at < end; at++)
            r->ids[at] = (allot_new_id){.id = ids[at].id, .payload = ids[at].payload};
    }
    return at;
}

/* What is confirmed counts, also behind what failed; `done` ends at the first failure. */
static int count_adds(const round *r, bool in_order, allot_added *sum, allot_error *ret_error)
{
    int first = ALLOT_OK;
    for (size_t i = 0; i < r->count; i++) {
        const exchange *x = &r->exchanges[i];
        int code = exchange_code(x, first == ALLOT_OK ? ret_error : NULL);
        first = first == ALLOT_OK ? code : first;
        if (code != ALLOT_OK)
            continue;
        sum->added += x->outcome.count;
        sum->present += x->outcome.skipped;
        if (in_order && first == ALLOT_OK)
            sum->done += r->sizes[i];
    }
    return first;
}

static round *new_round(size_t count)
{
    size_t most = (size_t)GROUP_OPS_MOST * ALLOT_OP_ITEMS_MAX;
    return malloc(sizeof(round) + smaller(count, most) * sizeof(allot_new_id));
}

static int add_all(allot_group *group, const allot_new *ids, size_t count, int64_t until_us, allot_added *sum,
                   allot_error *ret_error)
{
    round *r = new_round(count);
    if (r == NULL)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    int code = ALLOT_OK;
    for (size_t at = 0; at < count && code == ALLOT_OK;) {
        code = begin_session(group, until_us, false, ret_error);
        if (code != ALLOT_OK)
            break;
        at += fill_adds(group, r, ids + at, count - at);
        code = group_exchange(group, r->exchanges, r->count, until_us, ret_error);
        if (code == ALLOT_OK)
            code = count_adds(r, true, sum, ret_error);
        group->found |= code == ALLOT_OK;
    }
    free(r);
    return code;
}

int allot_group_add(allot_group *group, const allot_new *ids, size_t count, int timeout_ms, allot_added *ret_added,
                    allot_error *ret_error)
{
    allot_added unwanted;
    allot_added *sum = ret_added != NULL ? ret_added : &unwanted;
    *sum = (allot_added){0};
    int code = news_check(ids, count, ret_error);
    if (code == ALLOT_OK)
        code = enter_to_change(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    return group_leave(group, add_all(group, ids, count, group_until_us(group, timeout_ms), sum, ret_error));
}

/* ---- Clean ------------------------------------------------------------------------------------------------------- */

static int clean(allot_group *group, int64_t until_us, uint64_t *ret_count, allot_error *ret_error)
{
    int code = begin_session(group, until_us, true, ret_error);
    if (code != ALLOT_OK)
        return code;
    exchange x = change(group, ALLOT_OP_CLEAN);
    code = group_exchange(group, &x, 1, until_us, ret_error);
    if (code == ALLOT_OK)
        code = exchange_code(&x, ret_error);
    if (code == ALLOT_OK && ret_count != NULL)
        *ret_count = x.outcome.count;
    return code;
}

int allot_group_clean(allot_group *group, int timeout_ms, uint64_t *ret_count, allot_error *ret_error)
{
    int code = enter_to_change(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    return group_leave(group, clean(group, group_until_us(group, timeout_ms), ret_count, ret_error));
}

/* ---- Unpark ------------------------------------------------------------------------------------------------------ */

static size_t fill_unparks(allot_group *group, round *r, const allot_bytes *ids, size_t count)
{
    size_t at = 0;
    for (r->count = 0; r->count < GROUP_OPS_MOST && at < count; r->count++) {
        size_t n = r->sizes[r->count] = smaller(count - at, ALLOT_OP_ITEMS_MAX);
        r->exchanges[r->count] = change(group, ALLOT_OP_UNPARK);
        r->exchanges[r->count].op.u.unpark = (allot_op_unpark){.count = (uint32_t)n, .ids = ids + at};
        at += n;
    }
    return at;
}

static int unpark_all(allot_group *group, const allot_bytes *ids, size_t count, int64_t until_us, uint64_t *ret_count,
                      allot_error *ret_error)
{
    allot_added sum = {0};
    round *r = new_round(0);
    if (r == NULL)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    int code = begin_session(group, until_us, true, ret_error);
    for (size_t at = 0; at < count && code == ALLOT_OK;) {
        at += fill_unparks(group, r, ids + at, count - at);
        code = group_exchange(group, r->exchanges, r->count, until_us, ret_error);
        if (code == ALLOT_OK)
            code = count_adds(r, false, &sum, ret_error);
        if (code == ALLOT_OK)
            code = begin_session(group, until_us, true, ret_error);
    }
    if (code == ALLOT_OK && ret_count != NULL)
        *ret_count = sum.added;
    free(r);
    return code;
}

int allot_group_unpark(allot_group *group, const allot_bytes *ids, size_t count, int timeout_ms, uint64_t *ret_count,
                       allot_error *ret_error)
{
    if (count > 0 && ids == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "ids is NULL, count is %zu", count);
    for (size_t i = 0; i < count; i++)
        if (!id_is_valid(ids[i]))
            return fail(ret_error, ALLOT_E_INVALID, "ids[%zu] is not an id", i);
    int code = enter_to_change(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    code = unpark_all(group, ids, count, group_until_us(group, timeout_ms), ret_count, ret_error);
    return group_leave(group, code);
}
