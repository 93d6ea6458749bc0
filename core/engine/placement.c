#include "base/bytes.h"
#include "base/index.h"
#include "base/uuid_text.h"
#include "core/engine/internal.h"

#include <assert.h>
#include <string.h>

uint64_t member_keeps(const member *m)
{
    return m->ids - m->recalls;
}

/* ---- Owners ------------------------------------------------------------------------------------------------------ */

static bool same_name(const void *context, uint64_t value, const void *key, size_t key_len)
{
    const member *m = &((const member *)context)[value];
    return strlen(m->name) == key_len && memcmp(m->name, key, key_len) == 0;
}

static void find_shared_names(engine *e)
{
    leader *l = &e->leader;
    index_table names;
    index_init(&names, same_name, l->roster);
    if (index_reserve(&names, l->roster_count) != 0)
        engine_fail(e);
    for (size_t i = 0; i < l->roster_count && !e->failed; i++) {
        uint64_t other;
        size_t len = strlen(l->roster[i].name);
        if (index_get(&names, l->roster[i].name, len, &other))
            l->roster[i].name_shared = l->roster[other].name_shared = true;
        else if (index_put(&names, l->roster[i].name, len, i) != 0)
            engine_fail(e);
    }
    index_done(&names);
}

void placement_owners(engine *e)
{
    leader *l = &e->leader;
    l->owner_count = 0;
    if (array_reserve((void **)&l->owners, &l->owner_capacity, l->roster_count, sizeof(l->owners[0])) != 0) {
        engine_fail(e);
        return;
    }
    for (uint32_t i = 0; i < l->roster_count; i++) {
        member *m = &l->roster[i];
        m->gets = 0;
        m->plan_index = member_may_own(m) ? (uint32_t)l->owner_count : NOBODY;
        if (m->plan_index != NOBODY)
            l->owners[l->owner_count++] = i;
    }
    find_shared_names(e);
}

/* ---- The question ------------------------------------------------------------------------------------------------ */

/* §12: a slot's stable key is its name if no other slot has it, else its UUID. */
static int set_names(plan *p, const member *m)
{
    char uuid[ALLOT_UUID_TEXT_BYTES];
    uuid_to_text(&m->slot, uuid);
    const char *key = m->name[0] == '\0' || m->name_shared ? uuid : m->name;
    return plan_set_names(p, m->plan_index, (allot_bytes){.data = m->name, .len = (uint32_t)strlen(m->name)},
                          (allot_bytes){.data = key, .len = (uint32_t)strlen(key)});
}

plan *placement_question(engine *e)
{
    leader *l = &e->leader;
    assert(l->owner_count > 0);
    plan *p = plan_new((uint32_t)l->owner_count);
    if (p == NULL) {
        engine_fail(e);
        return NULL;
    }
    p->kind = e->config.kind;
    p->full = l->full;
    for (size_t i = 0; i < l->owner_count; i++) {
        const member *m = &l->roster[l->owners[i]];
        p->slots[i].slot = m->slot;
        p->slots[i].weight = m->weight;
        if (set_names(p, m) != 0) {
            engine_fail(e);
            plan_free(p);
            return NULL;
        }
    }
    return p;
}

void placement_stop(leader *l)
{
    plan_free(l->filling);
    plan_free(l->answer);
    l->filling = l->answer = NULL;
    l->planning = false;
    l->dealt = 0;
}

void placement_ask(engine *e, plan *p)
{
    engine_action *a = actions_add(e, ENGINE_PLAN);
    if (a == NULL) {
        plan_free(p);
        return;
    }
    p->number = ++e->leader.plan_number;
    a->plan = p;
}
