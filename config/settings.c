#include "config/errors.h"
#include "config/inside.h"
#include "config/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- The table's settings ---------------------------------------------------------------------------------------- */

static void write_through(config *c, const config_key *key, const char *text, int64_t number)
{
    if (key->offset == CONFIG_NOWHERE)
        return;
    char *at = (char *)c + key->offset;
    switch (key->type) {
    case CONFIG_DURATION:
    case CONFIG_INTEGER:
        memcpy(at, &number, sizeof(number));
        break;
    case CONFIG_BOOLEAN:
        *(bool *)(void *)at = number != 0;
        break;
    case CONFIG_WORD:
        *(int *)(void *)at = (int)number;
        break;
    default:
        memcpy(at, &text, sizeof(text));
        break;
    }
}

static int refuse(config *c, const config_key *key, const value_fault *f, const config_position *at)
{
    const char *subject = subject_of(at, key->path);
    if (at->source != CONFIG_BY_FILE)
        return (f->is_form ? error_add_usage : error_add)(c->inside, at, "%s: %s", subject, f->message);
    if (f->hint[0] != '\0')
        return error_add(c->inside, at, "%s: %s; did you mean '%s'?", subject, f->message, f->hint);
    return error_add(c->inside, at, "%s: %s", subject, f->message);
}

int settings_take(config *c, const config_key *key, const char *text, size_t len, const config_position *at)
{
    stored *kept = &c->inside->settings[key_index(key)];
    value_fault f;
    int64_t number = 0;
    if (!value_read(key, text, len, &number, &f))
        return refuse(c, key, &f, at);
    if (kept->text != NULL && kept->at.source > at->source)
        return 0;
    const char *copy = inside_copy(c->inside, text, len);
    if (copy == NULL)
        return -1;
    *kept = (stored){.text = copy, .number = number, .at = *at};
    write_through(c, key, copy, number);
    return 0;
}

static void take_defaults(config *c)
{
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++) {
        value_fault f;
        int64_t number = 0;
        if (key->fallback == NULL)
            continue;
        bool is_good = value_read(key, key->fallback, strlen(key->fallback), &number, &f);
        assert(is_good);
        (void)is_good;
        c->inside->settings[i] = (stored){.text = key->fallback, .number = number, .at = {.name = ""}};
        write_through(c, key, key->fallback, number);
    }
}

/* ---- Free options ------------------------------------------------------------------------------------------------ */

static free_option *find_free(const config_inside *in, const char *section, allot_bytes name)
{
    for (size_t i = 0; i < in->option_count; i++) {
        free_option *o = &in->options[i];
        if (strcmp(o->section, section) == 0 && strlen(o->name) == name.len &&
            memcmp(o->name, name.data, name.len) == 0)
            return o;
    }
    return NULL;
}

const free_option *settings_free(const config_inside *in, const char *section, const char *name)
{
    return find_free(in, section, (allot_bytes){name, (uint32_t)strlen(name)});
}

static bool is_option_name(allot_bytes name)
{
    if (name.len == 0 || name.len > FREE_NAME_BYTES_MAX)
        return false;
    for (uint32_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

/* 1: it is good; 0: it is not, which was said; -1. */
static int check_free(config *c, const char *section, allot_bytes name, allot_bytes value, const config_position *at)
{
    static const config_key any = {.type = CONFIG_OPTIONS};
    value_fault f;
    int64_t number;
    char buffer[QUOTED_BYTES];
    if (!is_option_name(name))
        return error_add(c->inside, at, "%s: an option's name is 1 to %d of a-z A-Z 0-9 _ -; got '%s'",
                         subject_of(at, section), FREE_NAME_BYTES_MAX, quoted(buffer, name.data, name.len));
    if (value_read(&any, value.data, value.len, &number, &f))
        return 1;
    if (at->source == CONFIG_BY_FILE)
        return error_add(c->inside, at, "%s.%.*s: %s", section, (int)name.len, name.data, f.message);
    return error_add(c->inside, at, "%s: %.*s %s", at->name, (int)name.len, name.data, f.message);
}

static int append_free(config_inside *in, const char *section, allot_bytes name, const char *value,
                       const config_position *at)
{
    const char *section_copy = inside_copy(in, section, strlen(section));
    const char *name_copy = inside_copy(in, name.data, name.len);
    if (section_copy == NULL || name_copy == NULL ||
        array_reserve((void **)&in->options, &in->option_capacity, in->option_count + 1, sizeof(*in->options)) != 0)
        return -1;
    in->options[in->option_count++] =
        (free_option){.section = section_copy, .name = name_copy, .value = value, .at = *at};
    return 0;
}

/* Says so once. */
static int tell_full(config_inside *in, const char *section, const config_position *at)
{
    if (in->is_full)
        return 0;
    in->is_full = true;
    return error_add(in, at, "%s: more than %d free options", subject_of(at, section), FREE_OPTIONS_MAX);
}

int settings_take_free(config *c, const char *section, allot_bytes name, allot_bytes value, const config_position *at)
{
    config_inside *in = c->inside;
    int good = check_free(c, section, name, value, at);
    if (good <= 0)
        return good;
    free_option *found = find_free(in, section, name);
    if (found != NULL && found->at.source > at->source)
        return 0;
    if (found == NULL && in->option_count == FREE_OPTIONS_MAX)
        return tell_full(in, section, at);
    const char *copy = inside_copy(in, value.data, value.len);
    if (copy == NULL)
        return -1;
    if (found == NULL)
        return append_free(in, section, name, copy, at);
    found->value = copy;
    found->at = *at;
    return 0;
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static const config_position *position_of_free(const config_inside *in, const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot == NULL)
        return NULL;
    for (size_t i = 0; i < in->option_count; i++) {
        const free_option *o = &in->options[i];
        if (strlen(o->section) == (size_t)(dot - path) && memcmp(o->section, path, (size_t)(dot - path)) == 0 &&
            strcmp(o->name, dot + 1) == 0)
            return &o->at;
    }
    return NULL;
}

config_position config_position_of(const config *c, const char *path)
{
    const config_key *key = config_key_named(path);
    const config_position *at = NULL;
    if (key != NULL && key->type != CONFIG_OPTIONS)
        at = &c->inside->settings[key_index(key)].at;
    else
        at = position_of_free(c->inside, path);
    return at != NULL && at->name != NULL ? *at : (config_position){.source = CONFIG_BY_DEFAULT, .name = ""};
}

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

int config_init(config *ret_config)
{
    config_inside *in = calloc(1, sizeof(*in));
    if (in == NULL)
        return -1;
    in->noted = SIZE_MAX;
    *ret_config = (config){.inside = in};
    take_defaults(ret_config);
    return 0;
}

void config_done(config *c)
{
    if (c == NULL || c->inside == NULL)
        return;
    config_inside *in = c->inside;
    inside_free_texts(in);
    free(in->options);
    free(in->modules);
    free(in->split_items);
    free(in->backend_items);
    free(in->variables);
    free(in->source.text);
    free(in->errors);
    free(in);
    *c = (config){.inside = NULL};
}
