/* slots.h - what strategies that share ids out by weight ask of a view. Each of them is a module of its own, which
 * links nothing: so this is all here. */
#ifndef PLUGINS_SLOTS_H
#define PLUGINS_SLOTS_H

#include <allot/strategy.h>

#include <stdio.h>

#define WEIGHT_MAX 1000u

/* Loads and ids up to this keep products with weights below 2^64. */
#define IDS_MAX (UINT64_C(1) << 40)

static inline int refuse_slot(allot_error *ret_error, int code, const char *what, uint32_t i)
{
    if (ret_error != NULL) {
        ret_error->code = code;
        snprintf(ret_error->message, sizeof(ret_error->message), "slot %u of the view: %s", i, what);
    }
    return code;
}

/* Whether there are slots, and what they say can be counted with. 0, INVALID or LIMIT. */
static inline int check_slots(const allot_strategy_view *view, allot_error *ret_error)
{
    if (view->slot_count == 0)
        return refuse_slot(ret_error, ALLOT_E_INVALID, "there is none", 0);
    if (view->slot_count > ALLOT_SLOTS_MAX)
        return refuse_slot(ret_error, ALLOT_E_LIMIT, "more slots than a group has", ALLOT_SLOTS_MAX);
    for (uint32_t i = 0; i < view->slot_count; i++) {
        const allot_strategy_slot *slot = &view->slots[i];
        if (slot->weight < 1 || slot->weight > WEIGHT_MAX)
            return refuse_slot(ret_error, ALLOT_E_INVALID, "its weight is not from 1 to 1000", i);
        if (slot->load > IDS_MAX || view->id_count > IDS_MAX)
            return refuse_slot(ret_error, ALLOT_E_LIMIT, "more ids than can be counted", i);
    }
    return 0;
}

/* `written`: how many ids got an owner. */
static inline int check_written(const allot_strategy_view *view, uint64_t written, allot_error *ret_error)
{
    if (written == view->id_count)
        return 0;
    return refuse_slot(ret_error, ALLOT_E_INVALID, "the count of ids came out wrong", 0);
}

#endif
