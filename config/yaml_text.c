#include "config/yaml_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int yaml_indent(bytes *to, int count)
{
    return count > 0 ? bytes_printf(to, "%*s", count, "") : 0;
}

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

static bool is_plain(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i]) == 0)
            return i == 1 || i == 2; /* to a setting of any type, true and false are what they look like */
    return text[0] != '\0' && text[0] != '-' && text[strspn(text, allowed)] == '\0';
}

/* Characters that are text to us, and to YAML a line break or nothing that may be written. */
static const char *escape_of(const char *text, size_t *ret_len)
{
    static const struct {
        const char *text, *escape;
    } escapes[] = {{"\"", "\\\""},
                   {"\\", "\\\\"},
                   {"$", "$$"},
                   {"\xe2\x80\xa8", "\\u2028"},
                   {"\xe2\x80\xa9", "\\u2029"},
                   {"\xef\xbb\xbf", "\\uFEFF"},
                   {"\xef\xbf\xbe", "\\uFFFE"},
                   {"\xef\xbf\xbf", "\\uFFFF"}};
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        *ret_len = strlen(escapes[i].text);
        if (strncmp(text, escapes[i].text, *ret_len) == 0)
            return escapes[i].escape;
    }
    return NULL;
}

int yaml_append_scalar(bytes *to, const char *text)
{
    if (is_plain(text))
        return bytes_append(to, text, strlen(text));
    int rc = bytes_append(to, "\"", 1);
    while (rc == 0 && *text != '\0') {
        size_t len;
        const char *escape = escape_of(text, &len);
        if (escape != NULL) {
            rc = bytes_append(to, escape, strlen(escape));
            text += len;
        } else {
            rc = bytes_append(to, text++, 1);
        }
    }
    return rc == 0 ? bytes_append(to, "\"", 1) : rc;
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

/* True when `section` is open: it is the open one, or one around it. */
static bool is_open(const yaml_writer *w, const char *section, size_t len)
{
    return strncmp(w->section, section, len) == 0 && (w->section[len] == '.' || w->section[len] == '\0');
}

int yaml_open(yaml_writer *w, const char *path)
{
    int depth = 0;
    size_t begin = 0, len;
    while (path[begin + (len = strcspn(path + begin, "."))] == '.') {
        size_t end = begin + len;
        if (!is_open(w, path, end)) {
            snprintf(w->section, sizeof(w->section), "%.*s", (int)end, path);
            if (yaml_indent(w->to, 2 * depth) != 0 || yaml_append_scalar(w->to, w->section + begin) != 0 ||
                bytes_append(w->to, ":\n", 2) != 0)
                return -1;
        }
        begin = end + 1;
        depth++;
    }
    /* a setting of an outer section closes the inner ones */
    snprintf(w->section, sizeof(w->section), "%.*s", begin > 0 ? (int)begin - 1 : 0, path);
    return depth;
}
