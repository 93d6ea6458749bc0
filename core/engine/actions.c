#include "base/bytes.h"
#include "core/engine/internal.h"

#include <assert.h>

engine_action *actions_add(engine *e, engine_action_kind kind)
{
    assert(e->stepping);
    if (array_reserve((void **)&e->actions, &e->action_capacity, e->action_count + 1, sizeof(e->actions[0])) != 0) {
        engine_fail(e);
        return NULL;
    }
    engine_action *a = &e->actions[e->action_count++];
    *a = (engine_action){.kind = kind};
    return a;
}

engine_tell *actions_tell(engine *e, allot_event_type type)
{
    assert(e->state < MEMBER_LEAVING); /* `left` is the last that is told */
    engine_action *a = actions_add(e, ENGINE_TELL);
    if (a == NULL)
        return NULL;
    a->tell.type = type;
    a->tell.slot = e->slot;
    a->tell.leader = e->election.leads ? e->slot : e->election.leader;
    a->tell.term = e->election.leads ? e->election.term : e->election.told_term;
    a->tell.version = e->view.version;
    return &a->tell;
}

void actions_clear(engine *e)
{
    for (size_t i = 0; i < e->action_count; i++)
        if (e->actions[i].kind == ENGINE_TELL)
            body_unref(e->actions[i].tell.ids);
    e->action_count = 0;
}

void actions_drop(engine *e)
{
    for (size_t i = 0; i < e->action_count; i++)
        if (e->actions[i].kind == ENGINE_PLAN)
            plan_free(e->actions[i].plan);
    actions_clear(e);
}

void actions_reply(engine *e, engine_request *request, int32_t code)
{
    engine_action *a = actions_add(e, ENGINE_REPLY);
    if (a == NULL)
        return;
    request->code = code;
    a->request = request;
}
