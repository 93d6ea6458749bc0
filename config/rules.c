#include "config/errors.h"
#include "config/inside.h"

#include <string.h>
#include <strings.h>

static const stored *setting(const config *c, const char *path)
{
    return &c->inside->settings[key_index(config_key_named(path))];
}

/* Where a rule about two settings is broken: what was written counts, and of two the one that beats the other. */
static config_position place_of(const config *c, const char *one, const char *other)
{
    config_position a = config_position_of(c, one), b = config_position_of(c, other);
    return b.source > a.source ? b : a;
}

/* "work.retry_after", or how it was written: "--retry-after", "ALLOT_RETRY_AFTER". */
static const char *name_of(const config *c, const char *path)
{
    return subject_of(&setting(c, path)->at, path);
}

/* An id that always fails would be tried for ever, without a pause (protocol.md, fail). */
static int check_retries(config *c)
{
    if (c->work.max_attempts != 0 || c->work.retry_after_ms != 0)
        return 0;
    config_position at = place_of(c, "work.retry_after", "work.max_attempts");
    if (error_add(c->inside, &at, "%s: 0 with %s: 0s would try an id that always fails for ever, without a pause",
                  name_of(c, "work.max_attempts"), name_of(c, "work.retry_after")) != 0)
        return -1;
    return error_note(c->inside, NULL, "work.retry_after: 1s leaves it a pause, work.max_attempts: 5 parks it");
}

/* A slot learns of a recall by a notification or its next beat, and then has to give back. */
static int check_handover(config *c)
{
    if (c->handover.timeout_ms != 0 || c->handover.on_timeout != ALLOT_RETIRE)
        return 0;
    config_position at = place_of(c, "handover.timeout", "handover.on_timeout");
    if (error_add(c->inside, &at,
                  "%s: 0s with %s: retire would end a slot in the moment that an id is recalled from it",
                  name_of(c, "handover.timeout"), name_of(c, "handover.on_timeout")) != 0)
        return -1;
    return error_note(c->inside, NULL,
                      "handover.timeout: 30s gives it time to finish; handover.on_timeout: keep waits "
                      "for it without end");
}

/* ---- Redis ------------------------------------------------------------------------------------------------------- */

/* What a url says between the scheme and '@': a name, ':' and a password. */
typedef struct login {
    bool has_name, has_password;
} login;

static login login_of(const char *url)
{
    const char *begin = strstr(url, "://");
    begin = begin != NULL ? begin + 3 : url;
    size_t len = strcspn(begin, "/?#");
    const char *at = memrchr(begin, '@', len);
    if (at == NULL)
        return (login){false, false};
    const char *colon = memchr(begin, ':', (size_t)(at - begin));
    const char *name_end = colon != NULL ? colon : at;
    return (login){.has_name = name_end > begin, .has_password = colon != NULL && colon + 1 < at};
}

static int check_twice(config *c, bool in_url, const char *path, const char *what)
{
    if (!in_url || setting(c, path)->text == NULL)
        return 0;
    config_position at = place_of(c, path, "backend.redis.url");
    return error_add(c->inside, &at, "%s: backend.redis.url has a %s, too", name_of(c, path), what) != 0
               ? -1
               : error_note(c->inside, NULL, "write it in one place; a password only in backend.redis.password_file");
}

/* A name without a password would not be sent at all. */
static int check_login(config *c)
{
    login url = login_of(setting(c, "backend.redis.url")->text);
    bool has_file = setting(c, "backend.redis.password_file")->text != NULL;
    if (check_twice(c, url.has_password, "backend.redis.password_file", "password") != 0 ||
        check_twice(c, url.has_name, "backend.redis.username", "user") != 0)
        return -1;
    if (setting(c, "backend.redis.username")->text == NULL || has_file || url.has_password)
        return 0;
    config_position at = config_position_of(c, "backend.redis.username");
    if (error_add(c->inside, &at, "%s: without a password nobody can log in", name_of(c, "backend.redis.username")) !=
        0)
        return -1;
    return error_note(c->inside, NULL, "for example password_file: /run/secrets/redis");
}

int rules_check(config *c)
{
    int (*const rules[])(config *) = {check_retries, check_handover, check_login};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i](c) != 0)
            return -1;
    return 0;
}
