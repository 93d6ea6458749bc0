#include "core/engine/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

plan *plan_new(uint32_t slot_count)
{
    assert(slot_count > 0);
    plan *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->slot_count = slot_count;
    p->slots = calloc(slot_count, sizeof(p->slots[0]));
    p->counts = calloc(slot_count, sizeof(p->counts[0]));
    if (p->slots == NULL || p->counts == NULL) {
        plan_free(p);
        return NULL;
    }
    return p;
}

void plan_free(plan *p)
{
    if (p == NULL)
        return;
    for (uint32_t i = 0; p->slots != NULL && i < p->slot_count; i++)
        free((char *)p->slots[i].key.data);
    free(p->slots);
    free(p->counts);
    free(p);
}

int plan_set_key(plan *p, uint32_t i, allot_bytes key)
{
    assert(i < p->slot_count && p->slots[i].key.data == NULL);
    char *copy = malloc(key.len + 1u);
    if (copy == NULL)
        return ALLOT_E_NOMEM;
    memcpy(copy, key.data, key.len);
    copy[key.len] = '\0';
    p->slots[i].key = (allot_bytes){.data = copy, .len = key.len};
    return 0;
}

/* How often each slot is named; refuses an owner that does not exist (DESIGN §3: core checks the result). */
static int count_owners(plan *p, const uint32_t *owner)
{
    memset(p->counts, 0, p->slot_count * sizeof(p->counts[0]));
    for (uint64_t i = 0; i < p->id_count; i++) {
        if (owner[i] >= p->slot_count) {
            snprintf(p->error.message, sizeof(p->error.message), "id %llu got owner %u; there are %u slots",
                     (unsigned long long)i, owner[i], p->slot_count);
            return ALLOT_E_INVALID;
        }
        p->counts[owner[i]]++;
    }
    return 0;
}

int plan_run(plan *p, const allot_strategy_ops *strategy)
{
    assert(p->slot_count > 0 && strategy->assign != NULL);
    allot_strategy_view view = {.size = sizeof(view),
                                .slot_count = p->slot_count,
                                .slots = p->slots,
                                .id_count = p->id_count,
                                .value_count = p->value_count,
                                .values = p->values,
                                .seed = p->seed};
    uint32_t *owner = malloc((p->id_count + 1) * sizeof(*owner));
    if (owner == NULL) {
        snprintf(p->error.message, sizeof(p->error.message), "no memory for the owners of %llu ids",
                 (unsigned long long)p->id_count);
        return p->error.code = p->code = ALLOT_E_NOMEM;
    }
    memset(owner, 0xff, p->id_count * sizeof(*owner)); /* an id that the strategy forgets has no owner that exists */
    p->code = strategy->assign(&view, owner, &p->error);
    if (p->code == 0)
        p->code = count_owners(p, owner);
    else if (p->code > 0)
        p->code = ALLOT_E_INVALID;
    p->error.code = p->code;
    free(owner);
    return p->code;
}
