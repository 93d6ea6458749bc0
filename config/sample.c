#include "config/schema.h"
#include "config/value.h"
#include "config/yaml_text.h"

#include <string.h>

#define WRAP_COLUMN 100

/* A comment of one or more lines, wrapped. */
static int append_comment(bytes *to, int indent, const char *text)
{
    while (*text != '\0') {
        size_t room = (size_t)(WRAP_COLUMN - indent - 2), len = strlen(text);
        if (len > room) {
            len = room;
            while (len > 0 && text[len] != ' ')
                len--;
        }
        if (yaml_indent(to, indent) != 0 || bytes_printf(to, "# %.*s\n", (int)len, text) != 0)
            return -1;
        text += len + (text[len] == ' ');
    }
    return 0;
}

/* "1s to 24h", "auto|always", or nothing. */
static int append_form(bytes *to, const config_key *key)
{
    char least[VALUE_LIMIT_BYTES], most[VALUE_LIMIT_BYTES];
    if (key->type == CONFIG_WORD)
        return bytes_printf(to, "%s", key->words);
    if (key->type != CONFIG_DURATION && key->type != CONFIG_INTEGER)
        return 0;
    value_limit(key, key->min, least);
    value_limit(key, key->max, most);
    return bytes_printf(to, "%s to %s", least, most);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* The help, what the value may be, and whether SIGHUP takes it over. */
static int append_help(bytes *to, int indent, const config_key *key)
{
    const char *help = key->type == CONFIG_OPTIONS ? "options of the strategy" : key->help;
    bytes form = {0}, text = {0};
    int rc = append_form(&form, key);
    if (rc == 0 && key->reloadable)
        rc = bytes_printf(&form, form.len > 0 ? "; taken over on SIGHUP" : "taken over on SIGHUP");
    if (rc == 0)
        rc = bytes_printf(&text, "%c%s.", upper(help[0]), help + 1);
    if (rc == 0 && form.len > 0)
        rc = bytes_printf(&text, " (%.*s)", (int)form.len, form.data);
    if (rc == 0)
        rc = bytes_append(&text, "", 1);
    if (rc == 0)
        rc = append_comment(to, indent, text.data);
    bytes_done(&form);
    bytes_done(&text);
    return rc;
}

/* What has no default stands there as a comment. */
static int append_value(bytes *to, int indent, const config_key *key)
{
    const char *value = key->fallback != NULL ? key->fallback : key->example;
    if (yaml_indent(to, indent) != 0)
        return -1;
    if (key->type == CONFIG_OPTIONS)
        return bytes_printf(to, "%s: {}\n", key_leaf(key->path));
    if (bytes_printf(to, "%s%s: ", key->fallback == NULL ? "# " : "", key_leaf(key->path)) != 0 ||
        yaml_append_scalar(to, value) != 0)
        return -1;
    return bytes_append(to, "\n", 1);
}

static int append_section(bytes *to, const config_section *s)
{
    int indent = strchr(s->path, '.') != NULL ? 2 : 0;
    const config_key *key;
    if (indent == 0 && bytes_append(to, "\n", 1) != 0)
        return -1;
    if (bytes_printf(to, "%*s# %c%s.\n%*s%s:\n", indent, "", upper(s->help[0]), s->help + 1, indent, "",
                     key_leaf(s->path)) != 0)
        return -1;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key_is_in(key->path, s->path) && strcmp(key->path, CONFIG_ANY_BACKEND) != 0 &&
            (append_help(to, indent + 2, key) != 0 || append_value(to, indent + 2, key) != 0))
            return -1;
    return 0;
}

int config_write_sample(bytes *to)
{
    const config_key *key;
    const config_section *s;
    if (bytes_printf(to, "# yaml-language-server: $schema=allot.schema.json\n# $schema: allot.schema.json\n#\n"
                         "# Every setting with its default: written by `make config-pages`. What has no default is "
                         "commented out.\n\n") != 0)
        return -1;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key_is_in(key->path, "") && (append_help(to, 0, key) != 0 || append_value(to, 0, key) != 0))
            return -1;
    for (size_t i = 0; (s = section_at(i)) != NULL; i++)
        if (append_section(to, s) != 0)
            return -1;
    return 0;
}
