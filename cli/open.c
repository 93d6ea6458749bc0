#include "cli/open.h"

#include "cli/exits.h"

allot_options options_of(const config *c)
{
    allot_options o;
    allot_options_init(&o);
    o.group = c->group;
    o.backend = c->backend.type;
    o.backend_options = c->backend.options.items;
    o.backend_option_count = c->backend.options.count;
    o.modules = c->modules.path;
    o.name = c->slot.name;
    o.container = c->slot.container;
    o.weight = (uint32_t)c->slot.weight;
    o.stall_ms = c->slot.stall_ms;
    o.ttl_ms = c->lease.ttl_ms;
    o.quarantine_always = c->lease.quarantine == CONFIG_QUARANTINE_ALWAYS;
    o.strategy = c->split.strategy;
    o.strategy_options = c->split.options.items;
    o.strategy_option_count = c->split.options.count;
    o.movement = (allot_movement)c->split.movement;
    o.settle_ms = c->split.settle_ms;
    o.handover_timeout_ms = c->handover.timeout_ms;
    o.on_timeout = (allot_on_timeout)c->handover.on_timeout;
    o.max_attempts = (uint32_t)c->work.max_attempts;
    o.retry_after_ms = c->work.retry_after_ms;
    return o;
}

allot_options options_reloaded(const config *started, const config *next)
{
    allot_options o = options_of(started);
    allot_options fresh = options_of(next);
    o.strategy = fresh.strategy;
    o.strategy_options = fresh.strategy_options;
    o.strategy_option_count = fresh.strategy_option_count;
    o.movement = fresh.movement;
    o.settle_ms = fresh.settle_ms;
    o.handover_timeout_ms = fresh.handover_timeout_ms;
    o.on_timeout = fresh.on_timeout;
    o.max_attempts = fresh.max_attempts;
    o.retry_after_ms = fresh.retry_after_ms;
    return o;
}

int open_group(const settings *s, bool read_only, allot_group **ret_group)
{
    allot_error error = {0};
    allot_options options = options_of(&s->config);
    int code = allot_group_open(&options, read_only, ret_group, &error);
    return code == ALLOT_OK ? CODE_OK : fail_open(code, &error);
}
