#include "config/expand.h"

#include "config/errors.h"

#include <string.h>

#define NESTING_MAX 8
/* What variables may make of one scalar: defaults within defaults cannot grow beyond the file, values could. */
#define EXPANDED_BYTES_MAX (64u * 1024u)

typedef struct expansion {
    config_inside *in;
    const char *text; /* the whole scalar */
    span part;
    bytes *to;
    bool failed;
} expansion;

/* One ${...}: NAME, the operator behind it ('\0', '-' or '?'), and what follows. */
typedef struct reference {
    const char *name;
    size_t name_len;
    char op;
    const char *rest;
    size_t rest_len;
} reference;

static int expand_range(expansion *e, const char *text, size_t len, int depth);

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* The place of a '$' in the source: quotes and folding neither add nor remove one, except for escapes. */
static config_position place_of(const expansion *e, const char *dollar, size_t len)
{
    const char *written = e->in->source.text;
    size_t skip = 0;
    for (const char *p = e->text; p < dollar; p++)
        skip += *p == '$';
    for (size_t i = e->part.start; i < e->part.end; i++)
        if (written[i] == '$' && skip-- == 0)
            return position_in_file(e->in, (span){i, i + len});
    return position_in_file(e->in, e->part);
}

static int fail_at(expansion *e, const char *dollar, size_t len, const char *message, const char *note)
{
    config_position at = place_of(e, dollar, len);
    e->failed = true;
    if (error_add(e->in, &at, "%s", message) != 0)
        return -1;
    return note != NULL ? error_note(e->in, NULL, "%s", note) : 0;
}

static int fail_unset(expansion *e, const char *dollar, const reference *ref, bool is_set)
{
    char name[QUOTED_BYTES], message[QUOTED_BYTES];
    config_position at = place_of(e, dollar, (size_t)(ref->rest + ref->rest_len + 1 - dollar));
    quoted(name, ref->name, ref->name_len);
    e->failed = true;
    if (ref->op == '?')
        return error_add(e->in, &at, "the variable %s is %s: %s", name, is_set ? "empty" : "not set",
                         quoted(message, ref->rest, ref->rest_len));
    if (error_add(e->in, &at, "the variable %s is not set", name) != 0)
        return -1;
    return error_note(e->in, NULL, "${%s:-} stands for nothing, ${%s:-value} for a default when it is not set", name,
                      name);
}

/* In { name: ${NAME} } the value ends before the second brace. */
static int fail_alone(expansion *e, const char *dollar)
{
    const source *s = &e->in->source;
    bool is_cut = e->part.end < s->len && s->text[e->part.end] == '{';
    return fail_at(e, dollar, 1, "a '$' alone",
                   is_cut ? "inside of { ... } it needs quotes: \"${NAME}\""
                          : "write ${NAME} for a variable, $$ for a dollar");
}

/* ---- ${...} ------------------------------------------------------------------------------------------------------ */

static bool in_name(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!is_first && c >= '0' && c <= '9');
}

/* The '}' that belongs to a "${" before `text`; NULL: there is none. */
static const char *closing(const char *text, const char *end)
{
    for (size_t open = 0; text < end; text++) {
        if (text[0] == '$' && text + 1 < end && (text[1] == '$' || text[1] == '{')) {
            open += text[1] == '{';
            text++;
        } else if (*text == '}' && open-- == 0) {
            return text;
        }
    }
    return NULL;
}

static bool parse(const char *inside, const char *close, reference *ret_ref)
{
    reference ref = {.name = inside};
    while (inside + ref.name_len < close && in_name(inside[ref.name_len], ref.name_len == 0))
        ref.name_len++;
    ref.rest = inside + ref.name_len;
    if (close - ref.rest >= 2 && ref.rest[0] == ':' && (ref.rest[1] == '-' || ref.rest[1] == '?')) {
        ref.op = ref.rest[1];
        ref.rest += 2;
    }
    ref.rest_len = (size_t)(close - ref.rest);
    if (ref.name_len == 0 || (ref.op == '\0' && ref.rest_len > 0))
        return false;
    *ret_ref = ref;
    return true;
}

/* 0; 1: an error after which nothing more of this scalar is wanted; -1. */
static int put(expansion *e, const char *dollar, const char *text, size_t len)
{
    if (e->to->len + len > EXPANDED_BYTES_MAX)
        return fail_at(e, dollar, 1, "this becomes too long", NULL) != 0 ? -1 : 1;
    return bytes_append(e->to, text, len);
}

static int expand_reference(expansion *e, const char *dollar, const char *close, int depth)
{
    reference ref;
    if (!parse(dollar + 2, close, &ref))
        return fail_at(e, dollar, (size_t)(close - dollar) + 1, "this is no variable",
                       "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $$ for a dollar");
    const char *value = variable_value(e->in, ref.name, ref.name_len);
    bool is_usable = value != NULL && (value[0] != '\0' || ref.op == '\0');
    if (is_usable)
        return put(e, dollar, value, strlen(value));
    if (ref.op != '-')
        return fail_unset(e, dollar, &ref, value != NULL);
    if (depth == NESTING_MAX)
        return fail_at(e, dollar, 2, "nested too deeply", NULL);
    return expand_range(e, ref.rest, ref.rest_len, depth + 1);
}

/* "$" at *at, before `end`: takes what belongs to it. */
static int expand_dollar(expansion *e, const char **at, const char *end, int depth)
{
    const char *dollar = *at;
    *at = dollar + 1;
    if (*at < end && **at == '$') {
        *at += 1;
        return put(e, dollar, "$", 1);
    }
    if (*at == end || **at != '{')
        return fail_alone(e, dollar);
    const char *close = closing(dollar + 2, end);
    if (close == NULL) {
        *at = end;
        return fail_at(e, dollar, (size_t)(end - dollar), "a '}' is missing", NULL);
    }
    *at = close + 1;
    return expand_reference(e, dollar, close, depth);
}

static int expand_range(expansion *e, const char *text, size_t len, int depth)
{
    const char *end = text + len;
    int rc = 0;
    while (rc == 0 && text < end) {
        const char *dollar = memchr(text, '$', (size_t)(end - text));
        size_t plain = (size_t)((dollar != NULL ? dollar : end) - text);
        rc = put(e, text, text, plain);
        text += plain;
        if (rc == 0 && dollar != NULL)
            rc = expand_dollar(e, &text, end, depth);
    }
    return rc;
}

int expand(config_inside *in, const char *text, size_t len, span part, bytes *to)
{
    expansion e = {.in = in, .text = text, .part = part, .to = to};
    bytes_clear(to);
    int rc = expand_range(&e, text, len, 0);
    return rc != 0 ? rc : e.failed ? 1 : 0;
}
