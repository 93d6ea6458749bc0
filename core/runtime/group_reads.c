#include "core/runtime/fail.h"
#include "core/runtime/group.h"

#define PAGE_ENTRIES 1024u
/* Pages with payloads of up to 64 KiB each: smaller. */
#define PAGE_ENTRIES_WITH_PAYLOADS 128u

int allot_group_view(allot_group *group, int timeout_ms, allot_view *ret_view, allot_error *ret_error)
{
    int code = group_enter(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    return group_leave(group, group_look(group, group_until_us(group, timeout_ms), true, ret_view, ret_error));
}

static int must_exist(allot_group *group, int64_t until_us, allot_error *ret_error)
{
    allot_view view;
    return group->found ? ALLOT_OK : group_look(group, until_us, true, &view, ret_error);
}

/* Whom to show a page to. One of the functions is set. */
typedef struct visitor {
    int (*slot)(void *user, const allot_slot_info *slot);
    int (*id)(void *user, const allot_pool_id *id);
    void *user;
} visitor;

static int show(const page *p, const visitor *v)
{
    int code = ALLOT_OK;
    for (uint32_t i = 0; v->slot != NULL && i < p->slot_count && code == ALLOT_OK; i++)
        code = v->slot(v->user, &p->slots[i]);
    for (uint32_t i = 0; v->id != NULL && i < p->id_count && code == ALLOT_OK; i++)
        code = v->id(v->user, &p->ids[i]);
    return code;
}

static int read_pages(allot_group *group, const allot_op *op, int64_t until_us, const visitor *v,
                      allot_error *ret_error)
{
    uint64_t cursor = 0;
    do {
        exchange x = {.op = *op};
        x.op.u.read.cursor = cursor;
        int code = group_exchange(group, &x, 1, until_us, ret_error);
        if (code == ALLOT_OK)
            code = exchange_code(&x, ret_error);
        if (code != ALLOT_OK)
            return code;
        cursor = x.page.next_cursor;
        code = show(&x.page, v);
        page_done(&x.page);
        if (code != ALLOT_OK)
            return fail_plainly(ret_error, code);
    } while (cursor != 0);
    return ALLOT_OK;
}

int allot_group_slots(allot_group *group, int timeout_ms, int (*visit)(void *user, const allot_slot_info *slot),
                      void *user, allot_error *ret_error)
{
    int code = group_enter(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    int64_t until_us = group_until_us(group, timeout_ms);
    const allot_op op = {.kind = ALLOT_OP_READ_ROSTER, .u.read = {.limit = PAGE_ENTRIES}};
    code = must_exist(group, until_us, ret_error);
    if (code == ALLOT_OK)
        code = read_pages(group, &op, until_us, &(visitor){.slot = visit, .user = user}, ret_error);
    return group_leave(group, code);
}

int allot_group_ids(allot_group *group, const allot_uuid *slot, bool with_payloads, int timeout_ms,
                    int (*visit)(void *user, const allot_pool_id *id), void *user, allot_error *ret_error)
{
    int code = group_enter(group, ret_error);
    if (code != ALLOT_OK)
        return code;
    int64_t until_us = group_until_us(group, timeout_ms);
    allot_op op = {
        .kind = ALLOT_OP_READ_POOL,
        .u.read = {.limit = with_payloads ? PAGE_ENTRIES_WITH_PAYLOADS : PAGE_ENTRIES, .with_payloads = with_payloads}};
    if (slot != NULL)
        op.u.read.target = *slot;
    code = must_exist(group, until_us, ret_error);
    if (code == ALLOT_OK)
        code = read_pages(group, &op, until_us, &(visitor){.id = visit, .user = user}, ret_error);
    return group_leave(group, code);
}
