#include "config/env.h"
#include "config/errors.h"
#include "config/inside.h"
#include "config/unknown.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "backend." and the name of a module. */
#define SECTION_BYTES 80

/* Flags of the form KEY=VALUE do not say which backend they mean: the selected one. Then they are settings of the table
 * like any others, or free options of its section. */
static int place_pair(config *c, const char *section, size_t index)
{
    config_inside *in = c->inside;
    free_option pair = in->options[index];
    char path[SECTION_BYTES + FREE_NAME_BYTES_MAX];
    snprintf(path, sizeof(path), "%s.%s", section, pair.name);
    pair.at.name = inside_printf(in, "%s %s", pair.at.name, pair.name);
    if (pair.at.name == NULL)
        return -1;
    const config_key *setting = config_key_named(path);
    if (setting != NULL)
        return settings_take(c, setting, pair.value, strlen(pair.value), &pair.at);
    return settings_take_free(c, section, (allot_bytes){pair.name, (uint32_t)strlen(pair.name)},
                              (allot_bytes){pair.value, (uint32_t)strlen(pair.value)}, &pair.at);
}

static int place_pairs(config *c, const char *section)
{
    size_t count = c->inside->option_count;
    for (size_t i = 0; i < count; i++)
        if (strcmp(c->inside->options[i].section, CONFIG_ANY_BACKEND) == 0 && place_pair(c, section, i) != 0)
            return -1;
    return 0;
}

/* Options of a backend that is in no table: ALLOT_BACKEND_ETCD_PREFIX. Of one that is there, the table has all. */
static int take_module_env(config *c, const char *section)
{
    char prefix[CONFIG_ENV_BYTES + SECTION_BYTES];
    if (section_named(section) != NULL)
        return 0;
    int len = snprintf(prefix, sizeof(prefix), CONFIG_ENV_PREFIX "%s_", section);
    for (int i = 0; i < len; i++)
        prefix[i] = prefix[i] == '.' || prefix[i] == '-' ? '_' : (char)toupper((unsigned char)prefix[i]);
    return env_take_options(c, section, prefix);
}

/* ---- Lists of options -------------------------------------------------------------------------------------------- */

/* Those of the table that are set, defaults included, then the free ones. `items` has room for all. */
static uint32_t gather(const config_inside *in, const char *section, allot_option *items)
{
    const config_key *key;
    uint32_t count = 0;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key_is_in(key->path, section) && key->type != CONFIG_OPTIONS && in->settings[i].text != NULL)
            items[count++] = (allot_option){key_leaf(key->path), in->settings[i].text};
    for (size_t i = 0; i < in->option_count; i++)
        if (strcmp(in->options[i].section, section) == 0)
            items[count++] = (allot_option){in->options[i].name, in->options[i].value};
    return count;
}

static int build(const config_inside *in, const char *section, allot_option **ret_items, config_options *ret_options)
{
    allot_option *items = calloc(in->option_count + CONFIG_KEY_COUNT, sizeof(*items));
    if (items == NULL)
        return -1;
    uint32_t count = gather(in, section, items);
    *ret_items = items;
    *ret_options = (config_options){count > 0 ? items : NULL, count};
    return 0;
}

int config_finish(config *c)
{
    config_inside *in = c->inside;
    char section[SECTION_BYTES];
    assert(in->split_items == NULL && in->backend_items == NULL);
    snprintf(section, sizeof(section), "backend.%s", c->backend.type);
    if (take_module_env(c, section) != 0 || place_pairs(c, section) != 0 ||
        unknown_backends(in, c->backend.type) != 0 ||
        build(in, "split.options", &in->split_items, &c->split.options) != 0 ||
        build(in, section, &in->backend_items, &c->backend.options) != 0)
        return -1;
    return rules_check(c);
}
