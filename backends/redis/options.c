#include "backends/redis/options.h"

#include "backends/redis/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_URL "redis://127.0.0.1:6379/0"

typedef struct values {
    const char *url, *key_prefix, *username, *password_file;
} values;

typedef struct known_option {
    const char *key;
    size_t offset;
} known_option;

static const known_option known[] = {
    {"url", offsetof(values, url)},
    {"key_prefix", offsetof(values, key_prefix)},
    {"username", offsetof(values, username)},
    {"password_file", offsetof(values, password_file)},
};

static int set_value(values *v, const allot_option *option, allot_error *ret_error)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].key, option->key) == 0) {
            memcpy((char *)v + known[i].offset, &option->value, sizeof(option->value));
            return 0;
        }
    }
    return redis_fail(ret_error, ALLOT_E_INVALID,
                      "unknown option '%.64s' of the redis backend: it has url, key_prefix, username, password_file",
                      option->key);
}

/* Keys are made of it, and one line of a message shows it. */
static int check_prefix(const char *prefix, allot_error *ret_error)
{
    size_t len = strlen(prefix);
    if (len > REDIS_PREFIX_BYTES_MAX)
        return redis_fail(ret_error, ALLOT_E_INVALID, "option key_prefix has %zu bytes; it may have %u", len,
                          REDIS_PREFIX_BYTES_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)prefix[i] <= ' ' || prefix[i] == 127)
            return redis_fail(ret_error, ALLOT_E_INVALID,
                              "option key_prefix must have no spaces or control characters");
    return 0;
}

static char *default_prefix(const char *group)
{
    char *prefix = NULL;
    return asprintf(&prefix, "allot:{%s}:", group) < 0 ? NULL : prefix;
}

static int take_user(redis_address *address, const char *username)
{
    char *user = strdup(username);
    if (user == NULL)
        return -1;
    free(address->user);
    address->user = user;
    return 0;
}

static int take_values(const values *v, const char *group, redis_options *o, allot_error *ret_error)
{
    int rc = redis_address_parse(v->url, &o->address, ret_error);
    if (rc == 0 && v->password_file != NULL)
        rc = redis_address_read_password(&o->address, v->password_file, ret_error);
    if (rc == 0 && v->key_prefix != NULL)
        rc = check_prefix(v->key_prefix, ret_error);
    if (rc != 0)
        return rc;
    o->prefix = v->key_prefix != NULL ? strdup(v->key_prefix) : default_prefix(group);
    if (o->prefix == NULL || (v->username != NULL && take_user(&o->address, v->username) != 0))
        return redis_fail(ret_error, ALLOT_E_NOMEM, "out of memory");
    return 0;
}

int redis_options_read(const allot_backend_config *config, redis_options *ret_options, allot_error *ret_error)
{
    values v = {.url = DEFAULT_URL};
    for (uint32_t i = 0; i < config->option_count; i++) {
        int rc = set_value(&v, &config->options[i], ret_error);
        if (rc != 0)
            return rc;
    }
    redis_options o = {0};
    int rc = take_values(&v, config->group, &o, ret_error);
    if (rc != 0) {
        redis_options_done(&o);
        return rc;
    }
    *ret_options = o;
    return 0;
}

void redis_options_done(redis_options *options)
{
    redis_address_done(&options->address);
    free(options->prefix);
    *options = (redis_options){0};
}
