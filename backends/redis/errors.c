#include "backends/redis/errors.h"

#include <stddef.h>
#include <string.h>

typedef struct error_row {
    const char *begins;
    redis_error_kind kind;
} error_row;

/* What the text begins with, followed by a space or nothing more. */
static const error_row rows[] = {
    {"LOADING", REDIS_ERROR_RETRY},
    {"BUSY", REDIS_ERROR_RETRY},
    {"TRYAGAIN", REDIS_ERROR_RETRY},
    {"MASTERDOWN", REDIS_ERROR_RETRY},
    {"CLUSTERDOWN", REDIS_ERROR_RETRY},
    {"NOREPLICAS", REDIS_ERROR_RETRY},
    {"MISCONF", REDIS_ERROR_RETRY},
    {"OOM", REDIS_ERROR_RETRY},
    {"ERR max number of clients reached", REDIS_ERROR_RETRY},
    {"EXECABORT", REDIS_ERROR_RETRY},
    {"READONLY", REDIS_ERROR_RECONNECT},
    {"UNBLOCKED", REDIS_ERROR_RECONNECT},
    {"NOAUTH", REDIS_ERROR_CONFIG},
    {"WRONGPASS", REDIS_ERROR_CONFIG},
    {"NOPERM", REDIS_ERROR_CONFIG},
    {"WRONGTYPE", REDIS_ERROR_CONFIG},
    {"DENIED", REDIS_ERROR_CONFIG}, /* protected mode */
    {"MOVED", REDIS_ERROR_CONFIG},
    {"ASK", REDIS_ERROR_CONFIG},
    {"CROSSSLOT", REDIS_ERROR_CONFIG},
    {"ERR invalid DB index", REDIS_ERROR_CONFIG},
    {"ERR DB index is out of range", REDIS_ERROR_CONFIG},
    {"ERR SELECT is not allowed in cluster mode", REDIS_ERROR_CONFIG},
    {"ERR AUTH", REDIS_ERROR_CONFIG},
    {"ERR Client sent AUTH", REDIS_ERROR_CONFIG},
    {"ERR invalid password", REDIS_ERROR_CONFIG},
    {"ERR operation not permitted", REDIS_ERROR_CONFIG},
    {"ERR unknown command", REDIS_ERROR_CONFIG},
    {"ERR wrong number of arguments", REDIS_ERROR_CONFIG},
    {"NOSCRIPT", REDIS_ERROR_NOSCRIPT},
};

static bool begins_with(const char *text, const char *words)
{
    size_t len = strlen(words);
    return strncmp(text, words, len) == 0 && strchr(" ,.'\r", text[len]) != NULL; /* also the NUL at its end */
}

static bool is_of_script(const char *text)
{
    return strstr(text, "user_script") != NULL || strstr(text, "Error running script") != NULL ||
           strstr(text, " script: ") != NULL;
}

/* Redis 6 and older hide what a command within a script answered behind "ERR Error running script (...): ...: -"; all
 * hide what EXEC was refused for behind "EXECABORT Transaction discarded because of: ". */
static const char *what_happened(const char *text)
{
    static const char discarded[] = "EXECABORT Transaction discarded because of: ";
    const char *inner = begins_with(text, "ERR Error running script") ? strstr(text, ": -") : NULL;
    if (strncmp(text, discarded, sizeof(discarded) - 1) == 0)
        return text + sizeof(discarded) - 1;
    return inner != NULL ? inner + 3 : text;
}

bool redis_error_is_abort(const char *text)
{
    return begins_with(text, "EXECABORT");
}

redis_error_kind redis_error_kind_of(const char *text)
{
    const char *what = what_happened(text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (begins_with(what, rows[i].begins))
            return rows[i].kind;
    }
    return REDIS_ERROR_OTHER;
}

bool redis_error_maybe_applied(const char *text)
{
    if (redis_error_is_abort(text))
        return false;
    switch (redis_error_kind_of(text)) {
    case REDIS_ERROR_RETRY: /* within a script these come before its first write, or not at all */
    case REDIS_ERROR_RECONNECT:
    case REDIS_ERROR_NOSCRIPT:
        return false;
    case REDIS_ERROR_CONFIG:
        return is_of_script(text);
    default:
        return true;
    }
}
