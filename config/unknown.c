#include "config/unknown.h"

#include "base/suggest.h"
#include "config/errors.h"

#include <string.h>

/* The index-th setting or section that lies directly in `section`; NULL past the end. */
static const char *entry_at(const char *section, size_t index)
{
    const config_section *s;
    const config_key *key;
    for (size_t i = 0; (s = section_at(i)) != NULL; i++)
        if (key_is_in(s->path, section) && index-- == 0)
            return key_leaf(s->path);
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (key_is_in(key->path, section) && strcmp(key->path, CONFIG_ANY_BACKEND) != 0 && index-- == 0)
            return key_leaf(key->path);
    return NULL;
}

/* "password" for password_file: what is too far away to be a slip, and still clear. */
static bool is_beginning(const char *name, const char *entry)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '_';
}

static const char *nearest(const char *section, const char *name)
{
    const char *entry;
    suggestion s = {0};
    for (size_t i = 0; (entry = entry_at(section, i)) != NULL; i++) {
        if (is_beginning(name, entry))
            return entry;
        suggest_offer(&s, name, entry);
    }
    return s.best;
}

/* A setting or section of that very name, elsewhere. */
static const char *elsewhere(const char *name)
{
    const config_section *s;
    const config_key *key;
    for (size_t i = 0; (key = config_key_at(i)) != NULL; i++)
        if (strcmp(key_leaf(key->path), name) == 0 && strcmp(key->path, CONFIG_ANY_BACKEND) != 0)
            return key->path;
    for (size_t i = 0; (s = section_at(i)) != NULL; i++)
        if (strcmp(key_leaf(s->path), name) == 0)
            return s->path;
    return NULL;
}

static int note_entries(config_inside *in, const char *section)
{
    bytes list = {0};
    const char *entry;
    int rc = 0;
    for (size_t i = 0; rc == 0 && (entry = entry_at(section, i)) != NULL; i++)
        rc = bytes_printf(&list, i == 0 ? "%s" : ", %s", entry);
    if (rc == 0 && list.len == 0)
        rc = error_note(in, NULL, "'%s' has no settings", section);
    else if (rc == 0)
        rc = error_note(in, NULL, "there are %.*s", (int)list.len, list.data);
    bytes_done(&list);
    return rc;
}

int unknown_key(config_inside *in, const char *section, const char *name, size_t len, const config_position *at)
{
    char shown[QUOTED_BYTES], where[FREE_NAME_BYTES_MAX + 32];
    snprintf(where, sizeof(where), section[0] != '\0' ? " in '%s'" : "%s", section);
    quoted(shown, name, len);
    if (section[0] == '\0' && strcmp(name, "http") == 0)
        return error_add(in, at, "this version of allot has no HTTP side: remove 'http'");
    const char *near = nearest(section, name);
    if (near == NULL)
        near = elsewhere(name);
    if (near != NULL)
        return error_add(in, at, "unknown key '%s'%s; did you mean '%s'?", shown, where, near);
    if (error_add(in, at, "unknown key '%s'%s", shown, where) != 0)
        return -1;
    return note_entries(in, section);
}

int unknown_backends(config_inside *in, const char *selected)
{
    for (size_t i = 0; i < in->module_count; i++) {
        const module_section *m = &in->modules[i];
        const char *name = key_leaf(m->path);
        const config_section *s;
        suggestion best = {0};
        if (strcmp(name, selected) == 0 || (in->file_type != NULL && strcmp(name, in->file_type) == 0))
            continue;
        for (size_t k = 0; (s = section_at(k)) != NULL; k++)
            if (key_is_in(s->path, "backend"))
                suggest_offer(&best, name, key_leaf(s->path));
        if (best.best != NULL &&
            (error_add(in, &m->at, "unknown key '%s' in 'backend'; did you mean '%s'?", name, best.best) != 0 ||
             error_note(in, NULL, "if it is a module: it is not the one that backend.type names") != 0))
            return -1;
    }
    return 0;
}
