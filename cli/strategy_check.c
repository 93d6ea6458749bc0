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

/* Beside other errors, only of a strategy that is written and was read: else one of them may hide its name. */
int strategy_check(config *c)
{
    allot_options o = options_of(c);
    bool has_others = config_error_count(c) > 0;
    if (has_others && config_position_of(c, "split.strategy").source == CONFIG_BY_DEFAULT)
        return 0;
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
    bool is_follower = has_others && code == ALLOT_E_INVALID; /* a needed option may be there, and be refused */
    return placed || is_follower ? 0 : config_add_error(c, "split.strategy", error.message, NULL);
}
