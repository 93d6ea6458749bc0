#include "base/values.h"
#include "config/schema.h"
#include "config/value.h"

#include <string.h>

static int append_default(bytes *to, const config_key *key)
{
    if (key->fallback == NULL)
        return 0;
    return bytes_printf(to, "`%s`", key->fallback[0] != '\0' ? key->fallback : "\"\"");
}

/* "one of `a`, `b`" */
static int append_words(bytes *to, const char *words)
{
    const char *word;
    size_t len;
    for (size_t i = 0; (word = value_word(words, i, &len)) != NULL; i++)
        if (bytes_printf(to, i == 0 ? "`%.*s`" : ", `%.*s`", (int)len, word) != 0)
            return -1;
    return 0;
}

static int append_form(bytes *to, const config_key *key)
{
    char least[VALUE_LIMIT_BYTES], most[VALUE_LIMIT_BYTES];
    switch (key->type) {
    case CONFIG_DURATION:
    case CONFIG_INTEGER:
        value_limit(key, key->min, least);
        value_limit(key, key->max, most);
        return bytes_printf(to, "%s, %s to %s", key->type == CONFIG_DURATION ? "duration" : "number", least, most);
    case CONFIG_WORD:
        return append_words(to, key->words);
    case CONFIG_BOOLEAN:
        return bytes_printf(to, "`true`, `false`");
    case CONFIG_NAME:
        return append_words(to, key->words) != 0 ? -1 : bytes_printf(to, ", any module");
    case CONFIG_OPTIONS:
        return bytes_printf(to, "names and values");
    case CONFIG_PATH:
        return bytes_printf(to, "path");
    case CONFIG_URL:
        return bytes_printf(to, "url");
    case CONFIG_GROUP:
        return bytes_printf(to, "name");
    default:
        return bytes_printf(to, "text, up to %d bytes", (int)key->max);
    }
}

static int append_names(bytes *to, const config_key *key)
{
    char full[CONFIG_ENV_BYTES], brief[CONFIG_ENV_BYTES];
    config_key_env(key, full);
    config_key_env_short(key, brief);
    if (key->flag != NULL && bytes_printf(to, "`--%s`", key->flag) != 0)
        return -1;
    if (brief[0] != '\0' && bytes_printf(to, " `%s`", brief) != 0)
        return -1;
    if (full[0] != '\0' && bytes_printf(to, "%s`%s`", key->flag != NULL ? " " : "", full) != 0)
        return -1;
    return key->type == CONFIG_OPTIONS ? bytes_printf(to, " `ALLOT_SPLIT_OPTIONS_KEY`") : 0;
}

static int append_row(bytes *to, const config_key *key)
{
    if (bytes_printf(to, "| `%s` | ", key->path) != 0 || append_default(to, key) != 0 ||
        bytes_printf(to, " | %s; ", key->type == CONFIG_OPTIONS ? "options of the strategy" : key->help) != 0 ||
        append_form(to, key) != 0 || bytes_printf(to, " | ") != 0 || append_names(to, key) != 0)
        return -1;
    return bytes_printf(to, " | %s |\n", key->reloadable ? "yes" : "");
}

static int append_table(bytes *to, const char *section)
{
    const config_key *key;
    bool has_head = false;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        if (!key_is_in(key->path, section) || strcmp(key->path, CONFIG_ANY_BACKEND) == 0)
            continue;
        if (!has_head &&
            bytes_printf(to, "| setting | default | | flag, environment | SIGHUP |\n|---|---|---|---|---|\n") != 0)
            return -1;
        has_head = true;
        if (append_row(to, key) != 0)
            return -1;
    }
    return has_head ? bytes_append(to, "\n", 1) : 0;
}

static int append_section(bytes *to, const config_section *s)
{
    char first = s->help[0] >= 'a' && s->help[0] <= 'z' ? (char)(s->help[0] & ~0x20) : s->help[0];
    if (bytes_printf(to, "### `%s`\n\n%c%s.\n\n", s->path, first, s->help + 1) != 0)
        return -1;
    return append_table(to, s->path);
}

int config_write_reference(bytes *to)
{
    const config_section *s;
    if (append_table(to, "") != 0)
        return -1;
    for (size_t i = 0; (s = section_at(i)) != NULL; i++)
        if (append_section(to, s) != 0)
            return -1;
    return 0;
}
