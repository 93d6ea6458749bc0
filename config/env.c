#include "config/env.h"

#include "config/errors.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SPLIT_OPTIONS_ENV "ALLOT_SPLIT_OPTIONS_"

const char *variable_value(const config_inside *in, const char *name, size_t len)
{
    for (const char **v = in->variables; v != NULL && *v != NULL; v++)
        if (strncmp(*v, name, len) == 0 && (*v)[len] == '=')
            return *v + len + 1;
    return NULL;
}

/* An empty value counts as unset. */
static const char *value_named(const config_inside *in, const char *name)
{
    const char *value = name[0] != '\0' ? variable_value(in, name, strlen(name)) : NULL;
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int take_key(config *c, const config_key *key)
{
    char full[CONFIG_ENV_BYTES], brief[CONFIG_ENV_BYTES];
    config_key_env(key, full);
    config_key_env_short(key, brief);
    const char *name = value_named(c->inside, brief) != NULL ? brief : full;
    const char *value = value_named(c->inside, name);
    if (value == NULL)
        return 0;
    const char *copy = inside_copy(c->inside, name, strlen(name));
    if (copy == NULL)
        return -1;
    return settings_take(c, key, value, strlen(value), &(config_position){.source = CONFIG_BY_ENV, .name = copy});
}

/* One NAME=VALUE whose name begins with `prefix_len` bytes that were compared: the rest is an option's name. */
static int take_option(config *c, const char *section, const char *variable, size_t prefix_len)
{
    char name[FREE_NAME_BYTES_MAX + 1];
    const char *equals = strchr(variable, '=');
    size_t len = (size_t)(equals - variable) - prefix_len;
    if (len == 0 || len > FREE_NAME_BYTES_MAX || equals[1] == '\0')
        return 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char letter = (unsigned char)variable[prefix_len + i];
        if (!isalnum(letter) && letter != '_')
            return 0; /* no variable that a shell could have set */
        name[i] = (char)tolower(letter);
    }
    const char *copy = inside_copy(c->inside, variable, prefix_len + len);
    if (copy == NULL)
        return -1;
    config_position at = {.source = CONFIG_BY_ENV, .name = copy};
    return settings_take_free(c, section, (allot_bytes){name, (uint32_t)len},
                              (allot_bytes){equals + 1, (uint32_t)strlen(equals + 1)}, &at);
}

int env_take_options(config *c, const char *section, const char *prefix)
{
    size_t len = strlen(prefix);
    for (const char **v = c->inside->variables; v != NULL && *v != NULL; v++)
        if (strncmp(*v, prefix, len) == 0 && strchr(*v + len, '=') != NULL && take_option(c, section, *v, len) != 0)
            return -1;
    return 0;
}

static int copy_variables(config_inside *in, char *const *variables)
{
    size_t count = 0;
    while (variables[count] != NULL)
        count++;
    const char **copies = calloc(count + 1, sizeof(*copies));
    if (copies == NULL)
        return -1;
    free(in->variables);
    in->variables = copies;
    for (size_t i = 0; i < count; i++) {
        copies[i] = inside_copy(in, variables[i], strlen(variables[i]));
        if (copies[i] == NULL)
            return -1;
    }
    return 0;
}

int config_read_env(config *c, char *const *variables)
{
    const config_key *key;
    if (copy_variables(c->inside, variables) != 0)
        return -1;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key->type != CONFIG_OPTIONS && take_key(c, key) != 0)
            return -1;
    return env_take_options(c, "split.options", SPLIT_OPTIONS_ENV);
}
