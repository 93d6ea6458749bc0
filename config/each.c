#include "config/inside.h"
#include "config/secrets.h"

#include <string.h>

typedef int (*visitor)(void *user, const config_setting *shown);

#define SHOWN_PATH_BYTES 192

static const config_position by_default = {.source = CONFIG_BY_DEFAULT, .name = ""};

static int visit_free(const free_option *o, const config_key *key, visitor visit, void *user)
{
    char path[SHOWN_PATH_BYTES];
    bytes text = {0};
    snprintf(path, sizeof(path), "%s.%s", o->section, o->name);
    const char *hidden = secret_is_name(o->name, strlen(o->name)) ? "***" : o->value;
    int rc = secret_append_url(&text, hidden);
    if (rc == 0)
        rc = bytes_append(&text, "", 1);
    if (rc == 0)
        rc = visit(user, &(config_setting){.key = key, .path = path, .value = text.data, .at = o->at});
    bytes_done(&text);
    return rc;
}

static int visit_stored(const stored *s, const config_key *key, visitor visit, void *user)
{
    config_setting shown = {
        .key = key, .path = key->path, .value = s->text, .at = s->text != NULL ? s->at : by_default};
    bytes text = {0};
    int rc = 0;
    if (key->type == CONFIG_URL && s->text != NULL) {
        rc = secret_append_url(&text, s->text) != 0 ? -1 : bytes_append(&text, "", 1);
        shown.value = text.data;
    }
    if (rc == 0)
        rc = visit(user, &shown);
    bytes_done(&text);
    return rc;
}

/* Free options of a section of the table. */
static int visit_section(const config_inside *in, const char *section, const config_key *key, visitor visit, void *user)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->option_count; i++)
        if (strcmp(in->options[i].section, section) == 0)
            rc = visit_free(&in->options[i], key, visit, user);
    return rc;
}

/* Those of backends that the table does not know: section by section, in the order in which they first appear. */
static int visit_backends(const config_inside *in, const config_key *key, visitor visit, void *user)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->option_count; i++) {
        const char *section = in->options[i].section;
        size_t first = 0;
        while (strcmp(in->options[first].section, section) != 0)
            first++;
        if (first == i && strncmp(section, "backend.", 8) == 0 && strcmp(section, CONFIG_ANY_BACKEND) != 0 &&
            section_named(section) == NULL)
            rc = visit_section(in, section, key, visit, user);
    }
    return rc;
}

/* Options of a backend that is not selected count as far as they were written. */
static bool counts(const config *c, const config_key *key, const stored *s)
{
    char section[SHOWN_PATH_BYTES];
    if (key->offset != CONFIG_NOWHERE || (s->text != NULL && s->at.source != CONFIG_BY_DEFAULT))
        return true;
    snprintf(section, sizeof(section), "backend.%s", c->backend.type);
    return key_is_in(key->path, section);
}

/* Behind the last setting of a backend of the table: what flags have said beyond these. */
static int visit_further(const config_inside *in, size_t index, visitor visit, void *user)
{
    const config_key *key = config_key_at(index), *next = config_key_at(index + 1);
    char section[SHOWN_PATH_BYTES];
    if (key->offset != CONFIG_NOWHERE || key->type == CONFIG_OPTIONS)
        return 0;
    snprintf(section, sizeof(section), "%.*s", (int)(key_leaf(key->path) - key->path - 1), key->path);
    if (next != NULL && key_is_in(next->path, section))
        return 0;
    return visit_section(in, section, config_key_named(CONFIG_ANY_BACKEND), visit, user);
}

int config_each(const config *c, visitor visit, void *user)
{
    const config_inside *in = c->inside;
    const config_key *key;
    int rc = 0;
    for (size_t i = 0; rc == 0 && (key = config_key_at(i)) != NULL; i++) {
        if (strcmp(key->path, CONFIG_ANY_BACKEND) == 0)
            rc = visit_backends(in, key, visit, user);
        else if (key->type == CONFIG_OPTIONS)
            rc = visit_section(in, key->path, key, visit, user);
        else if (counts(c, key, &in->settings[i]))
            rc = visit_stored(&in->settings[i], key, visit, user);
        if (rc == 0)
            rc = visit_further(in, i, visit, user);
    }
    return rc;
}

/* ---- Changes ----------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_numeric(config_type type)
{
    return type == CONFIG_DURATION || type == CONFIG_INTEGER || type == CONFIG_BOOLEAN || type == CONFIG_WORD;
}

static bool same_stored(const config_key *key, const stored *a, const stored *b)
{
    return is_numeric(key->type) ? a->number == b->number : same_text(a->text, b->text);
}

/* Of `here`, what `there` has not, or otherwise: with both ways round, everything that differs. */
static int visit_free_changes(const config_inside *here, const config_inside *there, bool only_missing, visitor visit,
                              void *user)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < here->option_count; i++) {
        free_option o = here->options[i];
        const free_option *other = settings_free(there, o.section, o.name);
        bool differs = other == NULL || (!only_missing && strcmp(other->value, o.value) != 0);
        bool is_split = strcmp(o.section, "split.options") == 0;
        if (differs && strcmp(o.section, CONFIG_ANY_BACKEND) != 0)
            rc = visit_free(&o, config_key_named(is_split ? "split.options" : CONFIG_ANY_BACKEND), visit, user);
    }
    return rc;
}

int config_changes(const config *old, const config *new, visitor visit, void *user)
{
    const config_key *key;
    int rc = 0;
    for (size_t i = 0; rc == 0 && (key = config_key_at(i)) != NULL; i++)
        if (!same_stored(key, &old->inside->settings[i], &new->inside->settings[i]))
            rc = visit_stored(&new->inside->settings[i], key, visit, user);
    if (rc == 0)
        rc = visit_free_changes(new->inside, old->inside, false, visit, user);
    return rc == 0 ? visit_free_changes(old->inside, new->inside, true, visit, user) : rc;
}
