#include "base/values.h"
#include "config/schema.h"
#include "config/value.h"

#include <inttypes.h>
#include <string.h>

/* Any scalar may hold ${NAME}; what it becomes is checked when it is read. */
#define VARIABLE "\\\\$\\\\{"
#define SCALARS "[\"string\", \"number\", \"boolean\"]"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static int append_text(bytes *to, const char *text, size_t len)
{
    int rc = bytes_append(to, "\"", 1);
    for (size_t i = 0; rc == 0 && i < len; i++)
        rc = text[i] == '"' || text[i] == '\\' ? bytes_printf(to, "\\%c", text[i]) : bytes_append(to, text + i, 1);
    return rc == 0 ? bytes_append(to, "\"", 1) : rc;
}

static int append_default(bytes *to, const config_key *key)
{
    bool is_text = key->type != CONFIG_INTEGER && key->type != CONFIG_BOOLEAN;
    if (key->fallback == NULL)
        return 0;
    if (bytes_printf(to, ", \"default\": ") != 0)
        return -1;
    size_t len = strlen(key->fallback);
    return is_text ? append_text(to, key->fallback, len) : bytes_append(to, key->fallback, len);
}

/* "a|b" as "a", "b" */
static int append_words(bytes *to, const char *words)
{
    const char *word;
    size_t len;
    for (size_t i = 0; (word = value_word(words, i, &len)) != NULL; i++)
        if ((i > 0 && bytes_append(to, ", ", 2) != 0) || append_text(to, word, len) != 0)
            return -1;
    return 0;
}

/* ---- Settings ---------------------------------------------------------------------------------------------------- */

/* What a value looks like: a part of a JSON object, without braces. */
static int append_form(bytes *to, const config_key *key)
{
    const char *variable = "{\"type\": \"string\", \"pattern\": \"" VARIABLE "\"}";
    switch (key->type) {
    case CONFIG_DURATION:
        return bytes_printf(to, "\"type\": \"string\", \"pattern\": \"^([0-9]+(h|ms|m|s))+$|" VARIABLE "\"");
    case CONFIG_INTEGER:
        return bytes_printf(
            to, "\"anyOf\": [{\"type\": \"integer\", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64 "}, %s]",
            key->min, key->max, variable);
    case CONFIG_BOOLEAN:
        return bytes_printf(to, "\"anyOf\": [{\"type\": \"boolean\"}, %s]", variable);
    case CONFIG_WORD:
        if (bytes_printf(to, "\"anyOf\": [{\"enum\": [") != 0 || append_words(to, key->words) != 0)
            return -1;
        return bytes_printf(to, "]}, %s]", variable);
    case CONFIG_NAME:
        if (bytes_printf(to, "\"type\": \"string\", \"pattern\": \"^[a-z0-9_-]{1,64}$|" VARIABLE
                             "\", \"examples\": [") != 0 ||
            append_words(to, key->words) != 0)
            return -1;
        return bytes_append(to, "]", 1);
    case CONFIG_GROUP:
        return bytes_printf(to,
                            "\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,%u}$|" VARIABLE "\"",
                            ALLOT_GROUP_BYTES_MAX - 1);
    case CONFIG_URL:
        return bytes_printf(
            to, "\"type\": \"string\", \"pattern\": \"^([Rr][Ee][Dd][Ii][Ss]|[Uu][Nn][Ii][Xx])://|" VARIABLE "\"");
    case CONFIG_PATH:
        return bytes_printf(to, "\"type\": \"string\", \"minLength\": 1");
    case CONFIG_OPTIONS:
        return bytes_printf(to, "\"type\": [\"object\", \"null\"], \"propertyNames\": {\"pattern\": "
                                "\"^[A-Za-z0-9_-]{1,64}$\"}, \"additionalProperties\": {\"type\": " SCALARS "}");
    default:
        return bytes_printf(to, "\"type\": \"string\"");
    }
}

static int append_range(bytes *to, const config_key *key)
{
    char least[VALUE_LIMIT_BYTES], most[VALUE_LIMIT_BYTES];
    if (key->type != CONFIG_DURATION)
        return 0;
    value_limit(key, key->min, least);
    value_limit(key, key->max, most);
    return bytes_printf(to, " (%s to %s)", least, most);
}

static int append_key(bytes *to, const config_key *key, int depth)
{
    bytes help = {0};
    const char *leaf = key_leaf(key->path);
    int rc = bytes_printf(&help, "%s", key->type == CONFIG_OPTIONS ? "options of the strategy" : key->help);
    if (rc == 0)
        rc = append_range(&help, key);
    if (rc == 0)
        rc = bytes_printf(to, "%*s\"%s\": {\"description\": ", depth, "", leaf);
    if (rc == 0)
        rc = append_text(to, help.data, help.len);
    bytes_done(&help);
    if (rc != 0 || bytes_printf(to, ", ") != 0 || append_form(to, key) != 0 || append_default(to, key) != 0)
        return -1;
    return bytes_append(to, "}", 1);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static int append_section(bytes *to, const char *path, const char *help, int depth);

/* Everything that lies directly in a section, separated by commas. */
static int append_entries(bytes *to, const char *section, int depth)
{
    const config_key *key;
    const config_section *inner;
    const char *between = "\n";
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        if (!key_is_in(key->path, section) || strcmp(key->path, CONFIG_ANY_BACKEND) == 0)
            continue;
        if (bytes_printf(to, "%s", between) != 0 || append_key(to, key, depth) != 0)
            return -1;
        between = ",\n";
    }
    for (size_t i = 0; (inner = section_at(i)) != NULL; i++) {
        if (!key_is_in(inner->path, section))
            continue;
        if (bytes_printf(to, "%s", between) != 0 || append_section(to, inner->path, inner->help, depth) != 0)
            return -1;
        between = ",\n";
    }
    return strcmp(between, "\n") == 0 ? 0 : bytes_printf(to, "\n%*s", depth - 2, "");
}

/* Sections of "backend" that are not named are those of modules. */
static int append_others(bytes *to, const char *path)
{
    if (strcmp(path, "backend") != 0)
        return bytes_printf(to, "\"additionalProperties\": false");
    return bytes_printf(to, "\"propertyNames\": {\"pattern\": \"^[a-z0-9_-]{1,64}$\"}, "
                            "\"additionalProperties\": {\"description\": \"options of a backend that is a module\", "
                            "\"type\": [\"object\", \"null\"], \"additionalProperties\": {\"type\": " SCALARS "}}");
}

static int append_section(bytes *to, const char *path, const char *help, int depth)
{
    if (bytes_printf(to, "%*s\"%s\": {\"description\": ", depth, "", key_leaf(path)) != 0 ||
        append_text(to, help, strlen(help)) != 0 || bytes_printf(to, ", \"type\": [\"object\", \"null\"], ") != 0 ||
        append_others(to, path) != 0 || bytes_printf(to, ", \"properties\": {") != 0 ||
        append_entries(to, path, depth + 2) != 0)
        return -1;
    return bytes_append(to, "}}", 2);
}

int config_write_schema(bytes *to)
{
    if (bytes_printf(to, "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                         "  \"title\": \"allot\",\n"
                         "  \"description\": \"The configuration of one allot replica\",\n"
                         "  \"type\": [\"object\", \"null\"],\n  \"additionalProperties\": false,\n"
                         "  \"properties\": {") != 0 ||
        append_entries(to, "", 4) != 0)
        return -1;
    return bytes_printf(to, "}\n}\n");
}
