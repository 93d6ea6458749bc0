#include "config/errors.h"
#include "config/inside.h"

#include <assert.h>
#include <string.h>

static int take_pair(config *c, const char *section, const char *pair, const config_position *at)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair) {
        char buffer[QUOTED_BYTES];
        return error_add_usage(c->inside, at, "%s: expected KEY=VALUE, for example %s; got '%s'", at->name,
                               strcmp(section, CONFIG_ANY_BACKEND) == 0 ? "fsync=always" : "seed=7",
                               quoted(buffer, pair, strlen(pair)));
    }
    return settings_take_free(c, section, (allot_bytes){pair, (uint32_t)(equals - pair)},
                              (allot_bytes){equals + 1, (uint32_t)strlen(equals + 1)}, at);
}

int config_set_flag(config *c, const char *flag, const char *value, const char *written)
{
    const config_key *key = config_key_of_flag(flag);
    assert(key != NULL);
    const char *name = inside_printf(c->inside, written != NULL ? "%s" : "--%s", written != NULL ? written : flag);
    if (name == NULL)
        return -1;
    config_position at = {.source = CONFIG_BY_FLAG, .name = name};
    if (value == NULL)
        value = "true";
    if (key->type == CONFIG_OPTIONS)
        return take_pair(c, key->path, value, &at);
    return settings_take(c, key, value, strlen(value), &at);
}
