#include "core/runtime/strategy_config.h"

#include "core/runtime/fail.h"
#include "core/runtime/modules.h"
#include "core/runtime/strategy_options.h"

#include <stdlib.h>
#include <string.h>

static strategy_config *new_config(const allot_strategy_ops *ops, const allot_strategy_value *values)
{
    size_t text_bytes = 0;
    for (uint32_t i = 0; i < ops->option_count; i++)
        text_bytes += values[i].text == NULL ? 0 : strlen(values[i].text) + 1;
    strategy_config *c = malloc(sizeof(*c) + ops->option_count * sizeof(*values) + text_bytes);
    if (c == NULL)
        return NULL;
    c->ops = ops;
    c->value_count = ops->option_count;
    c->values = (allot_strategy_value *)(c + 1);
    atomic_init(&c->references, 1);
    char *at = (char *)(c->values + c->value_count);
    for (uint32_t i = 0; i < c->value_count; i++) {
        c->values[i] = values[i];
        if (values[i].text == NULL)
            continue;
        size_t bytes = strlen(values[i].text) + 1;
        c->values[i].text = memcpy(at, values[i].text, bytes);
        at += bytes;
    }
    return c;
}

int strategy_config_new(const allot_options *options, const hooks *hooked, strategy_config **ret_config,
                        allot_error *ret_error)
{
    allot_strategy_value values[STRATEGY_OPTIONS_MAX];
    const allot_strategy_ops *ops = hooked->strategy;
    int code = ops != NULL ? ALLOT_OK : modules_strategy(options->strategy, options->modules, &ops, ret_error);
    if (code == ALLOT_OK)
        code = strategy_options_read(ops, options->strategy_options, options->strategy_option_count, values, ret_error);
    if (code != ALLOT_OK)
        return code;
    *ret_config = new_config(ops, values);
    return *ret_config != NULL ? ALLOT_OK : fail_plainly(ret_error, ALLOT_E_NOMEM);
}

strategy_config *strategy_config_ref(strategy_config *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return c;
}

void strategy_config_unref(strategy_config *c)
{
    if (c != NULL && atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) == 1)
        free(c);
}

uint32_t strategy_config_kind(const strategy_config *c, allot_movement movement)
{
    bool as_runs = c->ops->kind == ALLOT_STRATEGY_COUNTS && movement == ALLOT_MOVEMENT_EXACT;
    return as_runs ? ALLOT_STRATEGY_RUNS : c->ops->kind;
}

bool strategy_config_equal(const strategy_config *a, const strategy_config *b)
{
    if (a->ops != b->ops)
        return false;
    for (uint32_t i = 0; i < a->value_count; i++) {
        bool texts = a->values[i].text != NULL;
        if (texts ? strcmp(a->values[i].text, b->values[i].text) != 0 : a->values[i].number != b->values[i].number)
            return false;
    }
    return true;
}
