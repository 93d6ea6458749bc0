#include "config/walk.h"

#include "config/errors.h"
#include "config/expand.h"
#include "config/unknown.h"
#include "config/value.h"

#include <string.h>

#define PATH_BYTES 160

typedef struct walk {
    config *c;
    const tree *tree;
    bytes text; /* of the scalar that is read just now */
} walk;

static config_position at_node(const walk *w, const node *n)
{
    return position_in_file(w->c->inside, n->part);
}

static bool is_null(const node *n)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; n->is_plain && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(n->text, words[i]) == 0)
            return true;
    return false;
}

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

static const char *kind_word(const node *value)
{
    return value->kind == NODE_MAPPING ? "a section" : "a list";
}

/* There is no value: not even an empty one. */
static int tell_nothing(walk *w, const config_key *setting, const node *name)
{
    char wanted[VALUE_MESSAGE_BYTES / 2];
    config_position at = at_node(w, name);
    value_wanted(setting, wanted, sizeof(wanted));
    if (error_add(w->c->inside, &at, "%s: expected %s; got nothing", setting->path, wanted) != 0)
        return -1;
    if (setting->fallback != NULL && setting->fallback[0] != '\0')
        return error_note(w->c->inside, NULL, "leave the line out for the default, which is %s", setting->fallback);
    return error_note(w->c->inside, NULL, "leave the line out, or write \"\" for an empty text");
}

/* 1: w->text is the scalar's, variables replaced; 0: it cannot be had, which was said; -1. */
static int expand_node(walk *w, const node *value)
{
    int rc = expand(w->c->inside, value->text, value->len, value->part, &w->text);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    if (bytes_append(&w->text, "", 1) != 0)
        return -1;
    w->text.len--;
    return 1;
}

static int remember_type(config *c)
{
    const stored *type = &c->inside->settings[key_index(config_key_named("backend.type"))];
    if (type->at.source == CONFIG_BY_FILE)
        c->inside->file_type = type->text;
    return 0;
}

static int take_scalar(walk *w, const config_key *setting, const node *name, const node *value)
{
    config_position at = at_node(w, value);
    char wanted[VALUE_MESSAGE_BYTES / 2];
    if (value->kind == NODE_ALIAS)
        return 0;
    if (value->kind != NODE_SCALAR) {
        value_wanted(setting, wanted, sizeof(wanted));
        return error_add(w->c->inside, &at, "%s: expected %s; got %s", setting->path, wanted, kind_word(value));
    }
    if (is_null(value))
        return tell_nothing(w, setting, name);
    int rc = expand_node(w, value);
    if (rc <= 0)
        return rc;
    rc = settings_take(w->c, setting, w->text.data, w->text.len, &at);
    return rc == 0 && strcmp(setting->path, "backend.type") == 0 ? remember_type(w->c) : rc;
}

/* ---- Mappings ---------------------------------------------------------------------------------------------------- */

/* The key that says the same, further above; NULL: there is none. */
static const node *same_above(const tree *t, const node *mapping, const node *name)
{
    const node *other = tree_node(t, mapping->first);
    while (other != name) {
        if (other->kind == NODE_SCALAR && other->len == name->len && memcmp(other->text, name->text, name->len) == 0)
            return other;
        const node *value = tree_node(t, other->next);
        other = tree_node(t, value->next);
    }
    return NULL;
}

static int tell_duplicate(walk *w, const char *section, const node *name, const node *first)
{
    char buffer[QUOTED_BYTES];
    config_position at = at_node(w, name), first_at = at_node(w, first);
    if (error_add(w->c->inside, &at, section[0] != '\0' ? "duplicate key '%s' in '%s'" : "duplicate key '%s'",
                  quoted(buffer, name->text, name->len), section) != 0)
        return -1;
    return error_note(w->c->inside, &first_at, "it was given here before");
}

/* 1: the key can be used; 0: it cannot, which was said; -1. */
static int check_name(walk *w, const char *section, const node *mapping, const node *name)
{
    config_position at = at_node(w, name);
    if (name->kind == NODE_ALIAS)
        return 0;
    if (name->kind != NODE_SCALAR)
        return error_add(w->c->inside, &at, "a key is one word; got %s", kind_word(name));
    if (strlen(name->text) != name->len)
        return error_add(w->c->inside, &at, "a key must not contain a NUL");
    const node *first = same_above(w->tree, mapping, name);
    return first == NULL ? 1 : tell_duplicate(w, section, name, first);
}

typedef int (*entry_function)(walk *w, const char *section, const node *name, const node *value);

/* Calls `take` for every key whose value is there. */
static int each_entry(walk *w, const char *section, const node *mapping, entry_function take)
{
    const node *name = tree_node(w->tree, mapping->first);
    while (name != NULL) {
        const node *value = tree_node(w->tree, name->next);
        int rc = check_name(w, section, mapping, name);
        if (rc > 0 && value != NULL)
            rc = take(w, section, name, value);
        if (rc < 0)
            return rc;
        name = value != NULL ? tree_node(w->tree, value->next) : NULL;
    }
    return 0;
}

/* A value that should be a mapping: its entries. Nothing at all is an empty mapping. */
static int take_mapping(walk *w, const char *section, const node *value, entry_function take)
{
    if (value->kind == NODE_ALIAS || (value->kind == NODE_SCALAR && is_null(value)))
        return 0;
    if (value->kind == NODE_MAPPING)
        return each_entry(w, section, value, take);
    config_position at = at_node(w, value);
    const char *got = value->kind == NODE_SCALAR ? "a value" : kind_word(value);
    if (section[0] == '\0')
        return error_add(w->c->inside, &at, "expected sections, as in 'lease:'; got %s", got);
    return error_add(w->c->inside, &at, "%s: expected a section; got %s", section, got);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static int take_free_entry(walk *w, const char *section, const node *name, const node *value)
{
    bool has_value = value->kind == NODE_SCALAR && !is_null(value);
    config_position at = at_node(w, value->kind == NODE_SCALAR && !has_value ? name : value);
    char buffer[QUOTED_BYTES];
    if (value->kind == NODE_ALIAS)
        return 0;
    if (!has_value)
        return error_add(w->c->inside, &at, "%s.%s: expected a value; got %s", section,
                         quoted(buffer, name->text, name->len),
                         value->kind == NODE_SCALAR ? "nothing" : kind_word(value));
    int rc = expand_node(w, value);
    if (rc <= 0)
        return rc;
    return settings_take_free(w->c, section, (allot_bytes){name->text, (uint32_t)name->len},
                              (allot_bytes){w->text.data, (uint32_t)w->text.len}, &at);
}

/* A section "backend.NAME" of a backend that the table does not know. */
static int take_module(walk *w, const char *path, const node *name, const node *value)
{
    config_inside *in = w->c->inside;
    config_position at = at_node(w, name);
    const char *copy = inside_copy(in, path, strlen(path));
    if (copy == NULL ||
        array_reserve((void **)&in->modules, &in->module_capacity, in->module_count + 1, sizeof(*in->modules)) != 0)
        return -1;
    in->modules[in->module_count++] = (module_section){copy, at};
    return take_mapping(w, copy, value, take_free_entry);
}

static bool can_be_module(const char *section, const node *name, const node *value)
{
    value_fault ignored;
    int64_t number;
    return strcmp(section, "backend") == 0 && value->kind != NODE_SCALAR &&
           value_read(config_key_named("backend.type"), name->text, name->len, &number, &ignored);
}

static int take_entry(walk *w, const char *section, const node *name, const node *value)
{
    char path[PATH_BYTES];
    config_position at = at_node(w, name);
    int len = snprintf(path, sizeof(path), "%s%s%s", section, section[0] != '\0' ? "." : "", name->text);
    bool fits = len > 0 && (size_t)len < sizeof(path) && strchr(name->text, '.') == NULL;
    const config_key *setting = fits && name->text[0] != '*' ? config_key_named(path) : NULL;
    if (setting != NULL && setting->type == CONFIG_OPTIONS)
        return take_mapping(w, setting->path, value, take_free_entry);
    if (setting != NULL)
        return take_scalar(w, setting, name, value);
    if (fits && section_named(path) != NULL)
        return take_mapping(w, section_named(path)->path, value, take_entry);
    if (fits && can_be_module(section, name, value))
        return take_module(w, path, name, value);
    return unknown_key(w->c->inside, section, name->text, name->len, &at);
}

int walk_tree(config *c, const tree *t)
{
    walk w = {.c = c, .tree = t};
    const node *root = tree_node(t, t->root);
    int rc = root == NULL ? 0 : take_mapping(&w, "", root, take_entry);
    bytes_done(&w.text);
    return rc;
}
