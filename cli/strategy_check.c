#include "cli/strategy_check.h"

#include "cli/open.h"

#include <stdio.h>
#include <string.h>

static int add_at_option(config *c, const char *key, const allot_error *error)
{
    char path[96];
    snprintf(path, sizeof(path), "split.options.%.64s", key);
    return config_add_error(c, path, error->message, NULL);
}

/* Whether this option alone is refused, and not for want of another. */
static bool is_refused(const config *c, const allot_option *one, allot_error *ret_error)
{
    allot_options o = options_of(c);
    char name[80];
    snprintf(name, sizeof(name), "'%.64s'", one->key); /* as every message quotes it */
    o.strategy_options = one;
    o.strategy_option_count = 1;
    return allot_strategy_check(&o, ret_error) == ALLOT_E_INVALID && strstr(ret_error->message, name) != NULL;
}

int strategy_check(config *c)
{
    allot_options o = options_of(c);
    allot_error error = {0};
    int code = allot_strategy_check(&o, &error);
    if (code == ALLOT_OK)
        return 0;
    bool placed = false;
    for (uint32_t i = 0; code == ALLOT_E_INVALID && i < c->split.options.count; i++) {
        allot_error one = {0};
        if (!is_refused(c, &c->split.options.items[i], &one))
            continue;
        placed = true;
        if (add_at_option(c, c->split.options.items[i].key, &one) != 0)
            return -1;
    }
    return placed ? 0 : config_add_error(c, "split.strategy", error.message, NULL);
}
