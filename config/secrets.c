#include "config/secrets.h"

#include <string.h>
#include <strings.h>

#define SCHEME_END "://"

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool has_part(const char *name, size_t len, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(name + i, part, n) == 0)
            return true;
    return false;
}

bool secret_is_name(const char *name, size_t len)
{
    static const char *const parts[] = {"password", "passwd", "secret", "token", "credential", "apikey", "api_key"};
    if (len >= 5 && strncasecmp(name + len - 5, "_file", 5) == 0)
        return false;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (has_part(name, len, parts[i]))
            return true;
    return false;
}

/* The password of the url whose "://" stands before `text`: from its first ':' to the last '@' that can belong to the
 * url. A password with a '/' that should have been escaped is one, too. */
static bool find_password(const char *text, const char *end, const char **ret_from, const char **ret_to)
{
    const char *stop = text;
    while (stop < end && strchr(" \t\"'\r\n", *stop) == NULL)
        stop++;
    const char *at = memrchr(text, '@', (size_t)(stop - text));
    const char *colon = at != NULL ? memchr(text, ':', (size_t)(at - text)) : NULL;
    if (colon == NULL)
        return false;
    *ret_from = colon + 1;
    *ret_to = at;
    return true;
}

int secret_append_url(bytes *to, const char *value)
{
    const char *from, *until;
    const char *end = value + strlen(value);
    const char *scheme = strstr(value, SCHEME_END);
    if (scheme == NULL || !find_password(scheme + strlen(SCHEME_END), end, &from, &until) || from == until)
        return bytes_append(to, value, (size_t)(end - value));
    if (bytes_append(to, value, (size_t)(from - value)) != 0 || bytes_append(to, "***", 3) != 0)
        return -1;
    return bytes_append(to, until, (size_t)(end - until));
}

static void mask_urls(char *line, char *end)
{
    const char *from, *until;
    char *scheme = line;
    while ((scheme = memmem(scheme, (size_t)(end - scheme), SCHEME_END, strlen(SCHEME_END))) != NULL) {
        scheme += strlen(SCHEME_END);
        if (find_password(scheme, end, &from, &until))
            memset(line + (from - line), '*', (size_t)(until - from));
    }
}

/* `name: value`: everything behind the colon. */
static void mask_named(char *line, char *end)
{
    char *word = line;
    while (word < end) {
        while (word < end && !in_word(*word))
            word++;
        char *stop = word;
        while (stop < end && in_word(*stop))
            stop++;
        char *colon = stop;
        while (colon < end && strchr(" \t\"'", *colon) != NULL)
            colon++;
        bool is_secret = colon < end && *colon == ':' && secret_is_name(word, (size_t)(stop - word));
        for (char *p = colon + 1; is_secret && p < end; p++)
            if (*p != ' ' && *p != '\t')
                *p = '*';
        word = stop;
    }
}

void secret_mask_line(char *line, size_t len)
{
    mask_urls(line, line + len);
    mask_named(line, line + len);
}
