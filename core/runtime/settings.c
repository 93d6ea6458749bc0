#include "core/runtime/settings.h"
#include "base/text.h"
#include "core/runtime/fail.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

void allot_options_init(allot_options *ret_options)
{
    *ret_options = (allot_options){.size = sizeof(*ret_options),
                                   .weight = 1,
                                   .group = "default",
                                   .name = "",
                                   .container = "",
                                   .backend = "file",
                                   .max_attempts = 5,
                                   .strategy = "round_robin",
                                   .movement = ALLOT_MOVEMENT_MINIMAL,
                                   .ttl_ms = 10000,
                                   .settle_ms = 300,
                                   .handover_timeout_ms = 30000,
                                   .retry_after_ms = 1000,
                                   .on_timeout = ALLOT_KEEP};
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

typedef struct bound {
    const char *name;
    int64_t value, least, most;
} bound;

static int check_bounds(const allot_options *o, allot_error *ret_error)
{
    const bound bounds[] = {
        {"weight", o->weight, 1, 1000},
        {"ttl_ms", o->ttl_ms, ALLOT_TTL_US_MIN / 1000, YEAR_MS},
        {"settle_ms", o->settle_ms, 0, YEAR_MS},
        {"handover_timeout_ms", o->handover_timeout_ms, 0, YEAR_MS},
        {"retry_after_ms", o->retry_after_ms, 0, YEAR_MS},
        {"stall_ms", o->stall_ms, 0, YEAR_MS},
        {"on_timeout", (int64_t)o->on_timeout, ALLOT_KEEP, ALLOT_RETIRE},
        {"movement", (int64_t)o->movement, ALLOT_MOVEMENT_MINIMAL, ALLOT_MOVEMENT_EXACT},
    };
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
        if (bounds[i].value < bounds[i].least || bounds[i].value > bounds[i].most)
            return fail(ret_error, ALLOT_E_INVALID, "option %s is %lld; it must be from %lld to %lld", bounds[i].name,
                        (long long)bounds[i].value, (long long)bounds[i].least, (long long)bounds[i].most);
    return ALLOT_OK;
}

static int check_text(const char *name, const char *text, allot_error *ret_error)
{
    size_t len = strlen(text);
    if (len > ALLOT_NAME_BYTES_MAX)
        return fail(ret_error, ALLOT_E_LIMIT, "option %s has %zu bytes; it may have %u", name, len,
                    ALLOT_NAME_BYTES_MAX);
    if (!text_is_valid((allot_bytes){.data = text, .len = (uint32_t)len}, ALLOT_NAME_BYTES_MAX))
        return fail(ret_error, ALLOT_E_INVALID, "option %s must be UTF-8 without control characters", name);
    return ALLOT_OK;
}

static int check_pairs(const char *name, const allot_option *pairs, uint32_t count, allot_error *ret_error)
{
    if (count > 0 && pairs == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "option %s_options is NULL, %s_option_count is %u", name, name, count);
    for (uint32_t i = 0; i < count; i++)
        if (pairs[i].key == NULL || pairs[i].value == NULL)
            return fail(ret_error, ALLOT_E_INVALID, "option %s_options[%u] has a key or a value that is NULL", name, i);
    return ALLOT_OK;
}

static int check_group_part(const allot_options *o, allot_error *ret_error)
{
    if (!text_is_group(o->group))
        return fail(ret_error, ALLOT_E_INVALID,
                    "option group must be 1 to %u characters out of A-Z a-z 0-9 _ - . and not begin with a dot",
                    ALLOT_GROUP_BYTES_MAX);
    return check_pairs("backend", o->backend_options, o->backend_option_count, ret_error);
}

static int check_node_part(const allot_options *o, allot_error *ret_error)
{
    int code = check_bounds(o, ret_error);
    if (code == ALLOT_OK)
        code = check_text("name", o->name, ret_error);
    if (code == ALLOT_OK)
        code = check_text("container", o->container, ret_error);
    return code;
}

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

static const char *copy_text(char **at, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = *at;
    memcpy(copy, text, bytes);
    *at += bytes;
    return copy;
}

static size_t pair_bytes(const allot_option *pairs, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += strlen(pairs[i].key) + strlen(pairs[i].value) + 2;
    return bytes;
}

static size_t text_bytes(const allot_options *o)
{
    size_t bytes =
        strlen(o->group) + strlen(o->name) + strlen(o->container) + strlen(o->backend) + strlen(o->strategy) + 5;
    bytes += o->modules == NULL ? 0 : strlen(o->modules) + 1;
    bytes += pair_bytes(o->backend_options, o->backend_option_count);
    return bytes + pair_bytes(o->strategy_options, o->strategy_option_count);
}

static const allot_option *copy_pairs(allot_option *copies, char **at, const allot_option *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        copies[i].key = copy_text(at, pairs[i].key);
        copies[i].value = copy_text(at, pairs[i].value);
    }
    return copies;
}

static int copy_texts(settings *s, allot_error *ret_error)
{
    allot_options *o = &s->options;
    size_t pairs = (size_t)o->backend_option_count + o->strategy_option_count;
    s->memory = malloc(pairs * sizeof(allot_option) + text_bytes(o));
    if (s->memory == NULL)
        return fail_plainly(ret_error, ALLOT_E_NOMEM);
    allot_option *copies = s->memory;
    char *at = (char *)(copies + pairs);
    o->backend_options = copy_pairs(copies, &at, o->backend_options, o->backend_option_count);
    copies += o->backend_option_count;
    o->strategy_options = copy_pairs(copies, &at, o->strategy_options, o->strategy_option_count);
    o->group = copy_text(&at, o->group);
    o->name = copy_text(&at, o->name);
    o->container = copy_text(&at, o->container);
    o->backend = copy_text(&at, o->backend);
    o->strategy = copy_text(&at, o->strategy);
    o->modules = o->modules == NULL ? NULL : copy_text(&at, o->modules);
    return ALLOT_OK;
}

/* A host's name is shown to operators and decides nothing: one that cannot be shown is left out. */
static void find_host(settings *s)
{
    if (gethostname(s->host, sizeof(s->host)) != 0)
        s->host[0] = '\0';
    s->host[sizeof(s->host) - 1] = '\0';
    if (!text_is_valid((allot_bytes){.data = s->host, .len = (uint32_t)strlen(s->host)}, ALLOT_NAME_BYTES_MAX))
        s->host[0] = '\0';
}

/* Those that are NULL get their default. */
static int fill_in(const allot_options *options, allot_options *ret_options, allot_error *ret_error)
{
    if (options == NULL)
        return fail(ret_error, ALLOT_E_INVALID, "the options are NULL");
    if (options->size != sizeof(*options))
        return fail(ret_error, ALLOT_E_INVALID, "the options have size %u, this library's %zu: see allot_options_init",
                    options->size, sizeof(*options));
    allot_options defaults;
    allot_options_init(&defaults);
    *ret_options = *options;
    if (ret_options->group == NULL)
        ret_options->group = defaults.group;
    if (ret_options->name == NULL)
        ret_options->name = defaults.name;
    if (ret_options->container == NULL)
        ret_options->container = defaults.container;
    if (ret_options->backend == NULL)
        ret_options->backend = defaults.backend;
    if (ret_options->strategy == NULL)
        ret_options->strategy = defaults.strategy;
    return ALLOT_OK;
}

static int check_strategy_part(const allot_options *o, allot_error *ret_error)
{
    return check_pairs("strategy", o->strategy_options, o->strategy_option_count, ret_error);
}

int settings_init(settings *s, const allot_options *options, allot_error *ret_error)
{
    *s = (settings){.memory = NULL};
    int code = fill_in(options, &s->options, ret_error);
    if (code == ALLOT_OK)
        code = check_group_part(&s->options, ret_error);
    if (code == ALLOT_OK)
        code = check_node_part(&s->options, ret_error);
    if (code == ALLOT_OK)
        code = check_strategy_part(&s->options, ret_error);
    if (code != ALLOT_OK)
        return code;
    find_host(s);
    return copy_texts(s, ret_error);
}

int settings_init_group(settings *s, const allot_options *options, allot_error *ret_error)
{
    *s = (settings){.memory = NULL};
    int code = fill_in(options, &s->options, ret_error);
    if (code == ALLOT_OK)
        code = check_group_part(&s->options, ret_error);
    s->options.strategy_options = NULL; /* not looked at, and so not copied */
    s->options.strategy_option_count = 0;
    return code == ALLOT_OK ? copy_texts(s, ret_error) : code;
}

int settings_of_strategy(const allot_options *options, allot_options *ret_options, allot_error *ret_error)
{
    int code = fill_in(options, ret_options, ret_error);
    return code == ALLOT_OK ? check_strategy_part(ret_options, ret_error) : code;
}

/* ---- Reload ------------------------------------------------------------------------------------------------------ */

static bool pairs_differ(const allot_option *a, uint32_t a_count, const allot_option *b, uint32_t b_count)
{
    bool differ = a_count != b_count;
    for (uint32_t i = 0; i < a_count && !differ; i++)
        differ = strcmp(a[i].key, b[i].key) != 0 || strcmp(a[i].value, b[i].value) != 0;
    return differ;
}

const char *settings_fixed_difference(const settings *a, const settings *b)
{
    const allot_options *x = &a->options, *y = &b->options;
    const struct {
        const char *name;
        bool differs;
    } fields[] = {
        {"group", strcmp(x->group, y->group) != 0},
        {"name", strcmp(x->name, y->name) != 0},
        {"container", strcmp(x->container, y->container) != 0},
        {"weight", x->weight != y->weight},
        {"backend", strcmp(x->backend, y->backend) != 0},
        {"backend_options", pairs_differ(x->backend_options, x->backend_option_count, y->backend_options,
                                         y->backend_option_count)},
        {"shared", x->shared != y->shared},
        {"ttl_ms", x->ttl_ms != y->ttl_ms},
        {"stall_ms", x->stall_ms != y->stall_ms},
        {"quarantine_always", x->quarantine_always != y->quarantine_always},
        {"modules", (x->modules == NULL) != (y->modules == NULL) ||
                        (x->modules != NULL && strcmp(x->modules, y->modules) != 0)},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].differs)
            return fields[i].name;
    return NULL;
}

void settings_done(settings *s)
{
    free(s->memory);
    s->memory = NULL;
}
