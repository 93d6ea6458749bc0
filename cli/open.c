#include "cli/open.h"

#include "cli/exits.h"

#include <string.h>

static void add_pair(opening *o, const char *key, const char *value)
{
    o->pairs[o->options.backend_option_count++] = (allot_option){key, value};
}

static void store_options(opening *o, const settings *s)
{
    o->options.backend = s->backend;
    o->options.group = s->group;
    o->options.modules = s->modules;
    o->options.backend_options = o->pairs;
    if (strcmp(s->backend, "file") == 0)
        add_pair(o, "path", s->path != NULL ? s->path : "./.allot");
    if (strcmp(s->backend, "redis") == 0 && s->url != NULL)
        add_pair(o, "url", s->url);
    for (uint32_t i = 0; i < s->backend_option_count; i++)
        add_pair(o, s->backend_options[i].key, s->backend_options[i].value);
}

void opening_init(opening *o, const settings *s)
{
    allot_options_init(&o->options);
    store_options(o, s);
    if (s->ttl_ms == 0)
        return; /* a verb that is no replica */
    o->options.name = s->name;
    o->options.container = s->container;
    o->options.strategy = s->strategy;
    o->options.weight = (uint32_t)s->weight;
    o->options.max_attempts = (uint32_t)s->max_attempts;
    o->options.ttl_ms = s->ttl_ms;
    o->options.settle_ms = s->settle_ms;
    o->options.handover_timeout_ms = s->handover_timeout_ms;
    o->options.retry_after_ms = s->retry_after_ms;
    o->options.stall_ms = s->stall_ms;
    o->options.on_timeout = (allot_on_timeout)s->on_timeout;
    o->options.quarantine_always = s->quarantine_always != 0;
}

int open_group(const settings *s, bool read_only, allot_group **ret_group)
{
    opening o;
    allot_error error = {0};
    opening_init(&o, s);
    int code = allot_group_open(&o.options, read_only, ret_group, &error);
    return code == ALLOT_OK ? CODE_OK : fail_open(code, &error);
}
